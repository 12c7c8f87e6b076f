/** What a repair goes by: the objects a reconcile run found something about, and their links as the target holds them now. */

import pLimit from 'p-limit';
import { asHeld } from '../core/discrepancies.ts';
import type { DiscrepancyKind, DiscrepancyOf, Reconciliation } from '../model/discrepancy.ts';
import type { RunId, SourceId } from '../model/ids.ts';
import type { Link, Member } from '../model/operation.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { Ref } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';
import type { Target } from '../target/target.ts';
import type { Engine } from './engine.ts';
import { type Edge, type Gathered, type Item, inOrder } from './gather.ts';
import { glanceAt } from './glance.ts';
import type { Watch } from './lease-keeper.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { allOf } from './steps.ts';
import { reportsTo } from './wait-for-another.ts';

export const reconciliationOf = async ({ discrepancies }: Stores, run: RunId): Promise<Reconciliation> => {
  const found = await discrepancies.get(run);
  if (found !== null) return found;
  throw new RunRefused({
    code: 'findings_gone',
    message: `What the run ${run} found is not kept any more. Reconcile the target again.`,
    owner: 'your_team',
  });
};

/**
 * Each is asked for by its id, now: what was found may be mended meanwhile, or be otherwise. Whoever is not there is as if never linked, and an ordinary
 * plan looks for them before it makes an account.
 */
export const linksAsHeld =
  (
    { stores }: Pick<Engine, 'stores'>,
    record: TargetRecord,
    target: Target,
    watch: Watch,
    { run, hidden }: Pick<Reconciliation, 'run' | 'hidden'>,
  ) =>
  async (links: ReadonlyMap<SourceId, Link>): Promise<Map<SourceId, Link>> => {
    const refs = [...links.values()].map(({ ref }) => ref);
    const found = await stores.discrepancies.on({ target: record.id, run }, refs);
    const ids = new Set(found.map(({ ref }) => ref.id));
    const suspects = [...links.values()].filter(({ ref }) => ids.has(ref.id));
    const looked = await allOf(suspects, pLimit(target.capabilities.concurrency), watch.signal, (link) =>
      glanceAt(target, link, watch.signal),
    );
    const held = new Map(links);
    for (const { link, remote } of looked) {
      const { type, id } = link.ref;
      if (remote === null) held.delete(id);
      else if (remote !== 'refused') held.set(id, asHeld(link, remote, record.mapping[type], new Set(hidden[type])));
    }
    return held;
  };

/** Everybody about whom something can be done. Duplicates and accounts of nobody we know are for a person to decide, at the target. */
export const gatherRepair = async (
  work: Pick<Provisioning, 'engine' | 'run' | 'mapping' | 'watch'>,
  reconciled: RunId,
  through: number,
): Promise<Gathered> => {
  const { run } = work;
  const { stores } = work.engine;
  const by = { target: run.target, run: reconciled };
  const items = new Map<SourceId, Item>();
  const add = (ref: Ref): void => {
    items.set(ref.id, { ref, why: 'repair', object: null });
  };
  const missing: SourceId[] = [];
  for await (const found of stores.discrepancies.scan(by, 'drift')) for (const { ref } of found) add(ref);
  for await (const found of stores.discrepancies.scan(by, 'missing'))
    for (const { ref } of found) {
      add(ref);
      missing.push(ref.id);
    }
  for await (const found of stores.discrepancies.scan(by, 'orphan'))
    for (const { ref, gone } of found) if (gone === null) add(ref);
  const edges = new Map<SourceId, Map<SourceId, Edge>>();
  const note = (group: SourceId, member: Ref, want: Edge['want']): void => {
    add({ type: 'group', id: group });
    const members = edges.get(group) ?? new Map<SourceId, Edge>();
    edges.set(group, members.set(member.id, { member, want, version: Number.POSITIVE_INFINITY }));
  };
  for await (const { group, member } of missingMembers(stores, run, by)) note(group, member.ref, 'add');
  for await (const { group, member } of surplusMembers(stores, run, by)) note(group, member.ref, 'remove');
  // An account that is made anew is in no group.
  for await (const memberships of stores.snapshots.groupsOf(run.connection, missing))
    for (const { group, member } of memberships) note(group, member, 'add');
  // And nobody reports to it.
  if (missing.length > 0)
    for await (const reports of reportsTo(work, missing)) for (const { owner } of reports) add(owner);
  return {
    kind: 'repair',
    members: 'changed',
    through,
    ...inOrder(items),
    edges: new Map([...edges].map(([group, members]) => [group, [...members.values()]])),
    left: new Map(),
  };
};

type By = { readonly target: TargetRecord['id']; readonly run: RunId };
type GroupMember = { readonly group: SourceId; readonly member: Member };

/** Those who are still in the group. */
async function* missingMembers(stores: Stores, run: ProvisionRun, by: By): AsyncGenerator<GroupMember> {
  for await (const { pairs, inGroup } of membersFound(stores, run, by, 'member_missing'))
    for (const pair of pairs) if (inGroup(pair)) yield pair;
}

/** Those who are still not in the group. A group that was there before us may have members of its own, whom nobody removes. */
async function* surplusMembers(stores: Stores, run: ProvisionRun, by: By): AsyncGenerator<GroupMember> {
  for await (const { pairs, inGroup } of membersFound(stores, run, by, 'member_surplus')) {
    const groups = pairs.map(({ group }): Ref => ({ type: 'group', id: group }));
    const links = await stores.ledger.links(run.target, groups);
    for (const pair of pairs) if (links.get(pair.group)?.by === 'created' && !inGroup(pair)) yield pair;
  }
}

async function* membersFound(
  { discrepancies, snapshots }: Stores,
  run: ProvisionRun,
  by: By,
  kind: Extract<DiscrepancyKind, 'member_missing' | 'member_surplus'>,
) {
  for await (const found of discrepancies.scan(by, kind)) {
    const pairs = found.map(({ ref, member }: DiscrepancyOf<typeof kind>): GroupMember => ({ group: ref.id, member }));
    const ids = new Set(pairs.map(({ member }) => member.ref.id));
    const now = new Set<string>();
    for await (const memberships of snapshots.groupsOf(run.connection, [...ids]))
      for (const { group, member } of memberships) now.add(`${group}|${member.id}`);
    yield { pairs, inGroup: ({ group, member }: GroupMember) => now.has(`${group}|${member.ref.id}`) };
  }
}
