/**
 * The connection test: credentials and every permission, proved by real calls that keep nothing. The calls are those of a sync (the mints of its delta
 * links, the proofs of its reads), so that what passes here passes there.
 */

import { z } from 'zod';
import type { Check, CheckReport } from '../../model/check.ts';
import { SourceError } from '../../model/errors.ts';
import type { SourceId } from '../../model/ids.ts';
import type { Scope } from '../../model/scope.ts';
import type { ToProve } from '../source.ts';
import { batch, batchSize, slices } from './batch.ts';
import { getByIds } from './by-id.ts';
import { type Checked, credentialLines, endsNow, loginTimeOf, proveEach, tokenAmong } from './check-credentials.ts';
import { type Around, permissionLine, permissionRemedy, remedyOf, tried } from './check-line.ts';
import type { GraphClient } from './client.ts';
import { GraphRefusal } from './errors.ts';
import { hiddenGroup, isHiddenGroup, proveGroups, proveUsers } from './hidden.ts';
import { tenantIn } from './issued.ts';
import { mintGroups, mintUsers } from './mint.ts';
import { type Entity, listPageSchema } from './pages.ts';
import {
  attributeNeeds,
  excessOf,
  groupsNeed,
  hiddenNeed,
  organizationNeed,
  permissionOf,
  rolesOf,
  usersNeed,
  watchNeed,
} from './permissions.ts';
import { hiddenMembers, missingGroup } from './scoped.ts';
import { mayHideMembers, selectionOf, whetherShown } from './to-source-object.ts';

export type What = ToProve;

/** Without a token nothing else can be found out; otherwise every line is tried. */
export const checkConnection = async (asked: Checked, what: What, signal: AbortSignal): Promise<CheckReport> => {
  const { client, tokens } = asked;
  const now = (): number => client.world.now().getTime();
  // A token from before an administrator's consent does not hold what was consented to.
  tokens.drop();
  const proved = await proveEach(asked, signal);
  const token = tokenAmong(proved);
  if (token === null) {
    const theirs = loginTimeOf(proved);
    const refused = credentialLines(asked, proved, null, now());
    return reportOf(theirs === null ? refused : [...refused, clockLine(now() - theirs.getTime())]);
  }
  const around = { ...asked, granted: rolesOf(token) };
  const [lines, ends] = await Promise.all([everyLine(client, around, what, signal), endsNow(asked, signal)]);
  const report = reportOf([...credentialLines(asked, proved, ends, now()), clockLine(client.clockAheadMs()), ...lines]);
  const directoryId = tenantIn(token);
  return directoryId === null ? report : { ...report, directoryId };
};

const reportOf = (checks: readonly Check[]): CheckReport => ({ ok: checks.every(({ ok }) => ok), checks });

const everyLine = (client: GraphClient, around: Around, what: What, signal: AbortSignal): Promise<readonly Check[]> => {
  const { scope, attributes } = what;
  const groups = groupsNeed(what);
  const guarded = attributeNeeds(attributes);
  // What is read of users needs more than one permission when it holds attributes that have one of their own.
  const lost = guarded.find(([, need]) => permissionOf(need, around.granted).granted === false)?.[1];
  return Promise.all([
    permissionLine('Users (User.Read.All)', usersNeed, around, signal, () => readUsers(client, signal)),
    permissionLine('Changes of users (User.Read.All)', lost ?? usersNeed, around, signal, () =>
      followUsers(client, what, signal),
    ),
    ...guarded.map(([name, need]) =>
      permissionLine(`${name} (${need.name})`, need, around, signal, () => readAttribute(client, name, signal)),
    ),
    permissionLine('Groups and members (GroupMember.Read.All)', groups, around, signal, () =>
      readGroups(client, signal),
    ),
    permissionLine('Changes of groups (GroupMember.Read.All)', groups, around, signal, () =>
      followGroups(client, what, signal),
    ),
    ...(scope.kind === 'groups' ? [scopeLine(client, around, scope, signal)] : []),
    ...(what.watched === true ? [watchLine(around)] : []),
    organization(client, around, signal),
    excessLine(around, what),
  ]);
};

