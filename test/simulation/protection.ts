/** Whom the operator has protected, in truth: by what the tenant is and was, not by what anybody read of it. */

import type { Protection } from '../../src/model/target-record.ts';
import type { Customer } from './customer.ts';
import { type Group, inScope, isThere, type Truth } from './directory.ts';
import { protectionsInForce } from './in-force.ts';
import type { Remote } from './remote.ts';
import { since, usualTurnMs } from './since.ts';

export const protectionKinds = ['id', 'attribute', 'group'] as const;
export type ProtectionKind = (typeof protectionKinds)[number];

/** Whose account or group it is, and which. */
export type Owned = { readonly id: string; readonly remote: Remote | null };

/** By what somebody is protected for certain: at every moment that a turn may go by, and all along. */
export const protectedBy = (customer: Customer, owned: Owned, now: number): ProtectionKind | null => {
  const known = protectionsInForce(customer, now - usualTurnMs, now);
  return (
    protectionKinds.find((kind) =>
      known.every((inForce) =>
        inForce.some(
          ({ at, protection }) =>
            isCovered(customer, protection, kind, owned, 'all along') &&
            (kind === 'id' || wasSeen(customer, owned.id, at)) &&
            (kind !== 'group' || wasShown(customer, owned.id, at)),
        ),
      ),
    ) ?? null
  );
};

/** Who had left before a run could look, or before any that looked came to its end, is shown by nobody as what protects them. */
const wasSeen = ({ directory, wholeReads }: Customer, id: string, at: number): boolean => {
  const wasThere = (until: number): boolean =>
    since(directory.history, at)
      .filter((each) => each.at <= until)
      .every(({ truth }) => isThere(truth, id));
  return wasThere(at + seenMs) && wholeReads.some((end) => end >= at && wasThere(end));
};
const seenMs = 3 * 60_000;

/**
 * Of a group it is known who is in it once everybody was read while they were there, and no list of groups was short in that read. Whoever had left by then is
 * in no list any more.
 */
const wasShown = ({ directory, fullReads }: Customer, id: string, at: number): boolean =>
  fullReads.some(
    ({ from, to }) =>
      to !== null &&
      !directory.backend.shortLists.some((short) => short >= from && short <= to) &&
      since(directory.history, at)
        .filter((each) => each.at <= to)
        .every(({ truth }) => isThere(truth, id)),
  );

/** Whoever was at any time what a protection of now is about may be treated otherwise than others. Who was protected once is not. */
export const mayBeProtected = (customer: Customer, owned: Owned, now: number): boolean =>
  mayHaveBeenProtected(customer, owned, now - usualTurnMs, now);

/** The same of any time since then: whoever was protected a short while ago has not been off for long. */
export const mayHaveBeenProtected = (customer: Customer, owned: Owned, from: number, now: number): boolean =>
  protectionsInForce(customer, from, now)
    .flat()
    .some(({ protection }) =>
      protectionKinds.some((kind) => isCovered(customer, protection, kind, owned, 'at any time')),
    );

/**
 * Whether a protected group was gone at any time from then to then: nobody can say who is in it, so that everybody may be. Where two people approve, one that is
 * taken out of the protection leaves them in doubt for another day.
 */
export const mayHaveBeenInDoubt = (customer: Customer, from: number, to: number): boolean => {
  const known = since(customer.directory.history, from).filter(({ at }) => at <= to);
  const truths = known.map(({ truth }) => truth);
  return protectionsInForce(customer, from, to)
    .flat()
    .some(({ protection }) => protection.groups.some((id) => truths.some(({ groups }) => isAway(groups.get(id)))));
};

const isAway = (group: Group | undefined): boolean => group !== undefined && group.standing !== 'there';

/**
 * Whether somebody whom no read showed with a title may be protected by one, for all that anybody can know: they had left the scope before a read that
 * tells of it, and was kept, came to its end. Everybody has a title; all else that protects is read of everybody from the first read on.
 */
