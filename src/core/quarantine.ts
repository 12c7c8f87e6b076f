/** When a connection or target that is held back is probed, and when a target refuses so much that it has to be held back. */

import type { Problem, Quarantine } from '../model/connection.ts';
import type { EscrowReason } from '../model/operation.ts';
import type { Counters } from '../model/run.ts';

const firstProbeMs = 5 * 60_000;
const longestProbeMs = 24 * 3_600_000;

/** 5 minutes, doubling up to a day. */
export const probeAfterMs = (probes: number): number => Math.min(longestProbeMs, firstProbeMs * 2 ** probes);

/** Who was let go by a probe, and has not proved well since, goes on where the intervals were: a probe that is fooled must not be fooled every 5 minutes. */
export const heldBack = (before: Quarantine | null, now: Date): Quarantine => {
  const probes = before?.probes ?? 0;
  return { since: now, probes, nextProbeAt: after(now, probes) };
};

export const stillHeld = (before: Quarantine, now: Date): Quarantine => {
  const probes = before.probes + 1;
  return { ...before, probes, nextProbeAt: after(now, probes) };
};

/** Whether a check that passes says that it is mended. A target that refuses most of what it is sent has passed all the while. */
export const isShownByCheck = (problem: Problem | null): boolean => problem?.code !== refusesMost;

/**
 * By what it is held back now that a probe was in vain: one thing is mended, and another shows. What no check shows stays, and so does what somebody has to
 * mend while Microsoft is away, by which nothing of that is over.
 */
export const heldNowBy = (before: Problem | null, found: Problem | null): Problem | null =>
  found === null || (before !== null && (found.owner === 'microsoft' || !isShownByCheck(before))) ? before : found;

/** Of one that somebody found mended. It was not probed by that: how long the next ones wait stays as it is. */
export const dueNow = (before: Quarantine | null, now: Date): Quarantine => ({
  ...(before ?? heldBack(null, now)),
  nextProbeAt: now,
});

/** Kept until a run has gone well. */
export const onProbation = (before: Quarantine): Quarantine => ({
  ...before,
  probes: before.probes + 1,
  nextProbeAt: null,
});

export const isProbeDue = ({ nextProbeAt }: Quarantine, now: Date): boolean =>
  nextProbeAt !== null && nextProbeAt <= now;

const after = (now: Date, probes: number): Date => new Date(now.getTime() + probeAfterMs(probes));

const refusesMost = 'target_refuses_most';
/** Fewer say nothing about the target, unless they are most of what it is to have: a team of fifteen never comes to so many. */
const fewestTried = 20;
const fewestRefused = 5;
const mostRefusedShare = 0.6;
/** What a target says of an object it was sent. Who cannot be matched was never sent. */
const refusals: readonly EscrowReason[] = ['target_rejected', 'target_conflict', 'not_applied'];
export const isRefusal = (reason: string): boolean => refusals.some((each) => each === reason);

export type Refused = { readonly gone: number; readonly conflicts: number; readonly objects: number };

/**
 * Most of what a run sent was refused: then it is the target that is wrong, or what we send it, and not the objects. `gone`: accounts and groups that the
 * target does not know any more. Whoever of them got a new one, or was to have none, counts as done as well. `objects`: so many people and groups the
 * snapshot holds. A few of many, whose values the target refuses each time they are tried again, say nothing about it, though nobody else was sent; nor does
 * one group that is refused for each of its members; nor who is refused a name that somebody else has, which is between the two. `conflicts`: all others that
 * it said of that they are there already.
 */
export const massFailure = (
  counters: Counters,
  { refused: inTurn, objects }: { readonly refused: Refused; readonly objects: number },
): Problem | null => {
  const { target_rejected = 0, not_applied = 0 } = counters.failed;
  const refused = inTurn.gone + inTurn.conflicts + target_rejected + not_applied;
  const { created, updated, disabled, removed, managersSet, membersAdded, membersRemoved } = counters;
  const tried = refused + created + updated + disabled + removed + managersSet + membersAdded + membersRemoved;
  const isMostOfAll = inTurn.objects >= fewestRefused && inTurn.objects >= objects * mostRefusedShare;
  const saysSomething = tried >= fewestTried || isMostOfAll;
  if (!saysSomething || refused < tried * mostRefusedShare) return null;
  return {
    code: refusesMost,
    message: `The target refused, or no longer knew the object of, ${refused} of ${tried} operations. See its escrows for what it said; the mapping, its settings or the target itself have to be mended.`,
    owner: 'your_team',
  };
};
