/** Which source objects are in. */

import { type SourceId, sourceId } from './ids.ts';

export type Scope =
  | { readonly kind: 'all' }
  /** A test group, or several: the groups themselves and their members; with `nested`, members of member groups too. */
  | { readonly kind: 'groups'; readonly groups: readonly SourceId[]; readonly nested: boolean };

export const everyone: Scope = { kind: 'all' };

/** Two scopes with the same key hold the same objects; used to tell whether interrupted work may be continued. */
export const scopeKey = (scope: Scope): string =>
  scope.kind === 'all' ? 'all' : `groups:${[...scope.groups].sort().join(',')}${scope.nested ? ':nested' : ''}`;

/** The scope of a key; of the same scopes the same. */
export const scopeFrom = (key: string): Scope => {
  const [kind, ids = '', nested] = key.split(':');
  return kind === 'groups'
    ? { kind, groups: ids === '' ? [] : ids.split(',').map(sourceId), nested: nested === 'nested' }
    : everyone;
};
