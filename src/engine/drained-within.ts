/**
 * Groups inside those of a nested scope by which many are not in any more: emptied, or out of the scope themselves with what is below them. Whoever is still
 * reached by another group lost nothing, and whose members left the tenant altogether was not drained.
 */

import { batches } from '../core/batches.ts';
import { isDrainedInside } from '../core/shrink.ts';
import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import type { Drained } from '../model/run.ts';
import type { Scope } from '../model/scope.ts';
import type { Ref } from '../model/source-object.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';
import type { Reached, Reaching } from './sweep.ts';

export type Within = {
  readonly snapshots: SnapshotStore;
  readonly draft: Draft;
  readonly scope: Scope;
  readonly limit: Limit;
  readonly reached: Reaching;
  /** Called again and again: it may take a while, and throws when the run is to stop. */
  readonly goOn: () => Promise<void>;
};

/** To be asked after the read and before the sweep, as for the groups that the scope names. Where a few left their groups, nothing more is read. */
export const drainedWithin = async (within: Within): Promise<readonly Drained[]> => {
  const { draft, scope, limit } = within;
  if (scope.kind === 'all' || !scope.nested || draft.base.version === 0) return [];
  const named = new Set(scope.groups);
  const taken = await takenFromGroups(within);
  const known = await reachedBefore(within, named, suspected(taken, named, limit));
  if (known.length === 0) return [];
  const now = await within.reached(scope);
  const isOut = (group: SourceId): boolean => taken.deleted.has(group) || !now.groups.has(group);
  const drained: Drained[] = [];
  const tops: SourceId[] = [];
  for (const group of known) {
    const people = taken.people.get(group) ?? 0;
    if (isOut(group) || (taken.groupsFrom.has(group) && (await isEmpty(draft, group)))) tops.push(group);
    else if (people > limit.floor) drained.push({ group, ...(await lostOf(within, now, group, people)) });
  }
  for (const { top, people } of await trees(within, tops, (group) => isOut(group) && !named.has(group)))
    drained.push({ group: top, ...(await countLost(within, now, people)) });
  return drained.filter((one) => isDrainedInside(one, limit));
};

/** `people`: how many each group lost. `out`: groups that were taken out of a group, `groupsFrom` out of which. `deleted`: groups that are gone. */
type Taken = {
  readonly people: ReadonlyMap<SourceId, number>;
  readonly out: ReadonlySet<SourceId>;
  readonly groupsFrom: ReadonlySet<SourceId>;
  readonly deleted: ReadonlySet<SourceId>;
};

const takenFromGroups = async ({ draft, goOn }: Within): Promise<Taken> => {
  const people = new Map<SourceId, number>();
  const [out, groupsFrom, deleted] = [new Set<SourceId>(), new Set<SourceId>(), new Set<SourceId>()];
  for await (const edges of draft.touchedMembers()) {
    for (const { group, removed } of edges)
      for (const { type, id } of removed)
        if (type === 'user') people.set(group, (people.get(group) ?? 0) + 1);
        else {
          out.add(id);
          groupsFrom.add(group);
        }
    await goOn();
  }
  for await (const pairs of draft.touched()) {
    for (const { ref, before, after } of pairs)
      if (ref.type === 'group' && before !== null && after === null) deleted.add(ref.id);
    await goOn();
  }
  return { people, out, groupsFrom, deleted };
};

/** Groups by which more than the floor may be lost. By one that is reached still, and lost people alone, it is at most these. */
const suspected = (
  { people, out, groupsFrom, deleted }: Taken,
  named: ReadonlySet<SourceId>,
  { floor }: Limit,
): readonly SourceId[] => {
  const many = [...people].filter(([, lost]) => lost > floor).map(([group]) => group);
  return [...new Set([...many, ...out, ...groupsFrom, ...deleted])].filter((group) => !named.has(group));
};

