/** I1: what a target must hold once everything is quiet, worked out from the tenant alone; what is in escrow or waits is listed, and excused. */

import { sourceId } from '../../src/model/ids.ts';
import type { EscrowReason, WaitingReference } from '../../src/model/operation.ts';
import { user } from '../../src/model/source-object.ts';
import type { DeprovisionPolicy, TargetRecord } from '../../src/model/target-record.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Customer } from './customer.ts';
import { type Group, inScope, type Person, type Truth } from './directory.ts';
import type { Excuse } from './excuses.ts';
import { wasHere } from './judge-policy.ts';
import { isNeverKnown, mayBeProtected, mayHaveBeenInDoubt, mayHaveBeenProtected } from './protection.ts';
import type { Remote } from './remote.ts';

/** Of one thing about an object. `excuse`: null where there is none. */
type Wrong = { readonly says: string; readonly excuse: Excuse | null };
export type Difference = Wrong & { readonly about: string };

export const compareWithTenant = async (
  stores: Stores,
  customer: Customer,
  now: number,
): Promise<readonly Difference[]> => {
  const record = await stores.targets.get(customer.target.id);
  const connection = await stores.connections.get(customer.connection.id);
  if (record === null || connection === null) throw new Error('The customer is gone.');
  const truth = customer.directory.truth();
  const listed = await listedOf(stores, customer, truth);
  const people = [...truth.people.keys()].map((id) => user(sourceId(id)));
  const shown = await stores.snapshots.recall(connection.id, people);
  const remotes = customer.remote.objects();
  const view: View = {
    customer,
    now,
    truth,
    record,
    remotes,
    scope: inScope(truth, connection.scope),
    byExternalId: new Map(
      remotes.flatMap((remote) => (remote.externalId === null ? [] : [[remote.externalId, remote]])),
    ),
    titled: new Set([...shown].flatMap(([id, { object }]) => ('jobTitle' in object.attributes ? [id] : []))),
    mapsTitles: record.mapping.user.some(({ to }) => to === 'title'),
    ...listed,
  };
  return [
    ...[...truth.people.values()].flatMap((person) => about(view, person.id, wrongWithPerson(view, person))),
    ...[...truth.groups.values()].flatMap((group) => about(view, group.id, wrongWithGroup(view, group))),
  ];
};

/** `failed`: why something could not be planned, as the newest run counts it. */
type Listed = {
  readonly escrowed: ReadonlyMap<string, EscrowReason>;
  readonly waiting: readonly WaitingReference[];
  readonly failed: ReadonlySet<string>;
};
type View = Listed & {
  readonly customer: Customer;
  readonly now: number;
  readonly truth: Truth;
  readonly record: TargetRecord;
  readonly remotes: readonly Remote[];
  readonly scope: ReadonlySet<string>;
  readonly byExternalId: ReadonlyMap<string, Remote>;
  /** Who was read with a title. */
  readonly titled: ReadonlySet<string>;
  readonly mapsTitles: boolean;
};

const differs = (says: string, excuse: Excuse | null = null): Wrong => ({ says, excuse });

/** Why an object may rest in escrow for good: all of them are about its name. */
const lasting: readonly EscrowReason[] = [
  'ambiguous_match',
  'linked_elsewhere',
  'unclaimed_group',
  'target_conflict',
  'target_rejected',
];

/** Nothing of whoever is protected is written; all else is excused one by one. */
const about = (view: View, id: string, wrong: readonly Wrong[]): readonly Difference[] => {
  const reason = view.escrowed.get(id);
  if (reason !== undefined && !lasting.includes(reason))
    return [{ about: id, ...differs(`${id} is still in escrow: ${reason}`) }];
  const isExcused = wrong.length > 0 && isProtected(view, id);
  return wrong.map(({ says, excuse }) => ({ about: id, says, excuse: isExcused ? 'protected' : excuse }));
};

const isProtected = ({ customer, byExternalId, now }: View, id: string): boolean =>
  mayBeProtected(customer, { id, remote: byExternalId.get(id) ?? null }, now);

/** Of what is written by a name, or with one, and is in escrow: whether anything else at the target is called so. */
const isTaken = ({ escrowed, remotes }: View, id: string, type: Remote['type'], name: string): boolean =>
  escrowed.has(id) &&
  remotes.some(
    (other) => other.type === type && other.externalId !== id && other.name.toLowerCase() === name.toLowerCase(),
  );
const listedOf = async ({ ledger, runs }: Stores, { target }: Customer, truth: Truth): Promise<Listed> => {
  const { items } = await ledger.escrows(target.id, null, 1_000);
  const owners = [
    ...[...truth.people.keys()].map((id) => ({ type: 'user', id }) as const),
    ...[...truth.groups.keys()].map((id) => ({ type: 'group', id }) as const),
  ];
  const waiting: WaitingReference[] = [];
  for await (const some of ledger.waitingFor(
    target.id,
    owners.map(({ type, id }) => ({ type, id: id as never })),
  ))
    waiting.push(...some);
  const newest = await runs.list({ target: target.id, kind: 'provision' }, null, 1);
  return {
    escrowed: new Map(items.map(({ ref, reason }) => [ref.id, reason])),
    waiting,
    failed: new Set(newest.items.flatMap(({ counters }) => Object.keys(counters.failed))),
  };
};

