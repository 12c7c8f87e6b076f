/** What changed in a tenant since the watermark. */

import { ResumeExpired, WatermarkExpired } from '../../model/errors.ts';
import { type SourceId, sourceId, type Watermark } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, user } from '../../model/source-object.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import { managersOf, wholeUsers } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { expiryOf, incomplete } from './errors.ts';
import { grantedNow, stillGranted } from './granted.ts';
import {
  aboutHidden,
  alwaysSet,
  alwaysSwitched,
  isHidden,
  isHiddenChange,
  refuseHiddenChanges,
  refuseHiddenGroups,
} from './hidden.ts';
import { type DeltaChain, type DeltaEnd, deltaPages, type Entity, type GraphPage, hasEnded, proofOf } from './pages.ts';
import {
  type DeltaPlace,
  isSoonAfterWhole,
  type Links,
  type Mark,
  readDeltaPlace,
  readWatermark,
  writePlace,
  writeWatermark,
} from './places.ts';
import { everyMemberOf, inReturned, membershipsOf, missedMemberships, missedReports } from './returned.ts';
import { endingAt, follow, type Step } from './steps.ts';
import { managerInDelta, membersInDelta, removalOf, type Selection, selectionOf } from './to-source-object.ts';
import {
  type Joining,
  type Leaving,
  noneLeft,
  noteJoining,
  noteLeaving,
  noteLeft,
  noteManaged,
  withoutLeft,
  withoutTold,
} from './told.ts';
import { unmovedSoonAfter } from './unmoved.ts';

/** What becomes of a page of changes: messages, in one part or several. */
type PageReader = (items: readonly Entity[], signal: AbortSignal) => AsyncIterable<readonly ObjectMessage[]>;

export type Readers = {
  /** `groupsRead`: once the groups told all they have to tell in this round, or the read broke off. */
  users(
    items: readonly Entity[],
    signal: AbortSignal,
    groupsRead: Promise<void>,
  ): AsyncIterable<readonly ObjectMessage[]>;
  readonly groups: PageReader;
  /** Which memberships the groups told to have ended: also before the break, where the read goes on after one. */
  readonly left: Leaving;
};

/** Throws `WatermarkExpired` or `ResumeExpired`. */
export async function* readDelta(
  client: GraphClient,
  ask: Ask,
  from: Watermark,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const { known } = ask;
  const selection = selectionOf(ask.attributes);
  const mark = readWatermark(from, key);
  const unmoved = unmovedSoonAfter(mark, client, known);
  /** Who joined which group in this round, and who left which. */
  const told: Joining = new Map();
  const left = noneLeft();
  /** Of whose manager this round told. */
  const managed = new Set<SourceId>();
  // What a page itself says comes last: should the read break off before, the page comes again, and they are not stored yet.
  const readers: Readers = {
    users: async function* (items, either, groupsRead) {
      noteManaged(managed, items);
      const absent = await known.absent(shownIn(items).map(user));
      const of = { isBack: (id: SourceId) => absent.has(id), isWhole: () => true };
      const changes = await userChanges(client, selection, items, of, either);
      const same = await unmoved(changes);
      const asked = [...[...absent.keys()].map(user), ...same];
      if (asked.length > 0) {
        // Whoever is new is mostly in their groups' own changes, and then no list is read for them.
        await groupsRead;
        yield withoutLeft(await missedMemberships(client, { known, told }, asked, () => true, either), left);
        const managers = selection.manager ? asked.map(({ id }) => id) : [];
        const toldManagers = { ids: managed, isPartial: ask.resume !== null };
        yield await missedReports(client, known, managers, toldManagers, either);
      }
      yield* wholeOf(client, selection, items, absent, either);
      yield changes;
    },
    groups: async function* (items, either) {
      const absent = await known.absent(shownIn(items).map(group));
      const changes = items.flatMap((item) => groupChanges(selection, item));
      noteJoining(told, changes);
      noteLeaving(left, changes);
      const same = withoutTold(await unmoved(changes), changes);
      if (absent.size > 0) {
        const returned = await groupReturns(client, known, absent, either);
        noteLeaving(left, returned);
        yield withoutLeft(returned, left);
      }
      if (same.length > 0) {
        const ids = same.map(({ id }) => id);
        yield withoutLeft(await everyMemberOf(client, ids, either), left);
        yield withoutLeft(await missedMemberships(client, { known, told }, same, () => true, either), left);
      }
      yield changes;
    },
    left,
  };
  yield* followDeltas(client, ask, mark, key, readers, signal);
}

