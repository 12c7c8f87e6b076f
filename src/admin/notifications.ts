/** Commands on change notifications: whether Microsoft Graph says that something changed, and what follows when it does. */

import { timingSafeEqual } from 'node:crypto';
import { newSyncRun } from '../engine/request-runs.ts';
import { digestOf } from '../engine/subscriptions.ts';
import { type ConnectionId, runId } from '../model/ids.ts';
import type { Subscription } from '../model/subscription.ts';
import { newId } from '../store/ids.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';

/** What Graph says, as far as it is of interest. `lifecycle`: it is about the subscription itself. */
export type Notified = {
  readonly subscription: string;
  readonly clientState: string | null;
  readonly lifecycle: 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed' | null;
};

/** Many changes come as many notifications, and Graph's delta query shows them some seconds later: one run takes them all. */
const settleMs = 30_000;

export const notificationCommands = (room: Room) => {
  const { stores, world } = room;

  /** A run that is queued already is enough, whoever asked for it. */
  const askForDelta = async (id: ConnectionId): Promise<void> => {
    const connection = await stores.connections.get(id);
    if (connection?.state !== 'active') return;
    const at = world.now();
    const wanted = { mode: 'delta', scope: null, dryRun: false, trigger: 'notification' } as const;
    const notBefore = new Date(at.getTime() + settleMs);
    await stores.runs.request(newSyncRun(connection, { ...wanted, id: runId(newId('run')), at, notBefore }));
    await wake(room, 'sync', () => room.wakeups.sync(id, 'delta'));
  };

  const heed = async (one: Subscription, { lifecycle }: Notified): Promise<void> => {
    switch (lifecycle) {
      case 'reauthorizationRequired':
        return await stores.subscriptions.hasten(one, 'renew');
      case 'subscriptionRemoved':
        await stores.subscriptions.hasten(one, 'gone');
        return await askForDelta(one.connection);
      case 'missed':
      case null:
        return await askForDelta(one.connection);
    }
  };

  return {
    /** Has Graph say when something changes. It is made in the background; `listNotifications` says whether it is. */
    async watchConnection(id: ConnectionId): Promise<readonly Subscription[]> {
      const connection = found(await stores.connections.get(id), 'connection');
      if (connection.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      if (!room.canBeNotified)
        throw new Refused(
          'notifications_not_configured',
          'Microsoft Graph has to reach this server to say what changed. Have whoever runs it set ENTRAIN_PUBLIC_URL.',
        );
      await stores.subscriptions.want(id, true);
      world.log.info('connection.watched', { connection: id });
      return stores.subscriptions.of(id);
    },

    async unwatchConnection(id: ConnectionId): Promise<readonly Subscription[]> {
      found(await stores.connections.get(id), 'connection');
      await stores.subscriptions.want(id, false);
      world.log.info('connection.unwatched', { connection: id });
      return stores.subscriptions.of(id);
    },

    async listNotifications(id: ConnectionId): Promise<readonly Subscription[]> {
      found(await stores.connections.get(id), 'connection');
      return stores.subscriptions.of(id);
    },

    /**
     * Whoever knows the address may come and say anything, so what does not bring the state of a subscription of ours is heard by nobody. It says who
     * changed, too; that is not believed either, but read.
     */
    async notified(all: readonly Notified[]): Promise<void> {
      const known = await stores.subscriptions.byIds([...new Set(all.map(({ subscription }) => subscription))]);
      const byId = new Map(known.flatMap((one) => (one.held === null ? [] : [[one.held.id, one] as const])));
      const heeded = new Map<string, { readonly one: Subscription; readonly said: Notified }>();
      let unknown = 0;
      for (const said of all) {
        const one = byId.get(said.subscription);
        if (one?.held == null || !isSame(digestOf(said.clientState ?? ''), one.held.digest)) unknown += 1;
        else heeded.set(`${one.connection}|${said.lifecycle ?? ''}`, { one, said });
      }
      if (unknown > 0) world.log.warn('notification.unknown', { notifications: unknown });
      for (const { one, said } of heeded.values()) await heed(one, said);
    },
  };
};

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
