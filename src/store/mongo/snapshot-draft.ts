/**
 * A draft in MongoDB. After every write the question is what a survivor would believe:
 * - what is staged counts for nobody until its batch is there;
 * - the batch counts for this draft and for whoever continues it, from its place on;
 * - changes and the note of the version count for nobody until the head moves;
 * - the head moves in one compare-and-set; rolling forward adds nothing to what readers see already.
 */

import { StaleFence } from '../../model/errors.ts';
import type { Resume } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Batch, Draft, Head } from '../snapshot-store.ts';
import { keyOf, newNames, type ObjectDocument, presentIn, type View, writeOf } from './objects.ts';
import { type Part, partOf, placeOf, type Staging, wholePartOf } from './places.ts';
import { readAhead } from './read-ahead.ts';
import { forgetStaged, rollForward } from './roll-forward.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';
import { stageMembers } from './stage-members.ts';
import { touchedMembers, touchedObjects } from './touched.ts';

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
};

/** Of so many objects `find` remembers what is stored, so that the `put` that follows need not ask again. */
const mostRemembered = 10_000;

export const openDraft = ({ stores, now, probe }: Around, { lease, base, version, taken, resume }: Opened): Draft => {
  const { connection } = base;
  let batches = 0;
  /** The last batch with a place from which a read can be continued. */
  let lastPlace = 0;
  let sequence = 1;
  let over: Error | null = null;
  const remembered = new Map<string, ObjectDocument | null>();

  const upTo = (batch: number): readonly Part[] => (batch === 0 ? taken : [...taken, partOf(version, batch)]);
  const parts = (): readonly Part[] => upTo(batches);
  const view = (): View => ({ connection, parts: parts() });

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

  const documentsOf = async (refs: readonly Ref[]): Promise<ReadonlyMap<string, ObjectDocument | null>> => {
    const keys = [...new Set(refs.map(keyOf))];
    const unknown = keys.filter((key) => !remembered.has(key));
    if (remembered.size + unknown.length > mostRemembered) remembered.clear();
    const read = await stores.objects.documents(
      connection,
      keys.filter((key) => !remembered.has(key)),
    );
    const found = new Map(keys.map((key) => [key, remembered.get(key) ?? read.get(key) ?? null]));
    for (const [key, document] of found) remembered.set(key, document);
    return found;
  };

  const stageObjects = async (batch: Batch, staging: Staging): Promise<readonly string[]> => {
    const last = new Map(batch.objects.map((each) => [keyOf(each.ref), each]));
    const documents = await documentsOf([...last.values()].map(({ ref }) => ref));
    const named = [...last].flatMap(([key, { next }]) => newNames(view(), key, next, documents.get(key) ?? null));
    const writes = [...last].flatMap(([key, { ref, next }]) =>
      writeOf(view(), ref, next, documents.get(key) ?? null).map((each) => ({ key, ...each })),
    );
    remembered.clear();
    await Promise.all([
      stores.objects.stage(writes, staging),
      // Before the batch counts: whoever is in can be found by name.
      stores.names.note(connection, staging.place, named),
    ]);
    return writes.map(({ key }) => key);
  };

  return {
    base,
    resume,
    find: async (refs) => {
      const documents = [...(await documentsOf(refs)).values()].filter((document) => document !== null);
      return new Map(
        documents.flatMap((document) => presentIn(document, parts())).map((object) => [object.ref.id, object]),
      );
    },
    holds: (shown) => stores.objects.holds(view(), shown),
    members: (group) => stores.members.of(view(), group),
    groupsOf: (members) => stores.members.groupsOf(view(), members),
    scan: (type) => stores.objects.scan(view(), type),
    put: (batch) =>
      write(async () => {
        const place = placeOf(version, batches + 1);
        const staging: Staging = { place, durable: upTo(lastPlace) };
        const objects = await stageObjects(batch, staging);
        const members = await stageMembers(stores, view(), batch.members, staging);
        await probe('snapshot.staged');
        const seen = batch.seen.map(keyOf);
        await stores.batches.insert(connection, place, { objects, ...members, seen, resume: batch.resume });
        batches += 1;
        if (batch.resume !== null) lastPlace = batches;
        await stores.heads.assertOpen(lease, version);
        await probe('snapshot.batch');
      }),
    async *unseen() {
      if (base.version === 0) return;
      const seen = new Set<string>();
      for await (const batch of stores.batches.seen(connection, parts())) for (const key of batch.seen) seen.add(key);
      for (const type of ['user', 'group'] as const) yield* stores.objects.scanWithout(view(), type, seen);
    },
    touched: () => readAhead(touchedObjects(stores, view())),
    touchedMembers: () => readAhead(touchedMembers(stores, view())),
    record: (changes) =>
      write(async () => {
        await stores.changes.insert(connection, version, sequence, changes, now());
        sequence += changes.length;
        await probe('snapshot.recorded');
      }),
    commit: ({ watermark, counts, full, scope }) =>
      write(async () => {
        const at = now();
        await stores.versions.note(connection, version, parts(), at);
        await probe('snapshot.noted');
        const head: Head = {
          connection,
          version,
          watermark: watermark === 'keep' ? base.watermark : watermark,
          counts,
          committedAt: at,
          fullAt: full ? at : base.fullAt,
          scope: scope ?? base.scope,
        };
        const { connection: _, ...change } = head;
        await stores.heads.close(lease, version, change);
        await probe('snapshot.committed');
        await rollForward(stores, connection, version, parts());
        await probe('snapshot.rolled');
        close();
        return head;
      }),
    discard: () =>
      write(async () => {
        await stores.heads.close(lease, version, {});
        await forgetStaged(stores, connection, parts(), wholePartOf(version).last);
        close();
      }),
  };
};
