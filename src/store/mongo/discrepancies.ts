/**
 * The collections of reconcile runs: `discrepancies`, `_id` = target|run|kind|type|object, so that one kind is one range and the last word on an object
 * counts; `seen_accounts`, `_id` = target|run|type|page, whom the lists showed, needed only until the run ends; and `reconciliations`, `_id` = run, what
 * it came to. The last is written before the second is forgotten: stopped in between, the pages are forgotten with the run.
 */

import { nameOf } from '../../core/discrepancies.ts';
import { isFoundAbout } from '../../core/forget.ts';
import {
  type Discrepancy,
  type DiscrepancyKind,
  type DiscrepancyOf,
  discrepancyKinds,
  noDiscrepancies,
  type Reconciliation,
} from '../../model/discrepancy.ts';
import {
  connectionId,
  organizationId,
  type RunId,
  remoteId,
  runId,
  type SourceId,
  type TargetId,
  targetId,
} from '../../model/ids.ts';
import type { ObjectType, Ref } from '../../model/source-object.ts';
import type { DiscrepancyStore, FoundBy } from '../discrepancy-store.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { batchSize, deleteFenced, type Fenced, writeFenced } from './fenced-writes.ts';
import { holding } from './holding.ts';
import { keyset, startsWith } from './keyset.ts';
import { createPositions } from './positions.ts';

/** JSON: attribute names are the target's, and may hold `$`, `.` or `__proto__`. */
type FoundDocument = Fenced & { readonly at: Date; readonly found: string };
type SeenDocument = Fenced & { readonly at: Date; readonly ids: readonly string[] };
type ReconciliationDocument = Omit<Reconciliation, 'run'> & { readonly _id: string };

export const name = 'reconciliations';
export const indexes = [{ key: { target: 1, at: 1 } }] as const;
const foundName = 'discrepancies';
const seenName = 'seen_accounts';

