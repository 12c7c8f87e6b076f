/** Everything in a tenant. */

import { ResumeExpired } from '../../model/errors.ts';
import { sourceId } from '../../model/ids.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import type { GraphClient } from './client.ts';
import { expiryOf } from './errors.ts';
import { grantedNow, stillGrantedNow } from './granted.ts';
import { proveBoth, proveGroups, proveUsers, refuseHiddenGroups } from './hidden.ts';
import { membersOf, wholeMembers } from './members.ts';
import { mintProving } from './mint.ts';
import { type Entity, hasEnded, listPages, proofOf } from './pages.ts';
import { countOf, doneOf, type FullPlace, nothingDone, readFullPlace, writePlace, writeWatermark } from './places.ts';
import { endingAt, follow, type Step } from './steps.ts';
import { type Selection, selectionOf, wholeGroup } from './to-source-object.ts';
import { everyUser } from './users.ts';

/**
 * Proves that users can be read, and mints the links of the next delta round before anything else, so that what changes during the read is found by that
 * round; then reads users beside groups with their members. Throws `ResumeExpired`.
 */
export async function* readFull(
  client: GraphClient,
  ask: Ask,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const selection = selectionOf(ask.attributes);
  let place = ask.resume === null ? null : readFullPlace(ask.resume, key);
  if (place === null) {
    const granted = await grantedNow(client, ask, signal);
    const minted = ask.watermark ? await mintProving(client, selection, signal) : await noLinks(client, signal);
    place = { v: 3, read: 'full', key, granted, minted, users: 'start', groups: 'start', members: nothingDone };
    yield { type: 'page', messages: [], resume: writePlace(place) };
  }
  const from = place;
  const streams = [
    (either: AbortSignal) => users(client, selection, from, ask.known, either),
    (either: AbortSignal) => groups(client, selection, from, either),
  ];
  try {
    const last = yield* follow(from, streams, writePlace, signal);
    const prove = (now: AbortSignal) => proveBoth(client, now);
    const complete = proofOf(ask, last, await stillGrantedNow(client, ask, last.granted, prove, signal));
    const wholeAt = client.world.now().getTime();
    const watermark = last.minted === null ? null : writeWatermark(key, { links: last.minted, wholeAt, left: [] });
    yield { type: 'end', complete, watermark };
  } catch (error) {
    if (expiryOf(error) === null) throw error;
    throw new ResumeExpired('Graph does not continue a listing any more: the read starts over.', { cause: error });
  }
}

/** A read that nobody continues needs no links, and the proof that comes with them all the same. */
const noLinks = async (client: GraphClient, signal: AbortSignal): Promise<null> => {
  await proveUsers(client, signal);
  return null;
};

async function* users(
  client: GraphClient,
  selection: Selection,
  from: FullPlace,
  known: Known,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  for await (const { messages, at } of everyUser(client, selection, from.users, known, signal))
    yield { messages, place: { users: at } };
}

/** A page holds a whole number of batches, so that no batch is sent half empty at the end of each page. */
const groupsPerPage = 980;

async function* groups(
  client: GraphClient,
  selection: Selection,
  from: FullPlace,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  if (hasEnded(from.groups)) return;
  const start = `/groups?$select=${selection.select.group}&$top=${groupsPerPage}`;
  let here = from.groups;
  let count = from.members;
  for await (const { items, at } of listPages(client, here === 'start' ? start : here.next, signal)) {
    refuseHiddenGroups(items);
    if (items.length === 0 && hasEnded(at)) await proveGroups(client, signal);
    yield* endingAt(groupPage(client, selection, items, { groups: here, members: count }, signal), {
      groups: at,
      members: nothingDone,
    });
    if (hasEnded(at)) return;
    here = at;
    count = nothingDone;
  }
}

/**
 * The groups of a page, some at a time, each with its members: whoever goes on from a place in the page may be shown another one there, and a group that is
 * stored is one whose members were read.
 */
async function* groupPage(
  client: GraphClient,
  selection: Selection,
  items: readonly Entity[],
  from: Pick<FullPlace, 'groups' | 'members'>,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  const ids = items.map((item) => sourceId(item.id));
  const objects = items.map((item) => wholeGroup(selection, item));
  const entities = new Map(items.map((item) => [sourceId(item.id), item]));
  let done = doneOf(ids, from.members);
  for await (const some of membersOf(client, ids.slice(done), signal)) {
    const shown = objects.slice(done, done + some.length);
    done += some.length;
    // A group that is gone by now is reported by the delta round that begins before this read.
    const messages = [...shown, ...some.flatMap((one) => wholeMembers(one, entities.get(one.group)))];
    yield { messages, place: { groups: from.groups, members: countOf(ids, done) } };
  }
}
