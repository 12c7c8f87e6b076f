/** Operations that are kept for a person to look at, and what became of them. */

import type { Actor } from './audit.ts';
import type { ConnectionId, OrganizationId, PlanId, RunId, SourceId, TargetId } from './ids.ts';
import type { Action, Cause, Link, Operation } from './operation.ts';
import type { Amends, RunScope, SyncMode } from './run.ts';
import type { ObjectType } from './source-object.ts';
import type { Approvals, LimitName } from './target-record.ts';

/** A limit that is passed: `wanted` by a run on top of what was `taken` in the window. `group`: whose limit it is, where each has its own. */
export type Exceeded = {
  readonly limit: LimitName;
  readonly group: SourceId | null;
  readonly wanted: number;
  readonly taken: number;
  readonly allowed: number;
};

/**
 * `held`: what is over the target's limits. `first`: everything that a target needs which was never written to, or not since its scope, mapping,
 * matching or policies for who leaves changed. `dry_run`: what somebody asked to see. `repair`: what puts right what a reconcile run found.
 * `undo`: what takes back what a provision run did. `preview`: what it would be with another scope; nobody carries it out.
 */
export const planKinds = ['first', 'held', 'dry_run', 'repair', 'undo', 'preview'] as const;
export type PlanKind = (typeof planKinds)[number];
/** Those that somebody decides on. */
export type DecidedKind = Exclude<PlanKind, 'preview'>;
/** Somebody asked to see it, and the target goes on without it; the others are waited for. */
export const askedFor: readonly PlanKind[] = ['dry_run', 'repair', 'undo', 'preview'];
export type ActionCounts = Readonly<Record<Action, number>>;

/** What a plan was made from. It is carried out on nothing else. */
export type Basis = {
  /** The version of the snapshot. */
  readonly version: number;
  /** What the snapshot holds (`scopeKey`). */
  readonly scope: string | null;
  /** The mapping and matching of the target, its policies for people and groups that leave, and which mapped attributes are not read. */
  readonly rules: string;
  /** Who is protected; null: a plan from before that was kept. */
  readonly protection: string | null;
  /** Which system is written to; null: as above. */
  readonly reach: string | null;
  readonly position: number | null;
  /** The newest operation at the target; null: there was none yet. */
  readonly written: string | null;
  /** Of the database: another after it was put back from a backup. 0: it never was. */
  readonly epoch: number;
};

/** Who made a key. */
export type Maker = Pick<Actor, 'kind' | 'id'>;
/** Whoever approves, as they are told from others. `makers`: of a key, as far as it is known, the nearest first. */
export type Approver = Maker & { readonly makers: readonly Maker[] };

/**
 * A person's word on a plan: `by` is what they are called, which others may be as well. `first`: somebody else's approval before it, where two are needed. What was decided before
 * it was kept who exactly does not say.
 */
export type Decision = {
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
  readonly approver?: Approver;
  readonly first?: Decision;
};

/**
 * `content_changed`: what is kept of its operations is not what was looked at. `rules_changed`: what decides what is written changed while it was carried
 * out. `approvals_raised`: it is over a limit, one had approved it, and by now two have to. `undone_since`: somebody had a run taken back while it was
 * carried out. `not_looked_at`: what is on record of the target is older than the target, and only the plan of all of that may be carried out. `run_ended`:
 * the run that was to carry it out ended before, and no other one does.
 */
export const planRefusals = [
  'content_changed',
  'rules_changed',
  'approvals_raised',
  'undone_since',
  'not_looked_at',
  'run_ended',
] as const;
export type PlanRefusal = (typeof planRefusals)[number];

export type PlanStanding =
  /** `approval`: the first of two. */
  | { readonly state: 'waiting'; readonly approval?: Decision }
  /** `begun`: a run has found everything as it was and carries it out. */
  | { readonly state: 'approved'; readonly decision: Decision; readonly begun: RunId | null }
  /** `approval`: what was taken back by it. `begun`: the run that had begun to carry it out; what that did stays, and no more of it is done. */
  | {
      readonly state: 'rejected';
      readonly decision: Decision;
      readonly approval?: Decision;
      readonly begun?: RunId | null;
    }
  /** `begun`: the run that brought it to its end, where another had begun it. */
  | { readonly state: 'applied'; readonly decision: Decision; readonly begun: RunId }
  /** Something moved, or it was asked for again. `by`: the plan that took its place, if there is still anything to look at. */
  | { readonly state: 'superseded'; readonly by: PlanId | null }
  /** It was approved, and may not be carried out, or not any further. `begun`: the run that had begun it; what that did stays. */
  | {
      readonly state: 'refused';
      readonly decision: Decision;
      readonly begun: RunId | null;
      readonly why: PlanRefusal;
      readonly at: Date;
    }
  /** Nobody decided on it in time, or nobody began to carry it out. `decision`: its approval. */
  | { readonly state: 'expired'; readonly decision: Decision | null; readonly at: Date };
/** Somebody decides on these; a plan that has come to its end is in none of them. */
export type OpenState = 'waiting' | 'approved';
export type PlanState = PlanStanding['state'];

/** How old plans may get: approved until somebody begins it, waiting until somebody decides. */
export type PlanAges = { readonly approvedMs: number; readonly waitingMs: number };

export type Plan = {
  readonly id: PlanId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly target: TargetId;
  readonly kind: PlanKind;
  /** The run that made it, its mode and its scope. */
  readonly run: RunId;
  readonly mode: SyncMode;
  readonly scope: RunScope | null;
  /** What it puts right; null for any other kind. */
  readonly amends: Amends | null;
  readonly createdAt: Date;
  /** Two plans with the same hash hold the same operations. */
  readonly hash: string;
  readonly basis: Basis;
  /** Operations by action; of member operations the members. */
  readonly counts: ActionCounts;
  /** The same of users and of groups; memberships are their group's. */
  readonly countsOf: Readonly<Record<ObjectType, ActionCounts>>;
  readonly exceeded: readonly Exceeded[];
  /** How many have to approve it, as the target said when it was made. */
  readonly approvals: Approvals;
  readonly standing: PlanStanding;
};

/**
 * One operation of a plan. `step` names it among those on the same object; the same step is kept once. `link`: how the object would be linked after it,
 * where the rest of the plan goes by that; null: not at all any more.
 */
export type Staged = {
  readonly step: string;
  readonly operation: Operation;
  readonly cause: Cause;
  readonly link?: Link | null;
};
