/** One pass: a sync run for a connection, a provision run or a reconcile run for a target. */

import type { Problem } from './connection.ts';
import type { ConnectionId, OrganizationId, PlanId, RunId, SourceId, TargetId } from './ids.ts';
import type { ReadKind } from './operation.ts';
import type { Scope } from './scope.ts';
import type { ObjectType } from './source-object.ts';

export type SyncMode = 'full' | 'delta';
/** One run narrowed to one group and its members; nobody else is read, stored or written. */
export type RunScope = { readonly group: SourceId; readonly nested: boolean };
export type Trigger = 'schedule' | 'api' | 'commit' | 'retry' | 'notification';

/**
 * queued → running ⇄ waiting → one of the ended states.
 * `waiting`: put back until `notBefore` (a slice ended, throttled, an upstream is down). `held`: the guard kept back the destructive part.
 */
export type RunState =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'succeeded'
  | 'partially_succeeded'
  | 'held'
  | 'failed'
  | 'canceled';
/** What a provision run is held for. */
export const heldCodes = [
  'plan_waits',
  'plan_rejected',
  'target_unproved',
  'guard_hold',
  'plan_moved',
  'protection_unknown',
  'database_restored',
  'attributes_unread',
] as const;
export type HeldCode = (typeof heldCodes)[number];
export type HeldProblem = Problem & { readonly code: HeldCode };
export type EndedState = Exclude<RunState, 'queued' | 'running' | 'waiting'>;
export const isEnded = (state: RunState): state is EndedState => !['queued', 'running', 'waiting'].includes(state);

export type Phase =
  | 'queued'
  | 'authenticate'
  | 'read'
  | 'scope'
  | 'diff'
  | 'commit' // sync runs
  | 'recover'
  | 'gather'
  | 'objects'
  | 'references'
  | 'guard'
  | 'removals'
  | 'settle' // provision runs
  | 'list'
  | 'look'
  | 'members'
  | 'compare' // reconcile runs
  | 'done';

/**
 * Counts of objects. In a sync run: what the snapshot gained and lost. In a provision run: what the target got.
 * `skipped` and `failed` are counted by reason code; every object of a run is in exactly one of the counters. Managers and memberships are counted
 * beside them, in whichever write they went: so the updates of a plan that was carried out are `updated` and `managersSet`.
 */
export type Counters = {
  readonly read: number;
  readonly created: number;
  readonly updated: number;
  readonly disabled: number;
  readonly removed: number;
  readonly unchanged: number;
  /** In a provision run: managers of users that were set, changed or taken out. */
  readonly managersSet: number;
  readonly membersAdded: number;
  readonly membersRemoved: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
};

type Common = {
  readonly id: RunId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  /** A sync run reads everything or what changed; a provision run looks at everybody or at what changed since the target's position. */
  readonly mode: SyncMode;
  readonly scope: RunScope | null;
  readonly dryRun: boolean;
  readonly trigger: Trigger;
  readonly causedBy: RunId | null;
  readonly state: RunState;
  readonly phase: Phase;
  readonly counters: Counters;
  readonly problem: Problem | null;
  readonly cancelRequested: boolean;
  /** Where an interrupted run continues; the counters are as of this place. Opaque to everyone but the engine. */
  readonly place: string | null;
  /** The run may not go on before this time. */
  readonly notBefore: Date | null;
  /** How many times in a row it was put back by a fault; 0 after progress. */
  readonly faults: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
};

/** What a read takes out of the snapshot that was shown to nobody yet, or that somebody has seen and accepts. */
export type Shrink = {
  /** Known objects that a full sync did not see, and that any sync found to have left the scope. */
  readonly missing: Readonly<Record<ObjectType, number>>;
  readonly known: Readonly<Record<ObjectType, number>>;
  /**
   * Groups of the scope that lost all of their members, or more than the limit and most of them, of those who are still in the tenant; of those inside it
   * only where it is more than the floor of the limit.
   */
  readonly drained: readonly Drained[];
  /** Attributes that more objects lost than the floor of the limit. */
  readonly cleared: readonly Cleared[];
  /** Some of the missing, drawn so that of the same ones the same are drawn: by these two reads are compared. */
  readonly sample: readonly SourceId[];
};
export type Drained = { readonly group: SourceId; readonly lost: number; readonly of: number };
/** An attribute of which objects that are still there had a value, and have none any more. */
export type Cleared = Loss & {
  /** How many objects had a value before. */
  readonly known: number;
  /**
   * A read that speaks of a few only says of most of them that they lost it, and the source does not show it of anybody else either: as far as can be
   * told, of nobody.
   */
  readonly hidden: boolean;
};
export type Loss = { readonly type: ObjectType; readonly attribute: string; readonly lost: number };

export type SyncRun = Common & {
  readonly kind: 'sync';
  /** What a person has seen, of a read that was held, and lets this one run commit; null: nothing. */
  readonly acceptShrink: Shrink | null;
  /** What it was held for; null unless it was. */
  readonly shrink: Shrink | null;
  /** The version it committed. */
  readonly version: number | null;
  /** How that was read in the end: a delta sync whose watermark is refused reads everything. Null until it committed. */
  readonly read: ReadKind | null;
};
export type ProvisionRun = Common & {
  readonly kind: 'provision';
  readonly target: TargetId;
  /** The plan it was asked to carry out. */
  readonly plan: PlanId | null;
  /** What it puts right instead of bringing the target to the snapshot; null: an ordinary run. */
  readonly amends: Amends | null;
  /** The version of the snapshot it brought the target to. */
  readonly version: number | null;
};
/** `repair`: what this reconcile run found. `undo`: what this provision run did. */
export type Amends = { readonly kind: 'repair' | 'undo'; readonly run: RunId };
/** Reads a scope that somebody thinks of, plans what it would mean for each target, and keeps nothing but these plans. */
export type PreviewRun = Common & {
  readonly kind: 'preview';
  readonly proposed: Scope;
  /** It commits none. */
  readonly version: number | null;
};
/** Reads what the target really holds, and writes nothing to it. */
export type ReconcileRun = Common & {
  readonly kind: 'reconcile';
  readonly target: TargetId;
  /** The version of the snapshot it compared with. */
  readonly version: number | null;
};
/** Runs of a target. */
export type TargetRun = ProvisionRun | ReconcileRun;
export type Run = SyncRun | PreviewRun | TargetRun;
export const isOfTarget = (run: Run): run is TargetRun => run.kind === 'provision' || run.kind === 'reconcile';

export const noCounters: Counters = {
  read: 0,
  created: 0,
  updated: 0,
  disabled: 0,
  removed: 0,
  unchanged: 0,
  managersSet: 0,
  membersAdded: 0,
  membersRemoved: 0,
  skipped: {},
  failed: {},
};

export type CountName = Exclude<keyof Counters, 'skipped' | 'failed'>;

export const count = (counters: Counters, name: CountName, by = 1): Counters => ({
  ...counters,
  [name]: counters[name] + by,
});
export const countReason = (counters: Counters, kind: 'skipped' | 'failed', reason: string, by = 1): Counters =>
  by === 0 ? counters : { ...counters, [kind]: { ...counters[kind], [reason]: (counters[kind][reason] ?? 0) + by } };
