/** The answer to "why was Jane not synced?": what is on record of one object at one target, and what follows from it. */

import type { Problem, ResolutionOwner } from './connection.ts';
import type { PlanId, RemoteId, RunId, SourceId } from './ids.ts';
import type { Action, Cause, EscrowReason, Link, Outcome, SkipReason, WaitingReference } from './operation.ts';
import type { PlanKind, PlanState } from './plan.ts';
import type { RunState } from './run.ts';
import type { Scope } from './scope.ts';
import type { Attributes, GoneReason, Ref, Standing, Value } from './source-object.ts';
import type { Approvals, DeprovisionPolicy, LeftGroups } from './target-record.ts';

/** Every object that was ever seen has exactly one of these at every target. `core/sayings.ts` has the sentence of each. */
export const reasons = [
  'in_sync',
  'waiting_reference',
  'disabled_in_source',
  'out_of_scope',
  'soft_deleted',
  'deleted',
  'missing',
  'groups_not_supported',
  'protected',
  'protection_unknown',
  'not_managed',
  'group_kept',
  'deprovision_off',
  'plan_waits',
  'plan_rejected',
  'guard_hold',
  'target_unproved',
  'database_restored',
  'attributes_unread',
  'source_unsure',
  'absence_unproven',
  'no_match_key',
  'ambiguous_match',
  'linked_elsewhere',
  'unclaimed_group',
  'missing_required_attribute',
  'target_rejected',
  'target_conflict',
  'not_applied',
  'operation_open',
  'mapping_refused',
  'target_paused',
  'target_quarantined',
  'waiting_for_run',
  'run_failed',
  'full_run_needed',
  'run_undone',
] as const satisfies readonly (EscrowReason | GoneReason | SkipReason | string)[];
export type Reason = (typeof reasons)[number];

export type Verdict = {
  readonly reason: Reason;
  /** In plain words, to be read without anything else. */
  readonly sentence: string;
  /** Who must act; null: nobody. */
  readonly owner: ResolutionOwner | null;
  /** What they do; null: nothing. */
  readonly todo: string | null;
};

/** `stopped`: it is because of this step. `not_reached`: it does not come to this step. */
export type StepState = 'ok' | 'stopped' | 'not_reached' | 'unknown';
export const stepNames = ['found', 'in_scope', 'matched', 'mapped', 'planned', 'guard', 'written'] as const;
export type StepName = (typeof stepNames)[number];

export type Step = { readonly state: StepState; readonly says: string } & {
  readonly [Name in StepName]: { readonly step: Name; readonly evidence: StepEvidence[Name] };
}[StepName];

export type StepEvidence = {
  readonly found: FoundEvidence;
  readonly in_scope: ScopeEvidence;
  readonly matched: MatchEvidence;
  readonly mapped: MapEvidence;
  readonly planned: PlanEvidence;
  readonly guard: GuardEvidence;
  readonly written: WrittenEvidence;
};

/** A committed version of the snapshot; the run is forgotten after a while. */
export type Committed = { readonly version: number; readonly run: RunId | null; readonly at: Date | null };

export type FoundEvidence = {
  readonly object: Ref;
  /** As they are in the snapshot, or were when it left. */
  readonly attributes: Attributes;
  readonly gone: GoneReason | null;
  /** What last changed it. */
  readonly changed: Committed;
  /** What was read last: nothing else is known of the source. */
  readonly read: Committed;
  readonly fullReadAt: Date | null;
};

export type GroupNow = { readonly id: SourceId; readonly name: string | null };
export type ScopeEvidence = {
  readonly scope: Scope;
  /** Groups in the snapshot that hold it directly. `inScope`: the scope names this one. */
  readonly memberOf: readonly (GroupNow & { readonly inScope: boolean })[];
};

export type LinkNow = Pick<Link, 'remoteId' | 'by' | 'state' | 'since'>;
/** What the target is asked to find an account that is there already. */
export type MatchQuestion = {
  readonly from: string;
  readonly to: string;
  readonly value: Value;
  readonly readable: boolean;
};
export type MatchEvidence = {
  readonly link: LinkNow | null;
  readonly former: { readonly remoteId: RemoteId; readonly until: Date } | null;
  readonly questions: readonly MatchQuestion[];
};

export type MappedValue = {
  readonly to: string;
  /** Null: a constant. */
  readonly from: string | null;
  readonly source: Value;
  /** Whether the connection may read it: what it may not has no value here, and may have one in Entra. */
  readonly readable: boolean;
  /** What the target should hold; `undefined`: this rule writes nothing now. */
  readonly wanted: Value | undefined;
  /** What the target was last told; null when it was told nothing. */
  readonly told: Value;
};
export type MapEvidence = { readonly values: readonly MappedValue[]; readonly waiting: readonly WaitingReference[] };

