/**
 * A reconcile run reads what a target really holds and writes down where that is not what our links say. It writes nothing to the target:
 * list (page by page, against the links) → look (who was not listed, by id) → members → compare (what of it stands, now that all was read).
 */

import { asDuplicates, withoutHidden } from '../core/discrepancies.ts';
import {
  type Discrepancy,
  type DiscrepancyKind,
  type DiscrepancyOf,
  discrepancyKinds,
  type Reconciliation,
} from '../model/discrepancy.ts';
import type { SourceId } from '../model/ids.ts';
import { type Counters, count, countReason, type ReconcileRun } from '../model/run.ts';
import type { ObjectType } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import { unseenIn } from './basis.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import { unseenProblems } from './plan-problems.ts';
import { proveReach } from './prove-reach.ts';
import { RunRefused } from './reactions.ts';
import { readPage } from './reconcile-lists.ts';
import { compareMembers } from './reconcile-members.ts';
import { firstPlace, type ReconcilePlace, reconcilePlaceFrom } from './reconcile-place.ts';
import { lookForUnlisted } from './reconcile-unlisted.ts';
import { note, type Reconciling } from './reconciling.ts';
import type { Report, WorkEnd } from './turn.ts';

export const reconcileRun = async (
  engine: Engine,
  record: TargetRecord,
  run: ReconcileRun,
  lease: Lease,
  watch: Watch,
  report: Report,
): Promise<WorkEnd> => {
  // Compared with what was told until the backup, all that was told after it would be drift, and a repair would take it back.
  await proveReach({ engine, lease, signal: watch.signal }, record);
  const unseen = await unseenIn(engine.stores, record);
  if (unseen !== null) return { state: 'held', counters: run.counters, version: null, problem: unseenProblems[unseen] };
  const target = engine.connectTarget(record, await engine.stores.targets.secrets(record));
  const { inventory } = target;
  if (inventory === null) throw cannotList(record);
  await target.ready(watch.signal);
  let { counters } = run;
  const work: Reconciling = {
    engine,
    run,
    record,
    target,
    inventory,
    lease,
    watch,
    open: await openObjects(engine, record),
    counters: () => counters,
    count: (name, by) => {
      counters = count(counters, name, by);
    },
    checkpoint: (place) => report(place.step.at, counters, JSON.stringify(place)),
  };
  let place =
    run.place === null
      ? firstPlace((await engine.stores.snapshots.head(run.connection)).version)
      : reconcilePlaceFrom(run.place);
  while (place.step.at !== 'compare') {
    place = await goOn(work, place);
    await work.checkpoint(place);
    await engine.failpoint('reconcile.step');
    if (watch.sliceOver()) return 'slice';
  }
  return await conclude(work, place);
};

const cannotList = ({ name, kind }: TargetRecord): RunRefused =>
  new RunRefused({
    code: 'cannot_list',
    message: `${name} cannot be asked for everything it holds: targets of the kind ${kind} show single objects only.`,
    owner: 'your_team',
  });

/** Intents are settled by the next provision run, which looks at the target for each of them. */
const openObjects = async (engine: Engine, { id }: TargetRecord): Promise<ReadonlySet<SourceId>> => {
  const open = new Set<SourceId>();
  for await (const intents of engine.stores.ledger.openIntents(id))
    for (const { operation } of intents) open.add(operation.ref.id);
  return open;
};

const goOn = (work: Reconciling, place: ReconcilePlace): Promise<ReconcilePlace> => {
  const { step } = place;
  switch (step.at) {
    case 'list':
      return readPage(work, place, step);
    case 'look':
      return lookForUnlisted(work, place, step);
    case 'members':
      return compareMembers(work, place, step);
    case 'compare':
      return Promise.resolve(place);
  }
};

