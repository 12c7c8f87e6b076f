/** After a complete read: who is not in scope any more, and who was not seen. */

import { follow, leavers } from '../core/scope.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceId } from '../model/ids.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { GoneReason, ObjectType, Ref } from '../model/source-object.ts';
import type { Complete } from '../source/source.ts';
import type { Draft } from '../store/snapshot-store.ts';

export const sweep = async (draft: Draft, { of, scope }: Complete, reached: Reaching): Promise<void> => {
  if (scope.kind === 'groups' && (of === 'everything' || (await changesReach(draft))))
    await sweepScope(draft, await reached(scope));
  if (of === 'everything') await sweepUnseen(draft);
};

/**
 * After a read of one group: whoever left it may be in no other group of the scope, and no delta tells of it again. Only where the snapshot is of that
 * scope, for an edited one has no effect before everybody was read.
 */
export const sweepLeavers = async (
  draft: Draft,
  _complete: Complete,
  within: Scope,
  reached: Reaching,
): Promise<void> => {
  if (within.kind === 'groups' && draft.base.scope === scopeKey(within) && (await changesReach(draft)))
    await sweepScope(draft, await reached(within));
};

/** Objects the scope's groups no longer reach. */
const sweepScope = async (draft: Draft, { users, groups }: Reached): Promise<void> => {
  for (const type of ['user', 'group'] as const) {
    for await (const objects of draft.scan(type)) await drop(draft, leavers(objects, users, groups), 'out_of_scope');
  }
};

/**
 * Objects a complete full sync did not see. A directory always has someone in it, if only the account that made it: a list without a single
 * user is a fault of the read, whatever its status said.
 */
const sweepUnseen = async (draft: Draft): Promise<void> => {
  const missing: Record<ObjectType, number> = { user: 0, group: 0 };
  for await (const objects of draft.unseen()) for (const { ref } of objects) missing[ref.type] += 1;
  // Not by how many were known: some of them may have left the scope meanwhile.
  if (missing.user > 0 && !(await hasUsers(draft, missing.user))) {
    throw new SourceError(
      'incomplete',
      `The source listed no users at all, though ${missing.user} are known and in scope. Nothing is removed.`,
      { code: 'empty_read' },
    );
  }
  for await (const objects of draft.unseen())
    await drop(
      draft,
      objects.map(({ ref }) => ref),
      'missing',
    );
};

/** Whether the draft holds anyone besides those it did not see. */
const hasUsers = async (draft: Draft, unseen: number): Promise<boolean> => {
  let users = 0;
  for await (const objects of draft.scan('user')) {
    users += objects.length;
    if (users > unseen) return true;
  }
  return false;
};

export type Reached = { readonly users: ReadonlySet<SourceId>; readonly groups: ReadonlySet<SourceId> };

type Groups = Extract<Scope, { kind: 'groups' }>;
/** Whom the groups of a scope reach. */
export type Reaching = (scope: Groups) => Promise<Reached>;

/** Found out once of each scope: as long as nothing more is put into the draft. `goOn` throws when the run is to stop. */
export const reachingIn = (draft: Draft, goOn: () => Promise<void>): Reaching => {
  const known = new Map<string, Reached>();
  return async (scope) => {
    const key = scopeKey(scope);
    const reached = known.get(key) ?? (await reach(draft, scope, goOn));
    known.set(key, reached);
    return reached;
  };
};

const reach = async (draft: Draft, scope: Groups, goOn: () => Promise<void>): Promise<Reached> => {
  const users = new Set<SourceId>();
  const groups = new Set<SourceId>(scope.groups);
  // A Set is visited in order of insertion, also what is added while it is visited: the groups still to be followed.
  for (const group of groups) {
    await goOn();
    // A group in the recycle bin keeps its members, and shows nobody to us.
    if (!(await draft.find([{ type: 'group', id: group }])).has(group)) continue;
    for await (const members of draft.members(group)) {
      for (const { type, id } of members) if (type === 'user') users.add(id);
      for (const next of follow(scope, groups, members)) groups.add(next);
    }
  }
  return { users, groups };
};

/** Who is reached changes with edges, and with groups that come or go under edges that stay; and whoever comes may not be reached. */
const changesReach = async (draft: Draft): Promise<boolean> => {
  for await (const pairs of draft.touched())
    if (pairs.some(({ ref, before, after }) => before === null || (ref.type === 'group' && after === null)))
      return true;
  for await (const edges of draft.touchedMembers()) if (edges.length > 0) return true;
  return false;
};

const drop = async (draft: Draft, refs: readonly Ref[], why: GoneReason): Promise<void> => {
  if (refs.length > 0)
    await draft.put({
      objects: refs.map((ref) => ({ ref, next: { gone: why } })),
      members: [],
      seen: [],
      resume: null,
    });
};