const wrongWithPerson = (view: View, person: Person): readonly Wrong[] => {
  const remote = view.byExternalId.get(person.id);
  if (person.standing === 'enabled' && view.scope.has(person.id)) return wrongWithColleague(view, person, remote);
  if (remote === undefined) return [];
  if (person.standing === 'disabled' && view.scope.has(person.id))
    return remote.active
      ? [differs(`${person.id} is disabled and has an active account`)]
      : wrongAttributes(view, person, remote);
  return wrongWithLeaver(view, person, remote);
};

/** From whoever left before anybody could read whether they are protected nothing is taken away. */
const isInDoubt = ({ customer, titled, now }: View, id: string): boolean =>
  !titled.has(id) && isNeverKnown(customer, id, now);

const wrongWithColleague = (view: View, person: Person, remote: Remote | undefined): readonly Wrong[] => {
  if (remote === undefined) return [differs(`${person.id} has no account`, excuseWithoutAccount(view, person))];
  return [
    ...(remote.active
      ? []
      : [
          differs(
            `${person.id} has an account that is switched off`,
            isRefused(view, person, remote) ? 'name_taken' : null,
          ),
        ]),
    ...wrongAttributes(view, person, remote),
  ];
};

const excuseWithoutAccount = (view: View, { id, userPrincipalName }: Person): Excuse | null => {
  if (view.customer.lost.has(id)) return 'never_made';
  if (isTaken(view, id, 'user', userPrincipalName)) return 'name_taken';
  if (isInTwoMinds(view, userPrincipalName)) return 'one_of_two';
  return view.customer.removed.has(id) ? 'removed' : null;
};

/** While a target waits for a first plan that would hold nothing, nobody is put in escrow: that two accounts may be somebody's, its runs count. */
const isInTwoMinds = ({ remotes, failed }: View, userPrincipalName: string): boolean =>
  failed.has('ambiguous_match') &&
  remotes.filter(({ type, name }) => type === 'user' && name === userPrincipalName).length > 1;

const wrongWithLeaver = (view: View, { id, standing }: Person, remote: Remote): readonly Wrong[] => {
  const says = isLeft(view.record.deprovision, remote);
  if (says === null) return [];
  return [differs(`${id} (${standing}) left and ${says}`, excuseOfLeaver(view, id, remote))];
};

const excuseOfLeaver = (view: View, id: string, remote: Remote): Excuse | null => {
  if (view.customer.unrecorded.has(id)) return 'unrecorded';
  if (isInDoubt(view, id)) return 'never_known';
  return hasDaysLeft(view, id, remote) ? 'days_left' : null;
};

/** Whoever was protected, or in doubt, until less than the days of the policy before a run came by, and was switched off by that, has the rest of them. */
const hasDaysLeft = ({ customer, record: { deprovision }, now }: View, id: string, remote: Remote): boolean => {
  if (deprovision.kind !== 'delete_after_days' || remote.active) return false;
  const from = now - deprovision.days * dayMs - betweenRunsMs;
  if (mayHaveBeenProtected(customer, { id, remote }, from, now)) return true;
  const offAt = customer.offSince.get(remote.id) ?? now;
  // Whose days had begun before anybody was in doubt is deleted when they are over, or by the first run after the doubt.
  return wasHere(customer, user(sourceId(id)), offAt)
    ? mayHaveBeenInDoubt(customer, from, now)
    : mayHaveBeenInDoubt(customer, from, offAt) || mayHaveBeenInDoubt(customer, now - betweenRunsMs, now);
};

const dayMs = 24 * 3_600_000;
/** In the quiet time one comes by twice a day. */
const betweenRunsMs = 12 * 3_600_000;

const isLeft = (policy: DeprovisionPolicy, remote: Remote): string | null => {
  switch (policy.kind) {
    case 'none':
      return null;
    case 'disable':
      return remote.active ? 'has an active account' : null;
    case 'delete':
    case 'delete_after_days':
      return 'has an account';
  }
};

/** What is written together is refused together: where a name is taken, nothing beside it is as wanted, nor is the account switched on again. */
const isRefused = (view: View, { id, userPrincipalName }: Person, { name }: Remote): boolean =>
  userPrincipalName !== name && isTaken(view, id, 'user', userPrincipalName);

const wrongAttributes = (view: View, person: Person, remote: Remote): readonly Wrong[] => {
  const wanted = {
    name: person.userPrincipalName,
    displayName: person.displayName,
    department: person.department,
    ...(view.mapsTitles ? { title: person.jobTitle } : {}),
  };
  const excuse = isRefused(view, person, remote) ? 'name_taken' : null;
  const wrong = (Object.keys(wanted) as (keyof typeof wanted)[])
    .filter((name) => wanted[name] !== remote[name])
    .map((name) =>
      differs(
        `${person.id}: ${name} is ${String(remote[name])}, not ${String(wanted[name])}`,
        excuse ?? (name === 'title' && view.customer.retitled.get(remote.id) === remote.title ? 'retitled' : null),
      ),
    );
  return [...wrong, ...wrongManager(view, person, remote)];
};

