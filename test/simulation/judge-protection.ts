/** Whoever is protected is not touched: by id not at all, by what they are or whose member they are not so that they lose anything. */

import type { Operation } from '../../src/model/operation.ts';
import type { Customer } from './customer.ts';
import type { Deed } from './deeds.ts';
import { protectedBy } from './protection.ts';
import type { Effect } from './remote.ts';

export type Doing = { readonly deed: Deed; readonly operation: Operation | null };

export const judgeProtection = (
  customer: Customer,
  effect: Effect,
  doings: readonly Doing[],
  now: number,
): readonly string[] =>
  doings.flatMap((doing) => [...ofObject(customer, effect, doing, now), ...ofMembers(customer, doing, now)]);

const ofObject = (
  customer: Customer,
  { before, after }: Effect,
  { deed, operation }: Doing,
  now: number,
): readonly string[] => {
  const remote = before ?? after;
  const id = before?.externalId ?? after?.externalId ?? operation?.ref.id;
  if (id === undefined || deed.kind === 'add_members' || deed.kind === 'remove_members') return [];
  const kind = protectedBy(customer, { id, remote }, now);
  if (kind === null || (kind !== 'id' && deed.kind !== 'disable' && deed.kind !== 'delete')) return [];
  return [`${deed.kind} of ${id}, who is protected by ${kind}`];
};

const ofMembers = (customer: Customer, { deed }: Doing, now: number): readonly string[] => {
  if (deed.kind !== 'remove_members') return [];
  return deed.members.flatMap((member) => {
    const remote = customer.remote.find(member);
    const id = remote?.externalId ?? null;
    const kind = id === null ? null : protectedBy(customer, { id, remote }, now);
    return kind === null ? [] : [`${id} was put out of a group, who is protected by ${kind}`];
  });
};
