/** Holds a lease while work is done, and tells the work when it must stop. */

import { StaleFence } from '../model/errors.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { Engine } from './engine.ts';
import { RunTimedOut } from './reactions.ts';

/**
 * Counts the turns of this process. Each holds leases in a name of its own: a job that stalled may come back to the very process that is still at
 * it, which must not take the lease over from itself.
 */
let turns = 0;

/** What holding a lease takes of the engine. */
export type Holding = Pick<Engine, 'stores' | 'world' | 'owner' | 'timing'>;

/**
 * `busyUntil` when another worker holds the lease. `quietMs`: for how long after the holder sends nothing more nobody else gets the lease, so that what
 * was sent at the last moment is over before anybody looks whether it was done.
 */
export const withLease = async <T>(
  engine: Holding,
  key: LeaseKey,
  work: (lease: Lease, watch: Watch) => Promise<T>,
  signal: AbortSignal,
  quietMs = 0,
): Promise<{ readonly result: T } | { readonly busyUntil: Date }> => {
  const asked = engine.world.stopwatch();
  turns += 1;
  const lease = await engine.stores.leases.take(key, `${engine.owner}.${turns}`, engine.timing.leaseTtlMs + quietMs);
  if ('busyUntil' in lease) return lease;
  const stop = new AbortController();
  const watch = watchOver(engine, stop, AbortSignal.any([signal, stop.signal]), asked);
  const ended = new AbortController();
  const beating = heartbeat(engine, lease, watch, stop, ended.signal, quietMs);
  try {
    return { result: await work(lease, watch) };
  } finally {
    ended.abort(over);
    await beating;
    await engine.stores.leases.release(lease);
  }
};

/** Nobody reads it; to make one each time costs more than the rest of a turn that finds nothing to do. */
const over = new Error('The work is over.');

/** The same under several leases, taken one after the other; `watch` is that of the last. Null: somebody else is at work on one of them. */
export const withLeases = async <T>(
  engine: Holding,
  keys: readonly [LeaseKey, ...LeaseKey[]],
  work: (leases: readonly Lease[], watch: Watch) => Promise<T>,
  signal: AbortSignal,
): Promise<T | null> => {
  const [first, second, ...others] = keys;
  const held = await withLease<T | null>(
    engine,
    first,
    (lease, watch) =>
      second === undefined
        ? work([lease], watch)
        : withLeases(engine, [second, ...others], (leases, last) => work([lease, ...leases], last), watch.signal),
    signal,
  );
  return 'busyUntil' in held ? null : held.result;
};

export type Watch = {
  /** Aborted when the process stops, the lease is lost or the run is over its time. */
  readonly signal: AbortSignal;
  /** From now on the work is over its time after this. */
  setDeadline(at: Date): void;
  /** Throws when the run is over its time, the lease may be somebody else's by now, or the signal is aborted. */
  check(): void;
  /** Whether the turn has had its share, and makes room at the next good place. */
  readonly sliceOver: () => boolean;
};

const watchOver = (
  engine: Holding,
  stop: AbortController,
  signal: AbortSignal,
  asked: () => number,
): Watch & { renewed(asked: () => number): void } => {
  const { leaseTtlMs, sliceMs } = engine.timing;
  const sliceEnd = engine.world.now().getTime() + sliceMs;
  let deadline = Number.POSITIVE_INFINITY;
  let sinceAsked = asked;
  return {
    signal,
    renewed: (since) => {
      sinceAsked = since;
    },
    setDeadline: (at) => {
      deadline = at.getTime();
    },
    check: () => {
      // A process that was stopped for a while wakes in the middle of things, long before the next heartbeat would tell it.
      if (sinceAsked() > leaseTtlMs)
        stop.abort(new StaleFence('The lease ran out before it was renewed; another worker may have taken over.'));
      if (engine.world.now().getTime() > deadline)
        stop.abort(
          new RunTimedOut(
            'The run took longer than the connection allows (timeout_secs). What it read or wrote is kept; the next run continues.',
          ),
        );
      signal.throwIfAborted();
    },
    sliceOver: () => engine.world.now().getTime() >= sliceEnd,
  };
};

/** Renews at a third of the lease's life; a lease that is lost aborts the work. */
const heartbeat = async (
  engine: Holding,
  lease: Lease,
  watch: ReturnType<typeof watchOver>,
  stop: AbortController,
  ended: AbortSignal,
  quietMs: number,
): Promise<void> => {
  const { leaseTtlMs } = engine.timing;
  while (!ended.aborted) {
    try {
      await engine.world.sleep(leaseTtlMs / 3, ended);
    } catch {
      return;
    }
    try {
      // Whoever slept past the lease goes on with nothing, also where nobody took it over: what they know of the target is that old.
      watch.check();
      const asked = engine.world.stopwatch();
      await engine.stores.leases.renew(lease, leaseTtlMs + quietMs);
      watch.renewed(asked);
      watch.check();
    } catch (error) {
      if (error instanceof StaleFence) stop.abort(error);
      if (stop.signal.aborted) return;
    }
  }
};
