/** What a draft changes, read back from what its batches say they staged. */

import { batches } from '../../core/batches.ts';
import type { SourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { EdgePair, Pair } from '../snapshot-store.ts';
import { membersIn } from './member-buckets.ts';
import { parseBucketKey } from './members.ts';
import type { View } from './object-documents.ts';
import { committedIn, stagedIn } from './slots.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

/** An object staged by several batches is found at the place of the last of them, so it is told once. */
export async function* touchedObjects(stores: SnapshotCollections, view: View): AsyncGenerator<readonly Pair[]> {
  for await (const { objects, place } of stores.batches.objects(view.connection, view.parts))
    for (const refs of batches(objects, 1_000)) {
      const pairs = await stores.objects.touchedAt(view, refs, place);
      if (pairs.length > 0) yield pairs;
    }
}

export async function* touchedMembers(stores: SnapshotCollections, view: View): AsyncGenerator<readonly EdgePair[]> {
  const anew = await spreadAnew(stores, view);
  for await (const { buckets, place } of stores.batches.members(view.connection, view.parts)) {
    const inPlace = buckets.filter((key) => !anew.has(parseBucketKey(key).group));
    for (const keys of batches(inPlace, chunkSize)) {
      const documents = await stores.members.documents(view.connection, keys);
      const pairs = [...documents].flatMap(([key, document]) => {
        const staged = stagedIn(document, view.parts);
        if (staged?.place !== place) return [];
        return edgePair(parseBucketKey(key).group, membersIn(committedIn(document, view.settled)), membersIn(staged));
      });
      if (pairs.length > 0) yield pairs;
    }
  }
  for (const group of anew) yield* compared(stores, view, group);
}

/** On an empty base everybody who is in has come. */
export async function* firstObjects(stores: SnapshotCollections, view: View): AsyncGenerator<readonly Pair[]> {
  for (const type of ['user', 'group'] as const)
    for await (const objects of stores.objects.scan(view, type, null, 1_000))
      if (objects.length > 0) yield objects.map((after) => ({ ref: after.ref, before: null, after }));
}

/** Buckets are read so many at once. */
const chunkSize = 20;
/** Buckets of the finer layout that are compared at once: some thousand members. */
const stretchSize = 4;

/** Groups whose buckets of before and after do not stand side by side. */
const spreadAnew = async ({ batches: noted }: SnapshotCollections, view: View): Promise<ReadonlySet<SourceId>> => {
  const groups = new Set<SourceId>();
  for await (const { layouts } of noted.members(view.connection, view.parts))
    for (const group of layouts) groups.add(group);
  return groups;
};

/** Compares a group stretch by stretch of its hashes, whatever buckets they stand in. */
async function* compared(
  { members, layouts }: SnapshotCollections,
  view: View,
  group: SourceId,
): AsyncGenerator<readonly EdgePair[]> {
  const base: View = { ...view, parts: [] };
  const before = (await layouts.of(base, [group])).get(group) ?? 1;
  const after = (await layouts.of(view, [group])).get(group) ?? 1;
  const step = Math.min(1, stretchSize / Math.max(before, after));
  for (let from = 0; from < 1; from += step) {
    const pairs = edgePair(
      group,
      await members.stretch(base, group, before, from, from + step),
      await members.stretch(view, group, after, from, from + step),
    );
    if (pairs.length > 0) yield pairs;
  }
}

const edgePair = (group: SourceId, before: readonly Ref[], after: readonly Ref[]): readonly EdgePair[] => {
  const [was, is] = [new Set(before.map(({ id }) => id)), new Set(after.map(({ id }) => id))];
  const added = after.filter(({ id }) => !was.has(id));
  const removed = before.filter(({ id }) => !is.has(id));
  return added.length + removed.length > 0 ? [{ group, added, removed }] : [];
};
