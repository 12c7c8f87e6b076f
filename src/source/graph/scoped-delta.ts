/**
 * What changed in a scope of kind `groups`. Delta queries tell of the whole tenant, so this decides who matters: the groups of the scope, those
 * nested in them, and their members. Whoever joins is read whole before the edge is told; strangers are never told whole, and asked for their groups,
 * for nobody else tells that one of them came back. So is whoever is shown and joined: they may be in others of these groups, and have been away.
 */

import type { SourceId, Watermark } from '../../model/ids.ts';
import { sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, type Ref, user } from '../../model/source-object.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import { wholeUsers } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { followDeltas, groupChanges, type Readers, shownIn, userChanges, wholeOf } from './delta.ts';
import type { Entity } from './pages.ts';
import { readWatermark } from './places.ts';
import { everyMemberOf, membershipsOf, missedMemberships, missedReports } from './returned.ts';
import { type GroupScope, missingGroup, type Walk, walkFrom, walkGroups, walkKnown } from './scoped.ts';
import { removalOf, type Selection, selectionOf } from './to-source-object.ts';
import {
  addedIn,
  type Joining,
  type Leaving,
  noneLeft,
  noteJoining,
  noteLeaving,
  noteManaged,
  withoutLeft,
  withoutTold,
} from './told.ts';
import { type Unmoved, unmovedSoonAfter } from './unmoved.ts';

/** Throws `WatermarkExpired`, `ResumeExpired`, and `SourceError` `forbidden` when a group of the scope was deleted. */
export async function* readScopedDelta(
  client: GraphClient,
  ask: Ask,
  scope: GroupScope,
  from: Watermark,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const { known } = ask;
  const selection = selectionOf(ask.attributes);
  const mark = readWatermark(from, key);
  const unmoved = unmovedSoonAfter(mark, client, known);
  const left = noneLeft();
  const told: Joining = new Map();
  const arrived = new Set<SourceId>();
  /** Of whose manager this round told. */
  const managed = new Set<SourceId>();
  const walked = walkedOnce(scope, known);
  const scoped: Stored = { known, unmoved, left, told, arrived };
  const readers: Readers = {
    users: async function* (items, either, groupsRead) {
      if (items.length === 0) return;
      noteManaged(managed, items);
      const walk = await walked();
      const shown = [...new Set(shownIn(items))];
      const absent = await absentMembers(scoped, walk, shown);
      // A member shown here is whole (delta shows all properties), which brings back one that was restored from the recycle bin.
      const isWhole = (id: SourceId): boolean => walk.users.has(id);
      // Who is stored in a group, and not by themselves, was away as well. Whoever came into the scope was read whole just now.
      const isBack = (id: SourceId): boolean => absent.has(id) && !arrived.has(id);
      const changes = await userChanges(client, selection, items, { isBack, isWhole }, either);
      const same = await unmoved(changes);
      const isStranger = (id: SourceId): boolean => !walk.users.has(id);
      const isOpen = (id: SourceId): boolean => absent.has(id) || arrived.has(id);
      if (same.length > 0 || shown.some((id) => isStranger(id) || isOpen(id))) {
        // Whoever joins in this round is named by then.
        await groupsRead;
        const strangers = shown.filter(isStranger).map(user);
        const open = [...new Set([...shown.filter(isOpen), ...same.map(({ id }) => id)])];
        const toldManagers = { ids: managed, isPartial: ask.resume !== null };
        const reports = async (managers: readonly SourceId[]): Promise<readonly ObjectMessage[]> =>
          await missedReports(client, known, selection.manager ? managers : [], toldManagers, either);
        yield* returns(client, scoped, walk, strangers, selection, either, reports);
        const isFollowed = (id: SourceId): boolean => walk.reached.has(id);
        yield withoutLeft(await missedMemberships(client, { known, told }, open.map(user), isFollowed, either), left);
        yield await reports(open);
      }
      // Last, as in a read of everybody: should it break off before, they are not stored yet when the page comes again.
      yield* wholeOf(client, selection, items, absent, either);
      yield changes;
    },
    groups: async function* (items, either) {
      if (items.length === 0) return;
      yield* groupPage(client, scoped, await walked(), new Set(scope.groups), selection, items, either);
    },
    left,
  };
  yield* followDeltas(client, ask, mark, key, readers, signal);
}

type Stored = {
  readonly known: Known;
  readonly unmoved: Unmoved;
  readonly left: Leaving;
  readonly told: Joining;
  /** Who came into the scope in this round. */
  readonly arrived: Set<SourceId>;
};

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

/**
 * Of these, the members who are not stored themselves. Whoever is stored in groups alone that are not, either, is no member any more: a group in the recycle
 * bin keeps its members, and shows nobody.
 */
const absentMembers = async (
  { known, arrived }: Stored,
  walk: Walk,
  shown: readonly SourceId[],
): ReturnType<Known['absent']> => {
  const absent = await known.absent(shown.filter((id) => walk.users.has(id)).map(user));
  if (absent.size === 0) return absent;
  const direct = await known.groupsOf([...absent.keys()]);
  const away = await known.absent([...new Set([...direct.values()].flat())].map(group));
  for (const [id, groups] of direct) if (!arrived.has(id) && groups.every((of) => away.has(of))) walk.users.delete(id);
  return new Map([...absent].filter(([id]) => walk.users.has(id)));
};

