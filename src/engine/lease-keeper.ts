/** Holds a lease while work is done, and tells the work when it must stop. */

import { StaleFence } from '../model/errors.ts';
import type { OperationKey } from '../model/ids.ts';
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
 * was sent at the last moment is over before anybody looks whether it was done. Who was told of all that they sent lets go at once.
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
  const watch = watchOver(engine, lease, stop, AbortSignal.any([signal, stop.signal]), asked, quietMs);
  const ended = new AbortController();
  const beating = heartbeat(engine, watch, stop, ended.signal);
  try {
    return { result: await work(lease, watch) };
  } finally {
    ended.abort(over);
    await beating;
    await letGo(engine, lease, watch);
  }
};

/** A write that was cut off on our side may still take effect: nobody else gets the lease before that is over. */
const letGo = async ({ stores }: Holding, lease: Lease, watch: Watched): Promise<void> => {
  if (watch.isAllAnswered()) return await stores.leases.release(lease);
  try {
    await stores.leases.renew(lease, watch.quietMs());
  } catch (error) {
    // Then it is somebody else's, who has waited that long already.
    if (!(error instanceof StaleFence)) throw error;
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
  /** What is sent from now on may be under way for so long: at least that long nobody else gets the lease after it. */
  lastsInFlight(ms: number): Promise<void>;
  /** A request of this operation goes out. */
  sent(operation: OperationKey): void;
  /** Nothing of this operation is under way any more. */
  answered(operation: OperationKey): void;
};

type Watched = Watch & {
  renew(): Promise<void>;
  readonly quietMs: () => number;
  readonly isAllAnswered: () => boolean;
};

const watchOver = (
  engine: Holding,
  lease: Lease,
  stop: AbortController,
  signal: AbortSignal,
  asked: () => number,
  atLeastMs: number,
): Watched => {
  const { leaseTtlMs, sliceMs } = engine.timing;
  const underWay = new Set<OperationKey>();
  let quietMs = atLeastMs;
  const sliceEnd = engine.world.now().getTime() + sliceMs;
  let deadline = Number.POSITIVE_INFINITY;
  let sinceAsked = asked;
  const renew = async (): Promise<void> => {
    const since = engine.world.stopwatch();
    await engine.stores.leases.renew(lease, leaseTtlMs + quietMs);
    sinceAsked = since;
  };
  const check = (): void => {
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
  };
  return {
    signal,
    check,
    renew,
    quietMs: () => quietMs,
    isAllAnswered: () => underWay.size === 0,
    sent: (operation) => void underWay.add(operation),
    answered: (operation) => void underWay.delete(operation),
    lastsInFlight: async (ms) => {
      if (ms <= quietMs) return;
      // Who slept past the lease does not get it back by this.
      check();
      quietMs = ms;
      await renew();
    },
    setDeadline: (at) => {
      deadline = at.getTime();
    },
    sliceOver: () => engine.world.now().getTime() >= sliceEnd,
  };
};

/** Renews at a third of the lease's life; a lease that is lost aborts the work. */
const heartbeat = async (engine: Holding, watch: Watched, stop: AbortController, ended: AbortSignal): Promise<void> => {
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
      await watch.renew();
      watch.check();
    } catch (error) {
      if (error instanceof StaleFence) stop.abort(error);
      if (stop.signal.aborted) return;
    }
  }
};
