/** What everybody knows and holds in the end, for whoever reads the trace. */

import { sourceId } from '../../src/model/ids.ts';
import { group, user } from '../../src/model/source-object.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Customer } from './customer.ts';
import type { Stage } from './process.ts';

export const describeEnd = async ({ trace }: Stage, stores: Stores, customer: Customer): Promise<void> => {
  const { target, remote, connection, directory } = customer;
  const say = (what: string, fact: unknown): void => trace.tell(target.name, what, JSON.stringify(fact));
  const record = await stores.targets.get(target.id);
  say('is told', [record?.deprovision, record?.leftGroups, customer.scopes.at(-1)?.scope, record?.protected]);
  const refs = [
    ...[...directory.truth().people.keys()].map((id) => user(sourceId(id))),
    ...[...directory.truth().groups.keys()].map((id) => group(sourceId(id))),
  ];
  const known = await stores.snapshots.recall(connection.id, refs);
  const links = await stores.ledger.links(target.id, refs);
  for (const { id } of refs)
    say('knows', [id, known.get(id)?.gone ?? known.get(id)?.object.attributes ?? null, links.get(id) ?? null]);
  for (const { stamp: _stamp, members, ...object } of remote.objects())
    say('holds', { ...object, members: [...members] });
  const { items } = await stores.ledger.escrows(target.id, null, 1_000);
  for (const escrow of items) say('has in escrow', escrow);
};
