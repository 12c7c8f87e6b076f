/** Everything in a tenant. */

import { ResumeExpired } from '../../model/errors.ts';
import { sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { group, user } from '../../model/source-object.ts';
import { type Ask, completed, type SourceEnd, type SourcePage } from '../source.ts';
import type { GraphClient } from './client.ts';
import { expiryOf, incomplete } from './errors.ts';
import { membersOf, wholeMembers } from './members.ts';
import { mint } from './mint.ts';
import { type Entity, pages } from './pages.ts';
import {
  type Chain,
  countOf,
  doneOf,
  type FullPlace,
  nothingDone,
  readFullPlace,
  writePlace,
  writeWatermark,
} from './places.ts';
import { endingAt, follow, type Step } from './steps.ts';
import { managerInDelta, mayHideMembers, refuseHidden, type Selection, selectionOf } from './to-source-object.ts';

/**
 * Mints the links of the next delta round first, so that what changes during the read is found by that round; then reads users beside groups
 * with their members. Managers follow the users, because they are merged into users that are known. Throws `ResumeExpired`.
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
    const minted = ask.watermark ? await mint(client, selection, null, signal) : null;
    place = fresh(key, minted, selection);
    yield { type: 'page', messages: [], resume: writePlace(place) };
  }
  const from = place;
  const streams = [
    (either: AbortSignal) => people(client, selection, from, either),
    (either: AbortSignal) => groups(client, selection, from, either),
  ];
  try {
    const { users: usersAt, managers: managersAt, groups: groupsAt } = yield* follow(from, streams, writePlace, signal);
    if (usersAt !== 'done' || managersAt !== 'done' || groupsAt !== 'done')
      throw incomplete('A listing stopped before its end.', 'NoLink');
  } catch (error) {
    if (expiryOf(error) === null) throw error;
    throw new ResumeExpired('Graph does not continue a listing any more: the read starts over.', { cause: error });
  }
  yield {
    type: 'end',
    complete: completed(ask),
    watermark: from.minted === null ? null : writeWatermark(key, from.minted),
  };
}

const fresh = (key: string, minted: FullPlace['minted'], selection: Selection): FullPlace => ({
  read: 'full',
  key,
  minted,
  users: 'start',
  managers: selection.manager ? 'start' : 'done',
  groups: 'start',
  members: nothingDone,
});

async function* people(
  client: GraphClient,
  selection: Selection,
  from: FullPlace,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  yield* users(client, selection, from.users, signal);
  yield* managers(client, from.managers, signal);
}

async function* users(
  client: GraphClient,
  selection: Selection,
  from: Chain,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  const at = linkOf(from, `/users?$select=${selection.select.user}&$top=999`);
  if (at === null) return;
  for await (const { items, next } of pages(client, at, 'list', signal)) {
    refuseHidden(items, null);
    const messages = items.map(
      (item): ObjectMessage => ({
        type: 'upsert',
        ref: user(sourceId(item.id)),
        attributes: selection.whole('user', item),
        whole: true,
      }),
    );
    yield { messages, place: { users: chainAt(next) } };
  }
}

/**
 * By the initial enumeration of a delta query, 200 to a page: `$expand=manager` on the list would cap the pages at 100 with everything else on
 * them. In an enumeration a user without the relation has no manager.
 */
async function* managers(client: GraphClient, from: Chain, signal: AbortSignal): AsyncGenerator<Step<FullPlace>> {
  const at = linkOf(from, '/users/delta?$select=id,manager');
  if (at === null) return;
  for await (const { items, next } of pages(client, at, 'delta', signal)) {
    const messages = items
      .filter((item) => item['@removed'] === undefined)
      .map(
        (item): ObjectMessage => ({
          type: 'upsert',
          ref: user(sourceId(item.id)),
          attributes: { manager: managerInDelta(item) ?? null },
          whole: false,
        }),
      );
    yield { messages, place: { managers: chainAt(next) } };
  }
}

/** A page holds a whole number of batches, so that no batch is sent half empty at the end of each page. */
const groupsPerPage = 980;

async function* groups(
  client: GraphClient,
  selection: Selection,
  from: FullPlace,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  const at = linkOf(from.groups, `/groups?$select=${selection.select.group}&$top=${groupsPerPage}`);
  if (at === null) return;
  let here = from.groups;
  let count = from.members;
  for await (const { items, next } of pages(client, at, 'list', signal)) {
    yield* endingAt(groupPage(client, selection, items, { groups: here, members: count }, signal), {
      groups: chainAt(next),
      members: nothingDone,
    });
    here = chainAt(next);
    count = nothingDone;
  }
}

/** The groups of a page, then their members, some groups at a time. */
async function* groupPage(
  client: GraphClient,
  selection: Selection,
  items: readonly Entity[],
  from: Pick<FullPlace, 'groups' | 'members'>,
  signal: AbortSignal,
): AsyncGenerator<Step<FullPlace>> {
  const ids = items.map((item) => sourceId(item.id));
  const objects = items.map(
    (item): ObjectMessage => ({
      type: 'upsert',
      ref: group(sourceId(item.id)),
      attributes: selection.whole('group', item),
      whole: true,
    }),
  );
  const mayHide = new Set(items.filter(mayHideMembers).map((item) => sourceId(item.id)));
  let done = doneOf(ids, from.members);
  yield { messages: objects, place: { groups: from.groups, members: countOf(ids, done) } };
  for await (const some of membersOf(client, ids.slice(done), signal)) {
    done += some.length;
    // A group that is gone by now is reported by the delta round that begins before this read.
    const messages = some.flatMap((one) => wholeMembers(one, mayHide));
    yield { messages, place: { members: countOf(ids, done) } };
  }
}

/** Where a chain is read from; null when there is nothing left. */
const linkOf = (chain: Chain, start: string): string | null => {
  if (chain === 'done') return null;
  return chain === 'start' ? start : chain.next;
};

const chainAt = (next: string | null): Chain => (next === null ? 'done' : { next });
