// The Redis and the MongoDB behind the integration tests: started once for a whole run, shared by all its files.

import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import type { TestProject } from 'vitest/node';
import { startServices } from '../../scripts/services.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    mongoUri: string;
    redisUrl: string;
    /** Begins every database name and key prefix of this run, so that a run can clear up after itself. */
    namespace: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startServices({ log: console.error });
  const namespace = `entrain_test_${process.pid}_${Date.now().toString(36)}`;
  project.provide('mongoUri', services.mongoUri);
  project.provide('redisUrl', services.redisUrl);
  project.provide('namespace', namespace);
  return async () => {
    // Servers of our own go with their data; the ones we were given are left as they were.
    if (process.env['MONGODB_URI']) await dropDatabases(services.mongoUri, namespace);
    if (process.env['REDIS_URL']) await deleteKeys(services.redisUrl, namespace);
    await services.stop();
  };
}

async function dropDatabases(uri: string, namespace: string): Promise<void> {
  const client = new mongoose.mongo.MongoClient(uri);
  try {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    for (const { name } of databases) if (name.startsWith(namespace)) await client.db(name).dropDatabase();
  } finally {
    await client.close();
  }
}

async function deleteKeys(url: string, namespace: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `${namespace}*`, count: 1_000 }))
      if (keys.length > 0) await redis.unlink(...keys);
  } finally {
    redis.disconnect();
  }
}
