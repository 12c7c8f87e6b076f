/** Whose id an account carries at the target. */

import { isBlank, own } from '../core/attributes.ts';
import { isOurs, type Mark } from '../core/matching.ts';
import { sourceId } from '../model/ids.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Ended } from '../store/ledger.ts';
import type { Stores } from '../store/stores.ts';

/** Whose id it is, by what is on record of the tenant; and where it carries none, whose it was, by what is on record of the target (`ended`). */
export const markOn = async (
  stores: Pick<Stores, 'snapshots' | 'connections' | 'targets' | 'ledger'>,
  record: Pick<TargetRecord, 'id' | 'organization' | 'connection' | 'matching'>,
  ref: Ref,
  remote: RemoteObject,
  ended: readonly Ended[],
): Promise<Mark> => {
  const { connection, matching } = record;
  const mark = idOn(matching, ref, remote);
  if (mark === null) return await markOfLast(stores, record, ref, ended);
  if (isIdOf(mark, ref)) return 'ours';
  const other = { type: ref.type, id: sourceId(mark) };
  const seen = (await stores.snapshots.recall(connection, [other])).get(other.id);
  if (seen === undefined) return (await isLinkedBeside(stores, record, other, remote)) ? 'of_another' : 'unknown';
  return seen.gone === null ? 'of_another' : 'of_a_leaver';
};

/**
 * Many targets keep no id of ours. Whose link named the account last, and ended because the target did not know it for a while, is who has it still: it is
 * not a new person's only because they have the principal name now. Whose link an undo ended never had it.
 */
const markOfLast = async (
  { snapshots, ledger }: Pick<Stores, 'snapshots' | 'ledger'>,
  { id, connection }: Pick<TargetRecord, 'id' | 'connection'>,
  { id: own }: Ref,
  ended: readonly Ended[],
): Promise<Mark> => {
  if (ended.every(({ ref }) => ref.id === own)) return 'none';
  for (const { ref, by } of ended.toSorted((a, b) => b.former.until.getTime() - a.former.until.getTime())) {
    if (ref.id === own) return 'none';
    if (by !== null && (await ledger.entry(id, by))?.cause.why === 'unlinked') continue;
    const seen = (await snapshots.recall(connection, [ref])).get(ref.id);
    return seen?.gone === null ? 'of_another' : 'was_of_a_leaver';
  }
  return 'none';
};

/**
 * Whether another target of the organization has it linked with whose id it carries: the two are one system, and what was made for somebody by the one is
 * nobody else's by the other. By the id at the target alone two systems are not told apart.
 */
const isLinkedBeside = async (
  { connections, targets, ledger }: Pick<Stores, 'connections' | 'targets' | 'ledger'>,
  { id, organization }: Pick<TargetRecord, 'id' | 'organization'>,
  other: Ref,
  { remoteId }: RemoteObject,
): Promise<boolean> => {
  if (!objectId.test(other.id)) return false;
  const { items } = await connections.list({ organizations: [organization] }, null, mostBeside);
  for (const connection of items)
    for (const target of await targets.of(connection.id)) {
      if (target.id === id || target.state === 'deleting') continue;
      const link = (await ledger.links(target.id, [other])).get(other.id);
      if (link?.remoteId === remoteId) return true;
    }
  return false;
};

const mostBeside = 100;

/** Whether the source knows an object now. Whoever is in its recycle bin may be back, and has their account again. */
export type AskKnown = (ref: Ref) => Promise<boolean>;

/**
 * An account with the id of another source object was made for that one, perhaps a moment ago by a create whose answer is open: nobody else takes it,
 * whatever else is the same. An id that is in no snapshot may be of somebody who left, and whose principal name a new person has now; or what another
 * provisioner wrote there before us. Which of these nobody but a person can tell: it is taken where somebody looks at it in a plan (`isLookedAt`). Or it
 * is of somebody out of the scope or in the recycle bin, and then the link tells whose it is. After a restore there may be none: so the source is asked. Of
 * one that carries no id, and was somebody else's when its link ended, the record alone says whose.
 */
export const isMarkedForAnother = async (
  { snapshots }: Pick<Stores, 'snapshots'>,
  { connection, matching }: Pick<TargetRecord, 'connection' | 'matching'>,
  { ref, remote, mark }: { readonly ref: Ref; readonly remote: RemoteObject; readonly mark: Mark },
  isKnown: AskKnown,
  isLookedAt: boolean,
): Promise<boolean> => {
  if (mark === 'none' || mark === 'ours') return false;
  if (!isLookedAt || mark === 'of_another') return true;
  const id = idOn(matching, ref, remote);
  // Anything else is what the target's own people call somebody.
  if (id === null || !objectId.test(id)) return false;
  const { restored } = await snapshots.head(connection);
  return restored !== null && (await isKnown({ type: ref.type, id: sourceId(id) }));
};

/**
 * A group that carries no id of ours, and that we did not make: rights may hang on its name there, which whoever may make groups in the tenant can give to
 * theirs. `ended`: whose it was by links that ended.
 */
export const isUnclaimed = (
  record: Pick<TargetRecord, 'matching'>,
  ref: Ref,
  remote: RemoteObject,
  ended: readonly Ended[],
): boolean =>
  ref.type === 'group' &&
  !carriesMarkOf(record, ref, remote) &&
  ended.find((one) => one.ref.id === ref.id)?.former.by !== 'created';

/** Whether an account carries the id of this very object. */
export const carriesMarkOf = (
  { matching }: Pick<TargetRecord, 'matching'>,
  ref: Ref,
  remote: RemoteObject,
): boolean => {
  const id = idOn(matching, ref, remote);
  return id !== null && isIdOf(id, ref);
};

/**
 * Whether what a target shows by the id of a link is what was linked: it carries the id of this very object; or that of nobody in a directory, and by one of
 * the rules it is known by it is as it was told.
 */
export const isShownAs = ({ matching }: Pick<TargetRecord, 'matching'>, link: Link, remote: RemoteObject): boolean => {
  const id = idOn(matching, link.ref, remote);
  if (id !== null && isIdOf(id, link.ref)) return true;
  return (id === null || !objectId.test(id)) && isOurs(link, remote, matching[link.ref.type]);
};

/** Where the matching says that the id of the source goes; null: nowhere, or nothing is there. */
const idOn = (matching: TargetRecord['matching'], { type }: Ref, { attributes }: RemoteObject): string | null => {
  const rule = matching[type].find(({ from }) => from === 'id');
  const mark = rule === undefined ? null : own(attributes, rule.to);
  return isBlank(mark) ? null : String(mark);
};

/** Ids are GUIDs, and some targets write them in another case. */
const isIdOf = (mark: string, { id }: Ref): boolean => mark.toLowerCase() === id.toLowerCase();

/** The id of an object in a directory is a GUID (https://learn.microsoft.com/graph/api/resources/directoryobject). */
const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
