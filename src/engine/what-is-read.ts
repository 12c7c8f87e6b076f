/** What is read of a tenant, said once: for the sync, for every check of the connection, and for what a customer is asked to grant. */

import { attributesToRead } from '../core/read-attributes.ts';
import type { Connection } from '../model/connection.ts';
import type { Subscription } from '../model/subscription.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { type Guarding, guardedNow } from './in-force.ts';

/** The connection with those of its attributes that its targets need, and what they protect somebody by, whether or not it is named. */
export const asRead = <C extends Pick<Connection, 'attributes'>>(
  guarding: Guarding,
  connection: C,
  targets: readonly TargetRecord[],
): C => ({
  ...connection,
  attributes: attributesToRead(
    connection.attributes,
    targets.map((target) => guardedNow(guarding, target)),
  ),
});

/** Whether Graph is to say when something changes, which takes a permission that reading does not. */
export const isWatched = (subscriptions: readonly Subscription[]): boolean =>
  subscriptions.some(({ wanted }) => wanted);
