/** What people do while Entrain works: in the tenant, and at the target. */

import type { Chance } from './chance.ts';
import { type Customer, newPerson } from './customer.ts';
import type { Directory, Group, Person, Truth } from './directory.ts';

/** Each does something, or nothing where there is nothing to do it to. `nth` numbers the edit. */
type Edit = (directory: Directory, chance: Chance, nth: number, customer: number) => void;

/** Something happens in the tenant. Says what. */
export const editTenant = ({ directory, nth: customer }: Customer, chance: Chance, nth: number): string => {
  const name = chance.pick(weighted, 'edit', nth);
  const before = directory.truth();
  edits.get(name)?.(directory, chance, nth, customer);
  return [name, ...changed(before, directory.truth())].join(' ');
};

/** Who is not as before, and which memberships. */
const changed = (before: Truth, after: Truth): readonly string[] => [
  ...[...after.people.values()].filter((person) => before.people.get(person.id) !== person).map(({ id }) => id),
  ...[...after.groups.values()].flatMap((group) => {
    const known = before.groups.get(group.id);
    if (known === group) return [];
    const joined = [...group.members].filter((id) => known?.members.has(id) !== true).map((id) => `+${id}`);
    const left = [...(known?.members ?? [])].filter((id) => !group.members.has(id)).map((id) => `-${id}`);
    return [group.id, ...joined, ...left];
  }),
];

const someone = (
  { truth }: Directory,
  chance: Chance,
  nth: number,
  standings: readonly Person['standing'][],
): Person | null => {
  const some = [...truth().people.values()].filter(({ standing }) => standings.includes(standing));
  return some.length === 0 ? null : chance.pick(some, 'edit of', nth);
};
const someGroup = ({ truth }: Directory, chance: Chance, nth: number, standing: Group['standing']): Group | null => {
  const some = [...truth().groups.values()].filter((group) => group.standing === standing);
  return some.length === 0 ? null : chance.pick(some, 'edit of group', nth);
};
const here: readonly Person['standing'][] = ['enabled', 'disabled'];

const change =
  (properties: (person: Person, nth: number) => Parameters<Directory['change']>[1]): Edit =>
  (directory, chance, nth) => {
    const person = someone(directory, chance, nth, here);
    if (person !== null) directory.change(person.id, properties(person, nth));
  };
const toPerson =
  (standings: readonly Person['standing'][], act: (directory: Directory, id: string) => void): Edit =>
  (directory, chance, nth) => {
    const person = someone(directory, chance, nth, standings);
    if (person !== null) act(directory, person.id);
  };
/** The one who made the tenant stays: a directory without anybody does not exist. */
const goes =
  (standings: readonly Person['standing'][], act: (directory: Directory, id: string) => void): Edit =>
  (directory, chance, nth) => {
    const person = someone(directory, chance, nth, standings);
    const [first] = directory.truth().people.keys();
    if (person !== null && person.id !== first) act(directory, person.id);
  };
const toGroup =
  (standing: Group['standing'], act: (directory: Directory, id: string, nth: number) => void): Edit =>
  (directory, chance, nth) => {
    const group = someGroup(directory, chance, nth, standing);
    if (group !== null) act(directory, group.id, nth);
  };

const hire: Edit = (directory, chance, nth, customer) => {
  directory.hire(newPerson(customer, 100 + nth, someone(directory, chance, nth, here)?.id ?? null));
};
/** Somebody new gets the name of somebody who is gone. */
const rehire: Edit = (directory, chance, nth, customer) => {
  const former = someone(directory, chance, nth, ['gone']);
  if (former !== null)
    directory.hire({ ...newPerson(customer, 200 + nth, null), userPrincipalName: former.userPrincipalName });
};
const appoint: Edit = (directory, chance, nth) => {
  const person = someone(directory, chance, nth, here);
  const manager = chance.happens(0.25, 'no manager', nth) ? null : someone(directory, chance, nth + 5_000, here);
  if (person !== null && person.id !== manager?.id) directory.setManager(person.id, manager?.id ?? null);
};
const swapNames: Edit = (directory, chance, nth) => {
  const one = someone(directory, chance, nth, here);
  const other = someone(directory, chance, nth + 5_000, here);
  if (one === null || other === null || one.id === other.id) return;
  directory.change(one.id, { userPrincipalName: `between${nth}@swap.example` });
  directory.change(other.id, { userPrincipalName: one.userPrincipalName });
  directory.change(one.id, { userPrincipalName: other.userPrincipalName });
};
const join: Edit = (directory, chance, nth) => {
  const group = someGroup(directory, chance, nth, 'there');
  const outside = [...directory.truth().people.values()].filter(
    ({ id, standing }) => here.includes(standing) && group?.members.has(id) === false,
  );
  if (group !== null && outside.length > 0) directory.join(group.id, chance.pick(outside, 'joiner', nth).id);
};
const leave: Edit = (directory, chance, nth) => {
  const group = someGroup(directory, chance, nth, 'there');
  const members = [...(group?.members ?? [])].filter((id) => {
    const { people, groups } = directory.truth();
    return here.includes(people.get(id)?.standing ?? 'gone') || groups.get(id)?.standing === 'there';
  });
  if (group !== null && members.length > 0) directory.leave(group.id, chance.pick(members, 'leaver', nth));
};
const nest: Edit = (directory, chance, nth) => {
  const outer = someGroup(directory, chance, nth, 'there');
  const inner = someGroup(directory, chance, nth + 5_000, 'there');
  if (outer !== null && inner !== null && outer.id !== inner.id && !outer.members.has(inner.id))
    directory.join(outer.id, inner.id);
};

