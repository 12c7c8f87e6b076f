/** One customer: a tenant, the connection that reads it, and the target that is kept in step with it. Two of them may have one tenant and connection. */

import { defaultMatching } from '../../src/core/default-mapping.ts';
import type { LeavingPolicies } from '../../src/core/plan.ts';
import {
  type Connection,
  defaultIntervals,
  defaultShrinkLimit,
  unusedCredentials,
} from '../../src/model/connection.ts';
import { connectionId, organizationId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import type { Scope } from '../../src/model/scope.ts';
import {
  type Approvals,
  type DeprovisionPolicy,
  defaultEscrow,
  type Limits,
  nobodyProtected,
  type Protection,
  type TargetRecord,
} from '../../src/model/target-record.ts';
import type { Chance } from './chance.ts';
import { type Directory, openDirectory } from './directory.ts';
import { type GraphHabits, graphBackend } from './graph-backend.ts';
import { drawGroupsOff, withGroupsOff } from './groups-off.ts';
import {
  drawGraphHabits,
  drawGraphPersonality,
  drawLostPermission,
  drawMemoryHabits,
  drawScimHabits,
} from './habits.ts';
import { attributesRead, attributesWithoutManager, mappingWith } from './mapping.ts';
import { memoryBackend } from './memory-backend.ts';
import { memoryRemote } from './memory-remote.ts';
import type { Stage } from './process.ts';
import type { EffectWitness, RemoteSystem } from './remote.ts';
import { scimRemote } from './scim-remote.ts';

export type Customer = {
  readonly nth: number;
  readonly connection: Connection;
  readonly target: TargetRecord;
  readonly directory: Directory;
  readonly remote: RemoteSystem;
  /** Accounts and groups that nobody in the tenant corresponds to: nobody but the target's own people may change them. */
  readonly foreign: ReadonlySet<string>;
  /** Who was in which group of the target before anybody synchronized. */
  readonly firstMembers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Of groups that an undo gave back, who was in them then: it said of them that they may have been there before us. */
  readonly givenBack: Map<string, Set<string>>;
  /** What the target's own people changed of what is ours, and nobody promised to change back: the title of an account by its id, and whose account went. */
  readonly retitled: Map<string, string>;
  readonly removed: Set<string>;
  /** Whose account the target said to have made, and did not make: nothing that is asked of it later needs to show that. */
  readonly lost: Set<string>;
  /** Accounts and memberships of which there is no record any more, since the database was put back: who came with them, and left before, nobody knows. */
  readonly unrecorded: Set<string>;
  /** Groups of those that were found again and taken over: for the record they were there before, and so they stay. */
  readonly takenBack: Set<string>;
  /** Since when an account is switched off, by its id. */
  readonly offSince: Map<string, number>;
  /** Whether the connection reads who somebody's manager is. */
  readonly readsManagers: boolean;
  /** Every scope, every limit, every policy and every protection there ever was, with its beginning. */
  readonly scopes: { readonly at: number; readonly scope: Scope }[];
  readonly limits: { readonly at: number; readonly limits: Limits }[];
  readonly policies: { readonly at: number; readonly policy: LeavingPolicies }[];
  readonly protections: { readonly at: number; readonly protection: Protection }[];
  /** When a read of the whole tenant, or of what changed in it, reached its end. */
  readonly wholeReads: number[];
  /** The same of those that were committed. */
  readonly keptReads: number[];
  /** Those of the whole tenant: when each began, and when it reached its end, or had only that to tell again; null: it has not. */
  readonly fullReads: { readonly from: number; to: number | null }[];
  /** How many have to approve what is over a limit, likewise. */
  readonly approvals: { readonly at: number; readonly needed: Approvals }[];
  /** When the database was put back, and what the record says since then of safeguards that are still in force. */
  readonly restores: { readonly at: number; readonly loosened: TargetRecord['loosened'] }[];
};

/** `beside`: whose tenant and connection it has, with a target of its own. */
export const foundCustomer = (
  stage: Stage,
  nth: number,
  chance: Chance,
  seed: number,
  witness: (customer: () => Customer) => EffectWitness,
  beside: Customer | null = null,
): Customer => {
  const now = stage.scheduler.now;
  const directory = beside?.directory ?? foundTenant(stage, nth, chance, seed);
  const name = `desk${nth}`;
  const onEffect: EffectWitness = (effect, by) => witness(() => customer)(effect, by);
  const lost = new Set<string>();
  const system = chance.happens(0.65, 'writes SCIM')
    ? scimRemote(stage, name, drawScimHabits(chance, stage.faults), onEffect, lost)
    : memoryRemote(stage, name, onEffect);
  const remote = withGroupsOff(stage, name, system, drawGroupsOff(chance));
  const { foreign, firstMembers } = furnish(remote, directory, chance);
  const scope = beside?.connection.scope ?? drawScope(directory, chance, 0);
  const limits = drawLimits(chance, 0);
  const policy = drawPolicy(chance, 0);
  const protection = drawProtection(directory, chance);
  const readsManagers = beside?.readsManagers ?? chance.happens(0.75, 'reads managers');
  const approvals = chance.happens(0.15, 'two people approve') ? 2 : 1;
  const at = new Date(now());
  const customer: Customer = {
    nth,
    directory,
    remote,
    foreign,
    firstMembers,
    givenBack: new Map(),
    retitled: new Map(),
    removed: new Set(),
    unrecorded: new Set(),
    offSince: new Map(),
    takenBack: new Set(),
    lost,
    readsManagers,
    scopes: beside?.scopes ?? [{ at: now(), scope }],
    limits: [{ at: now(), limits }],
    policies: [{ at: now(), policy }],
    protections: [{ at: now(), protection }],
    wholeReads: beside?.wholeReads ?? [],
    keptReads: beside?.keptReads ?? [],
    fullReads: beside?.fullReads ?? [],
    approvals: approvalsSince({ approvals, loosened: null }, now()),
    restores: [],
    connection: beside?.connection ?? {
      id: connectionId(`con_${nth}`),
      organization: organizationId(`org_${nth}`),
      vendor: 'MS_ENTRA',
      name: `Customer ${nth}`,
      description: null,
      state: 'active',
      problem: null,
      quarantine: null,
      firstReadAt: null,
      trouble: null,
      toldUnwell: null,
      tenantId: directory.backend.tenantId,
      namedBy: 'operator',
      cloud: 'global',
      credentials: { kind: 'client_secret', clientId: `client-${nth}` },
      credentialUse: unusedCredentials,
      scope,
      attributes: readsManagers ? attributesRead : attributesWithoutManager,
      ...defaultIntervals,
      shrinkLimit: chance.happens(0.5, 'shrinks freely')
        ? boundless
        : {
            ...defaultShrinkLimit,
            percent: chance.happens(0.02, 'may shrink by half') ? 50 : defaultShrinkLimit.percent,
            floor: chance.between(1, 4, 'shrink floor'),
          },
      refreshIntervalSecs: chance.between(45, 150, 'refresh interval'),
      fullSyncIntervalSecs: chance.between(240, 900, 'full sync interval'),
      createdAt: at,
      updatedAt: at,
      revision: 1,
    },
    target: {
      id: targetId(`tgt_${nth}`),
      organization: beside?.connection.organization ?? organizationId(`org_${nth}`),
      connection: beside?.connection.id ?? connectionId(`con_${nth}`),
      kind: remote.kind,
      name,
      state: 'active',
      problem: null,
      quarantine: null,
      settings: remote.settings,
      mapping: mappingWith(true),
      matching: defaultMatching,
      ...policy,
      limits,
      protected: protection,
      escrow: defaultEscrow,
      approvals,
      loosened: null,
      autoApproveFirst: chance.happens(0.6, 'first plans approve themselves'),
      credentialVersion: 1,
      createdAt: at,
      updatedAt: at,
      revision: 1,
    },
  };
  return customer;
};

const foundTenant = (stage: Stage, nth: number, chance: Chance, seed: number): Directory => {
  const backend = chance.happens(0.65, 'reads Graph')
    ? graphBackend(stage, seed, graphHabits(stage, chance), drawLostPermission(chance))
    : memoryBackend(stage, seed, drawMemoryHabits(chance));
  const directory = openDirectory(backend, stage.scheduler.now);
  populate(directory, chance, nth);
  return directory;
};

const graphHabits = ({ trace }: Stage, chance: Chance): GraphHabits => {
  const personality = drawGraphPersonality(chance);
  trace.count(`graph.${personality ?? 'of_its_own'}`);
  return drawGraphHabits(chance, personality);
};

/** What a record tells of how many had to approve. */
export const approvalsSince = (
  { approvals, loosened }: Pick<TargetRecord, 'approvals' | 'loosened'>,
  at: number,
): Customer['approvals'] =>
  loosened === null
    ? [{ at, needed: approvals }]
    : [
        { at: loosened.at.getTime() - 1, needed: loosened.from.approvals },
        { at: loosened.at.getTime(), needed: approvals },
      ];

/** More than anybody could take away. */
export const boundless: Limit = { count: 1_000_000, percent: 100, floor: 1_000_000 };

/** Nothing is over any limit. */
export const noLimits: Limits = {
  deprovisions: boundless,
  groupDeletes: boundless,
  memberRemovals: boundless,
  memberRemovalsPerGroup: boundless,
  updates: null,
  creates: null,
  adoptions: null,
};
const one: Limit = { count: 500, percent: 0, floor: 1 };
/** One of each kind in a day. */
export const leastLimits: Limits = {
  deprovisions: one,
  groupDeletes: one,
  memberRemovals: one,
  memberRemovalsPerGroup: one,
  updates: null,
  creates: null,
  adoptions: null,
};

const populate = (directory: Directory, chance: Chance, nth: number): void => {
  const people: string[] = [];
  for (let person = 0; person < chance.between(4, 8, 'people'); person += 1) {
    const manager = chance.happens(0.6, 'has a manager', person) ? (people[0] ?? null) : null;
    people.push(directory.hire(newPerson(nth, person, manager)));
    if (chance.happens(0.1, 'begins disabled', person)) directory.enable(people[person] ?? '', false);
  }
  const groups: string[] = [];
  for (let group = 0; group < chance.between(2, 3, 'groups'); group += 1) {
    const id = directory.found(`Group ${nth}-${group}`);
    for (const [place, person] of people.entries())
      if (chance.happens(0.5, `is in group ${group}`, place)) directory.join(id, person);
    const inner = groups.at(-1);
    if (inner !== undefined && chance.happens(0.4, 'is nested', group)) directory.join(id, inner);
    groups.push(id);
  }
};

export const newPerson = (customer: number, nth: number, manager: string | null) => ({
  userPrincipalName: `p${nth}@customer${customer}.example`,
  displayName: `Person ${nth}`,
  jobTitle: `Title ${nth}`,
  department: nth % 3 === 0 ? null : `Department ${nth % 3}`,
  manager,
});

/** What stands at the target before the first run: people of its own, some of whom work at the customer. */
const furnish = (
  remote: RemoteSystem,
  directory: Directory,
  chance: Chance,
): Pick<Customer, 'foreign' | 'firstMembers'> => {
  const foreign = [0, 1].map((nth) =>
    remote.addAccount({ userName: `stranger${nth}@desk.example`, title: 'Stranger' }),
  );
  const members = [...foreign];
  for (const [nth, person] of [...directory.truth().people.values()].entries())
    if (chance.happens(0.2, 'has an account already', nth)) {
      members.push(remote.addAccount({ userName: person.userPrincipalName, title: 'From before' }));
      // Not every target minds: then nobody can say which of the two is theirs.
      if (remote.kind === 'memory' && chance.happens(0.2, 'has two accounts already', nth))
        remote.addAccount({ userName: person.userPrincipalName, title: 'From before, too' });
    }
  const [first] = directory.truth().groups.values();
  if (first !== undefined && chance.happens(0.3, 'has a group already'))
    remote.addGroup(
      first.displayName,
      members.filter((_, nth) => nth % 2 === 0),
    );
  foreign.push(remote.addGroup('Strangers', foreign));
  return {
    foreign: new Set(foreign),
    firstMembers: new Map(
      remote
        .objects()
        .filter(({ type }) => type === 'group')
        .map(({ id, members: all }) => [id, all]),
    ),
  };
};

export const drawScope = (directory: Directory, chance: Chance, nth: number): Scope => {
  const groups = [...directory.truth().groups.values()].filter(({ standing }) => standing === 'there');
  if (groups.length === 0 || chance.happens(0.5, 'scope of everybody', nth)) return { kind: 'all' };
  const chosen = groups.filter((_, place) => chance.happens(0.6, `scope names group ${place}`, nth));
  return {
    kind: 'groups',
    groups: (chosen.length === 0 ? groups.slice(0, 1) : chosen).map(({ id }) => sourceId(id)),
    nested: chance.happens(0.5, 'scope is nested', nth),
  };
};

export const drawLimits = (chance: Chance, nth: number): Limits => {
  const limit = (name: string, mostPercent: number, mostFloor: number): Limit => ({
    count: 500,
    percent: chance.between(0, mostPercent, `${name} percent`, nth),
    floor: chance.between(1, mostFloor, `${name} floor`, nth),
  });
  return {
    deprovisions: limit('deprovisions', 40, 4),
    groupDeletes: limit('group deletes', 60, 2),
    memberRemovals: limit('removals', 60, 8),
    memberRemovalsPerGroup: limit('removals per group', 100, 4),
    updates: chance.happens(0.1, 'limits updates', nth) ? limit('updates', 100, 8) : null,
    creates: chance.happens(0.1, 'limits creates', nth) ? limit('creates', 100, 12) : null,
    adoptions: chance.happens(0.3, 'limits adoptions', nth) ? limit('adoptions', 100, 2) : null,
  };
};

/** Somebody whom no operation may touch. */
const drawProtection = (directory: Directory, chance: Chance): Protection => {
  if (!chance.happens(0.15, 'somebody is protected')) return nobodyProtected;
  const { id } = chance.pick([...directory.truth().people.values()], 'protected person');
  return { ...nobodyProtected, ids: [id] };
};

/** Somebody else, by whatever there is to name them by. */
export const anotherProtection = (
  { directory, remote, foreign }: Customer,
  chance: Chance,
  nth: number,
): Protection => {
  const { people, groups } = directory.truth();
  const here = [...people.values()].filter(({ standing }) => standing !== 'gone');
  const person = chance.pick(here, 'protected person', nth);
  switch (chance.pick(waysToProtect, 'protection', nth)) {
    case 'a person by id':
      return { ...nobodyProtected, ids: [person.id] };
    case 'an account by id': {
      const account = remote.objects().find(({ id, externalId }) => externalId === person.id && !foreign.has(id));
      return { ...nobodyProtected, ids: account === undefined ? [] : [account.id] };
    }
    case 'an attribute': {
      const named = chance.happens(0.5, 'protects a department', nth) && person.department !== null;
      const [attribute, value] = named ? ['department', person.department ?? ''] : ['jobTitle', person.jobTitle ?? ''];
      return { ...nobodyProtected, attributes: value === '' ? [] : [{ attribute, value: value.toUpperCase() }] };
    }
    case 'a group': {
      const there = [...groups.values()].filter(({ standing }) => standing === 'there');
      if (there.length === 0) return nobodyProtected;
      return { ...nobodyProtected, groups: [sourceId(chance.pick(there, 'protected group', nth).id)] };
    }
    case 'nobody':
      return nobodyProtected;
  }
};
const waysToProtect = [
  'a person by id',
  'an account by id',
  'an attribute',
  'an attribute',
  'a group',
  'a group',
  'nobody',
] as const;

export const drawPolicy = (chance: Chance, nth: number): LeavingPolicies => ({
  deprovision: chance.pick<DeprovisionPolicy>(
    [
      { kind: 'disable' },
      { kind: 'disable' },
      { kind: 'delete' },
      { kind: 'delete_after_days', days: 1 },
      { kind: 'none' },
    ],
    'policy',
    nth,
  ),
  leftGroups: chance.happens(0.6, 'deletes groups that leave', nth) ? 'delete' : 'leave',
});
