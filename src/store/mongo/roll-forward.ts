/**
 * After the commit: what was staged for the version becomes what is committed, document by document. Readers do not wait for it, they overlay; a worker
 * that dies on the way is followed by the next, who does all of it again before opening a draft. Every step is harmless to repeat, also late.
 */

import type { ConnectionId } from '../../model/ids.ts';
import { eachOf } from './each-of.ts';
import { parseSpreadKey } from './members.ts';
import { type Part, wholePartOf } from './places.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

export const rollForward = async (
  stores: SnapshotCollections,
  connection: ConnectionId,
  version: number,
  parts: readonly Part[],
): Promise<void> => {
  const { heads, members, batches, versions } = stores;
  const left = new Set<string>();
  const idOf = (key: string): string => `${connection}|${key}`;
  await eachOf(batches.staged(connection, parts), atOnce, async (batch) => {
    for (const spread of batch.left) left.add(spread);
    await stores.objects.roll(batch.objects.map(idOf), batch.place, version);
    await members.roll(batch.buckets.map(idOf), batch.place, version);
    await stores.layouts.roll(batch.layouts.map(idOf), batch.place, version);
  });
  // Only a worker that was overtaken leaves a `next` behind that does not count and covers a `kept` that does: never the one that committed.
  const takenOver = parts.filter(({ first }) => first !== wholePartOf(version).first);
  for await (const batch of batches.staged(connection, takenOver)) {
    await stores.objects.rollKept(batch.objects.map(idOf), batch.place, version);
    await members.rollKept(batch.buckets.map(idOf), batch.place, version);
    await stores.layouts.rollKept(batch.layouts.map(idOf), batch.place, version);
  }
  await members.leave(connection, await notInUse(stores, connection, left), version);
  await versions.committed(connection, version);
  await heads.rolled(connection, version);
  await batches.drop(connection, wholePartOf(version).last);
};

/** Batches have nothing to do with each other: each document stands at one place. */
const atOnce = 4;

/** A group may have come back to a spread it left earlier in the same draft. */
const notInUse = async (
  { layouts }: SnapshotCollections,
  connection: ConnectionId,
  left: ReadonlySet<string>,
): Promise<readonly string[]> => {
  const spreads = [...left].map((key) => ({ key, ...parseSpreadKey(key) }));
  const current = await layouts.of({ connection, parts: [] }, [...new Set(spreads.map(({ group }) => group))]);
  return spreads.filter(({ group, buckets }) => (current.get(group) ?? 1) !== buckets).map(({ key }) => key);
};

/** What was staged in these parts will never count: it goes, so that nobody's data stays longer than it is of use. */
export const forgetStaged = async (
  stores: SnapshotCollections,
  connection: ConnectionId,
  parts: readonly Part[],
  through: number,
): Promise<void> => {
  const idOf = (key: string): string => `${connection}|${key}`;
  for await (const batch of stores.batches.staged(connection, parts)) {
    await stores.objects.forget(batch.objects.map(idOf), batch.place);
    await stores.members.forget(batch.buckets.map(idOf), batch.place);
    await stores.layouts.forget(batch.layouts.map(idOf), batch.place);
  }
  await stores.names.forget(connection, parts);
  await stores.batches.drop(connection, through);
};
