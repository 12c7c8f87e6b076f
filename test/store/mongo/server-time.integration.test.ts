import { expect, it } from 'vitest';
import { serverTime } from '../../../src/store/mongo/server-time.ts';
import { openTestMongo } from '../../support/mongo.ts';

it('the database says what time it is, again and again, and processes may ask at once', async () => {
  const { mongo, close } = await openTestMongo();
  const before = Date.now();
  const times = await Promise.all(Array.from({ length: 20 }, () => serverTime(mongo.db)));
  const after = Date.now();
  // The database of a test is on this machine.
  for (const time of [...times, await serverTime(mongo.db)]) {
    expect(time.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    expect(time.getTime()).toBeLessThanOrEqual(after + 60_000);
  }
  await close();
});
