/**
 * After the commit: what was staged for the version becomes what is committed, document by document. Readers do not wait for it, they overlay; a worker
 * that dies on the way is followed by the next, who does all of it again before opening a draft. Every step is harmless to repeat, also late. The
 * first version of a snapshot stays as it was staged (slots.ts).
 */

import type { ConnectionId } from '../../model/ids.ts';
import { eachOf } from './each-of.ts';
import { parseSpreadKey } from './members.ts';
import { keyOf, type View } from './object-documents.ts';
import { type Part, type RosterNote, type Settled, wholePartOf } from './places.ts';
import { dropBatches } from './rosters.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

export type Committed = {
  readonly version: number;
  readonly parts: readonly Part[];
  readonly roster: RosterNote | null;
  readonly settled: Settled | null;
};

export const rollForward = async (
  stores: SnapshotCollections,
  connection: ConnectionId,
  { version, parts, roster, settled }: Committed,
): Promise<void> => {
  const { heads, members, batches, versions } = stores;
  const left = new Set<string>();
  if (settled?.version === version) {
    for await (const batch of batches.members(connection, parts)) for (const spread of batch.left) left.add(spread);
  } else await rollDocuments(stores, connection, version, parts, left);
  await members.leave(connection, await notInUse(stores, { connection, parts: [], settled }, left), version);
  await versions.committed(connection, version);
  await heads.rolled(connection, version);
  await dropBatches(stores, connection, version, parts, roster);
};

/** Also gathers the spreads that were left behind. */
const rollDocuments = async (
  stores: SnapshotCollections,
  connection: ConnectionId,
  version: number,
  parts: readonly Part[],
  left: Set<string>,
): Promise<void> => {
  const { members, batches } = stores;
  const idOf = (key: string): string => `${connection}|${key}`;
  await eachOf(batches.staged(connection, parts), atOnce, async (batch) => {
    for (const spread of batch.left) left.add(spread);
    await stores.objects.roll(batch.objects.map(keyOf).map(idOf), batch.place, version);
    await members.roll(batch.buckets.map(idOf), batch.place, version);
    await stores.layouts.roll(batch.layouts.map(idOf), batch.place, version);
  });
  // Only a worker that was overtaken leaves a `next` behind that does not count and covers a `kept` that does: never the one that committed.
  const takenOver = parts.filter(({ first }) => first !== wholePartOf(version).first);
  for await (const batch of batches.staged(connection, takenOver)) {
    await stores.objects.rollKept(batch.objects.map(keyOf).map(idOf), batch.place, version);
    await members.rollKept(batch.buckets.map(idOf), batch.place, version);
    await stores.layouts.rollKept(batch.layouts.map(idOf), batch.place, version);
  }
};

/** Batches have nothing to do with each other: each document stands at one place. */
const atOnce = 4;

/** A group may have come back to a spread it left earlier in the same draft. */
const notInUse = async (
  { layouts }: SnapshotCollections,
  view: View,
  left: ReadonlySet<string>,
): Promise<readonly string[]> => {
  const spreads = [...left].map((key) => ({ key, ...parseSpreadKey(key) }));
  const current = await layouts.of(view, [...new Set(spreads.map(({ group }) => group))]);
  return spreads.filter(({ group, buckets }) => (current.get(group) ?? 1) !== buckets).map(({ key }) => key);
};

/** What was staged in these parts will never count: it goes, so that nobody's data stays longer than it is of use. */
export const forgetStaged = async (
  stores: SnapshotCollections,
  connection: ConnectionId,
  parts: readonly Part[],
): Promise<void> => {
  const idOf = (key: string): string => `${connection}|${key}`;
  for await (const batch of stores.batches.staged(connection, parts)) {
    await stores.objects.forget(batch.objects.map(keyOf).map(idOf), batch.place);
    await stores.members.forget(batch.buckets.map(idOf), batch.place);
    await stores.layouts.forget(batch.layouts.map(idOf), batch.place);
  }
  await stores.names.forget(connection, parts);
  for (const part of parts) await stores.batches.drop(connection, part);
};
