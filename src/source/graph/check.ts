/** The connection test: credentials and every permission, proved by real calls that keep nothing. */

import { z } from 'zod';
import type { Check, CheckReport } from '../../model/check.ts';
import { SourceError } from '../../model/errors.ts';
import type { Scope } from '../../model/scope.ts';
import { getByIds } from './by-id.ts';
import type { GraphClient } from './client.ts';
import type { Tokens } from './credentials.ts';
import { GraphRefusal } from './errors.ts';
import { proveGroups, proveUsers } from './hidden.ts';
import { deltaPages, listPageSchema } from './pages.ts';
import { missingGroup } from './scoped.ts';

/** Without a token nothing else can be found out; otherwise every line is tried. */
export const checkConnection = async (
  client: GraphClient,
  tokens: Tokens,
  scope: Scope,
  signal: AbortSignal,
): Promise<CheckReport> => {
  const token = await line('Credentials', signal, async () => {
    // A token from before an administrator's consent does not hold what was consented to.
    tokens.drop();
    await tokens.get(signal);
    return 'The login service gave a token.';
  });
  const checks = token.ok ? [token, ...(await permissions(client, scope, signal))] : [token];
  return { ok: checks.every(({ ok }) => ok), checks };
};

const permissions = (client: GraphClient, scope: Scope, signal: AbortSignal): Promise<readonly Check[]> =>
  Promise.all([
    line('Users (User.Read.All)', signal, () => readUsers(client, signal)),
    line('Changes of users (User.Read.All)', signal, () => readDelta(client, 'users', 'id', signal)),
    line('Groups and members (GroupMember.Read.All)', signal, () => readGroups(client, signal)),
    line('Changes of groups (GroupMember.Read.All)', signal, () => readDelta(client, 'groups', 'id,members', signal)),
    ...(scope.kind === 'groups'
      ? [line('Groups of the scope', signal, () => findGroups(client, scope.groups, signal))]
      : []),
    organization(client, signal),
  ]);

const readUsers = async (client: GraphClient, signal: AbortSignal): Promise<string> => {
  await proveUsers(client, signal);
  return 'Users can be read.';
};

const readGroups = async (client: GraphClient, signal: AbortSignal): Promise<string> => {
  const first = await proveGroups(client, signal);
  if (first === null) return 'Groups can be read; there are none.';
  await client.ask({ method: 'GET', at: `/groups/${first.id}/members?$top=1&$select=id` }, listPageSchema, signal);
  return 'Groups and their members can be read.';
};

const readDelta = async (
  client: GraphClient,
  collection: 'users' | 'groups',
  select: string,
  signal: AbortSignal,
): Promise<string> => {
  for await (const _ of deltaPages(client, `/${collection}/delta?$deltatoken=latest&$select=${select}`, signal)) break;
  return `Changes of ${collection} can be followed.`;
};

const findGroups = async (
  client: GraphClient,
  groups: Extract<Scope, { kind: 'groups' }>['groups'],
  signal: AbortSignal,
): Promise<string> => {
  const found = await getByIds(client, 'group', groups, 'id', signal);
  const lost = groups.find((id) => !found.has(id));
  if (lost !== undefined) throw missingGroup(lost);
  return groups.length === 1 ? 'The group exists.' : `All ${groups.length} groups exist.`;
};

const Organizations = z.object({ value: z.array(z.object({ displayName: z.string().nullish() })) });

/** The name is only for people to recognize the tenant by: an application that may not read it works as well. */
const organization = async (client: GraphClient, signal: AbortSignal): Promise<Check> => {
  const { ok, ...rest } = await line('Organization', signal, async () => {
    const question = { method: 'GET', at: '/organization?$select=id,displayName' } as const;
    const { value } = await client.ask(question, Organizations, signal);
    return value[0]?.displayName ?? 'The organization has no name.';
  });
  return ok
    ? { ok, ...rest }
    : { name: rest.name, ok: true, detail: 'The name of the organization cannot be read; it is not needed.' };
};

const line = async (name: string, signal: AbortSignal, prove: () => Promise<string>): Promise<Check> => {
  try {
    return { name, ok: true, detail: await prove() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SourceError)) throw error;
    return {
      name,
      ok: false,
      detail: error instanceof GraphRefusal && error.status === 403 ? denied(error) : error.message,
    };
  }
};

const denied = (error: GraphRefusal): string =>
  `${error.message} Grant it and have an administrator of the tenant consent.`;
