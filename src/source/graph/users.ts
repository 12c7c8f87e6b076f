/**
 * All users of a tenant, one chain of pages. Without managers it is the list, 999 to a page. A manager is a relation, which lists do not carry; with
 * managers it is the initial enumeration of the delta query, 200 to a page (decision 2).
 */

import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { user } from '../../model/source-object.ts';
import type { Known } from '../source.ts';
import { managersOf } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { aboutHidden, isHidden, proveUsers, refuseHidden } from './hidden.ts';
import { type Chain, deltaPages, type Entity, hasEnded, listPages } from './pages.ts';
import { managerInDelta, removalOf, type Selection } from './to-source-object.ts';

/** The messages of a page, and where the chain stands after it. */
export type UserPage = { readonly messages: readonly ObjectMessage[]; readonly at: Chain };

export const everyUser = (
  client: GraphClient,
  selection: Selection,
  from: Chain,
  known: Known,
  signal: AbortSignal,
): AsyncGenerator<UserPage> =>
  selection.manager ? enumerated(client, selection, from, known, signal) : listed(client, selection, from, signal);

async function* listed(
  client: GraphClient,
  selection: Selection,
  from: Chain,
  signal: AbortSignal,
): AsyncGenerator<UserPage> {
  if (hasEnded(from)) return;
  const start = from === 'start' ? `/users?$select=${selection.select.user}&$top=999` : from.next;
  for await (const { items, at } of listPages(client, start, signal)) {
    await requireShown(client, items, at, signal);
    const messages = items.map((item): ObjectMessage => {
      const ref = user(sourceId(item.id));
      if (isHidden(item)) return aboutHidden(ref);
      return { type: 'upsert', ref, attributes: selection.whole('user', item), whole: true };
    });
    yield { messages, at };
  }
}

/**
 * Somebody who has a manager is shown with the relation, somebody without is not. But whoever changes while the enumeration goes on is shown once
 * more, as a change, and then the relation is there only if the manager changed: its absence says nothing about somebody who was shown before. In a
 * read that is continued it is not known who was; then those who have a manager in what is stored are asked for.
 */
async function* enumerated(
  client: GraphClient,
  selection: Selection,
  from: Chain,
  known: Known,
  signal: AbortSignal,
): AsyncGenerator<UserPage> {
  if (hasEnded(from)) return;
  const start = from === 'start' ? `/users/delta?$select=${selection.select.user},manager` : from.next;
  const withManager = new Set<SourceId>();
  const isSilent = (item: Entity): boolean => managerInDelta(item) === undefined && !withManager.has(sourceId(item.id));
  for await (const { items, at } of deltaPages(client, start, signal)) {
    const there = items.filter((item) => removalOf(item) === null);
    await requireShown(client, there, at, signal);
    const doubtful = from === 'start' ? [] : there.filter(isSilent).map(({ id }) => sourceId(id));
    const asked = await askedAgain(client, known, doubtful, signal);
    const messages = items.map((item): ObjectMessage => {
      const id = sourceId(item.id);
      const why = removalOf(item);
      if (why !== null) return { type: 'remove', ref: user(id), why };
      if (isHidden(item)) return aboutHidden(user(id));
      const told = managerInDelta(item);
      const silent = asked.has(id) ? asked.get(id) : null;
      const manager = told === undefined && !withManager.has(id) ? silent : told;
      if (typeof manager === 'string') withManager.add(id);
      return { type: 'upsert', ref: user(id), attributes: selection.wholeUser(item, manager), whole: true };
    });
    yield { messages, at };
  }
}

const requireShown = async (
  client: GraphClient,
  users: readonly Entity[],
  at: Chain,
  signal: AbortSignal,
): Promise<void> => {
  refuseHidden(users);
  if (users.length === 0 && hasEnded(at)) await proveUsers(client, signal);
};

/** Those of them who are stored with a manager, and whom they have now; `undefined`: that was not said. */
const askedAgain = async (
  client: GraphClient,
  known: Known,
  ids: readonly SourceId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, SourceId | null | undefined>> => {
  if (ids.length === 0) return new Map();
  const stored = [...(await known.withManager(ids))];
  const managers = await managersOf(client, stored, signal);
  return new Map(stored.map((id) => [id, managers.get(id)]));
};
