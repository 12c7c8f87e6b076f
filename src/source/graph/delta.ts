/** What changed in a tenant since the watermark. */

import { ResumeExpired, WatermarkExpired } from '../../model/errors.ts';
import { type SourceId, sourceId, type Watermark } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, user } from '../../model/source-object.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import { managersOf } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { expiryOf, incomplete } from './errors.ts';
import { grantedNow, stillGranted } from './granted.ts';
import { aboutHidden, alwaysSet, isHidden, refuseHiddenChanges, refuseHiddenGroups } from './hidden.ts';
import { type DeltaChain, type DeltaEnd, deltaPages, type Entity, type GraphPage, hasEnded, proofOf } from './pages.ts';
import { type DeltaPlace, type Links, readDeltaPlace, readWatermark, writePlace, writeWatermark } from './places.ts';
import { endingAt, follow, type Step } from './steps.ts';
import { managerInDelta, membersInDelta, removalOf, type Selection, selectionOf } from './to-source-object.ts';

/** What becomes of a page of changes: messages, in one part or several. */
export type PageReader = (items: readonly Entity[], signal: AbortSignal) => AsyncIterable<readonly ObjectMessage[]>;

/** Throws `WatermarkExpired` or `ResumeExpired`. */
export async function* readDelta(
  client: GraphClient,
  ask: Ask,
  from: Watermark,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const selection = selectionOf(ask.attributes);
  const readers = {
    users: async function* (items: readonly Entity[], either: AbortSignal) {
      yield await userChanges(client, ask.known, selection, items, () => true, either);
    },
    groups: async function* (items: readonly Entity[]) {
      yield items.flatMap((item) => groupChanges(selection, item));
    },
  };
  yield* followDeltas(client, ask, from, key, readers, signal);
}

/** Reads both chains side by side. The links after the last pages are the next watermark. */
export async function* followDeltas(
  client: GraphClient,
  ask: Ask,
  watermark: Watermark,
  key: string,
  readers: { readonly users: PageReader; readonly groups: PageReader },
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const links = readWatermark(watermark, key);
  const from: DeltaPlace =
    ask.resume === null
      ? {
          v: 3,
          read: 'delta',
          key,
          granted: await grantedNow(client, ask, signal),
          users: { next: links.users },
          groups: { next: links.groups },
        }
      : readDeltaPlace(ask.resume, key);
  const streams = [
    (either: AbortSignal) => userSteps(client, from.users, links.users, readers.users, either),
    (either: AbortSignal) => groupSteps(client, from.groups, links.groups, readers.groups, either),
  ];
  const last = yield* follow(from, streams, writePlace, signal);
  const complete = proofOf(ask, last, await stillGranted(client, ask, last.granted, signal));
  yield { type: 'end', complete, watermark: writeWatermark(key, nextRound(last)) };
}

const nextRound = ({ users, groups }: DeltaPlace): Links => {
  if (!hasEnded(users) || !hasEnded(groups)) throw incomplete('A chain of changes stopped before its end.', 'NoLink');
  return { users: users.delta, groups: groups.delta };
};

/**
 * What a page of users says. Whoever comes back from the recycle bin is shown without a manager, for it did not change; so who was stored
 * once, and of whose manager nothing is said, is asked about. `isWhole`: who may be made from what is shown.
 */
export const userChanges = async (
  client: GraphClient,
  known: Known,
  selection: Selection,
  items: readonly Entity[],
  isWhole: (id: SourceId) => boolean,
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  const silent = items
    .filter((item) => removalOf(item) === null && managerInDelta(item) === undefined)
    .map(({ id }) => sourceId(id))
    .filter((id) => selection.manager && isWhole(id));
  const returned = silent.length === 0 ? [] : [...(await known.departed(silent))];
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
  reader: PageReader,
  signal: AbortSignal,
): AsyncGenerator<Step<DeltaPlace>> {
  for await (const { items, at } of chain(client, from, first, signal)) {
    refuseHiddenGroups(items.filter((item) => removalOf(item) === null));
    yield* endingAt(parts(reader(items, signal)), { groups: at });
  }
}

/** In the middle of a page the place does not move. */
async function* parts(read: ReturnType<PageReader>): AsyncGenerator<Step<DeltaPlace>> {
  for await (const messages of read) yield { messages, place: {} };
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
