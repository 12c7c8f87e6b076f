/**
 * The limits on what one run may take away. Over a limit nothing of that kind is done at all: a read that lies about absence must not disable
 * the first five hundred people before somebody looks.
 */

import type { Limit } from '../model/limit.ts';
import type { Limits } from '../model/target-record.ts';

/** How much a run wants to take away, and has taken already. */
export type Takings = { readonly deprovisions: number; readonly memberRemovals: number };

export type Verdict = {
  readonly [Kind in keyof Takings]: { readonly held: boolean; readonly wanted: number; readonly allowed: number };
};

/** `linked`: how many accounts and groups we own at the target, the base of the percentage. */
export const guard = (wanted: Takings, limits: Limits, linked: number): Verdict => ({
  deprovisions: judge(wanted.deprovisions, limits.deprovisions, linked),
  memberRemovals: judge(wanted.memberRemovals, limits.memberRemovals, linked),
});

/** The smaller of the count and the percentage, but never less than the floor: 5 % of twenty people is one, which would hold every leaver. */
export const allowance = (limit: Limit, linked: number): number =>
  Math.max(limit.floor, Math.min(limit.count, Math.floor((linked * limit.percent) / 100)));

const judge = (wanted: number, limit: Limit, linked: number) => {
  const allowed = allowance(limit, linked);
  return { held: wanted > allowed, wanted, allowed };
};
