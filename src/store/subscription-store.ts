/** The port of subscriptions at Microsoft Graph: which are wanted, which there are, and when each is looked at. */

import type { ConnectionId } from '../model/ids.ts';
import type { Subscription } from '../model/subscription.ts';

export interface SubscriptionStore {
  /** Both resources of a connection are wanted, or not any more; they are looked at at once. */
  want(connection: ConnectionId, wanted: boolean): Promise<void>;
  of(connection: ConnectionId): Promise<readonly Subscription[]>;
  /** Those that Graph knows by these ids. */
  byIds(ids: readonly string[]): Promise<readonly Subscription[]>;
  /** One that is due, for whoever asks first: to others it is due again after `ttlMs`. */
  claim(ttlMs: number): Promise<Subscription | null>;
  /** In place of what there was of this resource, unless somebody has changed their mind about wanting it meanwhile: then that stays. */
  keep(subscription: Subscription): Promise<void>;
  /** It is looked at at once. `renew`: as if it ended soon. `gone`: Graph does not have it any more. */
  hasten(subscription: Subscription, how: 'renew' | 'gone'): Promise<void>;
  /** It was ended, and is forgotten unless somebody wants it again. */
  forget(subscription: Pick<Subscription, 'connection' | 'resource'>): Promise<void>;
  erase(connection: ConnectionId): Promise<void>;
}
