/** Links of a delta round that starts now ("sync from now", Graph delta query: `$deltatoken=latest`). */

import type { SourceId } from '../../model/ids.ts';
import { answered, batch, type SubAnswer } from './batch.ts';
import type { GraphClient } from './client.ts';
import { incomplete } from './errors.ts';
import { proofOfUsers, refuseHidden } from './hidden.ts';
import { deltaPageSchema, deltaPages, hasEnded, listPageSchema } from './pages.ts';
import type { Links } from './places.ts';
import type { Selection } from './to-source-object.ts';

/** Of users and groups, in one request. `only`: the groups to follow, null for all. */
export const mint = async (
  client: GraphClient,
  selection: Selection,
  only: readonly SourceId[] | null,
  signal: AbortSignal,
): Promise<Links> => {
  const [users, groups] = await asked(client, [usersStart(selection), groupsStart(selection, only)], signal);
  return {
    users: await linkIn(client, users, '/users/delta', signal),
    groups: await linkIn(client, groups, '/groups/delta', signal),
  };
};

/** Of everybody, and in the same request the proof that users can be read. */
export const mintProving = async (client: GraphClient, selection: Selection, signal: AbortSignal): Promise<Links> => {
  const starts = [proofOfUsers, usersStart(selection), groupsStart(selection, null)];
  const [proof, users, groups] = await asked(client, starts, signal);
  if (proof === undefined) throw noLink();
  refuseHidden(answered(proof, listPageSchema, '/users').items);
  return {
    users: await linkIn(client, users, '/users/delta', signal),
    groups: await linkIn(client, groups, '/groups/delta', signal),
  };
};

/** Of one of them alone. */
export const mintUsers = async (client: GraphClient, selection: Selection, signal: AbortSignal): Promise<string> =>
  await lastLink(client, usersStart(selection), signal);

export const mintGroups = async (
  client: GraphClient,
  selection: Selection,
  only: readonly SourceId[] | null,
  signal: AbortSignal,
): Promise<string> => await lastLink(client, groupsStart(selection, only), signal);

const asked = (client: GraphClient, starts: readonly string[], signal: AbortSignal): Promise<readonly SubAnswer[]> =>
  batch(
    client,
    starts.map((at) => ({ method: 'GET', at })),
    signal,
  );

const usersStart = ({ select, manager }: Selection): string =>
  `/users/delta?$deltatoken=latest&$select=${select.user}${manager ? ',manager' : ''}`;

const groupsStart = ({ select }: Selection, only: readonly SourceId[] | null): string =>
  `/groups/delta?$deltatoken=latest&$select=${select.group},members${filterOf(only)}`;

/** A delta query can be narrowed to at most 50 objects. */
const filterCap = 50;
const filterOf = (only: readonly SourceId[] | null): string =>
  only === null || only.length > filterCap
    ? ''
    : `&$filter=${encodeURIComponent(only.map((id) => `id eq '${id}'`).join(' or '))}`;

const linkIn = async (
  client: GraphClient,
  answer: SubAnswer | undefined,
  template: string,
  signal: AbortSignal,
): Promise<string> => {
  if (answer === undefined) throw noLink();
  const { at } = answered(answer, deltaPageSchema, template);
  return hasEnded(at) ? at.delta : await lastLink(client, at.next, signal);
};

const lastLink = async (client: GraphClient, at: string, signal: AbortSignal): Promise<string> => {
  for await (const page of deltaPages(client, at, signal)) if (hasEnded(page.at)) return page.at.delta;
  throw noLink();
};

const noLink = () => incomplete('Graph gave no delta link.', 'NoLink');