async function* groupPage(
  client: GraphClient,
  stored: Stored,
  walk: Walk,
  roots: ReadonlySet<SourceId>,
  selection: Selection,
  items: readonly Entity[],
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectMessage[]> {
  const { known, unmoved, left, told, arrived } = stored;
  // A group that is nested later in this round is read then, as it is by then.
  const inScope = items.filter((item) => walk.reached.has(sourceId(item.id)));
  const lost = inScope.find((item) => roots.has(sourceId(item.id)) && removalOf(item) !== null);
  if (lost !== undefined) throw missingGroup(sourceId(lost.id));
  const changes = inScope.flatMap((item) => groupChanges(selection, item));
  noteLeaving(left, changes);
  noteJoining(told, changes);
  const shown = walk.nested ? [...new Set(shownIn(items))] : [];
  const absent = await known.absent(shown.filter((id) => walk.reached.has(id)).map(group));
  // Whoever is stored in a group, and not by themselves, was away when the group was read. Whoever came into the scope was read just now.
  const back = [...absent].flatMap(([id, was]) => (was === 'left' || !arrived.has(id) ? [id] : []));
  const open = shown.filter((id) => arrived.has(id)).map(group);
  yield* joiners(client, stored, walk, await withTheirs(known, walk, back, roots), selection, signal);
  const same = withoutTold(await unmoved(changes), changes);
  if (same.length > 0) {
    const ids = same.map(({ id }) => id);
    const missed = withoutLeft(await everyMemberOf(client, ids, signal), left);
    yield* joiners(client, stored, walk, addedIn(missed), selection, signal);
    yield missed;
  }
  const doubtful = shown.filter((id) => !walk.reached.has(id) || back.includes(id)).map(group);
  yield* returns(client, stored, walk, walk.nested ? [...doubtful, ...same] : doubtful, selection, signal);
  const isFollowed = (id: SourceId): boolean => walk.reached.has(id);
  yield withoutLeft(await missedMemberships(client, stored, open, isFollowed, signal), left);
  yield* joiners(client, stored, walk, addedIn(changes), selection, signal);
  yield changes;
}

/**
 * Who was in a group that was away left the scope with it, and so did the groups in it; nothing tells that they are back. Such a group is read as one that
 * is new to the scope, and so are those in it that are not stored.
 */
const withTheirs = async (
  known: Known,
  walk: Walk,
  returned: readonly SourceId[],
  roots: ReadonlySet<SourceId>,
): Promise<readonly Ref[]> => {
  const back = returned.filter((id) => !roots.has(id));
  const away = new Set(back);
  // A Set is visited in order of insertion, also what is added while it is visited.
  for (const id of away)
    for await (const members of known.members(id)) {
      const inner = members.filter((member) => member.type === 'group' && !roots.has(member.id));
      for (const each of (await known.absent(inner)).keys()) away.add(each);
    }
  for (const id of away) walk.reached.delete(id);
  return back.map(group);
};

/** Who is in the scope after all, though no group told of them. `further`: what else is to be said of them, before their memberships tell that they are. */
async function* returns(
  client: GraphClient,
  stored: Stored,
  walk: Walk,
  strangers: readonly Ref[],
  selection: Selection,
  signal: AbortSignal,
  further: (found: readonly SourceId[]) => Promise<readonly ObjectMessage[]> = async () => [],
): AsyncGenerator<readonly ObjectMessage[]> {
  const memberships = withoutLeft(
    await membershipsOf(client, strangers, (id) => walk.reached.has(id), signal),
    stored.left,
  );
  const found = addedIn(memberships);
  if (found.length === 0) return;
  yield* joiners(client, stored, walk, found, selection, signal);
  yield await further(found.map(({ id }) => id));
  yield memberships;
}

/** Reads whole who was added: users, and with nesting the groups that are new to the scope with everybody in them. */
async function* joiners(
  client: GraphClient,
  { known, arrived }: Stored,
  walk: Walk,
  added: readonly Ref[],
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectMessage[]> {
  const users = new Set(added.filter(({ type }) => type === 'user').map(({ id }) => id));
  const inner = added
    .filter(({ type, id }) => type === 'group' && walk.nested && !walk.reached.has(id))
    .map(({ id }) => id);
  const held: ObjectMessage[] = [];
  if (inner.length > 0) {
    // What was reached is told by its own changes: a list of it would name those who are read here, before they are.
    const beyond = walkFrom(inner, true, walk.reached);
    for await (const { answer } of walkGroups(client, known, beyond, new Set(), selection, signal)) {
      held.push(...answer.filter(({ type }) => type === 'upsert'));
      yield answer.filter(({ type }) => type !== 'upsert');
    }
    for (const id of beyond.groups) enter(walk.reached, arrived, id);
    for (const id of beyond.users) users.add(id);
  }
  for (const id of users) enter(walk.users, arrived, id);
  for await (const { answer } of wholeUsers(client, [...users], 0, selection, signal)) yield answer;
  // Last, and inner groups first: one that was away is known by its not being stored, and is read again should the read break off before.
  if (held.length > 0) yield held.toReversed();
}

const enter = (scope: Set<SourceId>, arrived: Set<SourceId>, id: SourceId): void => {
  if (!scope.has(id)) arrived.add(id);
  scope.add(id);
};
