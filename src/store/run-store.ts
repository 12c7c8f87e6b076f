/** The port of runs: what is wanted, what is under way, and what became of it. A job in the queue is only a wake-up for what stands here. */

import type { Problem } from '../model/connection.ts';
import type { ConnectionId, PlanId, RunId, SourceId, TargetId } from '../model/ids.ts';
import type { ReadKind } from '../model/operation.ts';
import type { Counters, EndedState, Phase, Run, RunState, Shrink } from '../model/run.ts';
import type { OfOrganizations } from './connection-store.ts';
import type { Page } from './snapshot-store.ts';

export type RunFilter = OfOrganizations & {
  readonly connection?: ConnectionId;
  readonly target?: TargetId;
  readonly kind?: Run['kind'];
  readonly state?: RunState;
  readonly causedBy?: RunId;
  /** The version it committed, or brought the target to. */
  readonly version?: number;
  /** The plan it was asked to carry out. */
  readonly plan?: PlanId;
  /** Those that look at all there is, and bring it over: narrowed to nothing, amending nothing, no dry runs. */
  readonly isWhole?: true;
  /** Those that have not ended, in whatever state they are: also who goes from one to another meanwhile is listed. */
  readonly isUnfinished?: true;
};

/** Why a run was put back. Being told to wait is no fault. */
export type Postponed = { readonly problem: Problem; readonly isFault: boolean };

export interface RunStore {
  /**
   * Queues a run, unless one that does the same thing waits already: then that one, at the earlier of the two times they may begin, with the `problem` it
   * waits for until then. Atomic: of many at once, one run is made.
   */
  request(run: Run): Promise<{ readonly run: Run; readonly alreadyQueued: boolean }>;
  get(id: RunId): Promise<Run | null>;
  /** Newest first. */
  list(filter: RunFilter, after: string | null, limit: number): Promise<Page<Run>>;
  /**
   * The run to work on now: one under way, else the queued one that is due, a person's request before a schedule, delta before full. Only a
   * person's request overtakes a run that waits for its time; without one, that run is the answer, with its `notBefore` still to come, and of several
   * the one that waits least. So is one that is queued for later, when there is nothing else.
   */
  next(of: { readonly connection: ConnectionId } | { readonly target: TargetId }, now: Date): Promise<Run | null>;
  /** queued or waiting → running. Null when somebody ended it meanwhile. */
  start(id: RunId, at: Date): Promise<Run | null>;
  /** Writes where it is; answers whether somebody asked to cancel it. `place: undefined` leaves the place as it is. */
  progress(
    id: RunId,
    at: { readonly phase: Phase; readonly counters: Counters; readonly place?: string | null },
  ): Promise<{ readonly cancelRequested: boolean }>;
  /** running → waiting until then, and why, which the record shows; null: others have their turn. A fault is counted; anything else forgets those before. */
  postpone(id: RunId, until: Date, why: Postponed | null): Promise<void>;
  finish(
    id: RunId,
    state: EndedState,
    at: Date,
    end: {
      readonly counters: Counters;
      readonly version: number | null;
      readonly problem: Problem | null;
      /** Of a sync run that committed. */
      readonly read?: ReadKind;
      /** Of a sync run that is held. */
      readonly shrink?: Shrink;
    },
  ): Promise<void>;
  /** Ends a queued or waiting run at once; asks a running one to stop. Answers the run as it is then. */
  cancel(id: RunId, at: Date): Promise<Run | null>;
  /** Connections and targets with a run that is queued, waiting and due, or running, in batches; for the reconciler. */
  unfinished(): AsyncIterable<readonly Run[]>;
  /**
   * Runs of one organization that ended and that nobody was told of yet, at most so many. They stand here because they ended, so none is forgotten; for
   * `ttlMs` nobody else takes them, so whoever dies with them leaves them to the next.
   */
  takeUntold(limit: number, ttlMs: number): Promise<readonly Run[]>;
  told(ids: readonly RunId[]): Promise<void>;
  /** Runs that have somebody in a sample of what reads found missing, in batches. */
  missing(connection: ConnectionId, person: SourceId): AsyncIterable<readonly Run[]>;
  /** Removes somebody from the samples of what reads found missing. */
  forgetPerson(connection: ConnectionId, person: SourceId): Promise<void>;
  prune(before: Date): Promise<void>;
  erase(connection: ConnectionId): Promise<void>;
}
