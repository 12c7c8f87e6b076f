/** Questions about what is stored of a tenant: its people, groups and changes as of the last committed version. */

import { type ChangePlace, isBefore, type RecordedChange } from '../model/change.ts';
import type { Connection } from '../model/connection.ts';
import type { ConnectionId, SourceId } from '../model/ids.ts';
import { group as groupRef, type ObjectType, type Ref, type SourceObject } from '../model/source-object.ts';
import type { Page } from '../store/snapshot-store.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';

export const snapshotQueries = (room: Room) => {
  const { connections, snapshots } = room.stores;

  const get = async (id: ConnectionId): Promise<Within<Connection>> => found(await connections.get(id), 'connection');

  const page = async (id: ConnectionId, type: ObjectType, after: string | null, limit: number) => {
    return snapshots.page((await get(id)).id, type, after, limit);
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
      const connection = await get(id);
      found((await snapshots.find(connection.id, [groupRef(group)])).get(group), 'group');
      return nextOf(snapshots.members(connection.id, group), after, limit);
    },

    /**
     * Committed changes after a place, oldest first, and the place after them. `oldest`: from the first that is kept; `now`: none, but the place from which
     * on nothing is missed.
     */
    async readChanges(id: ConnectionId, from: ChangePlace | 'oldest' | 'now', limit: number): Promise<ChangesRead> {
      const connection = await get(id);
      if (from === 'now')
        return {
          items: [],
          hasMore: false,
          place: { version: (await snapshots.head(connection.id)).version, sequence: afterAll },
        };
      const after = from === 'oldest' ? null : from;
      const { items, hasMore, pruned } = await snapshots.changesPage(connection.id, after, limit);
      if (after !== null && pruned !== null && isBefore(after, pruned)) throw tooOld(pruned);
      const last = items.at(-1) ?? after ?? pruned ?? { version: 0, sequence: 0 };
      return { items, hasMore, place: { version: last.version, sequence: last.sequence } };
    },
  };
};

export type ChangesRead = {
  readonly items: readonly RecordedChange[];
  readonly hasMore: boolean;
  readonly place: ChangePlace;
};

/** More than a version has changes. */
const afterAll = 9_999_999_999;

const tooOld = ({ version }: ChangePlace): Refused =>
  new Refused(
    'cursor_too_old',
    `The changes up to version ${version} are not kept any more, and some of them come after this cursor. Take a cursor from now on (from=now), then read users and groups as they are.`,
  );

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
