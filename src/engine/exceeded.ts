/** Which limits of a target something would pass, on top of what the day took. */

import { type Amounts, type Base, guard } from '../core/guard.ts';
import type { SourceId } from '../model/ids.ts';
import type { Exceeded, Plan } from '../model/plan.ts';
import type { ObjectType } from '../model/source-object.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';
import { lookThrough } from './content-of-plan.ts';

type Counting = {
  readonly stores: Pick<Stores, 'ledger' | 'snapshots'>;
  readonly record: TargetInForce;
  /** Since when what was taken counts. */
  readonly since: Date;
};

/**
 * What the day took is asked of the ledger, not counted along: a run that breaks off, or is repeated, goes on with less left of its limit. `leaving`: whose
 * accounts and groups go by this.
 */
export const exceededBy = async (
  { stores, record, since }: Counting,
  amounts: Amounts,
  leaving: ReadonlySet<SourceId>,
): Promise<readonly Exceeded[]> => {
  const { byGroup, ...totals } = amounts;
  if (Object.values(totals).every((count) => count === 0)) return [];
  const { taken, active } = await countedNow({ stores, record, since }, leaving);
  const sizes = await sizesOf(stores, record, byGroup, taken);
  return guard(amounts, taken, record.limits, { active, membersOf: (group) => sizes.get(group) ?? 0 });
};

/** Those that are counted before a run writes at all. What is taken over is counted as it comes: each of them is a case of its own. */
export const limitsWrites = ({ limits: { creates, updates } }: Pick<TargetRecord, 'limits'>): boolean =>
  creates !== null || updates !== null;

/** What the day took, and what is active at the target, as it was before the day took it. */
export const countedNow = async (
  { stores: { ledger }, record, since }: Counting,
  leaving: ReadonlySet<SourceId>,
): Promise<{ readonly taken: Amounts; readonly active: Base['active'] }> => {
  const taken = await ledger.taken(record.id, since, leaving);
  const { user, group } = await ledger.countActive(record.id);
  const awayOf = async (type: ObjectType): Promise<number> => {
    const refs = Array.from(taken.gone[type], (id) => ({ type, id }));
    if (refs.length === 0) return 0;
    // Whoever was told to be switched on again counts as active, whether or not the target shows it.
    const links = await ledger.links(record.id, refs);
    return refs.filter(({ id }) => links.get(id)?.state !== 'active').length;
  };
  return { taken, active: { user: user + (await awayOf('user')), group: group + (await awayOf('group')) } };
};

/** The same of all that a plan holds, as it is kept. */
export const exceededByPlan = async (
  counting: Counting & { readonly stores: Pick<Stores, 'plans'> },
  plan: Plan,
): Promise<readonly Exceeded[]> => {
  const { amounts, leaving } = await lookThrough(counting.stores, plan);
  return exceededBy(counting, amounts, leaving);
};

/** How many members groups have, and had before this and the day; asked only of groups that lose more than anybody may lose. */
const sizesOf = async (
  { snapshots }: Pick<Stores, 'snapshots'>,
  { connection, limits }: TargetInForce,
  wanted: Amounts['byGroup'],
  taken: Amounts,
): Promise<ReadonlyMap<SourceId, number>> => {
  const { floor } = limits.memberRemovalsPerGroup;
  const sizes = new Map<SourceId, number>();
  for (const [group, members] of wanted) {
    let size = members + (taken.byGroup.get(group) ?? 0);
    if (size <= floor) continue;
    for await (const some of snapshots.members(connection, group)) size += some.length;
    sizes.set(group, size);
  }
  return sizes;
};
