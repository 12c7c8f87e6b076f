/**
 * The collection of versions, `_id` = connection|version: written before the head moves to it, so that whoever comes after a crash knows what belongs
 * to that version. `committed` is set once everything staged for it was rolled forward: one that never was committed never gets it.
 */

import { type ConnectionId, runId } from '../../model/ids.ts';
import type { ReadKind } from '../../model/operation.ts';
import type { Committer, SnapshotStore } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { startsWith } from './keyset.ts';
import type { Part } from './places.ts';

type VersionDocument = {
  readonly _id: string;
  readonly version: number;
  readonly parts: readonly Part[];
  readonly at: Date;
  readonly committed: boolean;
  /** Absent where nobody said so, as before it was kept. */
  readonly by?: { readonly run: string; readonly kind: ReadKind };
};

const name = 'versions';

export const createVersions = (db: Db) => {
  const collection = db.collection<VersionDocument>(name);
  return {
    note: async (
      connection: ConnectionId,
      version: number,
      { parts, at, by }: { readonly parts: readonly Part[]; readonly at: Date; readonly by: Committer | undefined },
    ): Promise<void> => {
      const noted = { _id: idOf(connection, version), version, parts, at, committed: false };
      await collection.insertOne(by === undefined ? noted : { ...noted, by });
    },
    lastBy: async (connection: ConnectionId, through: number): ReturnType<SnapshotStore['committedBy']> => {
      const range = { $gt: `${connection}|`, $lte: idOf(connection, through) };
      // Of others it is not known from here whether they were committed.
      const noted = await collection.findOne(
        { _id: range, $or: [{ _id: idOf(connection, through) }, { committed: true }] },
        { projection: { version: 1, by: 1, at: 1 }, sort: { _id: -1 } },
      );
      if (noted?.by === undefined) return null;
      return { version: noted.version, run: runId(noted.by.run), kind: noted.by.kind, at: noted.at };
    },
    parts: async (connection: ConnectionId, version: number): Promise<readonly Part[]> => {
      const noted = await collection.findOne({ _id: idOf(connection, version) }, { projection: { parts: 1 } });
      return noted?.parts ?? [];
    },
    committed: async (connection: ConnectionId, version: number): Promise<void> => {
      await collection.updateOne({ _id: idOf(connection, version) }, { $set: { committed: true } });
    },
    /** Which of these were committed. */
    whichCommitted: async (connection: ConnectionId, versions: readonly number[]): Promise<ReadonlySet<number>> => {
      const found = await collection
        .find({ _id: { $in: versions.map((version) => idOf(connection, version)) }, committed: true })
        .toArray();
      return new Set(found.map(({ version }) => version));
    },
    /** Removes the notes up to a version, but not those that are still needed to roll it forward. */
    prune: async (connection: ConnectionId, through: number, head: number): Promise<void> => {
      const range = { $gt: `${connection}|`, $lte: idOf(connection, through) };
      await collection.deleteMany({ _id: { ...range, $ne: idOf(connection, head) } });
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Versions = ReturnType<typeof createVersions>;

const idOf = (connection: ConnectionId, version: number): string =>
  `${connection}|${String(version).padStart(10, '0')}`;