/** Who is new, and of whom a page does not say whether they are switched on, which Entra says of everybody: they are asked for, and not left to the next full read. */
export async function* wholeOf(
  client: GraphClient,
  selection: Selection,
  items: readonly Entity[],
  absent: Awaited<ReturnType<Known['absent']>>,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectMessage[]> {
  const unsaid = items.filter((item) => item[alwaysSwitched] === undefined);
  const ids = unsaid.map(({ id }) => sourceId(id)).filter((id) => absent.has(id));
  if (ids.length > 0) for await (const { answer } of wholeUsers(client, ids, 0, selection, signal)) yield answer;
}

/** Who is there, of those a page shows. */
export const shownIn = (items: readonly Entity[]): readonly SourceId[] =>
  items.filter((item) => removalOf(item) === null).map(({ id }) => sourceId(id));

/** Who is in them, and in which groups they are. */
const groupReturns = async (
  client: GraphClient,
  known: Known,
  absent: Awaited<ReturnType<Known['absent']>>,
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  const returned = [...absent.keys()];
  return [
    ...(await inReturned(client, known, returned, (id) => absent.get(id) === 'left', signal)),
    ...(await membershipsOf(client, returned.map(group), () => true, signal)),
  ];
};

/** Reads both chains side by side. The links after the last pages are the next watermark. */
export async function* followDeltas(
  client: GraphClient,
  ask: Ask,
  mark: Mark,
  key: string,
  readers: Readers,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const { links } = mark;
  const from: DeltaPlace =
    ask.resume === null
      ? {
          v: 3,
          read: 'delta',
          key,
          granted: await grantedNow(client, ask, signal),
          users: { next: links.users },
          groups: { next: links.groups },
          left: [],
        }
      : readDeltaPlace(ask.resume, key);
  const isSoon = isSoonAfterWhole(mark, client.world.now());
  noteLeft(readers.left, [...(isSoon ? mark.left : []), ...from.left]);
  const groupsRead = Promise.withResolvers<void>();
  const readUsers: PageReader = (items, either) => readers.users(items, either, groupsRead.promise);
  const streams = [
    (either: AbortSignal) => userSteps(client, from.users, links.users, readUsers, either),
    (either: AbortSignal) =>
      whenOver(groupSteps(client, from.groups, links.groups, readers, either), groupsRead.resolve),
  ];
  const last = yield* follow(from, streams, writePlace, signal);
  const complete = proofOf(ask, last, await stillGranted(client, ask, last.granted, signal));
  const wholeAt = isSoonAfterWhole(mark, client.world.now()) ? mark.wholeAt : null;
  const { newest: left } = readers.left;
  yield { type: 'end', complete, watermark: writeWatermark(key, { links: nextRound(last), wholeAt, left }) };
}

/** However it ends. */
async function* whenOver<T>(steps: AsyncGenerator<T>, act: () => void): AsyncGenerator<T> {
  try {
    yield* steps;
  } finally {
    act();
  }
}

const nextRound = ({ users, groups }: DeltaPlace): Links => {
  if (!hasEnded(users) || !hasEnded(groups)) throw incomplete('A chain of changes stopped before its end.', 'NoLink');
  return { users: users.delta, groups: groups.delta };
};

/**
 * What a page of users says. Whoever comes back from the recycle bin is shown without a manager, for it did not change; so whoever is back, and of whose
 * manager nothing is said, is asked about. `isWhole`: who may be made from what is shown.
 */
export const userChanges = async (
  client: GraphClient,
  selection: Selection,
  items: readonly Entity[],
  { isBack, isWhole }: { readonly isBack: (id: SourceId) => boolean; readonly isWhole: (id: SourceId) => boolean },
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  const silent = items.filter((item) => removalOf(item) === null && managerInDelta(item) === undefined);
  const returned = silent.map(({ id }) => sourceId(id)).filter((id) => selection.manager && isBack(id) && isWhole(id));
  const managers = await managersOf(client, returned, signal);
  return items.map((item) => userChange(selection, item, isWhole(sourceId(item.id)), managers.get(sourceId(item.id))));
};

/**
 * Delta shows every property that has a value, changed or not, and null for one that was cleared; one that was never set is left out. So an
 * upsert is whole although what is absent is unchanged. The manager is shown only when it changed. `asked`: who it is, where that was asked.
 */
const userChange = (
  selection: Selection,
  item: Entity,
  whole: boolean,
  asked: SourceId | null | undefined,
): ObjectMessage => {
  const ref = user(sourceId(item.id));
  const why = removalOf(item);
  if (why !== null) return { type: 'remove', ref, why };
  if (item[alwaysSet] === null && isHidden(item)) return aboutHidden(ref);
  const told = selection.manager ? managerInDelta(item) : undefined;
  const manager = told === undefined ? asked : told;
  const shown = selection.partial('user', item);
  const attributes = manager === undefined ? shown : { ...shown, manager };
  // Who lacks even the name that everybody has is not shown whole.
  return { type: 'upsert', ref, attributes, whole: whole && typeof item[alwaysSet] === 'string' };
};

/** A large group comes in several parts, anywhere in the chain: each part is merged with what came before. */
export const groupChanges = (selection: Selection, item: Entity): readonly ObjectMessage[] => {
  const ref = group(sourceId(item.id));
  const why = removalOf(item);
  if (why !== null) return [{ type: 'remove', ref, why }];
  if (isHiddenChange(item)) return [aboutHidden(ref)];
  const attributes = selection.partial('group', item);
  const { added, removed } = membersInDelta(item);
  const messages: ObjectMessage[] = [];
  // With `Prefer: return=minimal` or on a later part, members may be all there is; a group must not be created from that.
  const onlyMembers = 'members@delta' in item && Object.keys(attributes).length === 0;
  if (!onlyMembers) messages.push({ type: 'upsert', ref, attributes, whole: true });
  if (added.length + removed.length > 0) messages.push({ type: 'members', group: ref, members: { added, removed } });
  return messages;
};

async function* userSteps(
  client: GraphClient,
  from: DeltaChain,
  first: string,
  reader: PageReader,
  signal: AbortSignal,
): AsyncGenerator<Step<DeltaPlace>> {
  for await (const { items, at } of chain(client, from, first, signal)) {
    refuseHiddenChanges(items.filter((item) => removalOf(item) === null));
    yield* endingAt(parts(reader(items, signal)), { users: at });
  }
}

async function* groupSteps(
  client: GraphClient,
  from: DeltaChain,
  first: string,
  { groups, left }: Pick<Readers, 'groups' | 'left'>,
  signal: AbortSignal,
): AsyncGenerator<Step<DeltaPlace>> {
  for await (const { items, at } of chain(client, from, first, signal)) {
    refuseHiddenGroups(items.filter((item) => removalOf(item) === null));
    yield* endingAt(
      parts(groups(items, signal), () => ({ left: left.newest })),
      { groups: at },
    );
  }
}

/** In the middle of a page the place does not move; `told`: what it says of what was told. */
async function* parts(
  read: ReturnType<PageReader>,
  told: () => Partial<DeltaPlace> = () => ({}),
): AsyncGenerator<Step<DeltaPlace>> {
  for await (const messages of read) yield { messages, place: told() };
}

/** `first`: the link of the watermark. When that one is refused, only a full synchronization helps; a later one may just be too old. */
async function* chain(
  client: GraphClient,
  from: DeltaChain,
  first: string,
  signal: AbortSignal,
): AsyncGenerator<GraphPage<DeltaEnd>> {
  if (hasEnded(from)) return;
  let atFirst = from.next === first;
  try {
    for await (const page of deltaPages(client, from.next, signal)) {
      atFirst = false;
      yield page;
    }
  } catch (cause) {
    const expiry = expiryOf(cause);
    if (expiry === null) throw cause;
    if (expiry === 'reset' || atFirst)
      throw new WatermarkExpired('Graph no longer accepts the delta link: a synchronization reset.', { cause });
    throw new ResumeExpired('Graph does not continue the page of changes any more.', { cause });
  }
}