/** A manager without an account is waited for; until then the account keeps the manager it has, who may be gone from the target by now. */
const wrongManager = (view: View, person: Person, remote: Remote): readonly Wrong[] => {
  const { readsManagers } = view.customer;
  const manager = person.manager === null || !readsManagers ? undefined : view.truth.people.get(person.manager);
  const account = manager === undefined ? null : (view.byExternalId.get(manager.id)?.id ?? null);
  // Whether somebody in the recycle bin still is a manager, sources tell in different ways.
  if (remote.manager === account || (manager?.standing === 'recycled' && remote.manager === null)) return [];
  return [
    differs(
      `${person.id}: the manager is ${remote.manager}, not ${account} (${manager?.id})`,
      manager === undefined ? null : excuseOfManager(view, person, remote, manager),
    ),
  ];
};

const excuseOfManager = (view: View, person: Person, remote: Remote, manager: Person): Excuse | null => {
  const { lost, removed } = view.customer;
  const waits = view.waiting.some(
    ({ owner, path, to }) => owner.id === person.id && path !== 'members' && to === manager.id,
  );
  if (waits) return 'waiting';
  if (manager.standing === 'recycled' || isBackUnasked(view, remote, manager)) return 'manager_recycled';
  if (removed.has(manager.id)) return 'removed';
  // Whoever left the scope, or whose account the target said to have made and did not, and who has no other.
  const isWithout = !view.scope.has(manager.id) || (!view.byExternalId.has(manager.id) && lost.has(manager.id));
  const isLost = remote.manager !== null && view.customer.remote.find(remote.manager) === null;
  return isWithout && isLost ? 'never_made' : null;
};

/** Who comes back outside the scope is not asked who reports to them: everybody's manager is read again by the next full read (decision 34). */
const isBackUnasked = ({ customer, scope }: View, remote: Remote, { id }: Person): boolean => {
  if (remote.manager !== null || scope.has(id)) return false;
  const { history } = customer.directory;
  const away = history.findLastIndex(({ truth }) => truth.people.get(id)?.standing === 'recycled');
  const backAt = history[away + 1]?.at;
  return away >= 0 && backAt !== undefined && !customer.fullReads.some(({ from, to }) => to !== null && from >= backAt);
};

const wrongWithGroup = (view: View, group: Group): readonly Wrong[] => {
  const { id, displayName } = group;
  const remote = view.byExternalId.get(id);
  const isUnrecorded = view.customer.unrecorded.has(id) || view.customer.takenBack.has(id);
  if (!view.scope.has(id))
    return remote === undefined || mayStay(view, remote)
      ? []
      : [differs(`group ${id} is gone and still there`, isUnrecorded ? 'unrecorded' : null)];
  const taken = isTaken(view, id, 'group', displayName) ? 'name_taken' : null;
  if (remote === undefined)
    return [differs(`group ${id} is not there`, view.customer.lost.has(id) ? 'never_made' : taken)];
  return [
    ...(remote.name === displayName
      ? []
      : [differs(`group ${id} is called ${remote.name}, not ${displayName}`, taken)]),
    ...wrongMembers(view, group, remote),
  ];
};

/** A group that was there before us stays when its reason goes, and every group where they are left alone. */
const mayStay = ({ customer, record }: View, remote: Remote): boolean =>
  record.leftGroups === 'leave' || customer.firstMembers.has(remote.id);

const wrongMembers = (view: View, group: Group, remote: Remote): readonly Wrong[] => {
  const wanted = new Set([...group.members].filter((id) => view.scope.has(id) && view.byExternalId.has(id)));
  return [...view.byExternalId].flatMap(([id, account]) => {
    const isMember = remote.members.has(account.id);
    if (isMember === wanted.has(id)) return [];
    return isMember
      ? [differs(`${id} is still a member of ${group.id}`, excuseOfMember(view, group, remote, id, account.id))]
      : [differs(`${id} is no member of ${group.id}`, excuseOfAbsent(view, group, id))];
  });
};

const excuseOfMember = (view: View, group: Group, remote: Remote, id: string, account: string): Excuse | null => {
  const { firstMembers, givenBack, unrecorded } = view.customer;
  if ([firstMembers, givenBack].some((of) => of.get(remote.id)?.has(account) === true)) return 'was_in_before';
  if (unrecorded.has(`${id} in ${group.id}`)) return 'unrecorded';
  if (isProtected(view, id)) return 'protected';
  return isInDoubt(view, id) ? 'never_known' : null;
};

const excuseOfAbsent = (view: View, group: Group, id: string): Excuse | null => {
  if (isProtected(view, id)) return 'protected';
  if (view.customer.removed.has(id)) return 'removed';
  return view.waiting.some(({ owner, path, to }) => owner.id === group.id && path === 'members' && to === id)
    ? 'waiting'
    : null;
};