export type RunNow = {
  readonly id: RunId;
  readonly state: RunState;
  readonly version: number | null;
  readonly finishedAt: Date | null;
  readonly notBefore: Date | null;
  readonly problem: Problem | null;
};
export type PlanEvidence = {
  /** What is to be done now, from the state as it is. */
  readonly operations: readonly {
    readonly action: Action;
    readonly attributes: Attributes | null;
    readonly before: Attributes | null;
  }[];
  /** The version the target was brought to. */
  readonly position: number | null;
  /** The run of the whole target that ended last, and the one that is to come or under way. */
  readonly lastRun: RunNow | null;
  readonly comingRun: RunNow | null;
};

export type GuardEvidence = {
  readonly policy: DeprovisionPolicy;
  readonly leftGroups: LeftGroups;
  /** The run that was held; null when none was. */
  readonly heldBy: RunNow | null;
  /** The plan that holds it back, and what it holds on this object; null when none does. */
  readonly plan: PlanNow | null;
};
export type PlanNow = {
  readonly id: PlanId;
  readonly kind: PlanKind;
  readonly state: PlanState;
  readonly actions: readonly Action[];
  /** How many have to approve it, and who did. */
  readonly approvalsNeeded: Approvals;
  readonly approvedBy: readonly string[];
};

/** An operation on record, and what became of it. */
export type Written = {
  readonly action: Action;
  readonly run: RunId;
  readonly version: number;
  readonly why: Cause['why'];
  /** What taking something away rested on. */
  readonly evidence: Cause['evidence'];
  readonly attributes: Attributes | null;
  readonly at: Date;
  readonly result: Outcome['result'] | 'open';
  readonly detail: string | null;
};
export type WrittenEvidence = {
  /** What made the account as it is. */
  readonly last: Written | null;
  /** What failed. */
  readonly failed: Written | null;
  readonly escrow: {
    readonly reason: EscrowReason;
    readonly detail: string;
    readonly attempts: number;
    readonly since: Date;
    /** Null: it is given up. */
    readonly dueAt: Date | null;
  } | null;
  readonly open: readonly Action[];
};

export type Explained = { readonly verdict: Verdict; readonly steps: readonly Step[] };

/** How somebody was found. */
export const foundBy = ['object_id', 'user_principal_name', 'mail', 'employee_id', 'remote_id'] as const;
export type FoundBy = (typeof foundBy)[number];

/** One of several who may be meant. */
export type Candidate = {
  readonly object: Ref;
  readonly by: FoundBy;
  readonly displayName: string | null;
  readonly userPrincipalName: string | null;
  readonly mail: string | null;
  readonly employeeId: string | null;
  readonly gone: GoneReason | null;
};

/** Why nobody was found at all. */
export const nobodyReasons = ['never_seen', 'not_read_yet'] as const;
export type NobodyVerdict = Omit<Verdict, 'reason'> & { readonly reason: (typeof nobodyReasons)[number] };

/** What the source says when it is asked again, now. `agrees`: with what is stored; null when the answer says nothing either way. */
export type LiveSource =
  | {
      readonly kind: 'answered';
      readonly standing: Standing;
      readonly agrees: boolean | null;
      /** Attributes that are stored otherwise than they are shown now. The manager, who is read apart, is not compared. */
      readonly changed: readonly { readonly attribute: string; readonly stored: Value; readonly now: Value }[];
      readonly says: string;
    }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly says: string };

/** What the source says now of somebody nobody ever read. */
export type LiveStranger =
  | {
      readonly kind: 'answered';
      readonly people: readonly {
        readonly object: Ref;
        readonly displayName: string | null;
        readonly userPrincipalName: string | null;
        readonly standing: Standing;
      }[];
      readonly says: string;
    }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly says: string };

export type LiveDifference = { readonly path: string; readonly told: Value; readonly there: Value };
/** What the target says when it is asked again, now. A question that failed is no answer: least of all that nobody is there. */
export type LiveTarget = { readonly says: string } & (
  | { readonly kind: 'linked'; readonly differences: readonly LiveDifference[] }
  | { readonly kind: 'gone' }
  | { readonly kind: 'match'; readonly remoteId: RemoteId; readonly attribute: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly attribute: string; readonly hits: number }
  | { readonly kind: 'linked_elsewhere' | 'unclaimed_group'; readonly attribute: string }
  | { readonly kind: 'not_asked' }
  | { readonly kind: 'failed'; readonly problem: Problem }
);
