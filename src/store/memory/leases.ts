/** Leases in memory: the same promises as those in MongoDB, for tests and simulations. */

import { StaleFence } from '../../model/errors.ts';
import type { Lease, LeaseKey, Leases } from '../leases.ts';
import { type Keep, keptByNobody } from './backup.ts';

export type MemoryLeases = Leases & {
  /** The newest fence of a lease; 0 when it was never taken. */
  readonly fenceOf: (key: LeaseKey) => number;
  /** Whoever was below this fence is at it now, and free. Answers whose they are. */
  readonly fence: (first: number) => readonly LeaseKey[];
};

type Held = { readonly fence: number; readonly owner: string | null; readonly until: Date };

export const createMemoryLeases = (now: () => Date, keep: Keep = keptByNobody): MemoryLeases => {
  const held = keep(new Map<LeaseKey, Held>());
  const isOurs = ({ key, owner, fence }: Lease): boolean => {
    const current = held.get(key);
    return current?.fence === fence && current.owner === owner;
  };
  const until = (ttlMs: number): Date => new Date(now().getTime() + ttlMs);

  return {
    fenceOf: (key) => held.get(key)?.fence ?? 0,
    fence: (first) => {
      const below = [...held].flatMap(([key, { fence }]) => (fence < first ? [key] : []));
      for (const key of below) held.set(key, { fence: first, owner: null, until: now() });
      return below;
    },
    take: async (key, owner, ttlMs) => {
      const current = held.get(key);
      if (current && current.owner !== null && current.owner !== owner && current.until > now())
        return { busyUntil: current.until };
      const fence = (current?.fence ?? 0) + 1;
      held.set(key, { fence, owner, until: until(ttlMs) });
      return { key, owner, fence };
    },
    renew: async (lease, ttlMs) => {
      if (!isOurs(lease)) throw new StaleFence(`Another worker took ${lease.key} over.`);
      held.set(lease.key, { fence: lease.fence, owner: lease.owner, until: until(ttlMs) });
    },
    release: async (lease) => {
      if (isOurs(lease)) held.set(lease.key, { fence: lease.fence, owner: null, until: now() });
    },
  };
};
