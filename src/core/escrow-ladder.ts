/** When an object in escrow is tried again, when it is given up, and when it leaves escrow. */

import type { OperationKey, RunId, SourceId } from '../model/ids.ts';
import type { Escrow, Outcome, SkipReason } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { EscrowPolicy } from '../model/target-record.ts';
import { freshMs, secondLookMs } from './absence.ts';

export type Failure = Pick<Escrow, 'ref' | 'reason' | 'detail'>;
/** Of an object: whether it is there and switched on, what its own values are, whom they refer to, or who is in it. */
export type Aspect = 'account' | 'values' | 'references' | 'members';
/**
 * `by`: the operation that failed, its run where that is on record, and what it was about, which escrows of former versions do not say; null when it could
 * not even be planned.
 */
export type HeldEscrow = {
  readonly escrow: Escrow;
  readonly by: { readonly key: OperationKey; readonly run: RunId | null; readonly about?: Aspect } | null;
};

const hourMs = 3_600_000;
/** Somebody whose absence is to be looked at a second time is looked at as soon as that proves something. */
const secondLookHours = secondLookMs / hourMs;
/** Source and snapshot mostly disagree because one of them is some minutes late. */
const unsureHours = [1 / 6, 1 / 2, 2] as const;

/**
 * The escrow of an object that failed (again). Only a failure whose time had come climbs a rung: an object that changes every hour and fails
 * every time keeps its schedule, and settling the same failure twice changes nothing. One that was given up stays so, unless it fails for another
 * reason: then it is another failure, with a ladder of its own.
 */
export const escalate = (previous: Escrow | null, failure: Failure, now: Date, policy: EscrowPolicy): Escrow => {
  // When an absence was first noted says how much a second look proves: it is never taken over from another failure.
  const isOther = (previous?.reason === 'absence_unproven') !== (failure.reason === 'absence_unproven');
  if (previous !== null && !isOther && isToldAgain(previous, failure, now)) return { ...previous, ...failure };
  const begun = previous?.dueAt === null || isOther ? null : previous;
  const since = begun?.since ?? now;
  const attempts = (begun?.attempts ?? 0) + 1;
  return { ...failure, attempts, since, dueAt: dueAfter(since, hoursFor(failure, attempts, policy), now, policy) };
};

const isToldAgain = ({ dueAt, reason }: Escrow, failure: Failure, now: Date): boolean =>
  dueAt === null ? reason === failure.reason : now.getTime() - saidBeforeMs(failure) < dueAt.getTime();

/** A look that proved nothing was taken before its time, also where it is written down after that. */
const saidBeforeMs = ({ reason }: Failure): number => (reason === 'absence_unproven' ? freshMs : 0);

const hoursFor = ({ reason }: Failure, attempts: number, { retryAfterHours }: EscrowPolicy): number => {
  if (reason === 'absence_unproven') return secondLookHours;
  const rungs = reason === 'source_unsure' ? [...unsureHours, ...retryAfterHours] : retryAfterHours;
  return rungs[attempts - 1] ?? rungs.at(-1) ?? 24;
};

const dueAfter = (since: Date, hours: number, now: Date, { giveUpAfterDays }: EscrowPolicy): Date | null => {
  const due = now.getTime() + hours * hourMs;
  return due > since.getTime() + giveUpAfterDays * 24 * hourMs ? null : new Date(due);
};

/** Whether this failure was the one after which nobody tries any more. */
export const isGivenUp = (before: Escrow | null, after: Escrow): boolean =>
  after.dueAt === null && (before === null || before.dueAt !== null);

type RunOf = (key: OperationKey) => RunId | undefined;

/**
 * What outcomes do to escrows. One that failed is escrowed. One that did not leaves escrow, unless nothing was decided about it, or what failed was another
 * operation of the same run, or one about something else: its attributes were refused, then its manager was written, in the same run or in another. The
 * refusal still stands then, until its time has come. What was given up says nothing about what fails otherwise: whoever cannot be switched off is tried
 * again, also where nobody tries any more to write their manager.
 */
