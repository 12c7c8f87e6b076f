/** What a batch does to objects: what is to be written, and what is to be noted of each of them. Pure. */

import { isGone } from '../../model/source-object.ts';
import type { Batch } from '../snapshot-store.ts';
import { digestOf } from './attributes-json.ts';
import { createPacker, type Entries } from './entries.ts';
import { stretch } from './in-turns.ts';
import type { Named } from './names.ts';
import {
  keyOf,
  newNames,
  type ObjectDocument,
  type ObjectWrite,
  textIn,
  type View,
  writeOf,
} from './object-documents.ts';
import type { Roster } from './roster.ts';

export type PlannedObjects = {
  readonly writes: readonly ObjectWrite[];
  readonly entries: Entries;
  readonly names: readonly Named[];
};

/**
 * `stored`: the documents of these objects as they are; of those that were only seen it need not know. `at`: when those who go have left. Yields between stretches, so that others may
 * have the thread.
 */
export function* planObjects(
  view: View,
  batch: Batch,
  stored: ReadonlyMap<string, ObjectDocument | null>,
  roster: Roster | null,
  at: Date,
): Generator<void, PlannedObjects> {
  const writes: ObjectWrite[] = [];
  const names: Named[] = [];
  const written = new Set<string>();
  const seen = new Set(batch.objects.length > 0 ? batch.seen.map(keyOf) : []);
  const packer = createPacker(batch.objects.length + batch.seen.length);
  let planned = 0;
  for (const [key, { ref, next }] of new Map(batch.objects.map((each) => [keyOf(each.ref), each]))) {
    if (planned++ % stretch === 0) yield;
    const write = writeOf(view, ref, next, stored.get(key) ?? null, at);
    if (write === null) continue;
    writes.push(write);
    names.push(...newNames(view, key, next, stored.get(key) ?? null));
    written.add(key);
    const gone = isGone(next);
    const digest = gone ? null : digestOf(write.content.attributes);
    packer.add({ ref, seen: seen.has(key), staged: true, gone, digest });
  }
  for (const ref of batch.seen) {
    if ((written.size > 0 && written.has(keyOf(ref))) || roster?.packSeen(ref, packer)) continue;
    const text = textIn(stored.get(keyOf(ref)) ?? null, view);
    packer.add({ ref, seen: true, staged: false, gone: false, digest: text === null ? null : digestOf(text) });
  }
  return { writes, names, entries: packer.packed() };
}
