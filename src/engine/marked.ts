/** Whose id an account carries at the target. */

import { own } from '../core/attributes.ts';
import { sourceId } from '../model/ids.ts';
import type { RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';

/**
 * An account with the id of another source object was made for that one, perhaps a moment ago by a create whose answer is open: nobody else takes it,
 * whatever else is the same. Whose id is in no snapshot any more has left, as somebody has who was entered anew.
 */
export const isMarkedForAnother = async (
  { snapshots }: Pick<Stores, 'snapshots'>,
  { connection, matching }: Pick<TargetRecord, 'connection' | 'matching'>,
  ref: Ref,
  remote: RemoteObject,
): Promise<boolean> => {
  const mark = matching[ref.type].find(({ from }) => from === 'id');
  const owner = mark === undefined ? null : own(remote.attributes, mark.to);
  if (typeof owner !== 'string' || sourceId(owner) === ref.id) return false;
  const other = { type: ref.type, id: sourceId(owner) };
  return (await snapshots.find(connection, [other])).has(other.id);
};
