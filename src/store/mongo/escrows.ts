/** The collection of escrows, `_id` = target|type|source id: objects whose operation failed. */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import type { HeldEscrow } from '../../core/escrow-ladder.ts';
import { type SourceId, sourceId, type TargetId } from '../../model/ids.ts';
import type { Escrow } from '../../model/operation.ts';
import type { ObjectType, Ref } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { EscrowState, Which } from '../ledger.ts';
import type { Page } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { batchSize, deleteFenced, type Fenced, writeFenced } from './fenced-writes.ts';
import { keyset, startsWith } from './keyset.ts';

type EscrowDocument = Fenced &
  Omit<Escrow, 'ref'> & {
    readonly target: string;
    readonly type: ObjectType;
    readonly id: string;
    readonly by: HeldEscrow['by'];
  };

export const name = 'escrows';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { target: 1, dueAt: 1, _id: 1 } }];

export const createEscrows = (db: Db) => {
  const collection = db.collection<EscrowDocument>(name);

  return {
    forget: async (target: TargetId, ref: Ref): Promise<void> => {
      await collection.deleteOne({ _id: idOf(target, ref) });
    },
    find: async (target: TargetId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, HeldEscrow>> => {
      const found = new Map<SourceId, HeldEscrow>();
      for (const batch of batches(refs, batchSize)) {
        const documents = await collection.find({ _id: { $in: batch.map((ref) => idOf(target, ref)) } }).toArray();
        for (const held of documents.map(heldOf)) found.set(held.escrow.ref.id, held);
      }
      return found;
    },
    write: (lease: Lease, held: readonly HeldEscrow[]): Promise<void> =>
      writeFenced(
        db,
        name,
        lease,
        held.map(({ escrow: { ref, ...rest }, by }) => ({
          id: idOf(lease.key, ref),
          set: { target: lease.key, type: ref.type, id: ref.id, ...rest, by },
          fresh: rest.attempts === 1,
        })),
      ),
    remove: (lease: Lease, refs: readonly Ref[]): Promise<void> =>
      deleteFenced(
        db,
        name,
        lease,
        refs.map((ref) => idOf(lease.key, ref)),
      ),
    async *due(target: TargetId, now: Date): AsyncGenerator<readonly Escrow[]> {
      const pages = keyset<EscrowDocument>((last, limit) =>
        collection
          .find({ target, dueAt: { $lte: now }, ...(last ? after(last) : {}) })
          .sort({ dueAt: 1, _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.map(escrowOf);
    },
    page: async (
      target: TargetId,
      cursor: string | null,
      limit: number,
      state: EscrowState | null,
    ): Promise<Page<Escrow>> => {
      const all = startsWith(`${target}|`);
      const inState = state === null ? {} : { dueAt: state === 'given_up' ? null : { $ne: null } };
      const found = await collection
        .find({ _id: cursor === null ? all : { ...all, $gt: `${target}|${cursor}` }, ...inState })
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray();
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(escrowOf),
        next: last && found.length > limit ? last._id.slice(target.length + 1) : null,
      };
    },
    retry: async (target: TargetId, which: Which, now: Date): Promise<number> => {
      const some = 'ids' in which ? which.ids.flatMap((id) => types.map((type) => idOf(target, { type, id }))) : null;
      const ofReason = 'reason' in which && which.reason !== null ? { reason: which.reason } : {};
      const { matchedCount } = await collection.updateMany(
        { _id: some === null ? startsWith(`${target}|`) : { $in: some }, ...ofReason },
        { $set: { dueAt: now } },
      );
      return matchedCount;
    },
    count: (target: TargetId): Promise<number> => collection.countDocuments({ target }),
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const types = ['user', 'group'] as const;
const idOf = (target: string, ref: Ref): string => `${target}|${ref.type}|${ref.id}`;

const after = (last: EscrowDocument) => ({
  $or: [{ dueAt: { $gt: last.dueAt } }, { dueAt: last.dueAt, _id: { $gt: last._id } }],
});

const escrowOf = ({ type, id, reason, detail, attempts, since, dueAt }: EscrowDocument): Escrow => ({
  ref: { type, id: sourceId(id) },
  reason,
  detail,
  attempts,
  since,
  dueAt,
});
const heldOf = (document: EscrowDocument): HeldEscrow => ({ escrow: escrowOf(document), by: document.by });
