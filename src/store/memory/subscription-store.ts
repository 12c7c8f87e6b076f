/** Subscriptions, in memory. */

import type { ConnectionId } from '../../model/ids.ts';
import { type Subscription, watchedResources } from '../../model/subscription.ts';
import type { SubscriptionStore } from '../subscription-store.ts';

export const createMemorySubscriptionStore = (now: () => Date): SubscriptionStore => {
  const rows = new Map<string, Subscription>();
  const all = () => [...rows.values()];
  const edit = (key: Pick<Subscription, 'connection' | 'resource'>, change: Partial<Subscription>): void => {
    const row = rows.get(keyOf(key));
    if (row !== undefined) rows.set(keyOf(key), { ...row, ...change });
  };
  return {
    want: async (connection, wanted) => {
      for (const resource of watchedResources) {
        const row = rows.get(keyOf({ connection, resource }));
        if (row === undefined && !wanted) continue;
        rows.set(keyOf({ connection, resource }), { ...(row ?? fresh(connection, resource)), wanted, tendAt: now() });
      }
    },
    of: async (connection) => all().filter((one) => one.connection === connection),
    byIds: async (ids) => all().filter(({ held }) => held !== null && ids.includes(held.id)),
    claim: async (ttlMs) => {
      const at = now();
      const [due] = all()
        .filter(({ tendAt }) => tendAt <= at)
        .toSorted((one, other) => one.tendAt.getTime() - other.tendAt.getTime());
      if (due === undefined) return null;
      edit(due, { tendAt: new Date(at.getTime() + ttlMs) });
      return due;
    },
    keep: async ({ wanted, ...rest }) => {
      const isMeant = rows.get(keyOf(rest))?.wanted === wanted;
      edit(rest, isMeant ? rest : { held: rest.held });
    },
    hasten: async (one, how) => {
      const { held } = one;
      edit(one, { tendAt: now(), held: how === 'gone' || held === null ? null : { ...held, expiresAt: soon(now()) } });
    },
    forget: async (key) => {
      if (rows.get(keyOf(key))?.wanted === true) edit(key, { held: null, tendAt: now() });
      else rows.delete(keyOf(key));
    },
    erase: async (connection) => {
      for (const one of all()) if (one.connection === connection) rows.delete(keyOf(one));
    },
  };
};

/** Within the time in which one is renewed. */
const soon = (now: Date): Date => new Date(now.getTime() + 86_400_000);

const keyOf = ({ connection, resource }: Pick<Subscription, 'connection' | 'resource'>): string =>
  `${connection}|${resource}`;

const fresh = (
  connection: ConnectionId,
  resource: Subscription['resource'],
): Omit<Subscription, 'wanted' | 'tendAt'> => ({
  connection,
  resource,
  held: null,
  problem: null,
  failures: 0,
});
