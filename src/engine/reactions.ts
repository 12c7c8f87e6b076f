/** How the engine reacts to what went wrong: one table. Whatever is not in it is a bug or our own infrastructure, and is thrown on. */

import { isOfTarget, targetRemedy } from '../core/target-remedies.ts';
import type { Problem } from '../model/connection.ts';
import {
  KeysUnavailable,
  ResumeExpired,
  SecretUnreadable,
  SourceError,
  type SourceFault,
  StaleFence,
  TargetError,
  type TargetFault,
} from '../model/errors.ts';
import type { Run } from '../model/run.ts';
import type { Postponed } from '../store/run-store.ts';

export type Reaction =
  /** Put the run back for a while. Being told to wait (throttling) is no fault, however often. */
  | ({ readonly kind: 'wait'; readonly ms: number } & Postponed)
  /** Somebody must act: hold the connection or target back, end the run. */
  | { readonly kind: 'quarantine'; readonly problem: Problem }
  /** End the run as failed; the next one starts anew. */
  | { readonly kind: 'fail'; readonly problem: Problem }
  /** End the run as canceled. */
  | { readonly kind: 'cancel' }
  /** Another worker has it now: touch nothing. */
  | { readonly kind: 'leave' }
  /** We are asked to stop, or what the turn goes by was edited: put the run back as it is. */
  | { readonly kind: 'yield' };

/** The run was asked to end. */
export class RunCanceled extends Error {
  override readonly name = 'RunCanceled';
}

/** The run took longer than its connection allows. */
export class RunTimedOut extends Error {
  override readonly name = 'RunTimedOut';
}

/** Somebody is not in the source, but was a short while ago: the run goes on when a second look proves something. */
export class SecondLookDue extends Error {
  override readonly name = 'SecondLookDue';
  readonly afterMs: number;
  constructor(afterMs: number) {
    super(secondLookProblem.message);
    this.afterMs = afterMs;
  }
}

export const secondLookProblem: Problem = {
  code: 'absence_unproven',
  message:
    'Asked once, the source does not show in scope somebody who is to lose an account or a membership, and was there by the last reads; ten minutes later it is asked about them a second time, and the run goes on.',
  owner: 'your_team',
};

/** The source took longer to confirm a single removal than what it says is good for. */
export class ConfirmationTooSlow extends Error {
  override readonly name = 'ConfirmationTooSlow';
  constructor() {
    super(
      'It takes Microsoft Graph more than a minute to say whether one person left. Nothing is taken away on an answer that is older; it is asked again later.',
    );
  }
}

/** A preview asks a target about everybody, and another worker is at work on that target. */
export class TargetBusy extends Error {
  override readonly name = 'TargetBusy';
  readonly afterMs: number;
  constructor(afterMs: number) {
    super('Another run is at work on a target that the preview has to ask; it goes on after that.');
    this.afterMs = afterMs;
  }
}

/**
 * Somebody edited the target or the connection while a turn was at work with them as they were. The turn ends at the last place it noted; the next one
 * goes by what holds now, or waits.
 */
export class EditedMeanwhile extends Error {
  override readonly name = 'EditedMeanwhile';
  constructor() {
    super('The target or its connection was edited while the run was under way; it goes on by what holds now.');
  }
}

