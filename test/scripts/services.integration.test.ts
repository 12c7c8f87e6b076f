import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freshDatabase, freshPrefix } from '../support/fresh.ts';

describe('the servers behind the integration tests', () => {
  const database = freshDatabase();
  const client = new mongoose.mongo.MongoClient(database.uri);
  const redis = new Redis(inject('redisUrl'), { lazyConnect: true });

  beforeAll(() => redis.connect());
  afterAll(async () => {
    redis.disconnect();
    await client.close();
  });

  it('keeps what one test writes in a database of its own', async () => {
    await client.db().collection('people').insertOne({ name: 'Ada' });
    expect(client.db().databaseName).toBe(database.name);

    const elsewhere = new mongoose.mongo.MongoClient(freshDatabase().uri);
    expect(await elsewhere.db().collection('people').countDocuments()).toBe(0);
    await elsewhere.close();
  });

  it('refuses a second document under a unique index, as MongoDB does', async () => {
    const people = client.db().collection('people');
    await people.createIndex({ mail: 1 }, { unique: true });
    await people.insertOne({ mail: 'grace@contoso.example' });
    await expect(people.insertOne({ mail: 'grace@contoso.example' })).rejects.toMatchObject({ code: 11000 });
  });

  it('never evicts a key and writes an append-only file, as BullMQ needs', async () => {
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
  });

  it('gives every test a key prefix of its own', () => {
    expect(freshPrefix().prefix).not.toBe(freshPrefix().prefix);
  });
});
