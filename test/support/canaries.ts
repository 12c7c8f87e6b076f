/** Secrets that are recognized wherever they come up, however they are written there. */

import { Redis } from 'ioredis';
import mongoose from 'mongoose';

/** What a secret looks like in clear, in JSON, in an address, and in the encodings that things are stored in. */
const formsOf = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    // In the middle of something longer, base64 begins at any of three places, and its ends belong to the neighbours.
    ...[0, 1, 2].flatMap((at) => {
      const whole = Buffer.concat([Buffer.alloc(at, 'x'), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      const inner = whole.slice(at === 0 ? 0 : 4, -4);
      return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
    }),
  ];
};

export type Places = Readonly<Record<string, string>>;

/** Where which of the secrets is found: `place: name`. */
export const found = (secrets: Readonly<Record<string, string>>, places: Places): readonly string[] =>
  Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
      .map(([name]) => `${place}: ${name}`),
  );

/** Every document of every collection, binary data as the bytes it is made of. */
export const dumpOfMongo = async (uri: string): Promise<string> => {
  const client = new mongoose.mongo.MongoClient(uri);
  try {
    const db = client.db();
    const lines: string[] = [];
    for (const { name } of await db.listCollections().toArray())
      for await (const document of db.collection(name).find({}, { promoteBuffers: true }))
        lines.push(`${name} ${JSON.stringify(document, legible)}`);
    return lines.join('\n');
  } finally {
    await client.close();
  }
};

const legible = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
    ? Buffer.from(Array.isArray(value.data) ? value.data.map(Number) : []).toString('latin1')
    : value;

/** Every key with everything in it. */
export const dumpOfRedis = async (url: string, prefix: string): Promise<string> => {
  const redis = new Redis(url);
  try {
    const lines: string[] = [];
    for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1_000 }))
      for (const key of keys.map(String)) lines.push(`${key} ${JSON.stringify(await contentOf(redis, key))}`);
    return lines.join('\n');
  } finally {
    redis.disconnect();
  }
};

const contentOf = async (redis: Redis, key: string): Promise<unknown> => {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return await redis.get(key);
    case 'hash':
      return await redis.hgetall(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'set':
      return await redis.smembers(key);
    case 'zset':
      return await redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return await redis.xrange(key, '-', '+');
    case 'none':
      return null;
    default:
      throw new Error(`Nobody has looked into a ${type}: ${key}.`);
  }
};
