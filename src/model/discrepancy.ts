/** Where a target is not what our links say: what a reconcile run finds, line by line, and what it comes to. */

import type { ConnectionId, OrganizationId, RemoteId, RunId, TargetId } from './ids.ts';
import type { Member } from './operation.ts';
import type { GoneReason, ObjectType, Ref, Value } from './source-object.ts';

/** What the target was last told at a path, and what it holds there now. */
export type Difference = { readonly path: string; readonly told: Value; readonly holds: Value };

export type Discrepancy =
  /** An account or group of ours whose mapped attributes are not what the target was last told. */
  | {
      readonly kind: 'drift';
      readonly ref: Ref;
      readonly remoteId: RemoteId;
      readonly differences: readonly Difference[];
    }
  /** A link whose account is not there any more: no complete list showed it, and asked by its id the target does not know it. */
  | { readonly kind: 'missing'; readonly ref: Ref; readonly remoteId: RemoteId; readonly gone: GoneReason | null }
  /** Nobody's by our links, but it carries what makes it somebody's we know: `by` is the target path. `gone`: they are not in the snapshot any more. */
  | {
      readonly kind: 'orphan';
      readonly ref: Ref;
      readonly remoteId: RemoteId;
      readonly by: string;
      readonly gone: GoneReason | null;
    }
  /** One account too many for this person. `linked`: the one that is theirs by our links; null: several orphans, none of them linked. */
  | {
      readonly kind: 'duplicate';
      readonly ref: Ref;
      readonly remoteId: RemoteId;
      readonly by: string;
      readonly linked: RemoteId | null;
    }
  /** Nothing about it is of anybody we know. It is counted and never touched. */
  | { readonly kind: 'unknown'; readonly type: ObjectType; readonly remoteId: RemoteId }
  /** `ref` is the group. */
  | { readonly kind: 'member_missing'; readonly ref: Ref; readonly remoteId: RemoteId; readonly member: Member }
  | { readonly kind: 'member_surplus'; readonly ref: Ref; readonly remoteId: RemoteId; readonly member: Member }
  /** A member that is no account of ours. Never touched. */
  | { readonly kind: 'member_unknown'; readonly ref: Ref; readonly remoteId: RemoteId; readonly stranger: RemoteId };
export const discrepancyKinds = [
  'drift',
  'missing',
  'orphan',
  'duplicate',
  'unknown',
  'member_missing',
  'member_surplus',
  'member_unknown',
] as const satisfies readonly Discrepancy['kind'][];
export type DiscrepancyKind = (typeof discrepancyKinds)[number];
/** What a repair can put right. The others are for a person to decide, at the target. */
export const repairable = [
  'drift',
  'missing',
  'orphan',
  'member_missing',
  'member_surplus',
] as const satisfies readonly DiscrepancyKind[];
export type DiscrepancyOf<K extends DiscrepancyKind> = Extract<Discrepancy, { readonly kind: K }>;

/**
 * How the list of one type went. `incomplete`: why nothing is concluded from who was not in it; null: it reached its end. `leftOut`: accounts that a
 * list with an end did not show, and that were found by their id.
 */
export type Listing = { readonly objects: number; readonly incomplete: string | null; readonly leftOut: number };

/** What a reconcile run came to. */
export type Reconciliation = {
  readonly run: RunId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly target: TargetId;
  readonly at: Date;
  /** Null: this type was not looked at. */
  readonly listings: Readonly<Record<ObjectType, Listing | null>>;
  /** Mapped paths that the target shows of nobody, so that nothing can be said of them. */
  readonly hidden: Readonly<Record<ObjectType, readonly string[]>>;
  /** Whether the target shows who is in a group. */
  readonly membersShown: boolean;
  readonly counts: Readonly<Record<DiscrepancyKind, number>>;
};

export const noDiscrepancies: Reconciliation['counts'] = {
  drift: 0,
  missing: 0,
  orphan: 0,
  duplicate: 0,
  unknown: 0,
  member_missing: 0,
  member_surplus: 0,
  member_unknown: 0,
};