export const isNeverKnown = (customer: Customer, id: string, now: number): boolean => {
  const { directory, scopes, keptReads } = customer;
  const wasIn = (from: number, to: number): boolean =>
    since(directory.history, from).every(
      ({ at, truth }) =>
        at > to || since(scopes, from).every((each) => each.at > to || inScope(truth, each.scope).has(id)),
    );
  return protectionsInForce(customer, now - usualTurnMs, now)
    .flat()
    .some(
      ({ at, protection }) =>
        protection.attributes.some(({ attribute }) => attribute === 'jobTitle') &&
        !keptReads.some((end) => end >= at && wasIn(at, end)),
    );
};

type When = 'all along' | 'at any time';

const isCovered = (
  { directory }: Customer,
  { ids, attributes, groups }: Protection,
  kind: ProtectionKind,
  { id, remote }: Owned,
  when: When,
): boolean => {
  if (kind === 'id') return ids.includes(id) || (remote !== null && ids.includes(remote.id));
  if ((kind === 'attribute' ? attributes : groups).length === 0) return false;
  // What lasted for no time nobody could have read.
  const lasting = directory.history.filter(({ at }, nth) => directory.history[nth + 1]?.at !== at);
  const truths = lasting.map(({ truth }) => truth).filter((truth) => isKnownTo(truth, id));
  const holds = (truth: Truth): boolean =>
    kind === 'attribute'
      ? attributes.some(({ attribute, value }) => shows(truth, id, attribute, value))
      : groups.some((group) => everyoneIn(truth, group).has(id));
  if (truths.length === 0) return false;
  if (when === 'all along') return truths.every(holds);
  return truths.some(holds) || (kind === 'group' && isOfGroupsWithin(lasting, id, groups));
};

/**
 * Whoever left the tenant nobody can be asked about any more: they are known by the groups they were in, and nobody can say whether they had left one before
 * it was put into another.
 */
const isOfGroupsWithin = (
  history: Customer['directory']['history'],
  id: string,
  groups: Protection['groups'],
): boolean => {
  const truths = history.map(({ truth }) => truth);
  const now = truths.at(-1);
  if (now === undefined || isThere(now, id)) return false;
  const own = new Set(
    truths.flatMap((truth) => [...truth.groups.values()].filter(({ members }) => members.has(id)).map((of) => of.id)),
  );
  return truths.some((truth) => groups.some((group) => !own.isDisjointFrom(everyoneIn(truth, group))));
};

/** Of whoever is deleted for good, only what was before counts: they are in no group any more. */
const isKnownTo = ({ people, groups }: Truth, id: string): boolean =>
  (people.get(id)?.standing ?? groups.get(id)?.standing ?? 'gone') !== 'gone';

const shows = ({ people }: Truth, id: string, attribute: string, value: string): boolean => {
  const person = people.get(id);
  const shown = attribute === 'department' ? person?.department : attribute === 'jobTitle' ? person?.jobTitle : null;
  return typeof shown === 'string' && shown.toLowerCase() === value.toLowerCase();
};

/** The group itself, and everybody in it, also by groups in it, as long as these are there: who is in a deleted group nobody is told. */
const everyoneIn = ({ groups }: Truth, group: string): ReadonlySet<string> => {
  const everyone = new Set([group]);
  // What is added while a Set is visited is visited too.
  for (const each of everyone) {
    const within = groups.get(each);
    if (within === undefined || (each !== group && within.standing !== 'there')) continue;
    for (const member of within.members) everyone.add(member);
  }
  return everyone;
};

/** By what those were protected in the end who would have been switched off otherwise. */
export const spared = (customer: Customer, now: number): readonly ProtectionKind[] =>
  [...customer.directory.truth().people.values()].flatMap(({ id, standing }) => {
    const remote = customer.remote.objects().find((one) => one.externalId === id) ?? null;
    if (standing === 'enabled' || remote === null || !remote.active) return [];
    return protectedBy(customer, { id, remote }, now) ?? [];
  });
