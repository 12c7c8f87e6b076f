/**
 * A draft in MongoDB. After every write the question is what a survivor would believe:
 * - what is staged counts for nobody until its batch is there;
 * - the batch counts for this draft and for whoever continues it, from its place on;
 * - changes and the note of the version count for nobody until the head moves;
 * - the head moves in one compare-and-set; rolling forward adds nothing to what readers see already.
 */

import { readAfter } from '../../core/read-attributes.ts';
import { StaleFence } from '../../model/errors.ts';
import type { Resume, SourceId } from '../../model/ids.ts';
import type { Ref, SourceObject } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Batch, Draft, Head } from '../snapshot-store.ts';
import { canonical, digestOf } from './attributes-json.ts';
import { storedRead } from './heads.ts';
import { inTurns, stretch } from './in-turns.ts';
import { type ObjectDocument, presentIn, type View } from './object-documents.ts';
import { type Part, partOf, placeOf, type RosterNote, type Settled, type Staging, wholePartOf } from './places.ts';
import { type PlannedObjects, planObjects } from './plan-objects.ts';
import { readAhead } from './read-ahead.ts';
import { type Committed, forgetStaged, rollForward } from './roll-forward.ts';
import type { Roster } from './roster.ts';
import { dropBatches, loadRoster, olderBy, unseenObjects } from './rosters.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';
import { snapshotReads } from './snapshot-reads.ts';
import { stageMembers } from './stage-members.ts';
import { storedObjects } from './stored-objects.ts';
import { firstObjects, touchedMembers, touchedObjects } from './touched.ts';

export type Around = {
  readonly stores: SnapshotCollections;
  readonly now: () => Date;
  readonly probe: (site: string) => Promise<void> | void;
};

export type Opened = {
  readonly lease: Lease;
  readonly base: Head;
  /** The draft's own number, and the version it will commit. */
  readonly version: number;
  /** What it continues. */
  readonly taken: readonly Part[];
  readonly resume: Resume | null;
  /** As the head has them. */
  readonly roster: RosterNote | null;
  readonly settled: Settled | null;
};

