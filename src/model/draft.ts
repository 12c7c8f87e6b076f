/** What a version to come changes against the committed one. */

import type { SourceId } from './ids.ts';
import type { GoneReason, Ref, SourceObject } from './source-object.ts';

/** `whole` replaces the group's members, `added`/`removed` merges with them. */
export type MembersPatch = { readonly group: SourceId } & (
  | { readonly whole: readonly Ref[] }
  | { readonly added: readonly Ref[]; readonly removed: readonly Ref[] }
);

/** An object before and after; never both null. `why` says why `after` is null. */
export type Pair =
  | { readonly ref: Ref; readonly before: SourceObject | null; readonly after: SourceObject }
  | { readonly ref: Ref; readonly before: SourceObject; readonly after: null; readonly why: GoneReason };
/** Edges of one group that the draft adds or removes, whether or not their ends are in the snapshot. */
export type EdgePair = { readonly group: SourceId; readonly added: readonly Ref[]; readonly removed: readonly Ref[] };
