import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/model/connection.ts';
import { connectionId } from '../../src/model/ids.ts';
import { bullmqWakeups } from '../../src/queue/bullmq-wakeups.ts';
import { schedulerId } from '../../src/queue/names.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { producerConnection } from '../../src/queue/redis.ts';
import { intervalsOf, offsetOf } from '../../src/queue/schedules.ts';
import { plainConnection } from '../support/story.ts';
import { type Corner, openCorner } from './corner.ts';

const named = (name: string, changes: Partial<Connection> = {}): Connection => ({
  ...plainConnection(new Date()),
  id: connectionId(name),
  ...changes,
});

describe('the schedules of a connection', () => {
  let corner: Corner;
  beforeEach(async () => {
    corner = await openCorner();
  });
  afterEach(async () => {
    await corner.close();
  });
  const schedules = async () =>
    (await corner.queues.tick.getJobSchedulers(0, -1, true))
      .map(({ key, every, offset, next }) => ({
        key,
        every: Number(every),
        offset: Number(offset),
        next: Number(next),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  const expected = (connection: Connection) =>
    (['delta', 'full'] as const).map((mode) => {
      const key = schedulerId(connection.id, mode);
      const every = intervalsOf(connection)[mode];
      return { key, every, offset: offsetOf(key, every) };
    });

  it('are one per mode, however often and from how many processes they are made', async () => {
    const contoso = named('con_contoso');
    const processes = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const redis = producerConnection(corner.url);
        await redis.connect();
        return { redis, queues: openQueues(redis, corner.prefix) };
      }),
    );
    await Promise.all(processes.flatMap(({ queues }) => [1, 2, 3].map(() => bullmqWakeups(queues).schedule(contoso))));
    expect(await schedules()).toMatchObject(expected(contoso));
    // And one tick each waits for its time.
    expect(await corner.queues.tick.getDelayedCount()).toBe(2);
    for (const { queues, redis } of processes) {
      await queues.close();
      redis.disconnect();
    }
  });

  it('tick at a place of their own in the interval, and stay there', async () => {
    const contoso = named('con_contoso');
    await corner.wakeups.schedule(contoso);
    const before = await schedules();
    for (const { every, offset, next } of before) {
      expect((next - offset) % every).toBe(0);
      expect(next).toBeGreaterThan(Date.now());
      expect(next - Date.now()).toBeLessThanOrEqual(every);
    }
    await corner.wakeups.schedule(contoso);
    await corner.wakeups.schedule(contoso);
    expect(await schedules()).toEqual(before);

    await corner.lose();
    await corner.wakeups.schedule(contoso);
    expect(await schedules()).toEqual(before);
  });

  it('move with the interval, and leave no tick behind', async () => {
    const contoso = named('con_contoso');
    await corner.wakeups.schedule(contoso);
    const oftener = { ...contoso, refreshIntervalSecs: 300 };
    await corner.wakeups.schedule(oftener);
    expect(await schedules()).toMatchObject(expected(oftener));
    expect(await corner.queues.tick.getDelayedCount()).toBe(2);
    const [delta] = await schedules();
    expect((delta?.next ?? 0) - Date.now()).toBeLessThanOrEqual(300_000);
  });

  it('of many connections do not tick in the same second', async () => {
    const names = Array.from({ length: 40 }, (_, nth) => `con_${nth}`);
    for (const name of names) await corner.wakeups.schedule(named(name));
    const seconds = (await schedules()).map(({ next }) => Math.floor(next / 1_000));
    expect(seconds).toHaveLength(80);
    expect(new Set(seconds).size).toBeGreaterThan(75);
  });

  it('go with their ticks, and those of others stay', async () => {
    const [contoso, fabrikam] = [named('con_contoso'), named('con_fabrikam')];
    await corner.wakeups.schedule(contoso);
    await corner.wakeups.schedule(fabrikam);
    await corner.wakeups.unschedule(contoso.id);
    await corner.wakeups.unschedule(contoso.id);
    expect(await schedules()).toMatchObject(expected(fabrikam));
    expect(await corner.queues.tick.getDelayedCount()).toBe(2);
  });
});
