/** How long is waited before a question is asked again, and what is worth it. */

import type { SourceError } from '../../model/errors.ts';
import type { World } from '../../model/world.ts';
import { type Gate, throttled } from './gate.ts';

export type Limits = {
  /** Requests per question, first try included. */
  readonly attempts: number;
  /** A longer single wait is the engine's to keep: the run is put back. */
  readonly longestWaitMs: number;
  /** All waits of one question. */
  readonly totalWaitMs: number;
};

/** 501 is a refusal; the other 5xx, 408 and 429 pass by waiting. */
export const worthWaiting = (error: SourceError): boolean =>
  error.fault === 'throttled' || error.fault === 'unavailable';

/**
 * Waits before the next attempt and says how long. A tenant that is throttled waits as a whole; a request that merely failed waits alone.
 * What cannot be waited for here is thrown with the time it needs.
 */
export const pause = async (
  attempt: number,
  waitedMs: number,
  error: SourceError,
  parts: { readonly gate: Gate; readonly limits: Limits; readonly world: World },
  signal: AbortSignal,
): Promise<number> => {
  // Some workloads always answer "1": the wait grows all the same.
  const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs(attempt, parts.world.random()));
  const throttles = error.fault === 'throttled' || error.retryAfterMs !== undefined;
  if (throttles) parts.gate.close(waitMs);
  if (waitMs > parts.limits.longestWaitMs || waitedMs + waitMs > parts.limits.totalWaitMs)
    throw throttles ? throttled(waitMs) : error;
  if (throttles) await parts.gate.pass(signal);
  else await parts.world.sleep(waitMs, signal);
  return waitMs;
};

const firstBackoffMs = 500;
const longestBackoffMs = 8_000;

/** Exponential, with half of it left to chance, so that those who failed together do not come back together. */
const backoffMs = (attempt: number, chance: number): number =>
  Math.round(Math.min(longestBackoffMs, firstBackoffMs * 2 ** (attempt - 1)) * (0.5 + chance / 2));

/** Seconds or an HTTP date (RFC 9110 §10.2.3), in ms. The answer's own `Date` is the clock a date is measured by, as ours may be off. */
export const retryAfterOf = (headers: Readonly<Record<string, string>>, now: Date): number | undefined => {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1_000);
  // Every form of an HTTP date begins with the name of a day; Date.parse alone would take nearly anything for a date.
  const at = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const clock = Date.parse(headers['date'] ?? '');
  return Math.max(0, at - (Number.isNaN(clock) ? now.getTime() : clock));
};
