/** Links of a delta round that starts now ("sync from now", Graph delta query: `$deltatoken=latest`). */

import type { SourceId } from '../../model/ids.ts';
import type { GraphClient } from './client.ts';
import { incomplete } from './errors.ts';
import { pages } from './pages.ts';
import type { Minted } from './places.ts';
import type { Selection } from './to-source-object.ts';

/** `only`: the groups to follow, null for all. */
export const mint = async (
  client: GraphClient,
  selection: Selection,
  only: readonly SourceId[] | null,
  signal: AbortSignal,
): Promise<Minted> => {
  const relation = selection.manager ? ',manager' : '';
  const [users, groups] = await Promise.all([
    latest(client, `/users/delta?$deltatoken=latest&$select=${selection.select.user}${relation}`, signal),
    latest(
      client,
      `/groups/delta?$deltatoken=latest&$select=${selection.select.group},members${filterOf(only)}`,
      signal,
    ),
  ]);
  return { users, groups };
};

/** A delta query can be narrowed to at most 50 objects. */
const filterCap = 50;
const filterOf = (only: readonly SourceId[] | null): string =>
  only === null || only.length > filterCap
    ? ''
    : `&$filter=${encodeURIComponent(only.map((id) => `id eq '${id}'`).join(' or '))}`;

const latest = async (client: GraphClient, at: string, signal: AbortSignal): Promise<string> => {
  for await (const { delta } of pages(client, at, 'delta', signal)) if (delta !== null) return delta;
  throw incomplete('Graph gave no delta link.', 'NoLink');
};
