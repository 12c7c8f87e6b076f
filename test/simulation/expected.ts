/** I1: what a target must hold once everything is quiet, worked out from the tenant alone; what is in escrow or waits is listed, and excused. */

import { sourceId } from '../../src/model/ids.ts';
import type { WaitingReference } from '../../src/model/operation.ts';
import { user } from '../../src/model/source-object.ts';
import type { DeprovisionPolicy, TargetRecord } from '../../src/model/target-record.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Customer } from './customer.ts';
import { type Group, inScope, type Person, type Truth } from './directory.ts';
import { isNeverKnown, mayBeProtected, type Owned } from './protection.ts';
import type { Remote } from './remote.ts';

export type Comparison = { readonly wrong: readonly string[]; readonly excused: number };

export const compareWithTenant = async (stores: Stores, customer: Customer, now: number): Promise<Comparison> => {
  const record = await stores.targets.get(customer.target.id);
  const connection = await stores.connections.get(customer.connection.id);
  if (record === null || connection === null) throw new Error('The customer is gone.');
  const truth = customer.directory.truth();
  const listed = await listedOf(stores, customer, truth);
  const people = [...truth.people.keys()].map((id) => user(sourceId(id)));
  const shown = await stores.snapshots.recall(connection.id, people);
  const view: View = {
    customer,
    now,
    truth,
    record,
    scope: inScope(truth, connection.scope),
    byExternalId: new Map(
      customer.remote.objects().flatMap((remote) => (remote.externalId === null ? [] : [[remote.externalId, remote]])),
    ),
    titled: new Set([...shown].flatMap(([id, { object }]) => ('jobTitle' in object.attributes ? [id] : []))),
    mapsTitles: record.mapping.user.some(({ to }) => to === 'title'),
    ...listed,
  };
  const findings = [
    ...[...truth.people.values()].flatMap((person) => about(view, person.id, wrongWithPerson(view, person))),
    ...[...truth.groups.values()].flatMap((group) => about(view, group.id, wrongWithGroup(view, group))),
  ];
  return {
    wrong: findings.filter((finding) => finding !== excuse),
    excused: findings.filter((finding) => finding === excuse).length,
  };
};

/** `failed`: why something could not be planned, as the newest run counts it. */
type Listed = {
  readonly escrowed: ReadonlyMap<string, string>;
  readonly waiting: readonly WaitingReference[];
  readonly failed: ReadonlySet<string>;
};
type View = Listed & {
  readonly customer: Customer;
  readonly now: number;
  readonly truth: Truth;
  readonly record: TargetRecord;
  readonly scope: ReadonlySet<string>;
  readonly byExternalId: ReadonlyMap<string, Remote>;
  /** Who was read with a title. */
  readonly titled: ReadonlySet<string>;
  readonly mapsTitles: boolean;
};

const excuse = 'excused';

/** Why an object may rest in escrow for good: two people want the same name, a name is somebody else's, or nobody looks at whose a group is. */
const lasting = ['ambiguous_match', 'linked_elsewhere', 'unclaimed_group', 'target_conflict', 'target_rejected'];

const about = ({ escrowed, customer, now }: View, id: string, wrong: readonly string[]): readonly string[] => {
  const reason = escrowed.get(id);
  if (reason !== undefined && !lasting.includes(reason)) return [`${id} is still in escrow: ${reason}`];
  if (wrong.length === 0) return [];
  return reason !== undefined || customer.touched.has(id) || isProtected(customer, id, now) ? [excuse] : wrong;
};

const isProtected = (customer: Customer, id: string, now: number): boolean =>
  mayBeProtected(customer, ownedBy(customer, id), now);

const ownedBy = ({ remote }: Customer, id: string): Owned => ({
  id,
  remote: remote.objects().find((one) => one.externalId === id) ?? null,
});

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

const wrongWithPerson = (view: View, person: Person): readonly string[] => {
  const remote = view.byExternalId.get(person.id);
  if (person.standing === 'enabled' && view.scope.has(person.id)) return wrongWithColleague(view, person, remote);
  if (remote === undefined) return [];
  if (person.standing === 'disabled' && view.scope.has(person.id))
    return remote.active
      ? [`${person.id} is disabled and has an active account`]
      : wrongAttributes(view, person, remote);
  const wrong = wrongWithLeaver(view.record.deprovision, `${person.id} (${person.standing})`, remote);
  return wrong.length > 0 && (view.customer.unrecorded.has(person.id) || isInDoubt(view, person.id)) ? [excuse] : wrong;
};

/** From whoever left before anybody could read whether they are protected nothing is taken away. */
const isInDoubt = ({ customer, titled, now }: View, id: string): boolean =>
  !titled.has(id) && isNeverKnown(customer, id, now);

