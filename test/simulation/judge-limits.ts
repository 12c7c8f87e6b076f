/** I7: no day takes more from a target, or writes more to it, than its limits allow. What took effect there is counted, whatever anybody else counts. */

import { allowance, windowMs } from '../../src/core/guard.ts';
import type { TargetId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import type { Cause, Operation } from '../../src/model/operation.ts';
import type { ObjectType } from '../../src/model/source-object.ts';
import type { LimitName } from '../../src/model/target-record.ts';
import type { Customer } from './customer.ts';
import type { Deed } from './deeds.ts';
import { inScope, isThere } from './directory.ts';
import { type Limiting, limitsInForce } from './in-force.ts';
import type { Effect } from './remote.ts';
import { askedWithinMs, longestTurnMs, since } from './since.ts';

/** What of a customer matters here. */
type Limited = Limiting &
  Pick<Customer, 'scopes'> & {
    readonly target: Pick<Customer['target'], 'id'>;
    readonly directory: Pick<Customer['directory'], 'history'>;
  };
type Meant = { readonly operation: Operation; readonly cause: Cause };

export type Takings = {
  /** Of each deed with what it was meant for: which limit it passes. */
  readonly judge: (customer: Limited, effect: Effect, deed: Deed, meant: Meant) => readonly string[];
  /** What a target has that is switched on. */
  readonly noteActive: (target: TargetId, counts: Readonly<Record<ObjectType, number>>) => void;
  /** The record is lost: nobody knows any more what the day took. */
  readonly forget: () => void;
};

/** `each`: what counts, by a name of its own; what is done twice in the name of one operation counts once. */
type Taking = { readonly limit: LimitName; readonly each: readonly string[] };

/** `askedSince`: when the tenant was first asked, of late, about somebody from whom something is taken. */
export const takingsSeen = (now: () => number, askedSince: (id: string) => number | null = () => null): Takings => {
  /** By target, limit and, of the limit of each group, group: what was taken, and when. */
  const taken = new Map<string, ReadonlyMap<string, number>>();
  /** The most accounts, and groups, that were active at a target, as percentages are reckoned. */
  const active = new Map<string, number>();

  /** By target and object, by which run it was made: what a run adds to what it made was counted with that. */
  const madeBy = new Map<string, string>();
  const completes = ({ target }: Limited, deed: Deed, { operation: { ref }, cause }: Meant): boolean => {
    if (deed.kind === 'create') madeBy.set(`${target.id}|${ref.id}`, cause.run);
    return deed.kind === 'update' && madeBy.get(`${target.id}|${ref.id}`) === cause.run;
  };

  const takenIn = (place: string): ReadonlyMap<string, number> =>
    new Map([...(taken.get(place) ?? [])].filter(([, at]) => at > now() - windowMs));
  const activeIn = (target: TargetId, type: ObjectType): number => active.get(`${target}|${type}`) ?? 0;

  const baseOf = (customer: Limited, effect: Effect, { operation }: Meant, limit: LimitName, count: number) => {
    const [user, group] = [activeIn(customer.target.id, 'user'), activeIn(customer.target.id, 'group')];
    if (limit === 'deprovisions' || limit === 'adoptions') return user;
    if (limit === 'groupDeletes') return group;
    if (limit !== 'memberRemovalsPerGroup') return user + group;
    // Nobody can count more: who was in it at any time, who is in it at the target, and who was taken out.
    const ever = customer.directory.history.map(({ truth }) => truth.groups.get(operation.ref.id)?.members.size ?? 0);
    return Math.max(...ever) + (effect.before?.members.size ?? 0) + count;
  };

  const judgeOne = (customer: Limited, effect: Effect, meant: Meant, { limit, each }: Taking): readonly string[] => {
    const known = limitsInForce(customer, limit, now() - longestTurnMs, now());
    const set = known.filter((one): one is Limit => one !== null);
    // Where any number was allowed a short while ago, nobody counts.
    if (set.length < known.length || each.length === 0) return [];
    const place = [customer.target.id, limit, ...(limit === 'memberRemovalsPerGroup' ? [meant.operation.ref.id] : [])];
    const all = new Map([...takenIn(place.join('|')), ...each.map((one) => [one, now()] as const)]);
    taken.set(place.join('|'), all);
    const base = baseOf(customer, effect, meant, limit, all.size);
    const allowed = Math.max(...set.map((one) => allowance(one, base)));
    return all.size > allowed ? [`${limit} ${all.size} within a day, where ${allowed} of ${base} are allowed`] : [];
  };

  return {
    judge: (customer, effect, deed, meant) =>
      // What a person approved may be any number, and is not held against the others of the day.
      completes(customer, deed, meant) || meant.cause.plan !== null
        ? []
        : takingsOf(customer, effect, deed, meant, (id) => askedSince(id) ?? now() - askedWithinMs).flatMap((one) =>
            judgeOne(customer, effect, meant, one),
          ),
    noteActive: (target, counts) => {
      for (const type of ['user', 'group'] as const) {
        const gone = takenIn(`${target}|${type === 'group' ? 'groupDeletes' : 'deprovisions'}`).size;
        active.set(`${target}|${type}`, Math.max(activeIn(target, type), counts[type] + gone));
      }
    },
    forget: () => taken.clear(),
  };
};

const takingsOf = (
  customer: Limited,
  effect: Effect,
  deed: Deed,
  { operation, cause }: Meant,
  askedAt: (id: string) => number,
): readonly Taking[] => {
  const { key, ref } = operation;
  switch (deed.kind) {
    case 'disable':
    case 'delete':
      return [{ limit: ref.type === 'group' ? 'groupDeletes' : 'deprovisions', each: [`${deed.kind} ${key}`] }];
    case 'create':
      // Whose account others removed before anybody had seen it is made once more, and nobody knows that it ever was.
      return [{ limit: 'creates', each: [ref.id] }];
    case 'update':
      if (isOfManagerAlone(effect)) return [];
      return [{ limit: cause.why === 'adopted' || cause.why === 'inherited' ? 'adoptions' : 'updates', each: [key] }];
    case 'add_members':
      return [];
    case 'remove_members': {
      const leaves = (remote: string): boolean =>
        cause.why === 'leavers' && hasLeft(customer, operation, remote, askedAt);
      const each = deed.members.filter((remote) => !leaves(remote)).map((remote) => `${key} ${remote}`);
      return [
        { limit: 'memberRemovals', each },
        { limit: 'memberRemovalsPerGroup', each },
      ];
    }
  }
};

/** Whose manager is named in a step of its own is not counted before the run begins. */
const isOfManagerAlone = ({ before, after }: Effect): boolean =>
  (['externalId', 'name', 'displayName', 'title', 'department', 'active'] as const).every(
    (name) => before?.[name] === after?.[name],
  );

/** Who loses the account loses memberships with it: what is said of them is true, or was when the tenant was asked about them right before. */
const hasLeft = (
  { directory, scopes }: Limited,
  operation: Operation,
  remote: string,
  askedAt: (id: string) => number,
): boolean => {
  const member = 'members' in operation ? operation.members.find(({ remoteId }) => remoteId === remote) : undefined;
  if (member === undefined) return false;
  const { id } = member.ref;
  const then = askedAt(id);
  return since(directory.history, then).some(
    ({ truth }) =>
      !isThere(truth, id) ||
      truth.people.get(id)?.standing === 'disabled' ||
      since(scopes, then).some(({ scope }) => !inScope(truth, scope).has(id)),
  );
};