export const escrowsAfter = (
  outcomes: readonly Outcome[],
  held: ReadonlyMap<SourceId, HeldEscrow>,
  runOf: RunOf,
  now: Date,
  policy: EscrowPolicy,
): { readonly made: readonly HeldEscrow[]; readonly gone: readonly Ref[]; readonly givenUp: readonly Ref[] } => {
  const made = new Map<SourceId, HeldEscrow>();
  const gone = new Map<SourceId, Ref>();
  const last = new Set<SourceId>();
  for (const outcome of outcomes) {
    const { ref } = outcome;
    const before = held.get(ref.id);
    if (isFailed(outcome)) {
      const { reason, detail } = outcome;
      const previous = ladderOf(made.get(ref.id) ?? before ?? null, outcome, runOf);
      const escrow = escalate(previous, { ref, reason, detail }, now, policy);
      if (isGivenUp(previous, escrow)) last.add(ref.id);
      made.set(ref.id, { escrow, by: { key: outcome.key, run: runOf(outcome.key) ?? null, about: aspectOf(outcome) } });
    } else if (before && isDecided(outcome) && !isOfSameRun(before, outcome, runOf) && isAbout(before, outcome)) {
      gone.set(ref.id, ref);
    }
  }
  for (const id of made.keys()) gone.delete(id);
  const givenUp = [...made.values()].filter(({ escrow }) => escrow.dueAt === null && last.has(escrow.ref.id));
  return { made: [...made.values()], gone: [...gone.values()], givenUp: givenUp.map(({ escrow }) => escrow.ref) };
};

/**
 * The ladder that a failure goes on with; null: one of its own. What fails side by side in one run is on one ladder, or each would begin it anew for the
 * other and none came to its end.
 */
const ladderOf = (held: HeldEscrow | null, outcome: Outcome, runOf: RunOf): Escrow | null => {
  if (held === null || held.escrow.dueAt !== null) return held?.escrow ?? null;
  const about = held.by?.about;
  const isOther = about !== undefined && about !== aspectOf(outcome);
  const isBeside = isOfSameRun(held, outcome, runOf) && aspectOf(outcome) !== 'account';
  return isOther && !isBeside ? null : held.escrow;
};

/** The target did not take all of it. */
export const isFailed = (
  outcome: Outcome,
): outcome is Extract<Outcome, { readonly result: 'escrowed' | 'partly_applied' }> =>
  outcome.result === 'escrowed' || outcome.result === 'partly_applied';

/** Skips that put an operation off: whoever waits for it still waits. */
const undecided: ReadonlySet<SkipReason> = new Set<SkipReason>(['no_trace', 'postponed', 'guard_hold']);
const isDecided = (outcome: Outcome): boolean => outcome.result !== 'skipped' || !undecided.has(outcome.reason);

const isOfSameRun = ({ by }: HeldEscrow, { key }: Outcome, runOf: RunOf): boolean =>
  by !== null && by.run !== null && by.key !== key && by.run === runOf(key);

/** Whether what became of this operation says anything about what failed. */
const isAbout = ({ escrow, by }: HeldEscrow, outcome: Outcome): boolean => {
  const said = aspectOf(outcome);
  switch (by?.about) {
    case undefined:
      return !isOfMembers(escrow) || endsMembers(escrow, said);
    // Whose values were written has an account: found where one was to be made, or switched on again.
    case 'account':
      return said === 'account' || said === 'values';
    case 'references':
      return said === 'account' || said === 'references' || outcome.step === 'with_references';
    case 'values':
      return said === 'account' || said === 'values';
    // That some are in it now says nothing of the others, who are told again when their time has come; the group is let go then. Unless it was given up.
    case 'members':
      return endsMembers(escrow, said);
  }
};

/** What the source could not say of a group, or not prove, is who left it. Should it be the group itself, it is let go when its time has come. */
const isOfMembers = ({ ref, reason }: Escrow): boolean =>
  ref.type === 'group' && (reason === 'source_unsure' || reason === 'absence_unproven');

const endsMembers = ({ dueAt }: Escrow, said: Aspect): boolean =>
  said === 'account' || (said === 'members' && dueAt === null);

const aspectOf = ({ action, step }: Outcome): Aspect => {
  switch (action) {
    // After these an object at the target is another one than the one that failed.
    case 'create':
    case 'disable':
    case 'delete':
      return 'account';
    case 'add_members':
    case 'remove_members':
      return 'members';
    case 'update':
      return step === 'references' ? 'references' : 'values';
  }
};