/** A server whose clock is off by more is refused by the login service (it forgives five minutes) when it signs with a certificate. */
const mostAheadMs = 120_000;

const clockLine = (aheadMs: number | null): Check => {
  const name = 'Clock';
  if (aheadMs === null) return { name, ok: true, detail: 'Microsoft did not say what time it is.' };
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  if (Math.abs(aheadMs) <= mostAheadMs) return { name, ok: true, detail: "Our clock and Microsoft's agree." };
  return {
    name,
    ok: true,
    detail: `Our clock is ${seconds} seconds ${aheadMs > 0 ? 'ahead of' : 'behind'} Microsoft's.`,
    remedy: {
      code: 'clock_skew',
      owner: 'your_team',
      todo: 'Set the clock of the servers that run Entrain by NTP: tokens and certificates are taken for expired, or for not valid yet.',
      link: null,
    },
  };
};

const readUsers = async (client: GraphClient, signal: AbortSignal): Promise<string> => {
  await proveUsers(client, signal);
  return 'Users can be read.';
};

/** With everything that a sync selects. When that is refused as such, each attribute is tried alone, to name the one that is to blame. */
const followUsers = async (client: GraphClient, { attributes }: What, signal: AbortSignal): Promise<string> => {
  try {
    await mintUsers(client, selectionOf(attributes), signal);
  } catch (error) {
    throw await blamed(client, 'users', attributes.user, error, signal);
  }
  return 'Changes of users can be followed.';
};

const followGroups = async (client: GraphClient, { scope, attributes }: What, signal: AbortSignal): Promise<string> => {
  try {
    const only = scope.kind === 'groups' && !scope.nested ? scope.groups : null;
    await mintGroups(client, selectionOf(attributes), only, signal);
  } catch (error) {
    throw await blamed(client, 'groups', attributes.group, error, signal);
  }
  return 'Changes of groups can be followed.';
};

const blamed = async (
  client: GraphClient,
  collection: 'users' | 'groups',
  names: readonly string[],
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  if (!(error instanceof GraphRefusal) || (error.status !== 400 && error.status !== 501)) return error;
  const asked = names.filter((name) => name !== 'manager' && name !== 'members');
  const refused: string[] = [];
  for (const some of slices(asked, batchSize)) {
    const questions = some.map((name) => ({
      method: 'GET' as const,
      at: `/${collection}/delta?$deltatoken=latest&$select=id,${name.split('.')[0]}`,
    }));
    const answers = await batch(client, questions, signal);
    refused.push(...some.filter((_, index) => answers[index]?.ok === false));
  }
  return refused.length === 0 ? error : unknownAttributes(collection, refused, error);
};

const unknownAttributes = (
  collection: 'users' | 'groups',
  names: readonly string[],
  cause: GraphRefusal,
): SourceError =>
  new SourceError('forbidden', `Graph does not give these attributes of ${collection}: ${names.join(', ')}.`, {
    cause,
    code: 'UnknownAttribute',
    mend: { owner: 'your_team', todo: `Take them out of the attributes of the connection: ${names.join(', ')}.` },
  });

const readAttribute = async (client: GraphClient, name: string, signal: AbortSignal): Promise<string> => {
  await client.ask({ method: 'GET', at: `/users?$top=1&$select=id,${name}` }, listPageSchema, signal);
  return `${name} can be read.`;
};

const readGroups = async (client: GraphClient, signal: AbortSignal): Promise<string> => {
  const first = await proveGroups(client, signal);
  if (first === null) return 'Groups can be read; there are none.';
  await client.ask({ method: 'GET', at: `/groups/${first.id}/members?$top=1&$select=id` }, listPageSchema, signal);
  return 'Groups and their members can be read.';
};

type Groups = Extract<Scope, { kind: 'groups' }>;