export const createMongoDiscrepancyStore = (
  db: Db,
  around: {
    readonly now: () => Date;
    /** Called after every write with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): DiscrepancyStore => {
  const { now, probe = () => {} } = around;
  const found = db.collection<FoundDocument>(foundName);
  const seen = db.collection<SeenDocument>(seenName);
  const reconciliations = db.collection<ReconciliationDocument>(name);
  const { assertHeld } = createPositions(db);

  async function* range(prefix: string): AsyncGenerator<readonly Discrepancy[]> {
    const all = startsWith(prefix);
    const pages = keyset<FoundDocument>((last, limit) =>
      found
        .find({ _id: last ? { ...all, $gt: last._id } : all })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
    );
    for await (const page of pages) yield page.map(discrepancyOf);
  }

  /** What a run found about somebody: on them by name, and among what it found of groups. */
  const naming = async (by: FoundBy, person: SourceId): Promise<readonly FoundDocument[]> => {
    const prefix = prefixOf(by);
    const theirs = ['drift', 'missing'].map((kind) => `${prefix}${kind}|user|${person}`);
    const accounts = (['orphan', 'duplicate'] as const).map((kind) => ({
      _id: startsWith(`${prefix}${kind}|user|${person}|`),
    }));
    const memberships = (['member_missing', 'member_surplus'] as const).map((kind) => ({
      _id: startsWith(`${prefix}${kind}|`),
      found: holding(person),
    }));
    const named = await found.find({ $or: [{ _id: { $in: theirs } }, ...accounts, ...memberships] }).toArray();
    return named.filter((document) => isFoundAbout(discrepancyOf(document), person));
  };

  return {
    note: async (lease, run, some) => {
      await assertHeld(lease);
      const at = now();
      const writes = some.map((one) => ({
        id: `${prefixOf({ target: targetId(lease.key), run })}${nameOf(one)}`,
        set: { at, found: JSON.stringify(one) },
        fresh: true,
      }));
      await writeFenced(db, foundName, lease, [...new Map(writes.map((write) => [write.id, write])).values()]);
      await probe('discrepancies.noted');
    },
    drop: async (lease, run, some) => {
      await assertHeld(lease);
      const prefix = prefixOf({ target: targetId(lease.key), run });
      await deleteFenced(
        db,
        foundName,
        lease,
        some.map((one) => `${prefix}${nameOf(one)}`),
      );
      await probe('discrepancies.dropped');
    },
    see: async (lease, run, { type, nth }, ids) => {
      await assertHeld(lease);
      const id = `${prefixOf({ target: targetId(lease.key), run })}${type}|${String(nth).padStart(8, '0')}`;
      await writeFenced(db, seenName, lease, [{ id, set: { at: now(), ids }, fresh: true }]);
      await probe('discrepancies.seen');
    },
    async *seen(by: FoundBy, type: ObjectType) {
      const all = startsWith(`${prefixOf(by)}${type}|`);
      const pages = keyset<SeenDocument>(
        (last, limit) =>
          seen
            .find({ _id: last ? { ...all, $gt: last._id } : all })
            .sort({ _id: 1 })
            .limit(limit)
            .toArray(),
        pagesAtOnce,
      );
      for await (const page of pages) yield page.flatMap(({ ids }) => ids.map(remoteId));
    },

    async *scan<K extends DiscrepancyKind>(by: FoundBy, kind: K) {
      for await (const some of range(`${prefixOf(by)}${kind}|`))
        yield some.filter((one): one is DiscrepancyOf<K> => one.kind === kind);
    },
    page: async (by, { kind }, after, limit) => {
      const prefix = prefixOf(by);
      const all = startsWith(kind === undefined ? prefix : `${prefix}${kind}|`);
      const some = await found
        .find({ _id: after === null ? all : { $gt: `${prefix}${after}`, $lt: all.$lt } })
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray();
      const items = some.slice(0, limit);
      const last = items.at(-1);
      return {
        items: items.map(discrepancyOf),
        next: last && some.length > limit ? last._id.slice(prefix.length) : null,
      };
    },
    on: async (by: FoundBy, refs: readonly Ref[]) => {
      const names = refs.flatMap(({ type, id }) => [`drift|${type}|${id}`, `missing|${type}|${id}`]);
      const documents: FoundDocument[] = [];
      for (let from = 0; from < names.length; from += batchSize) {
        const ids = names.slice(from, from + batchSize).map((one) => `${prefixOf(by)}${one}`);
        documents.push(...(await found.find({ _id: { $in: ids } }).toArray()));
      }
      return documents.map(discrepancyOf).flatMap((one) => (one.kind === 'drift' || one.kind === 'missing' ? one : []));
    },
    async *about(target: TargetId, person: SourceId) {
      for await (const { run } of runsIn(db, foundName, target)) {
        const about = (await naming({ target, run }, person)).map(discrepancyOf);
        if (about.length > 0) yield about.map((one) => ({ run, found: one }));
      }
    },
    count: async (by) => {
      const counts = discrepancyKinds.map(
        async (kind) => [kind, await found.countDocuments({ _id: startsWith(`${prefixOf(by)}${kind}|`) })] as const,
      );
      return { ...noDiscrepancies, ...Object.fromEntries(await Promise.all(counts)) };
    },

    forgetPerson: async (lease, person) => {
      await assertHeld(lease);
      const target = targetId(lease.key);
      for await (const { run } of runsIn(db, foundName, target)) {
        const about = await naming({ target, run }, person);
        await found.deleteMany({ _id: { $in: about.map(({ _id }) => _id) } });
      }
      await seen.deleteMany({ _id: startsWith(`${target}|`) });
      await probe('discrepancies.person_forgotten');
    },
    close: async (lease: Lease, reconciliation: Reconciliation) => {
      await assertHeld(lease);
      const { run, ...rest } = reconciliation;
      await reconciliations.updateOne({ _id: run }, { $set: rest }, { upsert: true });
      await probe('discrepancies.closed');
      await seen.deleteMany({ _id: startsWith(prefixOf(reconciliation)) });
      await probe('discrepancies.forgotten');
    },
    get: async (run: RunId) => {
      const document = await reconciliations.findOne({ _id: run });
      return document && reconciliationOf(document);
    },
    prune: async (target: TargetId, before: Date) => {
      await reconciliations.deleteMany({ target, at: { $lt: before } });
      for (const collection of [found, seen]) await pruneRuns(db, collection.collectionName, target, before);
    },
    erase: async (target: TargetId) => {
      await reconciliations.deleteMany({ target });
      for (const collection of [found, seen]) await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

/** Each of them holds a hundred ids or so. */
const pagesAtOnce = 100;

const prefixOf = ({ target, run }: FoundBy): string => `${target}|${run}|`;

const pruneRuns = async (db: Db, of: string, target: TargetId, before: Date): Promise<void> => {
  const collection = db.collection<{ readonly _id: string }>(of);
  for await (const { run, at } of runsIn(db, of, target))
    if (at < before) await collection.deleteMany({ _id: startsWith(prefixOf({ target, run })) });
};

/** The runs of which something is kept. Goes from run to run, not from document to document. */
async function* runsIn(
  db: Db,
  of: string,
  target: TargetId,
): AsyncGenerator<{ readonly run: RunId; readonly at: Date }> {
  const collection = db.collection<{ readonly _id: string; readonly at: Date }>(of);
  const all = startsWith(`${target}|`);
  let next = await collection.findOne({ _id: all }, { sort: { _id: 1 } });
  while (next !== null) {
    const run = runId(next._id.split('|')[1] ?? '');
    yield { run, at: next.at };
    const { $lt: behind } = startsWith(prefixOf({ target, run }));
    next = await collection.findOne({ _id: { $gte: behind, $lt: all.$lt } }, { sort: { _id: 1 } });
  }
}

const discrepancyOf = ({ found }: FoundDocument): Discrepancy => JSON.parse(found);

const reconciliationOf = ({
  _id,
  organization,
  connection,
  target,
  ...rest
}: ReconciliationDocument): Reconciliation => ({
  ...rest,
  run: runId(_id),
  organization: organizationId(organization),
  connection: connectionId(connection),
  target: targetId(target),
});
