/** Users and groups as the source knows them, and how one stops being there. */

import type { SourceId } from './ids.ts';

export type ObjectType = 'user' | 'group';
export type Ref = { readonly type: ObjectType; readonly id: SourceId };

/** A value of one attribute. `null` and an absent attribute mean the same: unassigned (RFC 7643 §2.5). Lists are kept sorted. */
export type Value = string | number | boolean | null | readonly string[];
export type Attributes = Readonly<Record<string, Value>>;

/**
 * One user or group. Members are kept apart from it, because a group may have a million.
 * The attribute `manager` of a user holds the source id of the manager.
 */
export type SourceObject = { readonly ref: Ref; readonly attributes: Attributes };

/** Why an object is not in the snapshot any more. `missing`: a complete full sync did not see it. */
export type GoneReason = 'soft_deleted' | 'deleted' | 'out_of_scope' | 'missing';
export type Gone = { readonly gone: GoneReason };

/** What the source says of one object now. `disabled`: it is there, and off. `unsure`: the answer is no evidence either way (throttled, unreadable, too fresh). */
export type Standing = 'present' | 'disabled' | 'out_of_scope' | 'gone' | 'unsure';

/** A person or group anyone ever saw: what it last looked like, and whether it is still in. */
export type Remembered = {
  readonly object: SourceObject;
  readonly gone: GoneReason | null;
  /** The version that last changed it. */
  readonly version: number;
  /** Of who is gone. */
  readonly left?: Left;
};
/** `isStripped`: what it looked like is not kept any more, and it has no attributes. `at` is null of who left before that was written down. */
export type Left = { readonly at: Date | null; readonly isStripped: boolean };

/** One edge: `member` is in `group`. Only users and groups; devices and service principals are left out by the source. */
export type Membership = { readonly group: SourceId; readonly member: Ref };

export const user = (id: SourceId): Ref => ({ type: 'user', id });
export const group = (id: SourceId): Ref => ({ type: 'group', id });
export const isGone = (next: SourceObject | Gone): next is Gone => 'gone' in next;