/** Whether the groups of the scope exist, and show their members. */
const scopeLine = async (client: GraphClient, around: Around, scope: Groups, signal: AbortSignal): Promise<Check> => {
  const name = 'Groups of the scope';
  const prove = async (): Promise<string> => {
    const found = await getByIds(client, 'group', scope.groups, whetherShown, signal);
    const lost = scope.groups.find((id) => !found.has(id));
    if (lost !== undefined) throw missingGroup(lost);
    for (const [id, group] of found) {
      if (isHiddenGroup(group)) throw hiddenGroup(id);
      if (mayHideMembers(group)) await showsMembers(client, id, signal);
    }
    return named([...found.values()]);
  };
  const found = await tried(signal, prove);
  if (found.ok) return { name, ok: true, detail: found.value };
  const { error } = found;
  const isHidden = error.code === 'MembersHidden';
  return {
    name,
    ok: false,
    detail: error.message,
    remedy: remedyOf(error, around, isHidden ? hiddenNeed : null),
    ...(isHidden ? { permission: permissionOf(hiddenNeed, around.granted) } : {}),
  };
};

const showsMembers = async (client: GraphClient, id: SourceId, signal: AbortSignal): Promise<void> => {
  const question = { method: 'GET', at: `/groups/${id}/members?$top=1&$select=id` } as const;
  const { items } = await client.ask(question, listPageSchema, signal);
  if (items.length === 0) throw hiddenMembers(id);
};

const mostNamed = 5;

const named = (groups: readonly Entity[]): string => {
  const names = groups.slice(0, mostNamed).map(({ displayName }) => String(displayName));
  const more = groups.length > mostNamed ? ` and ${groups.length - mostNamed} more` : '';
  return `${groups.length === 1 ? 'The group exists' : `All ${groups.length} groups exist`}: ${names.join(', ')}${more}.`;
};

const Organizations = z.object({ value: z.array(z.object({ displayName: z.string().nullish() })) });

/** The name is only for people to recognize the tenant by: an application that may not read it works as well. */
const organization = async (client: GraphClient, around: Around, signal: AbortSignal): Promise<Check> => {
  const { remedy: _, ...found } = await permissionLine('Organization', organizationNeed, around, signal, async () => {
    const question = { method: 'GET', at: '/organization?$select=id,displayName' } as const;
    const { value } = await client.ask(question, Organizations, signal);
    return value[0]?.displayName ?? 'The organization has no name.';
  });
  return found.ok
    ? found
    : { ...found, ok: true, detail: 'The name of the organization cannot be read; it is not needed.' };
};

/** Without it nothing is missed, only found later; so it keeps no connection back. */
const watchLine = (around: Around): Check => {
  const permission = permissionOf(watchNeed, around.granted);
  const line = { name: 'Being told of changes (Group.Read.All)', ok: true, permission } as const;
  if (permission.granted === null) return { ...line, detail: 'The token does not tell what was granted.' };
  if (permission.granted) return { ...line, detail: 'Changes of users and of groups can be told at once.' };
  return {
    ...line,
    detail: 'Changes of groups are not told, and are found by the schedule: Group.Read.All is missing.',
    remedy: permissionRemedy(watchNeed, around),
  };
};

/** What is granted beyond the need is no hindrance, and a risk to the customer all the same. */
const excessLine = (around: Around, what: What): Check => {
  const name = 'No more than is needed';
  if (around.granted === null) return { name, ok: true, detail: 'The token does not tell what was granted.' };
  const { unneeded, instead } = excessOf(around.granted, what);
  if (unneeded.length === 0) return { name, ok: true, detail: 'No permission is granted that is not needed.' };
  const grant = instead.length === 0 ? '' : `Grant ${instead.join(' and ')} instead, then remove `;
  return {
    name,
    ok: true,
    detail: `Granted and not needed: ${unneeded.join(', ')}.`,
    remedy: {
      code: 'more_than_needed',
      owner: around.registrant,
      todo: `${grant === '' ? 'Remove ' : grant}${unneeded.join(', ')} from the app registration, and the consent to it (Enterprise applications › the application › Permissions).`,
      link: null,
    },
  };
};
