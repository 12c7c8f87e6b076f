/** What every implementation of leases promises. */

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { connectionId } from '../../src/model/ids.ts';
import type { Lease, Leases } from '../../src/store/leases.ts';

const ttlMs = 30_000;
const start = new Date('2026-03-01T08:00:00.000Z');

export const leasesContract = (open: (now: () => Date) => Promise<Leases>): void => {
  let leases: Leases;
  const clock = { now: start };
  beforeAll(async () => {
    leases = await open(() => clock.now);
  });

  const fresh = () => {
    clock.now = start;
    return connectionId(`conn_${randomUUID()}`);
  };
  const pass = (ms: number): void => {
    clock.now = new Date(clock.now.getTime() + ms);
  };
  const taken = async (key: Lease['key'], owner: string): Promise<Lease> => {
    const lease = await leases.take(key, owner, ttlMs);
    if ('busyUntil' in lease) throw new Error(`${key} is busy`);
    return lease;
  };

  describe('one worker at a time', () => {
    it('tells the second worker until when the first holds it', async () => {
      const key = fresh();
      await taken(key, 'first');
      expect(await leases.take(key, 'second', ttlMs)).toEqual({ busyUntil: new Date(start.getTime() + ttlMs) });
    });

    it('gives an expired lease to whoever asks, under a newer fence', async () => {
      const key = fresh();
      const first = await taken(key, 'first');
      pass(ttlMs);
      const second = await taken(key, 'second');
      expect(second.fence).toBeGreaterThan(first.fence);
      await expect(leases.renew(first, ttlMs)).rejects.toBeInstanceOf(StaleFence);
    });

    it('counts on from the same fence after a release', async () => {
      const key = fresh();
      const first = await taken(key, 'first');
      await leases.release(first);
      const second = await taken(key, 'second');
      expect(second.fence).toBe(first.fence + 1);
    });

    it('gives an owner who asks again a newer fence: what it held before is void', async () => {
      const key = fresh();
      const before = await taken(key, 'first');
      const after = await taken(key, 'first');
      expect(after.fence).toBe(before.fence + 1);
      await expect(leases.renew(before, ttlMs)).rejects.toBeInstanceOf(StaleFence);
    });

    it('holds on as long as it is renewed', async () => {
      const key = fresh();
      const lease = await taken(key, 'first');
      pass(20_000);
      await leases.renew(lease, ttlMs);
      pass(20_000);
      expect(await leases.take(key, 'second', ttlMs)).toEqual({ busyUntil: new Date(start.getTime() + 50_000) });
    });

    it('may be renewed late, as long as nobody took it in between', async () => {
      const key = fresh();
      const lease = await taken(key, 'first');
      pass(2 * ttlMs);
      await leases.renew(lease, ttlMs);
      expect(await leases.take(key, 'second', ttlMs)).toHaveProperty('busyUntil');
    });

    it('does not let a late worker release the lease of the next', async () => {
      const key = fresh();
      const first = await taken(key, 'first');
      pass(ttlMs);
      const second = await taken(key, 'second');
      await leases.release(first);
      await leases.renew(second, ttlMs);
      expect(await leases.take(key, 'third', ttlMs)).toHaveProperty('busyUntil');
    });

    it('cannot be renewed after it was let go', async () => {
      const key = fresh();
      const lease = await taken(key, 'first');
      await leases.release(lease);
      await leases.release(lease);
      await expect(leases.renew(lease, ttlMs)).rejects.toBeInstanceOf(StaleFence);
    });

    it('has exactly one winner when many ask at once', async () => {
      const key = fresh();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, worker) => leases.take(key, `worker ${worker}`, ttlMs)),
      );
      expect(answers.filter((answer) => 'fence' in answer)).toHaveLength(1);
    });

    it('keeps the leases of different connections apart', async () => {
      await taken(fresh(), 'first');
      expect(await taken(fresh(), 'second')).toHaveProperty('fence', 1);
    });
  });
};