export const openDraft = (
  { stores, now, probe }: Around,
  { lease, base, version, taken, resume, roster: note, settled }: Opened,
): Draft => {
  const { connection } = base;
  /** Then nobody is stored but whom the draft itself staged, and the roster knows all of them. */
  const isFirst = base.version === 0;
  let batches = 0;
  /** The last batch with a place from which a read can be continued. */
  let lastPlace = 0;
  let sequence = 1;
  /** Whether any document but batches was written for it. */
  let hasChanges = taken.length > 0;
  let over: Error | null = null;
  let planning: Promise<unknown> = Promise.resolve();
  let writing: Promise<unknown> = Promise.resolve();
  let roster: Promise<Roster> | null = null;
  const stored = storedObjects(stores.objects, connection);

  /** Groups this draft staged members of. */
  const peopled = new Set<SourceId>();
  const isNewGroup = (group: SourceId): boolean => isFirst && taken.length === 0 && !peopled.has(group);

  const upTo = (batch: number): readonly Part[] => (batch === 0 ? taken : [...taken, partOf(version, batch)]);
  const parts = (): readonly Part[] => upTo(batches);
  const view = (): View => ({ connection, parts: parts(), settled });

  /** A write that failed may have happened in part: the draft is over, and whoever wants to go on opens it again. */
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    if (over) throw over;
    try {
      return await work();
    } catch (error) {
      over = error instanceof Error ? error : new Error('The draft is broken.', { cause: error });
      throw error;
    }
  };
  const close = (): void => {
    over = new StaleFence(`The draft ${version} of ${connection} is closed.`);
  };

  /** It is read once, between two batches; from then on every batch is laid over it. */
  const rosterOf = (): Promise<Roster> => {
    roster ??= writing.then(() => loadRoster(stores, view(), base.version, note));
    return roster;
  };

  const documentsOf = async (refs: readonly Ref[]): Promise<ReadonlyMap<string, ObjectDocument | null>> => {
    const known = isFirst ? await rosterOf() : null;
    return stored.of(refs, (ref) => known === null || known.has(ref));
  };

  /** From here on the roster goes by this batch: if it does not become durable the draft is over. */
  const plan = async (batch: Batch): Promise<PlannedObjects> => {
    const known = await (isFirst ? rosterOf() : roster);
    await documentsOf(batch.objects.map(({ ref }) => ref));
    const planned = await inTurns(planObjects(view(), batch, stored.take(), known, now()));
    known?.take(planned.entries, 'draft');
    return planned;
  };

  const put = async (batch: Batch, planned: Promise<PlannedObjects>): Promise<void> => {
    const place = placeOf(version, batches + 1);
    const staging: Staging = { place, durable: upTo(lastPlace), settled };
    const { writes, entries, names } = await planned;
    // Before the batch counts: whoever is in can be found by name.
    await Promise.all([stores.objects.stage(writes, staging), stores.names.note(connection, place, names)]);
    const members = await stageMembers(stores, view(), batch.members, staging, isNewGroup);
    for (const { group } of batch.members) if (isFirst) peopled.add(group);
    await probe('snapshot.staged');
    const { resume } = batch;
    hasChanges ||= writes.length + members.buckets.length + members.layouts.length > 0;
    await stores.batches.insert(connection, place, { entries, staged: writes.length, ...members, resume });
    batches += 1;
    if (resume !== null) lastPlace = batches;
    await stores.heads.assertOpen(lease, version);
    await probe('snapshot.batch');
  };

  /** Adopted only if it names everybody: whoever were in no roster would never be missed. */
  const nextRoster = async (full: boolean, counts: Head['counts']): Promise<RosterNote | null> => {
    const known = full && roster !== null ? await roster : null;
    return known?.isWhole(counts) ? { version, parts: parts(), since: 0 } : olderBy(note);
  };

  return {
    base,
    resume,
    find: async (refs) => {
      // What is being staged is a part of it; and what is remembered of it before would hide what it has to keep.
      await writing;
      const documents = [...(await documentsOf(refs)).values()].filter((document) => document !== null);
      return new Map(
        documents.flatMap((document) => presentIn(document, view())).map((object) => [object.ref.id, object]),
      );
    },
    holds: async (shown) => {
      if (note === null && !isFirst) return new Set();
      await planning;
      return await inTurns(heldBy(await rosterOf(), shown));
    },
    present: async (refs) => {
      if (!isFirst) return stores.objects.present(view(), refs);
      await planning;
      const known = await rosterOf();
      return new Set(refs.filter((ref) => known.isIn(ref)).map(({ id }) => id));
    },
    members: (group) => stores.members.of(view(), group),
    groupsOf: (members) => stores.members.groupsOf(view(), members),
    scan: (type) => stores.objects.scan(view(), type),
    put: (batch) =>
      write(async () => {
        const planned = plan(batch);
        const done = put(batch, planned);
        planning = planned.catch(() => {});
        writing = done.catch(() => {});
        await done;
      }),
    async *unseen() {
      if (!isFirst) yield* unseenObjects(stores, view(), await rosterOf());
    },
    touched: () => {
      if (!hasChanges) return nothing();
      return readAhead(isFirst ? firstObjects(stores, view()) : touchedObjects(stores, view()));
    },
    touchedMembers: () => (hasChanges ? readAhead(touchedMembers(stores, view())) : nothing()),
    record: (recorded) =>
      write(async () => {
        hasChanges = true;
        await stores.changes.insert(connection, version, sequence, recorded, now());
        sequence += recorded.length;
        await probe('snapshot.recorded');
      }),
    asCommitted: ({ scope, counts, attributes }) =>
      snapshotReads(stores, {
        view: async () => ({ ...view(), version }),
        head: async () => ({
          ...base,
          version,
          counts,
          scope,
          attributes: readAfter(base, attributes, true, version),
        }),
      }),
    commit: ({ watermark, counts, full, scope, attributes, by }) =>
      write(async () => {
        const at = now();
        const after: Committed = {
          version,
          parts: parts(),
          roster: await nextRoster(full, counts),
          settled: isFirst ? { version, parts: parts() } : settled,
        };
        if (hasChanges) await stores.versions.note(connection, version, { parts: parts(), at, by });
        await probe('snapshot.noted');
        const head: Head = {
          connection,
          version,
          watermark: watermark === 'keep' ? base.watermark : watermark,
          counts,
          committedAt: at,
          fullAt: full ? at : base.fullAt,
          scope: scope ?? base.scope,
          attributes: attributes === undefined ? base.attributes : readAfter(base, attributes, full, version),
          restored: base.restored,
        };
        const { connection: _, restored: __, attributes: read, ...change } = head;
        // Where nothing is to be rolled forward, it is so already.
        await stores.heads.close(lease, version, {
          ...change,
          attributes: storedRead(read),
          roster: after.roster,
          settled: after.settled,
          ...(hasChanges ? {} : { rolled: version }),
        });
        await probe('snapshot.committed');
        if (hasChanges) await rollForward(stores, connection, after);
        else await dropBatches(stores, connection, version, after.parts, after.roster);
        await probe('snapshot.rolled');
        close();
        return head;
      }),
    discard: () =>
      write(async () => {
        await stores.heads.close(lease, version, {});
        await stores.changes.forget(connection, version);
        await forgetStaged(stores, connection, [...parts(), wholePartOf(version)]);
        close();
      }),
  };
};

function* heldBy(roster: Roster, shown: readonly SourceObject[]): Generator<void, ReadonlySet<SourceId>> {
  const held = new Set<SourceId>();
  for (const [nth, { ref, attributes }] of shown.entries()) {
    if (nth % stretch === 0) yield;
    if (roster.holds(ref, digestOf(canonical(attributes)))) held.add(ref.id);
  }
  return held;
}

async function* nothing(): AsyncGenerator<never> {}
