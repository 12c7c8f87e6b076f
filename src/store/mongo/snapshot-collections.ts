/** The collections a snapshot is made of. */

import type { ConnectionId } from '../../model/ids.ts';
import { type Batches, createBatches } from './batches.ts';
import { type Changes, createChanges } from './changes.ts';
import type { Db } from './connect.ts';
import { createHeads, type Heads } from './heads.ts';
import { createLayouts, type Layouts } from './layouts.ts';
import { createMembers, type MembersCollection } from './members.ts';
import { createNames, type Names } from './names.ts';
import { createObjects, type Objects } from './objects.ts';
import { createVersions, type Versions } from './versions.ts';

export type SnapshotCollections = {
  readonly heads: Heads;
  readonly objects: Objects;
  readonly names: Names;
  readonly members: MembersCollection;
  readonly layouts: Layouts;
  readonly batches: Batches;
  readonly versions: Versions;
  readonly changes: Changes;
};

export const snapshotCollections = (db: Db): SnapshotCollections => {
  const layouts = createLayouts(db);
  const versions = createVersions(db);
  return {
    heads: createHeads(db),
    objects: createObjects(db),
    names: createNames(db),
    members: createMembers(db, layouts),
    layouts,
    batches: createBatches(db),
    versions,
    changes: createChanges(db, versions),
  };
};

/** The head goes first: from then on nobody reads the rest, and no draft that is open can commit. */
export const eraseSnapshot = async (collections: SnapshotCollections, connection: ConnectionId): Promise<void> => {
  const { heads, objects, names, members, layouts, batches, versions, changes } = collections;
  for (const collection of [heads, changes, versions, batches, members, layouts, names, objects])
    await collection.erase(connection);
};