const wrongWithColleague = (view: View, person: Person, remote: Remote | undefined): readonly string[] => {
  if (remote === undefined)
    return view.customer.lost.has(person.id) || isInTwoMinds(view, person) ? [excuse] : [`${person.id} has no account`];
  return [
    ...(remote.active ? [] : [`${person.id} has an account that is switched off`]),
    ...wrongAttributes(view, person, remote),
  ];
};

/** While a target waits for a first plan that would hold nothing, nobody is put in escrow: that two accounts may be somebody's, its runs count. */
const isInTwoMinds = ({ customer, failed }: View, { userPrincipalName }: Person): boolean =>
  failed.has('ambiguous_match') &&
  customer.remote.objects().filter(({ type, name }) => type === 'user' && name === userPrincipalName).length > 1;

const wrongWithLeaver = (policy: DeprovisionPolicy, who: string, remote: Remote): readonly string[] => {
  switch (policy.kind) {
    case 'none':
      return [];
    case 'disable':
      return remote.active ? [`${who} left and has an active account`] : [];
    case 'delete':
    case 'delete_after_days':
      return [`${who} left and has an account`];
  }
};

const wrongAttributes = (view: View, person: Person, remote: Remote): readonly string[] => {
  const wanted = {
    name: person.userPrincipalName,
    displayName: person.displayName,
    department: person.department,
    ...(view.mapsTitles ? { title: person.jobTitle } : {}),
  };
  const wrong = (Object.keys(wanted) as (keyof typeof wanted)[])
    .filter((name) => wanted[name] !== remote[name])
    .map((name) => `${person.id}: ${name} is ${String(remote[name])}, not ${String(wanted[name])}`);
  return [...wrong, ...wrongManager(view, person, remote)];
};

/** A manager without an account is waited for; until then the account keeps the manager it has, who may be gone from the target by now. */
const wrongManager = (view: View, person: Person, remote: Remote): readonly string[] => {
  const { readsManagers } = view.customer;
  const manager = person.manager === null || !readsManagers ? undefined : view.truth.people.get(person.manager);
  const account = manager === undefined ? null : (view.byExternalId.get(manager.id)?.id ?? null);
  // Whether somebody in the recycle bin still is a manager, sources tell in different ways.
  if (remote.manager === account || (manager?.standing === 'recycled' && remote.manager === null)) return [];
  const waits = view.waiting.some(
    ({ owner, path, to }) => owner.id === person.id && path !== 'members' && to === manager?.id,
  );
  // Whoever left the scope, or whose account the target said to have made and did not, and who has no other.
  const isWithout =
    manager !== undefined && (!view.scope.has(manager.id) || (account === null && view.customer.lost.has(manager.id)));
  const isLost = remote.manager !== null && view.customer.remote.find(remote.manager) === null;
  const isTouched = manager !== undefined && view.customer.touched.has(manager.id);
  return waits || (isWithout && isLost) || manager?.standing === 'recycled' || isTouched
    ? [excuse]
    : [`${person.id}: the manager is ${remote.manager}, not ${account} (${manager?.id})`];
};

const wrongWithGroup = (view: View, group: Group): readonly string[] => {
  const remote = view.byExternalId.get(group.id);
  const isIn = view.scope.has(group.id);
  const isUnrecorded = view.customer.unrecorded.has(group.id);
  if (!isIn && remote !== undefined && isUnrecorded) return [excuse];
  if (!isIn) return remote === undefined || mayStay(view, remote) ? [] : [`group ${group.id} is gone and still there`];
  if (remote === undefined) return view.customer.lost.has(group.id) ? [excuse] : [`group ${group.id} is not there`];
  const name =
    remote.name === group.displayName ? [] : [`group ${group.id} is called ${remote.name}, not ${group.displayName}`];
  return [...name, ...wrongMembers(view, group, remote)];
};

/** A group that was there before us stays when its reason goes, and every group where they are left alone. */
const mayStay = ({ customer, record }: View, remote: Remote): boolean =>
  record.leftGroups === 'leave' || customer.firstMembers.has(remote.id);

const wrongMembers = (view: View, group: Group, remote: Remote): readonly string[] => {
  const wanted = new Set([...group.members].filter((id) => view.scope.has(id) && view.byExternalId.has(id)));
  const before = view.customer.firstMembers.get(remote.id);
  const excused = (member: string): boolean =>
    view.escrowed.has(member) ||
    view.customer.touched.has(member) ||
    isProtected(view.customer, member, view.now) ||
    isInDoubt(view, member);
  return [...view.byExternalId].flatMap(([id, { id: remoteId }]) => {
    const isMember = remote.members.has(remoteId);
    if (isMember === wanted.has(id)) return [];
    if (isMember && before?.has(remoteId) === true) return [excuse];
    if (isMember && view.customer.unrecorded.has(`${id} in ${group.id}`)) return [excuse];
    if (excused(id)) return [excuse];
    return [isMember ? `${id} is still a member of ${group.id}` : `${id} is no member of ${group.id}`];
  });
};
