/** Where a target is not what its tenant is, in words. Accounts that nobody linked are no part of it. */

import { z } from 'zod';
import type { TenantControl } from '../../simulator/graph/index.ts';
import type { JsonObject } from '../../simulator/scim/index.ts';
import type { Rules } from './rules.ts';
import type { Town } from './town.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** Who left is off, or gone where leavers are deleted. */
export const differences = ({ tenant, scim, rules }: Pick<Town, 'tenant' | 'scim' | 'rules'>): readonly string[] => {
  const { users, groups } = scim.control.accounts();
  const accounts = ours(users);
  const teams = ours(groups);
  const here = new Set(tenant.users());
  const there = new Set<string>(tenant.groups().map(({ id }) => id));
  const owners = new Map([...accounts, ...teams].map(([owner, { id }]) => [String(id), owner]));
  return [
    ...doubles([...users, ...groups]),
    ...[...here].flatMap((id) => differing(tenant, id, accounts, owners)),
    ...[...accounts].flatMap(([id, account]) => (here.has(id) ? [] : leftOver(account, rules))),
    // Groups that leave are deleted at these targets.
    ...[...teams.keys()].filter((id) => !there.has(id)).map((id) => `group ${id} is gone and still at the target`),
    ...tenant.groups().flatMap(({ id }) => differingTeam(tenant, id, accounts, teams, owners)),
  ];
};

const leftOver = (account: JsonObject, { deprovision }: Rules): readonly string[] => {
  if (deprovision === 'delete') return [`${account['externalId']} left and still has the account`];
  return account['active'] === false ? [] : [`${account['externalId']} left and is still on`];
};

type Accounts = ReadonlyMap<string, JsonObject>;

const ours = (resources: readonly JsonObject[]): Accounts =>
  new Map(
    resources.flatMap((one) => (typeof one['externalId'] === 'string' ? [[one['externalId'], one] as const] : [])),
  );

const doubles = (resources: readonly JsonObject[]): readonly string[] => {
  const keys = resources.map((one) => one['externalId']).filter((key) => typeof key === 'string');
  const seen = new Set<string>();
  return keys.filter((key) => seen.size === seen.add(key).size).map((key) => `${key} has two accounts`);
};

const differing = (
  tenant: TenantControl,
  id: string,
  accounts: Accounts,
  owners: ReadonlyMap<string, string>,
): readonly string[] => {
  const user = tenant.user(id);
  const account = accounts.get(id);
  // Nobody is given an account who is switched off from the start.
  if (account === undefined) return user['accountEnabled'] === false ? [] : [`${id} has no account`];
  const extension = record.parse(account[enterprise] ?? {});
  const manager = record.parse(extension['manager'] ?? {})['value'];
  const named = manager === undefined ? null : owners.get(String(manager));
  // Whoever is to report to somebody without an account waits for them, and keeps the manager they have until then.
  const isWaiting = user['manager'] !== null && !accounts.has(String(user['manager']));
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['active', user['accountEnabled'], account['active']],
    ['userName', user['userPrincipalName'], account['userName']],
    ['familyName', user['surname'], record.parse(account['name'] ?? {})['familyName']],
    ['title', user['jobTitle'], account['title']],
    ['department', user['department'], extension['department']],
    ['manager', isWaiting ? named : user['manager'], named],
  ];
  return pairs
    .filter(([, is, shown]) => (is ?? null) !== (shown ?? null))
    .map(([name, is, shown]) => `${id}: ${name} is ${String(shown)} instead of ${String(is)}`);
};

const differingTeam = (
  tenant: TenantControl,
  id: string,
  accounts: Accounts,
  teams: Accounts,
  owners: ReadonlyMap<string, string>,
): readonly string[] => {
  const team = teams.get(id);
  if (team === undefined) return [`group ${id} is not at the target`];
  const wanted = tenant.members(id).filter((member) => accounts.has(member) || teams.has(member));
  const held = new Set(memberList.parse(team['members']).map(({ value }) => owners.get(value) ?? value));
  return [
    ...(team['displayName'] === tenant.group(id)['displayName'] ? [] : [`group ${id} has another name`]),
    ...wanted.filter((member) => !held.has(member)).map((member) => `${member} is not in group ${id}`),
    ...[...held].filter((member) => !wanted.includes(member)).map((member) => `${member} is still in group ${id}`),
  ];
};

const record = z.record(z.string(), z.unknown());
const memberList = z.array(z.object({ value: z.string() })).default([]);
