/** The collection of layouts, `_id` = connection|group: over how many buckets a group's members are spread. Most groups have one, and no document. */

import { batches } from '../../core/batches.ts';
import { type ConnectionId, type SourceId, sourceId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { startsWith } from './keyset.ts';
import type { View } from './object-documents.ts';
import type { Staging } from './places.ts';
import { effectiveIn, type Slotted, slots } from './slots.ts';

type LayoutDocument = Slotted<{ readonly buckets: number }>;

const name = 'layouts';

export const createLayouts = (db: Db) => {
  const collection = db.collection<LayoutDocument>(name);
  const { stage, ...written } = slots(db, name);

  const documents = async (
    connection: ConnectionId,
    groups: readonly SourceId[],
  ): Promise<readonly LayoutDocument[]> => {
    const found: LayoutDocument[] = [];
    for (const batch of batches(groups, 1_000))
      found.push(
        ...(await collection.find({ _id: { $in: batch.map((group) => `${connection}|${group}`) } }).toArray()),
      );
    return found;
  };

  return {
    ...written,
    /** How many buckets these groups have, for those that have more than one. */
    of: async (view: View, groups: readonly SourceId[]): Promise<ReadonlyMap<SourceId, number>> =>
      new Map(
        (await documents(view.connection, groups)).flatMap((document) => {
          const slot = effectiveIn(document, view);
          return slot ? [[groupIn(document._id), slot.buckets]] : [];
        }),
      ),
    stage: async (connection: ConnectionId, group: SourceId, buckets: number, staging: Staging): Promise<void> => {
      const [existing = null] = await documents(connection, [group]);
      await stage([{ id: `${connection}|${group}`, existing, content: { buckets } }], staging);
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Layouts = ReturnType<typeof createLayouts>;

const groupIn = (id: string): SourceId => sourceId(id.slice(id.indexOf('|') + 1));
