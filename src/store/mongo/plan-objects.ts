/** What a batch does to objects: what is to be written, and what is to be noted of each of them. Pure. */

import { isGone, type Ref } from '../../model/source-object.ts';
import type { Batch } from '../snapshot-store.ts';
import { type Digest, digestOf } from './attributes-json.ts';
import { type Entries, type Entry, pack } from './entries.ts';
import type { Named } from './names.ts';
import { keyOf, newNames, type ObjectDocument, type ObjectWrite, textIn, type View, writeOf } from './objects.ts';
import type { Roster } from './roster.ts';

export type PlannedObjects = {
  readonly writes: readonly ObjectWrite[];
  readonly entries: Entries;
  readonly names: readonly Named[];
};

/** `stored`: the documents of these objects as they are; of those that were only seen it need not know. */
export const planObjects = (
  view: View,
  batch: Batch,
  stored: ReadonlyMap<string, ObjectDocument | null>,
  roster: Roster | null,
): PlannedObjects => {
  const seen = new Map(batch.seen.map((ref) => [keyOf(ref), ref]));
  const writes: ObjectWrite[] = [];
  const entries: Entry[] = [];
  const names: Named[] = [];
  for (const [key, { ref, next }] of new Map(batch.objects.map((each) => [keyOf(each.ref), each]))) {
    const write = writeOf(view, ref, next, stored.get(key) ?? null);
    if (write === null) continue;
    const gone = isGone(next);
    writes.push(write);
    names.push(...newNames(view, key, next, stored.get(key) ?? null));
    entries.push({
      ref,
      seen: seen.delete(key),
      staged: true,
      gone,
      digest: gone ? null : digestOf(write.content.attributes),
    });
  }
  const digest = (key: string, ref: Ref): Digest | null => {
    const text = textIn(stored.get(key) ?? null, view);
    return roster?.digestOf(ref) ?? (text === null ? null : digestOf(text));
  };
  for (const [key, ref] of seen)
    entries.push({ ref, seen: true, staged: false, gone: false, digest: digest(key, ref) });
  return { writes, entries: pack(entries), names };
};
