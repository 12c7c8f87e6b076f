/**
 * Where the roster of a draft is read from. The batches of the last full sync name everybody who was in, with a digest each, so they stay when that is
 * committed; the head says which they are. The batches of the versions since stay too, if they staged any objects: of these nothing is believed.
 * So a roster costs no write of its own, is never older than the head, and a worker that dies leaves the one of the head or the one before.
 */

import type { ConnectionId } from '../../model/ids.ts';
import type { Ref, SourceObject } from '../../model/source-object.ts';
import { type Entry, pack } from './entries.ts';
import { isCommitted, keyOf, presentIn, type View } from './object-documents.ts';
import { gapsIn, type Part, placeOf, type RosterNote, wholePartOf } from './places.ts';
import { createRoster, type Roster } from './roster.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

/** With a full sync a day and a delta sync every minute it is used to the end. */
const mostSince = 2_000;

/** `version` is the committed one, `view` that of the draft. */
export const loadRoster = async (
  stores: SnapshotCollections,
  view: View,
  version: number,
  note: RosterNote | null,
): Promise<Roster> => {
  const { connection, parts } = view;
  const roster = createRoster();
  const { batches } = stores;
  if (note !== null) {
    for await (const entries of batches.entries(connection, note.parts)) roster.take(entries, 'roster');
    const since = { first: placeOf(note.version + 1, 0), last: wholePartOf(version).last };
    for await (const entries of batches.entries(connection, [since])) roster.take(entries, 'since');
  } else if (version > 0) await takeAll(stores, view, roster);
  for await (const entries of batches.entries(connection, parts)) roster.take(entries, 'draft');
  return roster;
};

/** After versions that left no roster behind. */
const takeAll = async ({ objects }: SnapshotCollections, view: View, roster: Roster): Promise<void> => {
  for (const type of ['user', 'group'] as const)
    for await (const refs of objects.committed(view, type)) roster.take(pack(refs.map(unknown)), 'since');
};

const unknown = (ref: Ref): Entry => ({ ref, seen: false, staged: true, gone: false, digest: null });

/** Who is committed, still in and was not shown. What the roster was wrong about is put right in it. */
export async function* unseenObjects(
  { objects }: SnapshotCollections,
  view: View,
  roster: Roster,
): AsyncGenerator<readonly SourceObject[]> {
  for (const refs of inPieces(roster.unseen(), 1_000)) {
    const documents = await objects.documents(view.connection, refs.map(keyOf));
    const unseen: SourceObject[] = [];
    const others: Entry[] = [];
    for (const ref of refs) {
      const document = documents.get(keyOf(ref));
      const [object] = document ? presentIn(document, view) : [];
      if (document && object && isCommitted(document, view.settled)) unseen.push(object);
      else others.push({ ...unknown(ref), seen: object !== undefined, gone: object === undefined });
    }
    roster.take(pack(others), 'draft');
    if (unseen.length > 0) yield unseen;
  }
}

function* inPieces<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let piece: T[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < size) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** The roster after a version that made none. */
export const olderBy = (note: RosterNote | null): RosterNote | null =>
  note === null || note.since >= mostSince ? null : { ...note, since: note.since + 1 };

/** Removes the batches that the version and the rosters after it do not need. Harmless to repeat. */
export const dropBatches = async (
  { batches }: SnapshotCollections,
  connection: ConnectionId,
  version: number,
  parts: readonly Part[],
  note: RosterNote | null,
): Promise<void> => {
  const { last } = wholePartOf(version);
  if (note === null || note.version === version)
    for (const gap of gapsIn(note?.parts ?? [], last)) await batches.drop(connection, gap);
  else for (const part of [...parts, wholePartOf(version)]) await batches.drop(connection, part, 'empty');
};
