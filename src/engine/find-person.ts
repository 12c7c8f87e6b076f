/** Finds who is meant by a user principal name, a mail, an employee id, an object id, or the id at a target; also who left. */

import { namedBy } from '../core/names.ts';
import type { FoundBy } from '../model/explanation.ts';
import { type ConnectionId, remoteId, sourceId } from '../model/ids.ts';
import { group, type Ref, type Remembered, user } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';

export type Hit = { readonly seen: Remembered; readonly by: FoundBy };

/** More people than this of one name are no answer to anybody. */
export const mostHits = 20;

/** At most `mostHits`. An object id names one object and nothing else. */
export const findPerson = async (
  stores: Pick<Stores, 'snapshots' | 'ledger'>,
  connection: ConnectionId,
  targets: readonly TargetRecord[],
  text: string,
): Promise<readonly Hit[]> => {
  const id = sourceId(text);
  const [exact] = (await stores.snapshots.recall(connection, [user(id), group(id)])).values();
  if (exact !== undefined) return [{ seen: exact, by: 'object_id' }];
  const named = await stores.snapshots.named(connection, text, mostHits);
  const hits = new Map(named.map((seen): [string, Hit] => [seen.object.ref.id, { seen, by: byOf(seen, text) }]));
  for (const seen of await ownersOf(stores, connection, targets, text))
    if (!hits.has(seen.object.ref.id)) hits.set(seen.object.ref.id, { seen, by: 'remote_id' });
  return [...hits.values()].slice(0, mostHits);
};

const byOf = ({ object }: Remembered, text: string): FoundBy => namedBy(object, text) ?? 'object_id';

const ownersOf = async (
  { snapshots, ledger }: Pick<Stores, 'snapshots' | 'ledger'>,
  connection: ConnectionId,
  targets: readonly TargetRecord[],
  text: string,
): Promise<readonly Remembered[]> => {
  const owners: Ref[] = [];
  for (const { id } of targets) owners.push(...(await ledger.ownersOf(id, remoteId(text))));
  return owners.length === 0 ? [] : [...(await snapshots.recall(connection, owners)).values()];
};
