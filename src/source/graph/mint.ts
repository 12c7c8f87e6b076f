/** Links of a delta round that starts now ("sync from now", Graph delta query: `$deltatoken=latest`). */

import type { SourceId } from '../../model/ids.ts';
import type { GraphClient } from './client.ts';
import { incomplete } from './errors.ts';
import { deltaPages, hasEnded } from './pages.ts';
import type { Selection } from './to-source-object.ts';

export const mintUsers = (client: GraphClient, selection: Selection, signal: AbortSignal): Promise<string> => {
  const relation = selection.manager ? ',manager' : '';
  return latest(client, `/users/delta?$deltatoken=latest&$select=${selection.select.user}${relation}`, signal);
};

/** `only`: the groups to follow, null for all. */
export const mintGroups = (
  client: GraphClient,
  selection: Selection,
  only: readonly SourceId[] | null,
  signal: AbortSignal,
): Promise<string> =>
  latest(client, `/groups/delta?$deltatoken=latest&$select=${selection.select.group},members${filterOf(only)}`, signal);

/** A delta query can be narrowed to at most 50 objects. */
const filterCap = 50;
const filterOf = (only: readonly SourceId[] | null): string =>
  only === null || only.length > filterCap
    ? ''
    : `&$filter=${encodeURIComponent(only.map((id) => `id eq '${id}'`).join(' or '))}`;

const latest = async (client: GraphClient, at: string, signal: AbortSignal): Promise<string> => {
  for await (const page of deltaPages(client, at, signal)) if (hasEnded(page.at)) return page.at.delta;
  throw incomplete('Graph gave no delta link.', 'NoLink');
};
