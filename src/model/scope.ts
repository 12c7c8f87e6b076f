/** Which source objects are in. */

import type { SourceId } from './ids.ts';

export type Scope =
  | { readonly kind: 'all' }
  /** A test group, or several: the groups themselves and their members; with `nested`, members of member groups too. */
  | { readonly kind: 'groups'; readonly groups: readonly SourceId[]; readonly nested: boolean };

export const everyone: Scope = { kind: 'all' };

/** Two scopes with the same key hold the same objects; used to tell whether interrupted work may be continued. */
export const scopeKey = (scope: Scope): string =>
  scope.kind === 'all' ? 'all' : `groups:${[...scope.groups].sort().join(',')}${scope.nested ? ':nested' : ''}`;
