/** Everything that can happen to a tenant. Each function changes the state and appends to the log, and does nothing else. */

import type { Happening } from './change-log.ts';
import type { GroupSeed, Rule } from './group-seeds.ts';
import type { Json, JsonObject } from './json.ts';
import { MemberList } from './member-list.ts';
import { kindOf, numberOf } from './object-ids.ts';
import { reportPlacesOf } from './people.ts';
import { readerOf } from './properties.ts';
import { exists, groupAt, groupsOf, isLive, liveObjects, managerOf, type Tenant } from './tenant.ts';

/** A user that comes new; what is not named gets a plain value. */
export function createUser(tenant: Tenant, properties: JsonObject, manager: number | null, nowMs: number): number {
  const user = numberOf('user', tenant.counts.user);
  tenant.counts.user++;
  tenant.overrides.set(user, new Map(Object.entries(properties)));
  rememberPrincipalName(tenant, user, properties['userPrincipalName']);
  if (manager !== null) tenant.managers.set(user, manager);
  note(tenant, user, nowMs, { what: 'created' });
  evaluateRules(tenant, user, nowMs);
  return user;
}

export type NewGroup = {
  readonly name: string;
  readonly sort: GroupSeed['sort'];
  readonly rule: Rule | null;
  readonly hidden: boolean;
  readonly properties: JsonObject;
};

export function createGroup(tenant: Tenant, group: NewGroup, nowMs: number): number {
  const { properties, ...seed } = group;
  const object = numberOf('group', tenant.counts.group);
  tenant.groups.push({ ...seed, members: new MemberList(new Uint32Array()) });
  tenant.counts.group++;
  tenant.overrides.set(object, new Map(Object.entries(properties)));
  note(tenant, object, nowMs, { what: 'created' });
  if (group.rule === null) return object;
  tenant.dynamicGroups.push(object);
  for (const user of liveObjects(tenant, 'user')) evaluateRule(tenant, object, user, nowMs);
  return object;
}

/** Sets properties; those that already have the value are not a change. */
export function update(tenant: Tenant, object: number, properties: JsonObject, nowMs: number): void {
  const read = readerOf(tenant, object);
  const changed = Object.entries(properties).filter(([name, value]) => !same(read(name), value));
  if (changed.length === 0) return;
  const overrides = tenant.overrides.get(object) ?? new Map<string, Json>();
  for (const [name, value] of changed) overrides.set(name, value);
  tenant.overrides.set(object, overrides);
  if (kindOf(object) === 'user') rememberPrincipalName(tenant, object, properties['userPrincipalName']);
  note(tenant, object, nowMs, { what: 'updated', properties: changed.map(([name]) => name) });
  if (kindOf(object) === 'user') evaluateRules(tenant, object, nowMs);
}

export function setManager(tenant: Tenant, user: number, manager: number | null, nowMs: number): void {
  const before = managerOf(tenant, user);
  if (before === manager) return;
  tenant.managers.set(user, manager);
  note(tenant, user, nowMs, { what: 'manager', before, after: manager });
}

/** The object goes to the deleted items and keeps its memberships, which are hidden until it is restored. */
export function softDelete(tenant: Tenant, object: number, nowMs: number): void {
  if (!isLive(tenant, object)) return;
  tenant.deleted.set(object, nowMs);
  note(tenant, object, nowMs, { what: 'soft_deleted' });
}

export function restore(tenant: Tenant, object: number, nowMs: number): void {
  if (tenant.deleted.delete(object)) note(tenant, object, nowMs, { what: 'restored' });
}

/** Deletes for good. Groups lose the member and reports their manager; only the first is told when `tellGroups`. */
export function purge(tenant: Tenant, object: number, tellGroups: boolean, nowMs: number): void {
  if (!exists(tenant, object)) return;
  for (const group of [...groupsOf(tenant, object)]) {
    if (groupAt(tenant, group).members.leave(object) && tellGroups) {
      note(tenant, group, nowMs, { what: 'member', member: object, joined: false });
    }
  }
  if (kindOf(object) === 'user') {
    for (const report of reportsOf(tenant, object)) setManager(tenant, report, null, nowMs);
  }
  tenant.deleted.delete(object);
  tenant.purged.add(object);
  note(tenant, object, nowMs, { what: 'purged' });
}

export function join(tenant: Tenant, group: number, member: number, nowMs: number): void {
  if (groupAt(tenant, group).members.join(member)) note(tenant, group, nowMs, { what: 'member', member, joined: true });
}

export function leave(tenant: Tenant, group: number, member: number, nowMs: number): void {
  if (groupAt(tenant, group).members.leave(member))
    note(tenant, group, nowMs, { what: 'member', member, joined: false });
}

function reportsOf(tenant: Tenant, manager: number): number[] {
  const born = manager < tenant.people.count ? reportPlacesOf(tenant.people, manager) : [];
  const given = [...tenant.managers].filter(([, of]) => of === manager).map(([user]) => user);
  return [...born.filter((user) => managerOf(tenant, user) === manager), ...given];
}

/** Dynamic membership follows the properties of a user at once; Graph takes minutes to hours. */
function evaluateRules(tenant: Tenant, user: number, nowMs: number): void {
  for (const group of tenant.dynamicGroups) if (isLive(tenant, group)) evaluateRule(tenant, group, user, nowMs);
}

function evaluateRule(tenant: Tenant, group: number, user: number, nowMs: number): void {
  const { rule } = groupAt(tenant, group);
  if (rule === null) return;
  if (same(readerOf(tenant, user)(rule.property), rule.equals)) join(tenant, group, user, nowMs);
  else leave(tenant, group, user, nowMs);
}

function rememberPrincipalName(tenant: Tenant, user: number, name: Json | undefined): void {
  if (typeof name === 'string') tenant.principalNames.set(name.toLowerCase(), user);
}

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

const note = (tenant: Tenant, object: number, nowMs: number, happening: Happening): void =>
  tenant.log.append(object, nowMs, happening);
