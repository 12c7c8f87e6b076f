/** What every store of subscriptions promises. */

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConnectionId, connectionId } from '../../src/model/ids.ts';
import type { Subscription } from '../../src/model/subscription.ts';
import { newId } from '../../src/store/ids.ts';
import type { SubscriptionStore } from '../../src/store/subscription-store.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const after = (ms: number): Date => new Date(start.getTime() + ms);

export const subscriptionStoreContract = (open: (now: () => Date) => Promise<SubscriptionStore>): void => {
  let subscriptions: SubscriptionStore;
  let connection: ConnectionId;
  const clock = { now: start };
  beforeAll(async () => {
    subscriptions = await open(() => clock.now);
  });
  beforeEach(async () => {
    clock.now = start;
    connection = connectionId(newId('con'));
    // Whatever other tests left due.
    while ((await subscriptions.claim(10 * 86_400_000)) !== null);
  });

  const claimed = async (): Promise<Subscription> => {
    const one = await subscriptions.claim(60_000);
    if (one === null) throw new Error('Nothing is due.');
    return one;
  };
  const held = (id: string) => ({ id, digest: 'd'.repeat(64), expiresAt: after(28 * 86_400_000) });

  describe('subscriptions', () => {
    it('are wanted for both resources, and due at once', async () => {
      await subscriptions.want(connection, true);
      await subscriptions.want(connection, true);
      const all = await subscriptions.of(connection);
      expect(all.map(({ resource }) => resource).toSorted()).toEqual(['groups', 'users']);
      expect(all[0]).toEqual({
        connection,
        resource: all[0]?.resource,
        wanted: true,
        held: null,
        problem: null,
        failures: 0,
        tendAt: start,
      });
      expect(await subscriptions.of(connectionId('con_other'))).toEqual([]);
    });

    it('that nobody wanted are not there when they are not wanted any more', async () => {
      await subscriptions.want(connection, false);
      expect(await subscriptions.of(connection)).toEqual([]);
    });

    it('are given to one who asks, and to others again after a while', async () => {
      await subscriptions.want(connection, true);
      const [one, other] = [await claimed(), await claimed()];
      expect(new Set([one.resource, other.resource]).size).toBe(2);
      expect(await subscriptions.claim(60_000)).toBeNull();
      clock.now = after(60_000);
      expect(await subscriptions.claim(60_000)).not.toBeNull();
    });

    it('are found by the ids that Graph gave them', async () => {
      await subscriptions.want(connection, true);
      const one = await claimed();
      const id = newId('sub');
      await subscriptions.keep({ ...one, held: held(id), tendAt: after(1_000) });
      expect(await subscriptions.byIds([id, 'unknown'])).toEqual([{ ...one, held: held(id), tendAt: after(1_000) }]);
      expect(await subscriptions.byIds([])).toEqual([]);
    });

    it('that were given up while they were being made keep what Graph has of them, and are due', async () => {
      await subscriptions.want(connection, true);
      const one = await claimed();
      await subscriptions.want(connection, false);
      const id = newId('sub');
      await subscriptions.keep({ ...one, held: held(id), tendAt: after(1_000) });
      const [kept] = await subscriptions.byIds([id]);
      expect(kept).toMatchObject({ wanted: false, tendAt: start, held: { id } });
      await subscriptions.forget({ connection, resource: one.resource });
      expect((await subscriptions.of(connection)).length).toBe(1);
    });

    it('that are wanted again while they are ended are made anew', async () => {
      await subscriptions.want(connection, true);
      const one = await claimed();
      await subscriptions.keep({ ...one, held: held('sub_1'), tendAt: after(1_000) });
      await subscriptions.forget(one);
      const kept = (await subscriptions.of(connection)).find(({ resource }) => resource === one.resource);
      expect(kept).toMatchObject({ wanted: true, held: null, tendAt: start });
    });

    it('are looked at sooner when Graph says so', async () => {
      await subscriptions.want(connection, true);
      const one = { ...(await claimed()), held: held(newId('sub')), tendAt: after(1_000_000) };
      await subscriptions.keep(one);
      await subscriptions.hasten(one, 'renew');
      const soon = (await subscriptions.byIds([one.held.id]))[0];
      expect(soon).toMatchObject({ tendAt: start, held: { id: one.held.id, expiresAt: after(86_400_000) } });
      await subscriptions.hasten(one, 'gone');
      expect(await subscriptions.byIds([one.held.id])).toEqual([]);
    });

    it('go with their connection', async () => {
      await subscriptions.want(connection, true);
      await subscriptions.erase(connection);
      expect(await subscriptions.of(connection)).toEqual([]);
    });
  });
};
