/** Commands on change notifications: whether Microsoft Graph says that something changed, and what follows when it does. */

import { newSyncRun } from '../engine/request-runs.ts';
import { digestOf } from '../engine/subscriptions.ts';
import { within } from '../engine/within.ts';
import type { Connection } from '../model/connection.ts';
import { type ConnectionId, runId } from '../model/ids.ts';
import type { Subscription } from '../model/subscription.ts';
import { newId } from '../store/ids.ts';
import { isSame } from '../store/is-same.ts';
import type { Reached, Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import { type Hall, type Room, wake } from './room.ts';

/** What Graph says, as far as it is of interest. `lifecycle`: it is about the subscription itself. */
export type Notified = {
  readonly subscription: string;
  readonly clientState: string | null;
  readonly lifecycle: 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed' | null;
};

/**
 * `strange`: nothing of it brought a state that Graph was told. `left_to_schedule`: there was no time to ask for a delta sync, and the one of the schedule finds what changed. `say_again`: it was about a subscription
 * itself, and nothing else would find that.
 */
export type Hearing = 'heeded' | 'strange' | 'left_to_schedule' | 'say_again';

/** Many changes come as many notifications, and Graph's delta query shows them some seconds later: one run takes them all. */
const settleMs = 30_000;

export const notificationCommands = (room: Room) => {
  const { stores, world } = room;
  const get = async (id: ConnectionId): Promise<Within<Connection>> =>
    found(await stores.connections.get(id), 'connection');

  return {
    /** Has Graph say when something changes. It is made in the background; `listNotifications` says whether it is. */
    async watchConnection(id: ConnectionId): Promise<readonly Subscription[]> {
      const connection = await get(id);
      if (connection.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      if (!room.canBeNotified)
        throw new Refused(
          'notifications_not_configured',
          'Microsoft Graph has to reach this server to say what changed. Have whoever runs it set ENTRAIN_PUBLIC_URL.',
        );
      await stores.subscriptions.want(connection.id, true);
      world.log.info('connection.watched', { connection: id });
      return stores.subscriptions.of(connection.id);
    },

    async unwatchConnection(id: ConnectionId): Promise<readonly Subscription[]> {
      const connection = await get(id);
      await stores.subscriptions.want(connection.id, false);
      world.log.info('connection.unwatched', { connection: id });
      return stores.subscriptions.of(connection.id);
    },

    async listNotifications(id: ConnectionId): Promise<readonly Subscription[]> {
      return stores.subscriptions.of((await get(id)).id);
    },
  };
};

export const notificationHearing = (hall: Hall) => {
  const { stores, world } = hall;

  /** A run that is queued already is enough, whoever asked for it. */
  const askForDelta = async (id: Reached<ConnectionId>): Promise<void> => {
    const entered = await hall.roomOf(id);
    if (entered?.connection.state !== 'active') return;
    const { room, connection } = entered;
    const at = world.now();
    const wanted = { mode: 'delta', scope: null, dryRun: false, trigger: 'notification' } as const;
    const notBefore = new Date(at.getTime() + settleMs);
    await room.stores.runs.request(newSyncRun(connection, { ...wanted, id: runId(newId('run')), at, notBefore }));
    await wake(room, 'sync', () => room.wakeups.sync(id, 'delta'));
  };

  return {
    /**
     * Whoever knows the address may come and say anything, so what does not bring the state of a subscription of ours is heard by nobody. It says who
     * changed, too; that is not believed either, but read. When `deadline` comes it is answered whatever is left.
     */
    async notified(all: readonly Notified[], deadline: AbortSignal): Promise<Hearing> {
      let isLeft: Hearing = all.some(isOfSubscription) ? 'say_again' : 'left_to_schedule';
      const heed = async (): Promise<Hearing> => {
        const said = Map.groupBy(all, ({ subscription }) => subscription);
        const isTold = ({ held }: Subscription): boolean =>
          held !== null && said.get(held.id)?.some((one) => bringsState(one, held)) === true;
        const known = await stores.subscriptions.byIds([...said.keys()], isTold);
        const { lost, ending, changed, unknown } = sorted(all, known);
        if (unknown > 0) world.log.warn('notification.unknown', { notifications: unknown });
        if (unknown === all.length) return 'strange';
        // Subscriptions first: nobody else finds out for weeks what becomes of them, but the next delta sync finds every change.
        for (const one of lost) await unless(deadline, () => stores.subscriptions.hasten(one, 'gone'));
        for (const one of ending) await unless(deadline, () => stores.subscriptions.hasten(one, 'renew'));
        isLeft = 'left_to_schedule';
        for (const connection of changed) await unless(deadline, () => askForDelta(connection));
        return 'heeded';
      };
      try {
        return await within(deadline, heed());
      } catch (error) {
        if (!deadline.aborted) throw error;
        world.log.warn('notification.unheeded', { notifications: all.length, next: isLeft });
        return isLeft;
      }
    },
  };
};

const unless = async (deadline: AbortSignal, work: () => Promise<void>): Promise<void> => {
  deadline.throwIfAborted();
  await work();
};

const isOfSubscription = ({ lifecycle }: Notified): boolean =>
  lifecycle === 'subscriptionRemoved' || lifecycle === 'reauthorizationRequired';

type Sorted = {
  /** Graph does not have them any more. */
  readonly lost: readonly Within<Subscription>[];
  readonly ending: readonly Within<Subscription>[];
  /** Each once, whatever was said of it. */
  readonly changed: readonly Reached<ConnectionId>[];
  readonly unknown: number;
};

const sorted = (all: readonly Notified[], known: readonly Within<Subscription>[]): Sorted => {
  const byId = new Map(known.flatMap((one) => (one.held === null ? [] : [[one.held.id, one] as const])));
  const lost = new Set<Within<Subscription>>();
  const ending = new Set<Within<Subscription>>();
  const changed = new Set<Reached<ConnectionId>>();
  let unknown = 0;
  for (const said of all) {
    const one = byId.get(said.subscription);
    if (one?.held == null || !bringsState(said, one.held)) {
      unknown += 1;
      continue;
    }
    if (said.lifecycle === 'reauthorizationRequired') ending.add(one);
    else changed.add(one.connection);
    if (said.lifecycle === 'subscriptionRemoved') lost.add(one);
  }
  return { lost: [...lost], ending: [...ending.difference(lost)], changed: [...changed], unknown };
};

const bringsState = ({ clientState }: Notified, { digest }: NonNullable<Subscription['held']>): boolean =>
  isSame(digestOf(clientState ?? ''), digest);
