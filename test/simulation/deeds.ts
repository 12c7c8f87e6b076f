/** What a change at a target comes to, as operations have names for it. */

import type { Effect, Remote } from './remote.ts';

/** What an effect did, of what needs an intent. */
export type Deed =
  | { readonly kind: 'create' | 'update' | 'disable' | 'delete' }
  | { readonly kind: 'add_members' | 'remove_members'; readonly members: readonly string[] };

/**
 * `isThere`: who has an account at the target, or is a group there. Whoever has none is put into nothing: its own people may have removed an account while a
 * group was replaced as it was before.
 */
export const deedsOf = ({ before, after }: Effect, isThere: (id: string) => boolean): readonly Deed[] => {
  if (after === null) return [{ kind: 'delete' }];
  if (before === null) return [{ kind: 'create' }];
  const added = [...after.members].filter((id) => !before.members.has(id) && isThere(id));
  const removed = [...before.members].filter((id) => !after.members.has(id));
  return [
    ...(before.active && !after.active ? [{ kind: 'disable' } as const] : []),
    ...(isUpdated(before, after) ? [{ kind: 'update' } as const] : []),
    ...(added.length > 0 ? [{ kind: 'add_members', members: added } as const] : []),
    ...(removed.length > 0 ? [{ kind: 'remove_members', members: removed } as const] : []),
  ];
};

const isUpdated = (before: Remote, after: Remote): boolean =>
  (['externalId', 'name', 'displayName', 'title', 'department', 'manager'] as const).some(
    (name) => before[name] !== after[name],
  ) ||
  (!before.active && after.active);