/** Those of these groups by which the scope reached somebody in the base. Each group on the ways up from them is asked about once. */
const reachedBefore = async (
  { snapshots, draft, goOn }: Within,
  named: ReadonlySet<SourceId>,
  groups: readonly SourceId[],
): Promise<readonly SourceId[]> => {
  const below = new Map<SourceId, SourceId[]>();
  const asked = new Set(groups);
  for (let level: readonly SourceId[] = groups; level.length > 0; ) {
    const above: SourceId[] = [];
    for (const some of batches(level, 500)) {
      await goOn();
      for await (const memberships of snapshots.groupsOf(draft.base.connection, some))
        for (const { group, member } of memberships) {
          const members = below.get(group) ?? [];
          members.push(member.id);
          below.set(group, members);
          if (asked.has(group) || named.has(group)) continue;
          asked.add(group);
          above.push(group);
        }
    }
    level = above;
  }
  // A Set is visited in order of insertion, also what is added while it is visited.
  const reached = new Set(named);
  for (const group of reached) for (const id of below.get(group) ?? []) reached.add(id);
  return groups.filter((group) => reached.has(group));
};

const isEmpty = async (draft: Draft, group: SourceId): Promise<boolean> => {
  for await (const members of draft.members(group)) if (members.length > 0) return false;
  return true;
};

/** A group with those below it that are out of the scope as well, and who was in any of them. */
type Tree = { readonly top: SourceId; readonly groups: Set<SourceId>; readonly people: Set<SourceId> };

/** A department that is moved is one group of many small ones, so they are counted together. Each group is read once. */
const trees = async (
  { snapshots, draft, goOn }: Within,
  tops: readonly SourceId[],
  goesAlong: (group: SourceId) => boolean,
): Promise<readonly Tree[]> => {
  const treeOf = new Map<SourceId, Tree>();
  const read = async (tree: Tree, group: SourceId): Promise<void> => {
    for await (const members of snapshots.members(draft.base.connection, group)) {
      await goOn();
      for (const { type, id } of members)
        if (type === 'user') tree.people.add(id);
        else if (goesAlong(id)) tree.groups.add(id);
    }
  };
  for (const top of tops) {
    if (treeOf.has(top)) continue;
    const tree: Tree = { top, groups: new Set([top]), people: new Set() };
    for (const group of tree.groups) {
      const other = treeOf.get(group);
      if (other === undefined) await read(tree, group);
      else if (other !== tree) {
        for (const id of other.people) tree.people.add(id);
        for (const id of other.groups) {
          tree.groups.add(id);
          treeOf.set(id, tree);
        }
      }
      treeOf.set(group, tree);
    }
  }
  return [...new Set(treeOf.values())];
};

type Lost = Pick<Drained, 'lost' | 'of'>;

/** Of the people who were in a group that is reached still, and are in the tenant, how many no group of the scope reaches: at most so many. */
const lostOf = async (within: Within, now: Reached, group: SourceId, atMost: number): Promise<Lost> => {
  const { snapshots, draft } = within;
  let sum: Lost = { lost: 0, of: 0 };
  for await (const members of snapshots.members(draft.base.connection, group)) {
    const { lost, of } = await countLost(
      within,
      now,
      members.filter(isPerson).map(({ id }) => id),
    );
    sum = { lost: sum.lost + lost, of: sum.of + of };
    // Most of them did not leave it, however many more there are.
    if (sum.of >= atMost * 2) break;
  }
  return sum;
};

const isPerson = ({ type }: Ref): boolean => type === 'user';

const countLost = async ({ draft, goOn }: Within, now: Reached, people: Iterable<SourceId>): Promise<Lost> => {
  let [lost, of] = [0, 0];
  for (const some of batches([...people], 1_000)) {
    await goOn();
    for (const id of await draft.present(some.map((id): Ref => ({ type: 'user', id })))) {
      of += 1;
      if (!now.users.has(id)) lost += 1;
    }
  }
  return { lost, of };
};
