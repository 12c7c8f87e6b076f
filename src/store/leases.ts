/**
 * The port of leases: one worker at a time on one connection or target. Correctness rests on the fence, not on clocks: every later write of the
 * holder carries it, and is refused once a newer one exists.
 */

import type { ConnectionId, TargetId } from '../model/ids.ts';

export type LeaseKey = ConnectionId | TargetId;
export type Lease = { readonly key: LeaseKey; readonly owner: string; readonly fence: number };

export interface Leases {
  /** Takes a free or expired lease (or one this owner already holds) and increments the fence. `busyUntil` when another owner holds it. */
  take(key: LeaseKey, owner: string, ttlMs: number): Promise<Lease | { readonly busyUntil: Date }>;
  /** Holds on to it for `ttlMs` more. Throws `StaleFence` when it is not ours any more. */
  renew(lease: Lease, ttlMs: number): Promise<void>;
  /** Lets go; harmless when it is not ours any more. */
  release(lease: Lease): Promise<void>;
}