/** Harmless to repeat. */
const conclude = async (work: Reconciling, place: ReconcilePlace): Promise<WorkEnd> => {
  const { engine, run, record, lease } = work;
  const { discrepancies } = engine.stores;
  const hidden = { user: hiddenOf(work, place, 'user'), group: hiddenOf(work, place, 'group') };
  await dropHidden(work, hidden);
  await pairOrphans(work);
  const counts = await discrepancies.count(foundBy(work));
  const reconciliation: Reconciliation = {
    run: run.id,
    organization: run.organization,
    connection: run.connection,
    target: record.id,
    at: engine.world.now(),
    listings: place.listings,
    hidden,
    membersShown: place.membersShown,
    counts,
  };
  await discrepancies.close(lease, reconciliation);
  engine.observe.reconciled(counts);
  engine.world.log.info('target.reconciled', { target: record.id, run: run.id, ...counts });
  const incomplete = incompleteIn(place);
  return {
    state: incomplete === null ? 'succeeded' : 'partially_succeeded',
    counters: counted(work.counters(), counts),
    version: place.version,
    problem:
      incomplete === null
        ? null
        : {
            code: 'list_incomplete',
            message: `Nothing is said about who is missing at the target, because its list could not be read to the end. ${incomplete}`,
            owner: 'target_vendor',
          },
  };
};

const foundBy = ({ record, run }: Reconciling) => ({ target: record.id, run: run.id });

const incompleteIn = ({ listings }: ReconcilePlace): string | null =>
  listings.user?.incomplete ?? listings.group?.incomplete ?? null;

/** Where nobody was shown nothing is known of what would be. */
const hiddenOf = ({ record }: Reconciling, { listings, shown }: ReconcilePlace, type: ObjectType): readonly string[] =>
  (listings[type]?.objects ?? 0) === 0
    ? []
    : [...new Set(record.mapping[type].filter(({ apply }) => apply === 'always').map(({ to }) => to))]
        .filter((path) => !shown[type].includes(path))
        .toSorted();

const dropHidden = async (
  work: Reconciling,
  hidden: Readonly<Record<ObjectType, readonly string[]>>,
): Promise<void> => {
  const sets = { user: new Set(hidden.user), group: new Set(hidden.group) };
  if (sets.user.size + sets.group.size === 0) return;
  for await (const found of work.engine.stores.discrepancies.scan(foundBy(work), 'drift')) {
    const seen = found.map((drift) => ({
      drift,
      differences: withoutHidden(drift.differences, sets[drift.ref.type]),
    }));
    const none = seen.filter(({ differences }) => differences.length === 0).map(({ drift }) => drift);
    const fewer = seen.filter(
      ({ drift, differences }) => differences.length > 0 && differences.length < drift.differences.length,
    );
    await drop(work, none);
    work.count('unchanged', none.length);
    await note(
      work,
      fewer.map(({ drift, differences }) => ({ ...drift, differences })),
    );
  }
};

const drop = async (work: Reconciling, found: readonly Discrepancy[]): Promise<void> => {
  if (found.length > 0) await work.engine.stores.discrepancies.drop(work.lease, work.run.id, found);
};

/** Several orphans of one person stand together in the order they are read. */
const pairOrphans = async (work: Reconciling): Promise<void> => {
  let same: DiscrepancyOf<'orphan'>[] = [];
  const settle = async (): Promise<void> => {
    const duplicates = asDuplicates(same);
    if (duplicates.length > 0) {
      await note(work, duplicates);
      await drop(work, same);
    }
    same = [];
  };
  for await (const orphans of work.engine.stores.discrepancies.scan(foundBy(work), 'orphan')) {
    for (const orphan of orphans) {
      if (same.some(({ ref }) => ref.id !== orphan.ref.id)) await settle();
      same.push(orphan);
    }
  }
  await settle();
};

const counted = (counters: Counters, counts: Readonly<Record<DiscrepancyKind, number>>): Counters =>
  discrepancyKinds.reduce(
    (sum, kind) => (counts[kind] === 0 ? sum : countReason(sum, 'skipped', kind, counts[kind])),
    counters,
  );
