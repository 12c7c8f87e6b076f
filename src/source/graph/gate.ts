/**
 * Throttling is per application and tenant, and calls made while throttled are counted too (Graph, "Throttling guidance"): whoever is told to
 * wait closes the gate for all requests of the connection.
 */

import { SourceError } from '../../model/errors.ts';
import type { World } from '../../model/world.ts';

export type Gate = {
  /** Resolves when requests may go out. Throws `SourceError` `throttled` when that is too far away to wait for. */
  pass(signal: AbortSignal): Promise<void>;
  /** Nobody passes for `ms`. */
  close(ms: number): void;
  /** How long it stays closed, in ms. */
  remaining(): number;
};

export const gateFor = (world: World, longestWaitMs: number): Gate => {
  let closedAt = 0;
  let closedForMs = 0;

  // A clock that jumps back must not make the wait longer than it was told.
  const remaining = (): number => {
    const left = closedAt + closedForMs - world.now().getTime();
    return Math.max(0, Math.min(left, closedForMs));
  };
  const close = (ms: number): void => {
    if (ms <= remaining()) return;
    closedAt = world.now().getTime();
    closedForMs = ms;
  };
  const pass = async (signal: AbortSignal): Promise<void> => {
    for (let waitMs = remaining(); waitMs > 0; waitMs = remaining()) {
      if (waitMs > longestWaitMs) throw throttled(waitMs);
      // Jitter spreads those who were waiting; a whole Retry-After is always kept.
      await world.sleep(Math.ceil(waitMs * (1 + world.random() / 10)), signal);
    }
  };
  return { pass, close, remaining };
};

export const throttled = (retryAfterMs: number): SourceError =>
  new SourceError('throttled', `Graph asks this tenant to wait ${Math.ceil(retryAfterMs / 1_000)} s.`, {
    retryAfterMs,
    code: 'TooManyRequests',
  });
