/**
 * When an object in escrow is tried again, and when it leaves escrow. The same steps as the ones Entra provisioning is known for: soon at first,
 * then with falling frequency, and after four weeks not by itself any more.
 */

import type { OperationKey, RunId, SourceId } from '../model/ids.ts';
import type { Escrow, Outcome, SkipReason } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';

export type Failure = Pick<Escrow, 'ref' | 'reason' | 'detail'>;
/** `by`: the operation that failed, and its run where that is on record; null when it could not even be planned. */
export type HeldEscrow = {
  readonly escrow: Escrow;
  readonly by: { readonly key: OperationKey; readonly run: RunId | null } | null;
};

const hourMs = 3_600_000;
const rungsMs = [6 * hourMs, 12 * hourMs, 24 * hourMs] as const;
/** Source and snapshot mostly disagree because one of them is some minutes late. */
const unsureRungsMs = [hourMs / 6, hourMs / 2, 2 * hourMs, ...rungsMs] as const;
const longestMs = 28 * 24 * hourMs;

/** The `dueAt` of an escrow that stays listed until someone acts or the object changes. */
export const never = new Date('9999-12-31T23:59:59.999Z');

/**
 * The escrow of an object that failed (again). Only a failure whose time had come climbs a rung: an object that changes every hour and fails
 * every time keeps its schedule, and settling the same failure twice changes nothing.
 */
export const escalate = (previous: Escrow | null, failure: Failure, now: Date): Escrow => {
  if (previous && now < previous.dueAt) return { ...previous, ...failure };
  const since = previous?.since ?? now;
  const attempts = (previous?.attempts ?? 0) + 1;
  const rungs = failure.reason === 'source_unsure' ? unsureRungsMs : rungsMs;
  return { ...failure, attempts, since, dueAt: dueAfter(since, rungs[attempts - 1] ?? 24 * hourMs, now) };
};

const dueAfter = (since: Date, delayMs: number, now: Date): Date => {
  const due = now.getTime() + delayMs;
  return due > since.getTime() + longestMs ? never : new Date(due);
};

/**
 * What outcomes do to escrows. One that failed is escrowed. One that did not leaves escrow, unless another operation of the same run put it there (its
 * attributes were refused, then its manager was written: the refusal still stands) or nothing was decided about it.
 */
export const escrowsAfter = (
  outcomes: readonly Outcome[],
  held: ReadonlyMap<SourceId, HeldEscrow>,
  runOf: (key: OperationKey) => RunId | undefined,
  now: Date,
): { readonly made: readonly HeldEscrow[]; readonly gone: readonly Ref[] } => {
  const made = new Map<SourceId, HeldEscrow>();
  const gone = new Map<SourceId, Ref>();
  for (const outcome of outcomes) {
    const { ref } = outcome;
    const before = held.get(ref.id);
    if (isFailed(outcome)) {
      const { reason, detail } = outcome;
      const escrow = escalate(before?.escrow ?? null, { ref, reason, detail }, now);
      made.set(ref.id, { escrow, by: { key: outcome.key, run: runOf(outcome.key) ?? null } });
    } else if (before && isDecided(outcome) && !isOfSameRun(before, outcome, runOf)) {
      gone.set(ref.id, ref);
    }
  }
  for (const id of made.keys()) gone.delete(id);
  return { made: [...made.values()], gone: [...gone.values()] };
};

/** The target did not take all of it. */
export const isFailed = (
  outcome: Outcome,
): outcome is Extract<Outcome, { readonly result: 'escrowed' | 'partly_applied' }> =>
  outcome.result === 'escrowed' || outcome.result === 'partly_applied';

/** Skips that put an operation off: whoever waits for it still waits. */
const undecided: ReadonlySet<SkipReason> = new Set<SkipReason>(['no_trace', 'postponed', 'guard_hold']);
const isDecided = (outcome: Outcome): boolean => outcome.result !== 'skipped' || !undecided.has(outcome.reason);

const isOfSameRun = ({ by }: HeldEscrow, { key }: Outcome, runOf: (key: OperationKey) => RunId | undefined): boolean =>
  by !== null && by.run !== null && by.key !== key && by.run === runOf(key);
