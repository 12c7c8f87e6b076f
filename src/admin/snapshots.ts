/** Questions about what is stored of a tenant: its people, groups and changes as of the last committed version. */

import type { RecordedChange } from '../model/change.ts';
import type { ConnectionId, SourceId } from '../model/ids.ts';
import { group as groupRef, type ObjectType, type Ref, type SourceObject } from '../model/source-object.ts';
import type { Page } from '../store/snapshot-store.ts';
import { found } from './refused.ts';
import type { Room } from './room.ts';

export const snapshotQueries = (room: Room) => {
  const { connections, snapshots } = room.stores;

  const page = async (id: ConnectionId, type: ObjectType, after: string | null, limit: number) => {
    found(await connections.get(id), 'connection');
    return snapshots.page(id, type, after, limit);
  };

  return {
    listUsers(id: ConnectionId, after: string | null, limit: number): Promise<Page<SourceObject>> {
      return page(id, 'user', after, limit);
    },

    listGroups(id: ConnectionId, after: string | null, limit: number): Promise<Page<SourceObject>> {
      return page(id, 'group', after, limit);
    },

    /** Effective members of a group, in id order. */
    async listMembers(id: ConnectionId, group: SourceId, after: string | null, limit: number): Promise<Page<Ref>> {
      found(await connections.get(id), 'connection');
      found((await snapshots.find(id, [groupRef(group)])).get(group), 'group');
      return nextOf(snapshots.members(id, group), after, limit);
    },

    /** Committed changes, oldest first. */
    async listChanges(id: ConnectionId, after: string | null, limit: number): Promise<Page<RecordedChange>> {
      found(await connections.get(id), 'connection');
      return snapshots.changesPage(id, after, limit);
    },
  };
};

/** The members that follow `after`. They are streamed in no order, so the smallest ids are kept: memory stays small for a group of a million. */
const nextOf = async (
  batches: AsyncIterable<readonly Ref[]>,
  after: string | null,
  limit: number,
): Promise<Page<Ref>> => {
  let kept: Ref[] = [];
  for await (const batch of batches) {
    kept.push(...batch.filter((ref) => after === null || ref.id > after));
    if (kept.length > 10 * limit) kept = smallest(kept, limit + 1);
  }
  const items = smallest(kept, limit + 1);
  return { items: items.slice(0, limit), next: items.length > limit ? (items[limit - 1]?.id ?? null) : null };
};

const smallest = (refs: readonly Ref[], limit: number): Ref[] =>
  refs.toSorted((left, right) => (left.id < right.id ? -1 : 1)).slice(0, limit);
