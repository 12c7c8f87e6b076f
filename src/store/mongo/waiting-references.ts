/** The collection of references that are not yet as wanted, `_id` = target|owner type|owner|to|path. */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { type SourceId, sourceId, type TargetId } from '../../model/ids.ts';
import type { WaitingReference } from '../../model/operation.ts';
import type { ObjectType, Ref } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { deleteFenced, type Fenced, writeFenced } from './fenced-writes.ts';
import { keyset, startsWith } from './keyset.ts';

type WaitingDocument = Fenced & {
  readonly target: string;
  readonly ownerType: ObjectType;
  readonly owner: string;
  readonly path: string;
  readonly to: string;
  readonly want: WaitingReference['want'];
  /** Absent in what earlier versions wrote. */
  readonly version?: number | null;
};

export const name = 'waiting_references';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { target: 1, to: 1, _id: 1 } },
  { key: { target: 1, owner: 1, _id: 1 } },
];

/** How many ids one question names. */
const questionSize = 500;

export const createWaitingReferences = (db: Db) => {
  const collection = db.collection<WaitingDocument>(name);

  /** Those whose `field` is one of the ids, in the order of the index. */
  async function* having(
    target: TargetId,
    field: 'to' | 'owner',
    ids: readonly SourceId[],
  ): AsyncGenerator<readonly WaitingReference[]> {
    for (const batch of batches([...new Set(ids)], questionSize)) {
      const pages = keyset<WaitingDocument>((last, limit) =>
        collection
          .find({ target, [field]: { $in: [...batch] }, ...(last ? after(field, last) : {}) })
          .sort({ [field]: 1, _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.map(referenceOf);
    }
  }

  return {
    /** Of these owners, and to them. */
    forget: async (target: TargetId, people: readonly SourceId[]): Promise<void> => {
      for (const batch of batches(people, questionSize))
        await collection.deleteMany({ target, $or: [{ to: { $in: [...batch] } }, { owner: { $in: [...batch] } }] });
    },
    write: (lease: Lease, references: readonly WaitingReference[]): Promise<void> => {
      const writes = references.map((reference) => ({
        id: idOf(lease.key, reference),
        set: {
          target: lease.key,
          ownerType: reference.owner.type,
          owner: reference.owner.id,
          path: reference.path,
          to: reference.to,
          want: reference.want,
          version: reference.version ?? null,
        },
        fresh: true,
      }));
      // The last want of a reference counts, and an unordered bulk has no last.
      return writeFenced(db, name, lease, [...new Map(writes.map((write) => [write.id, write])).values()]);
    },
    on: (target: TargetId, to: readonly SourceId[]) => having(target, 'to', to),
    of: (target: TargetId, owners: readonly Ref[]) =>
      having(
        target,
        'owner',
        owners.map(({ id }) => id),
      ),
    remove: (lease: Lease, references: readonly WaitingReference[]): Promise<void> =>
      deleteFenced(
        db,
        name,
        lease,
        references.map((reference) => idOf(lease.key, reference)),
      ),
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const idOf = (target: string, { owner, path, to }: WaitingReference): string =>
  `${target}|${owner.type}|${owner.id}|${to}|${path}`;

const after = (field: 'to' | 'owner', last: WaitingDocument) => ({
  $or: [{ [field]: { $gt: last[field] } }, { [field]: last[field], _id: { $gt: last._id } }],
});

const referenceOf = ({ ownerType, owner, path, to, want, version }: WaitingDocument): WaitingReference => ({
  owner: { type: ownerType, id: sourceId(owner) },
  path,
  to: sourceId(to),
  want,
  ...(version == null ? {} : { version }),
});