const weights: readonly (readonly [number, string, Edit])[] = [
  [4, 'new title', change((_, nth) => ({ jobTitle: `Title ${nth} new` }))],
  [1, 'no title', change(() => ({ jobTitle: null }))],
  [2, 'new name', change((_, nth) => ({ displayName: `Renamed ${nth}` }))],
  [1, 'new principal name', change((_, nth) => ({ userPrincipalName: `renamed${nth}@customer.example` }))],
  [1, 'swapped principal names', swapNames],
  [1, 'another department', change((_, nth) => ({ department: `Department ${nth}` }))],
  [2, 'another manager', appoint],
  [3, 'disabled', toPerson(['enabled'], ({ enable }, id) => enable(id, false))],
  [3, 'enabled', toPerson(['disabled'], ({ enable }, id) => enable(id, true))],
  [3, 'recycled', goes(here, ({ recycle }, id) => recycle(id))],
  [3, 'restored', toPerson(['recycled'], ({ restore }, id) => restore(id))],
  [1, 'purged', goes(['recycled', 'enabled'], ({ purge }, id) => purge(id))],
  [2, 'hired', hire],
  [1, 'hired under a former name', rehire],
  [4, 'joined', join],
  [4, 'left', leave],
  [1, 'nested', nest],
  [1, 'founded', ({ found }, _, nth, customer) => void found(`Group ${customer}-${100 + nth}`)],
  [1, 'group renamed', toGroup('there', ({ rename }, id, nth) => rename(id, `Group renamed ${nth}`))],
  [1, 'group recycled', toGroup('there', ({ recycle }, id) => recycle(id))],
  [1, 'group restored', toGroup('recycled', ({ restore }, id) => restore(id))],
  [1, 'links expired', ({ backend }) => backend.expireWatermarks()],
  [1, 'places expired', ({ backend }) => backend.expirePlaces()],
];
const weighted = weights.flatMap(([weight, name]) => Array.from({ length: weight }, () => name));
const edits = new Map(weights.map(([, name, edit]) => [name, edit]));

/** Some people of a group are switched off and taken out of it. Whoever did it sees that at once, and lets them in again: `takeBack`. */
export const makeMistake = (
  { directory }: Customer,
  chance: Chance,
  nth: number,
): { readonly what: string; readonly takeBack: () => string } => {
  const group = someGroup(directory, chance, nth, 'there');
  const [first] = directory.truth().people.keys();
  const some = [...(group?.members ?? [])]
    .filter((id) => id !== first && directory.truth().people.get(id)?.standing === 'enabled')
    .slice(0, chance.between(1, 4, 'mistaken for leavers', nth));
  for (const id of some) {
    directory.enable(id, false);
    if (group !== null) directory.leave(group.id, id);
  }
  return {
    what: `a mistake ${[group?.id, ...some].join(' ')}`,
    takeBack: () => {
      const off = some.filter((id) => directory.truth().people.get(id)?.standing === 'disabled');
      for (const id of off) directory.enable(id, true);
      return `a mistake is taken back ${off.join(' ')}`;
    },
  };
};

/** The target's own people change something; mostly what is none of ours. */
export const editTarget = (customer: Customer, chance: Chance, nth: number): string => {
  const { remote, foreign, retitled, removed } = customer;
  if (chance.happens(0.4, 'a new account at the target', nth)) {
    remote.addAccount({ userName: `local${nth}@desk.example`, title: 'Local' });
    return 'an account added at the target';
  }
  const ours = remote
    .objects()
    .filter(({ id, type, externalId }) => !foreign.has(id) && type === 'user' && externalId !== null);
  if (ours.length === 0) return 'nothing at the target';
  const { id, externalId } = chance.pick(ours, 'an account of ours', nth);
  if (chance.happens(0.5, 'removed at the target', nth)) {
    remote.remove(id);
    removed.add(externalId ?? '');
    return `${id} removed at the target`;
  }
  const title = `Local title ${nth}`;
  remote.retitle(id, title);
  retitled.set(id, title);
  return `${id} changed at the target`;
};
