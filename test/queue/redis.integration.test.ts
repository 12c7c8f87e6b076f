import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../scripts/services/child.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { cacheFolder } from '../../scripts/services.ts';
import { connectionId } from '../../src/model/ids.ts';
import { bullmqWakeups } from '../../src/queue/bullmq-wakeups.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { assertNoEviction, producerConnection, RedisUnfit } from '../../src/queue/redis.ts';
import { plainConnection } from '../support/story.ts';

// A server of its own: these tests change its settings, and stop it.
describe('Redis', () => {
  let folder: string;
  let server: Service;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entrain-redis-'));
    server = await startRedis({ folder, cache: cacheFolder(), log: () => {} });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('that would throw jobs away under pressure is refused, and the message names the policy and the cure', async () => {
    const redis = new Redis(server.url);
    try {
      await expect(assertNoEviction(redis)).resolves.toBeUndefined();
      for (const policy of ['allkeys-lru', 'volatile-lru', 'allkeys-random']) {
        await redis.config('SET', 'maxmemory-policy', policy);
        const refusal = await assertNoEviction(redis).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(RedisUnfit);
        expect(String(refusal)).toContain(`maxmemory-policy ${policy}:`);
        expect(String(refusal)).toContain('CONFIG SET maxmemory-policy noeviction');
      }
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      await expect(assertNoEviction(redis)).resolves.toBeUndefined();
    } finally {
      redis.disconnect();
    }
  });

  it('that is down fails whoever asks for work at once, and nobody hangs', async () => {
    const producer = producerConnection(server.url);
    producer.on('error', () => {});
    await producer.connect();
    const queues = openQueues(producer, 'down');
    const wakeups = bullmqWakeups(queues);
    await wakeups.sync(connectionId('con_1'), 'person');
    await server.stop();

    // Without an answer these would hang until the test's own time is up.
    await expect(wakeups.sync(connectionId('con_1'), 'person')).rejects.toThrow("Stream isn't writeable");
    await expect(wakeups.schedule(plainConnection(new Date()))).rejects.toThrow();
    await expect(wakeups.unschedule(connectionId('con_1'))).rejects.toThrow();
    await expect(queues.counts()).rejects.toThrow();
    producer.disconnect();
    await queues.close();
  });

  it('that was never there is told to whoever connects', async () => {
    const producer = producerConnection(server.url);
    producer.on('error', () => {});
    await expect(producer.connect()).rejects.toThrow();
    producer.disconnect();
  });
});
