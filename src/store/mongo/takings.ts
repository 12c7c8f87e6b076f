/**
 * The collection of takings, `_id` = target|time|operation key: which intents count against a limit of their target, in the order of time, so that
 * what a day took can be read without an index on every intent. Whether one took anything is answered by its intent and outcome alone; a taking is
 * written before its intent, so none is missed.
 */

import type { Counted } from '../../core/guard.ts';
import { type OperationKey, operationKey, type SourceId, sourceId, type TargetId } from '../../model/ids.ts';
import type { Action, Cause, Operation } from '../../model/operation.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { type Fenced, insertMissing } from './fenced-writes.ts';
import { keyset, startsWith } from './keyset.ts';

type TakingDocument = Fenced & {
  readonly key: string;
  readonly action: Action;
  /** Absent from what was written before groups were counted apart. */
  readonly type?: ObjectType;
  readonly why: Cause['why'];
  readonly group: string;
  readonly members: number;
};
export type Taking = Counted & { readonly key: OperationKey };

export const name = 'takings';

export const createTakings = (db: Db, now: () => Date) => {
  const collection = db.collection<TakingDocument>(name);

  return {
    add: async (
      lease: Lease,
      intents: readonly { readonly operation: Operation; readonly cause: Cause }[],
    ): Promise<void> => {
      const documents = intents.map(({ operation: { key, action, ref, ...rest }, cause }) => ({
        _id: `${lease.key}|${now().toISOString()}|${key}`,
        f: lease.fence,
        key,
        action,
        type: ref.type,
        why: cause.why,
        group: ref.id,
        members: 'members' in rest ? rest.members.length : 0,
      }));
      await insertMissing(db, name, documents);
    },
    async *since(target: TargetId, since: Date): AsyncGenerator<readonly Taking[]> {
      const all = { ...startsWith(`${target}|`), $gte: `${target}|${since.toISOString()}` };
      const pages = keyset<TakingDocument>((last, limit) =>
        collection
          .find({ _id: last ? { ...all, $gt: last._id } : all })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.map(takingOf);
    },
    forget: async (target: TargetId, person: SourceId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`), group: person });
    },
    prune: async (target: TargetId, before: Date): Promise<void> => {
      await collection.deleteMany({ _id: { $gte: `${target}|`, $lt: `${target}|${before.toISOString()}` } });
    },
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const takingOf = ({ key, action, type = 'user', why, group, members }: TakingDocument): Taking => ({
  key: operationKey(key),
  action,
  type,
  why,
  group: sourceId(group),
  members,
});
