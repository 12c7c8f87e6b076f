/** The kinds of target there are. A new kind is one line here; the contract suite runs over this list, so a kind cannot go untested. */

import { scim } from './scim/index.ts';
import type { TargetKind } from './target.ts';

export const targetKinds: readonly TargetKind[] = [scim];

/** Null when there is no such kind. */
export const targetKind = (kind: string): TargetKind | null => targetKinds.find((known) => known.kind === kind) ?? null;
