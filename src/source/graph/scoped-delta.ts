/**
 * What changed in a scope of kind `groups`. Delta queries tell of the whole tenant, so this decides who matters: the groups of the scope, those
 * nested in them, and their members. Whoever joins is read whole before the edge is told; strangers are never told whole.
 */

import type { SourceId, Watermark } from '../../model/ids.ts';
import { sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import { wholeUsers } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { followDeltas, groupChanges, userChanges } from './delta.ts';
import type { Entity } from './pages.ts';
import { type GroupScope, missingGroup, type Walk, walkFrom, walkGroups, walkKnown } from './scoped.ts';
import { removalOf, type Selection, selectionOf } from './to-source-object.ts';

/** Throws `WatermarkExpired`, `ResumeExpired`, and `SourceError` `forbidden` when a group of the scope was deleted. */
export async function* readScopedDelta(
  client: GraphClient,
  ask: Ask,
  scope: GroupScope,
  from: Watermark,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const selection = selectionOf(ask.attributes);
  const walked = walkedOnce(scope, ask.known);
  const readers = {
    users: async function* (items: readonly Entity[], either: AbortSignal) {
      if (items.length === 0) return;
      const { users } = await walked();
      // A member shown here is whole (delta shows all properties), which brings back one that was restored from the recycle bin.
      yield await userChanges(client, ask.known, selection, items, (id) => users.has(id), either);
    },
    groups: async function* (items: readonly Entity[], either: AbortSignal) {
      if (items.length === 0) return;
      yield* groupPage(client, await walked(), new Set(scope.groups), selection, items, either);
    },
  };
  yield* followDeltas(client, ask, from, key, readers, signal);
}

/** The scope as it is stored: walked when the first change comes, not before. */
const walkedOnce = (scope: GroupScope, known: Known): (() => Promise<Walk>) => {
  const walkAll = async (): Promise<Walk> => {
    const walk = walkFrom(scope.groups, scope.nested);
    while (walk.done < walk.groups.length) await walkKnown(walk, known);
    return walk;
  };
  let walked: Promise<Walk> | null = null;
  return () => {
    walked ??= walkAll();
    return walked;
  };
};

async function* groupPage(
  client: GraphClient,
  walk: Walk,
  roots: ReadonlySet<SourceId>,
  selection: Selection,
  items: readonly Entity[],
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectMessage[]> {
  // A group that is nested later in this round is read then, as it is by then.
  const inScope = items.filter((item) => walk.reached.has(sourceId(item.id)));
  const lost = inScope.find((item) => roots.has(sourceId(item.id)) && removalOf(item) !== null);
  if (lost !== undefined) throw missingGroup(sourceId(lost.id));
  const changes = inScope.flatMap((item) => groupChanges(selection, item));
  const added = changes.flatMap((change) =>
    change.type === 'members' && 'added' in change.members ? change.members.added : [],
  );
  yield* joiners(client, walk, added, selection, signal);
  yield changes;
}

/** Reads whole who was added: users, and with nesting the groups that are new to the scope with everybody in them. */
async function* joiners(
  client: GraphClient,
  walk: Walk,
  added: readonly Ref[],
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectMessage[]> {
  const users = new Set(added.filter(({ type }) => type === 'user').map(({ id }) => id));
  const inner = added
    .filter(({ type, id }) => type === 'group' && walk.nested && !walk.reached.has(id))
    .map(({ id }) => id);
  if (inner.length > 0) {
    const beyond = walkFrom(inner, true);
    for await (const { answer } of walkGroups(client, beyond, new Set(), selection, signal)) yield answer;
    for (const id of beyond.groups) walk.reached.add(id);
    for (const id of beyond.users) users.add(id);
  }
  for (const id of users) walk.users.add(id);
  for await (const { answer } of wholeUsers(client, [...users], 0, selection, signal)) yield answer;
}
