/**
 * What was handed out within a reach. The brand is put on where a record was looked up within the reach of whoever calls (`stores-within.ts`), and
 * nowhere else: an id that stands in a request lacks it, and opens nothing.
 */

import type { ConnectionId, OrganizationId, PlanId, RunId, TargetId, WebhookId } from '../model/ids.ts';

declare const reached: unique symbol;
export type Reached<Id> = Id & { readonly [reached]: true };

/** Ids that open what is kept. */
type Key = OrganizationId | ConnectionId | TargetId | RunId | PlanId | WebhookId;

/** The same record; its ids open what else is kept of it. */
export type Within<R> = R extends object
  ? { readonly [Field in keyof R]: R[Field] extends Key ? Reached<R[Field]> : R[Field] }
  : never;

/** Some methods of a port, opened by what was handed out alone. */
export type Opened<Port, Name extends keyof Port> = {
  readonly [Method in Name]: Port[Method] extends (key: infer K, ...rest: infer Rest) => infer Answer
    ? (key: K extends Key ? Reached<K> : Within<K>, ...rest: Rest) => Answer
    : never;
};
