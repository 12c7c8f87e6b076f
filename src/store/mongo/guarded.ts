/** The collection of who is in protected groups, `_id` = target|group. One document per group: they are few, and written when somebody comes or goes. */

import { type SourceId, sourceId, type TargetId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { deleteFenced, type Fenced, writeFenced } from './fenced-writes.ts';
import { startsWith } from './keyset.ts';

type GuardedDocument = Fenced & { readonly users: readonly string[]; readonly groups: readonly string[] };

export const name = 'guarded';

export const createGuarded = (db: Db) => {
  const collection = db.collection<GuardedDocument>(name);
  const of = async (target: string): Promise<readonly GuardedDocument[]> =>
    collection.find({ _id: startsWith(`${target}|`) }).toArray();

  return {
    of: async (target: TargetId): Promise<ReadonlyMap<SourceId, readonly Ref[]>> =>
      new Map((await of(target)).map((document) => [groupIn(document), membersIn(document)])),
    note: async (lease: Lease, groups: ReadonlyMap<SourceId, readonly Ref[]>): Promise<void> => {
      const idsOf = (members: readonly Ref[], type: Ref['type']) =>
        members.flatMap((ref) => (ref.type === type ? [ref.id] : []));
      const writes = [...groups].map(([group, members]) => ({
        id: `${lease.key}|${group}`,
        set: { users: idsOf(members, 'user'), groups: idsOf(members, 'group') },
        fresh: false,
      }));
      await writeFenced(db, name, lease, writes);
      const others = (await of(lease.key)).filter((document) => !groups.has(groupIn(document)));
      await deleteFenced(
        db,
        name,
        lease,
        others.map(({ _id }) => _id),
      );
    },
    forget: async (target: TargetId, people: readonly SourceId[]): Promise<void> => {
      const users = { $in: [...people] };
      await collection.updateMany({ _id: startsWith(`${target}|`), users }, { $pull: { users } });
    },
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const groupIn = ({ _id }: GuardedDocument): SourceId => sourceId(_id.slice(_id.indexOf('|') + 1));

const membersIn = ({ users, groups }: GuardedDocument): readonly Ref[] =>
  [
    ...users.map((id): Ref => ({ type: 'user', id: sourceId(id) })),
    ...groups.map((id): Ref => ({ type: 'group', id: sourceId(id) })),
  ].toSorted((a, b) => (a.id < b.id ? -1 : 1));
