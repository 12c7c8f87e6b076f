/** What differs between two committed versions of a snapshot. */

import type { GoneReason, Ref, SourceObject } from './source-object.ts';

export type Change =
  | { readonly kind: 'created'; readonly after: SourceObject }
  | { readonly kind: 'updated'; readonly before: SourceObject; readonly after: SourceObject }
  | { readonly kind: 'removed'; readonly before: SourceObject; readonly why: GoneReason }
  /** Effective membership: both the group and the member are in the snapshot (added), or were (removed). */
  | { readonly kind: 'members'; readonly group: Ref; readonly added: readonly Ref[]; readonly removed: readonly Ref[] };

/** `version` of the commit that made it, `sequence` counts from 1 within that version. */
export type RecordedChange = {
  readonly version: number;
  readonly sequence: number;
  readonly at: Date;
  readonly change: Change;
};

/** Where a reader of the changes is: everything up to this one, itself included, was read. */
export type ChangePlace = Pick<RecordedChange, 'version' | 'sequence'>;

export const isBefore = (one: ChangePlace, other: ChangePlace): boolean =>
  one.version < other.version || (one.version === other.version && one.sequence < other.sequence);

/** The object a change is about. */
export const refOf = (change: Change): Ref => {
  switch (change.kind) {
    case 'created':
      return change.after.ref;
    case 'updated':
    case 'removed':
      return change.before.ref;
    case 'members':
      return change.group;
  }
};
