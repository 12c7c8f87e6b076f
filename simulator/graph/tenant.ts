/** The state of one directory: what it was born with, and what changed since. Reads only; `changes.ts` writes. */

import { ChangeLog } from './change-log.ts';
import { type GroupSeed, groupSeeds } from './group-seeds.ts';
import type { Json } from './json.ts';
import { guidFrom, guidOf, indexOf, type Kind, kindOf, numberOf, numberOfGuid } from './object-ids.ts';
import { managerPlaceOf, type People, placeOfPrincipalName } from './people.ts';

/** Properties that were set since birth; `null` was set to null, an absent one is as it was born. */
export type Overrides = Map<string, Json>;

export type Tenant = {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  readonly initialDomain: string;
  readonly seed: number;
  readonly createdMs: number;
  readonly people: People;
  readonly log: ChangeLog;
  /** Born and created groups, by index. */
  readonly groups: GroupSeed[];
  /** Those with a rule: every hire and every change of a user is held against them. */
  readonly dynamicGroups: number[];
  /** How many of each kind ever were. */
  readonly counts: Record<Kind, number>;
  readonly overrides: Map<number, Overrides>;
  readonly managers: Map<number, number | null>;
  /** Soft-deleted objects and when. */
  readonly deleted: Map<number, number>;
  readonly purged: Set<number>;
  /** Principal names that were given since birth, lower-cased. */
  readonly principalNames: Map<string, number>;
  /** Delta links, and pages of lists and rounds, of an earlier epoch are expired. */
  deltaEpoch: number;
  pageEpoch: number;
};

export type TenantSpec = {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: string;
  /** How many users it starts with; 50 if not given. */
  readonly users?: number;
  /** How many groups; about one to twenty users if not given. */
  readonly groups?: number;
  /** Only teams, of about so many members each, instead of the groups a company has. */
  readonly teamSize?: number | null;
  readonly seed?: number;
};

const DEFAULT_USERS = 50;
const LEAST_GROUPS = 44;

export function makeTenant(spec: TenantSpec, seed: number, nowMs: number): Tenant {
  const users = spec.users ?? DEFAULT_USERS;
  const domain = spec.domain ?? `contoso${seed}.example`;
  const initialDomain = `${domain.split('.')[0]}.onmicrosoft.com`;
  const people: People = { seed, count: users, domain, initialDomain };
  const counts = {
    group: spec.groups ?? Math.max(LEAST_GROUPS, Math.floor(users / 20)),
    device: Math.max(1, Math.floor(users / 50)),
    servicePrincipal: 3,
  };
  const groups = groupSeeds(people, {
    groups: counts.group,
    teamSize: spec.teamSize ?? null,
    devices: counts.device,
    servicePrincipals: counts.servicePrincipal,
  });
  return {
    id: (spec.id ?? guidFrom(seed, 1)).toLowerCase(),
    name: spec.name ?? `Contoso ${seed}`,
    domain,
    initialDomain,
    seed,
    createdMs: nowMs,
    people,
    log: new ChangeLog(),
    groups,
    dynamicGroups: groups.flatMap(({ rule }, index) => (rule === null ? [] : [numberOf('group', index)])),
    counts: { ...counts, user: users, group: groups.length },
    overrides: new Map(),
    managers: new Map(),
    deleted: new Map(),
    purged: new Set(),
    principalNames: new Map(),
    deltaEpoch: 0,
    pageEpoch: 0,
  };
}

export const idOf = (tenant: Tenant, object: number): string => guidOf(object, tenant.seed);

/** Ever existed and was not purged; it may be soft-deleted. */
export const exists = (tenant: Tenant, object: number): boolean =>
  indexOf(object) < tenant.counts[kindOf(object)] && !tenant.purged.has(object);

export const isLive = (tenant: Tenant, object: number): boolean =>
  exists(tenant, object) && !tenant.deleted.has(object);

/** The live object with this id, of this kind if one is named. */
export function findById(tenant: Tenant, id: string, kind?: Kind): number | null {
  const object = numberOfGuid(id, tenant.seed);
  if (object === null || !isLive(tenant, object)) return null;
  return kind === undefined || kindOf(object) === kind ? object : null;
}

/** The live user with this id or principal name. */
export function findUser(tenant: Tenant, idOrName: string): number | null {
  return findById(tenant, idOrName, 'user') ?? findByPrincipalName(tenant, idOrName);
}

function findByPrincipalName(tenant: Tenant, name: string): number | null {
  const given = tenant.principalNames.get(name.toLowerCase());
  if (given !== undefined) return isLive(tenant, given) ? given : null;
  const place = placeOfPrincipalName(tenant.people, name);
  if (place === null || !isLive(tenant, place)) return null;
  return tenant.overrides.get(place)?.has('userPrincipalName') ? null : place;
}

/** All live objects of a kind. */
export function* liveObjects(tenant: Tenant, kind: Kind): Generator<number> {
  for (let index = 0; index < tenant.counts[kind]; index++) {
    const object = numberOf(kind, index);
    if (isLive(tenant, object)) yield object;
  }
}

export function liveCount(tenant: Tenant, kind: Kind): number {
  let gone = 0;
  for (const object of tenant.purged) if (kindOf(object) === kind) gone++;
  for (const object of tenant.deleted.keys()) if (kindOf(object) === kind) gone++;
  return tenant.counts[kind] - gone;
}

/** The manager of a user if there is one who is not deleted. */
export function liveManagerOf(tenant: Tenant, user: number): number | null {
  const manager = managerOf(tenant, user);
  return manager !== null && isLive(tenant, manager) ? manager : null;
}

export function managerOf(tenant: Tenant, user: number): number | null {
  const given = tenant.managers.get(user);
  if (given !== undefined) return given;
  return user < tenant.people.count ? managerPlaceOf(tenant.people, user) : null;
}

export function groupAt(tenant: Tenant, object: number): GroupSeed {
  const group = tenant.groups[indexOf(object)];
  if (group === undefined) throw new Error(`There is no group number ${object} in tenant ${tenant.id}.`);
  return group;
}

/** The live groups that an object is a direct member of. */
export function* groupsOf(tenant: Tenant, object: number): Generator<number> {
  for (const group of liveObjects(tenant, 'group')) if (groupAt(tenant, group).members.has(object)) yield group;
}