/** The run cannot be done as it was asked for. */
export class RunRefused extends Error {
  override readonly name = 'RunRefused';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The target refused most of what it was sent. */
export class TargetRefusesMost extends Error {
  override readonly name = 'TargetRefusesMost';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** After so many faults in a row a run ends; its schedule, or a person, starts another. */
const mostFaults = 10;
const firstWaitMs = 5_000;
const longestWaitMs = 3_600_000;
const longestKeysWaitMs = 300_000;

/** `waitedOut`: the fault that the run was waiting out when its time was over; null: none. */
export type Waited = Pick<Run, 'faults'> & { readonly waitedOut: Problem | null };

/** `random` spreads the waits of many runs that failed together. */
export const reactionTo = (error: unknown, { faults, waitedOut }: Waited, random: number): Reaction | null => {
  const wait = (problem: Problem, retryAfterMs?: number): Reaction =>
    faults >= mostFaults
      ? { kind: 'fail', problem }
      : { kind: 'wait', ms: retryAfterMs ?? backoffMs(faults, random), problem, isFault: true };
  if (error instanceof StaleFence) return { kind: 'leave' };
  if (error instanceof RunCanceled) return { kind: 'cancel' };
  if (error instanceof EditedMeanwhile) return { kind: 'yield' };
  if (error instanceof TargetRefusesMost) return { kind: 'quarantine', problem: error.problem };
  if (error instanceof TargetBusy)
    return {
      kind: 'wait',
      ms: error.afterMs,
      problem: { code: 'target_busy', message: error.message, owner: 'your_team' },
      isFault: false,
    };
  if (error instanceof SecondLookDue)
    return {
      kind: 'wait',
      ms: error.afterMs,
      problem: secondLookProblem,
      isFault: false,
    };
  if (error instanceof ConfirmationTooSlow)
    return wait({ code: 'confirmation_slow', message: error.message, owner: 'microsoft' });
  if (error instanceof RunRefused) return { kind: 'fail', problem: error.problem };
  // A run that spent its time waiting out a fault failed by that fault. One of a target holds it back: a run's time is over before ten faults are.
  if (error instanceof RunTimedOut)
    return {
      kind: waitedOut !== null && isOfTarget(waitedOut) ? 'quarantine' : 'fail',
      problem: waitedOut ?? { code: 'run_timed_out', message: error.message, owner: 'your_team' },
    };
  if (error instanceof ResumeExpired)
    return wait({ code: 'read_restarted', message: error.message, owner: 'microsoft' }, 1_000);
  // Nothing is wrong with the connection or the target, so neither is held back, however long it takes.
  if (error instanceof KeysUnavailable)
    return {
      kind: 'wait',
      ms: Math.min(longestKeysWaitMs, backoffMs(faults, random)),
      problem: { code: error.code, message: error.message, owner: 'your_team' },
      isFault: true,
    };
  if (error instanceof SecretUnreadable)
    return { kind: 'fail', problem: { code: 'secret_unreadable', message: error.message, owner: 'your_team' } };
  if (error instanceof SourceError) return toSource(error, wait);
  if (error instanceof TargetError) return toTarget(error, lastingly(wait));
  return null;
};

/** A target that is down for so long is asked by probes instead of by runs. */
const lastingly =
  (wait: Wait): Wait =>
  (problem, retryAfterMs) => {
    const reaction = wait(problem, retryAfterMs);
    return reaction.kind === 'fail' ? { kind: 'quarantine', problem } : reaction;
  };

/** 5 s, 10 s, 20 s … up to an hour, each between half and all of that. */
export const backoffMs = (faults: number, random: number): number =>
  Math.round(Math.min(longestWaitMs, firstWaitMs * 2 ** faults) * (0.5 + random / 2));

type Wait = (problem: Problem, retryAfterMs?: number) => Reaction;

const toSource = (error: SourceError, wait: Wait): Reaction => {
  const problem = (owner: Problem['owner']): Problem => ({
    code: error.code ?? `source_${error.fault}`,
    message: error.mend === undefined ? error.message : `${error.message} ${error.mend.todo}`,
    owner,
  });
  const table: Readonly<Record<SourceFault, () => Reaction>> = {
    // Throttling is waiting, however often: it is never a failure.
    throttled: () => ({
      kind: 'wait',
      ms: error.retryAfterMs ?? 30_000,
      problem: problem('microsoft'),
      isFault: false,
    }),
    unavailable: () => wait(problem(error.mend?.owner ?? 'microsoft'), error.retryAfterMs),
    incomplete: () => wait(problem(error.mend?.owner ?? 'microsoft')),
    unauthorized: () => ({ kind: 'quarantine', problem: problem(error.mend?.owner ?? 'customer_it') }),
    forbidden: () => ({ kind: 'quarantine', problem: problem(error.mend?.owner ?? 'customer_it') }),
  };
  return table[error.fault]();
};

const toTarget = (error: TargetError, wait: Wait): Reaction => {
  const { code, owner, todo } = targetRemedy(error);
  const problem: Problem = {
    code: error.code ?? code,
    message: owner === 'your_team' && error.fault === 'unavailable' ? `${error.message} ${todo}` : error.message,
    owner,
  };
  const table: Readonly<Record<TargetFault, () => Reaction>> = {
    throttled: () => ({ kind: 'wait', ms: error.retryAfterMs ?? 30_000, problem, isFault: false }),
    unavailable: () => wait(problem, error.retryAfterMs),
    unknown: () => wait(problem),
    unauthorized: () => ({ kind: 'quarantine', problem }),
    // These speak of one object and are handled where it is written; here they are about the target as a whole, as on a lookup.
    conflict: () => wait(problem),
    gone: () => wait(problem),
    rejected: () => wait(problem),
  };
  return table[error.fault]();
};
