/** The port of plans: operations that are kept for a person to look at, and what became of them. */

import type { PlanId, RunId, SourceId, TargetId } from '../model/ids.ts';
import type { Action, Why } from '../model/operation.ts';
import type {
  DecidedKind,
  Decision,
  OpenState,
  Plan,
  PlanKind,
  PlanRefusal,
  PlanState,
  Staged,
} from '../model/plan.ts';
import type { RunScope } from '../model/run.ts';
import type { Ref } from '../model/source-object.ts';
import type { Approvals } from '../model/target-record.ts';
import type { OfOrganizations } from './connection-store.ts';
import type { Lease } from './leases.ts';
import type { Page } from './snapshot-store.ts';

export type PlanFilter = OfOrganizations & {
  readonly target?: TargetId;
  readonly kind?: PlanKind;
  readonly state?: PlanState;
  /** Those alone that somebody decides on: they wait, hold something, and are no previews. */
  readonly isToDecide?: boolean;
};
/** One step on one object. */
export type StepName = { readonly ref: Ref; readonly step: string };
export type PlanOf = Pick<Plan, 'target' | 'id'>;
/** Plans that take each other's place: of one target, kind and scope at most one waits, and of previews one for each scope that was thought of. */
export type Slot = { readonly target: TargetId; readonly kind: PlanKind; readonly scope: RunScope | null };

/** What one plan holds on somebody. */
export type PlannedAbout = { readonly plan: PlanId; readonly staged: Staged };

export interface PlanStore {
  /**
   * Keeps operations of a plan that is being made. The same step of the same object is kept once: the last word counts. Throws `PlanWritten` once the
   * plan is written down, and `StaleFence`.
   */
  stage(lease: Lease, plan: PlanId, operations: readonly Staged[]): Promise<void>;
  /** Those of these steps that are kept. */
  steps(of: PlanOf, names: readonly StepName[]): Promise<readonly Staged[]>;
  /** Everything a plan holds on one object, in batches. */
  stepsOn(of: PlanOf, ref: Ref): AsyncIterable<readonly Staged[]>;
  /** Everything the plans of a target hold on somebody, and on groups as far as it is them, in batches; also what is staged for plans to come. */
  about(target: TargetId, person: SourceId): AsyncIterable<readonly PlannedAbout[]>;
  /** Everything a plan holds, in batches, in an order that depends on nothing but the steps. */
  scan(of: PlanOf): AsyncIterable<readonly Staged[]>;
  operations(
    of: PlanOf,
    filter: { readonly actions?: readonly Action[]; readonly why?: Why },
    after: string | null,
    limit: number,
  ): Promise<Page<Staged>>;
  /** Forgets the operations of a plan that is being made. Throws `PlanWritten` and `StaleFence`, as `stage` does. */
  unstage(lease: Lease, plan: PlanId): Promise<void>;

  /**
   * Writes a plan down as it stands at first (core/plan-standing.ts); one that is written down already stays as it is. Whatever waited in its slot is superseded by it, before: there are
   * never two. Throws `StaleFence`.
   */
  add(lease: Lease, plan: Omit<Plan, 'standing'>): Promise<void>;
  get(id: PlanId): Promise<Plan | null>;
  /** Which of these are written down. */
  written(ids: readonly PlanId[]): Promise<ReadonlySet<PlanId>>;
  /** Newest first. */
  list(filter: PlanFilter, after: string | null, limit: number): Promise<Page<Plan>>;
  /** The newest plan of a slot. */
  newest(slot: Slot): Promise<Plan | null>;
  /** The plan of a target that a person approved, and that was not carried out to its end; a run narrowed to a group, and what somebody asked to see, apart. */
  approved(target: TargetId): Promise<Plan | null>;
  /**
   * waiting → approved, waiting or approved → rejected. Where two `approvals` are needed, the first is kept, it waits on, and the second, by somebody else,
   * makes it approved. Null when it was in neither, or the same approves twice, and nothing was done.
   */
  decide(id: PlanId, to: 'approved' | 'rejected', decision: Decision, approvals?: Approvals): Promise<Plan | null>;
  /** A run has found everything as it was and carries the plan out. Null when it is not approved any more, and must not be. Throws `StaleFence`. */
  begin(lease: Lease, id: PlanId, run: RunId): Promise<Plan | null>;
  /** approved → applied, by this run, whichever began it. Throws `StaleFence`. */
  finish(lease: Lease, id: PlanId, run: RunId): Promise<void>;
  /** waiting, or approved and not begun → superseded; its operations are forgotten. Throws `StaleFence`. */
  supersede(lease: Lease, id: PlanId, by: PlanId | null): Promise<void>;
  /** approved → refused, begun or not. Null when it was not approved, and nothing was done. */
  refuse(id: PlanId, why: PlanRefusal, at: Date): Promise<Plan | null>;
  /** waiting, or approved and not begun → expired, from where it stands alone. Null when it stood elsewhere, and nothing was done. */
  expire(id: PlanId, from: OpenState, at: Date): Promise<Plan | null>;
  /** How many wait for a decision; nobody decides on a preview. */
  countWaiting(): Promise<Readonly<Record<DecidedKind, number>>>;
  /** Removes somebody from operations, but not from those of plans that wait or are approved: their hash would not hold any more. Throws `StaleFence`. */
  forgetPerson(lease: Lease, person: SourceId): Promise<void>;
  /**
   * Removes plans older than this that nobody waits for, with their operations; of previews, and of what was staged for plans that were never written down,
   * what is older than `previewsBefore`, in which no run is at work any more.
   */
  prune(target: TargetId, before: Date, previewsBefore: Date): Promise<void>;
  erase(target: TargetId): Promise<void>;
}
