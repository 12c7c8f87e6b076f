/** What a test of a store does with workers: they hold leases, go by a clock, and die where they are told. */

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type TargetId, targetId } from '../../src/model/ids.ts';
import type { Lease, Leases } from '../../src/store/leases.ts';
import { start } from './operations.ts';

export type Around = { readonly now: () => Date; readonly probe: (site: string) => Promise<void> };

export const openMortal = async <Opened extends { readonly leases: Leases }>(
  open: (around: Around) => Promise<Opened>,
) => {
  const clock = { now: start };
  const stop: { site: string | null; what: () => Promise<void> } = { site: null, what: async () => {} };
  const at = (site: string, what: () => Promise<void>): void => {
    stop.site = site;
    stop.what = what;
  };
  const around: Around = {
    now: () => clock.now,
    probe: async (site) => {
      if (site !== stop.site) return;
      stop.site = null;
      await stop.what();
    },
  };
  const opened = await open(around);
  const take = async (target: TargetId, owner: string): Promise<Lease> => {
    const lease = await opened.leases.take(target, owner, 30_000);
    if ('busyUntil' in lease) throw new Error(`${target} is busy`);
    return lease;
  };
  return {
    opened,
    clock,
    /** The next time a store comes by this place, this happens before it goes on. */
    at,
    /** A target nobody knows, held by a worker. */
    held: async (): Promise<{ target: TargetId; lease: Lease }> => {
      clock.now = start;
      const target = targetId(`tgt_${randomUUID()}`);
      return { target, lease: await take(target, 'first') };
    },
    /** A worker is taken for dead: another one holds a newer fence, and the first does not know. */
    takenOver: async (lease: Lease): Promise<Lease> => {
      await opened.leases.release(lease);
      return take(targetId(lease.key), 'second');
    },
    dieAt: async (site: string, work: () => Promise<unknown>): Promise<void> => {
      at(site, () => Promise.reject(new Error('killed')));
      await expect(work()).rejects.toThrow('killed');
    },
  };
};
