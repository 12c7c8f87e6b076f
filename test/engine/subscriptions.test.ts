/** Subscriptions at Microsoft Graph, when tenants hang, keys are away, and connections go. */

import { describe, expect, it } from 'vitest';
import { purge } from '../../src/engine/maintenance.ts';
import { tendSubscriptions } from '../../src/engine/subscriptions.ts';
import type { Connection } from '../../src/model/connection.ts';
import { KeysUnavailable, SecretUnreadable } from '../../src/model/errors.ts';
import { type ConnectionId, connectionId } from '../../src/model/ids.ts';
import type { Subscription } from '../../src/model/subscription.ts';
import type { Subscriptions } from '../../src/source/source.ts';
import { connection, plainConnection, type Story, story } from '../support/story.ts';

const url = 'https://entrain.example/notifications/graph';
const never = new AbortController().signal;
const minute = 60_000;

/** As Graph does it, and in order. */
const working = (expiresAt: Date, ended: string[] = []): Subscriptions => {
  let made = 0;
  return {
    create: async (resource) => {
      made += 1;
      return { id: `${resource}-${made}`, expiresAt };
    },
    renew: async () => ({ expiresAt }),
    end: async (id) => {
      ended.push(id);
    },
  };
};
const untilStopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
const late = (): AbortSignal => AbortSignal.abort(new DOMException('It took too long.', 'TimeoutError'));
const month = (s: Story): Date => new Date(s.now().getTime() + 28 * 24 * 60 * minute);

const tending = (s: Story, of: (connection: Connection) => Subscriptions) => ({
  ...s.engine,
  connectSource: (one: Connection) => ({ ...s.engine.connectSource(one, {}), subscriptions: of(one) }),
  newState: () => 'a state',
});
const watched = async (s: Story, others: readonly ConnectionId[] = []): Promise<void> => {
  for (const id of others) await s.stores.connections.add({ ...plainConnection(s.now()), id }, {});
  for (const id of [connection, ...others]) await s.stores.subscriptions.want(id, true);
};
const kept = (s: Story, of = connection): Promise<readonly Subscription[]> => s.stores.subscriptions.of(of);

describe('a tenant that does not answer', () => {
  it('keeps no other tenant waiting', async () => {
    const s = await story();
    const others = [connectionId('con_fabrikam'), connectionId('con_wingtip')];
    await watched(s, others);
    const stopping = new AbortController();
    const hanging = {
      ...working(month(s)),
      create: (_resource: unknown, _ask: unknown, signal: AbortSignal) => untilStopped(signal),
    };
    const tended = tendSubscriptions(
      tending(s, ({ id }) => (id === connection ? hanging : working(month(s)))),
      url,
      stopping.signal,
      () => never,
    );
    await expect
      .poll(async () => (await Promise.all(others.map((id) => kept(s, id)))).flat().filter(({ held }) => held !== null))
      .toHaveLength(4);
    stopping.abort();
    await tended;
    expect((await kept(s)).map(({ held, failures, problem }) => [held, failures, problem])).toEqual([
      [null, 0, null],
      [null, 0, null],
    ]);
  });

  it('is noted, and is asked again later and later', async () => {
    const s = await story();
    await watched(s);
    const hanging = {
      ...working(month(s)),
      create: (_resource: unknown, _ask: unknown, signal: AbortSignal) => untilStopped(signal),
    };
    const tend = () =>
      tendSubscriptions(
        tending(s, () => hanging),
        url,
        never,
        late,
      );
    await tend();
    for (const one of await kept(s))
      expect(one).toMatchObject({
        failures: 1,
        problem: { code: 'source_timeout', owner: 'microsoft' },
        tendAt: new Date(s.now().getTime() + 5 * minute),
      });
    s.pass(5 * minute);
    await tend();
    for (const one of await kept(s))
      expect(one).toMatchObject({ failures: 2, tendAt: new Date(s.now().getTime() + 10 * minute) });
  });
});

it('a tenant that a limited key named is subscribed to once it was looked at whose it is, and not before', async () => {
  const s = await story({ connection: { namedBy: 'organization' } });
  await watched(s);
  const tend = () =>
    tendSubscriptions(
      tending(s, () => working(month(s))),
      url,
      never,
    );
  await tend();
  expect(await kept(s)).toMatchObject([{ held: null, failures: 0, problem: null }, { held: null }]);
  await s.full();
  s.pass(5 * minute);
  await tend();
  expect(await kept(s)).toMatchObject([{ held: { id: expect.any(String) } }, { held: { id: expect.any(String) } }]);
});

describe('what is no answer of a tenant', () => {
  it.each([
    [new SecretUnreadable('The secret cannot be opened.'), 'secret_unreadable'],
    [new KeysUnavailable('key_vault_unreachable', 'The vault cannot be reached.'), 'key_vault_unreachable'],
    [new TypeError('undefined is not a function'), 'internal_error'],
  ])('is noted with both subscriptions, and harms no other: %s', async (error, code) => {
    const s = await story();
    const other = connectionId('con_fabrikam');
    await watched(s, [other]);
    const stores = {
      ...s.stores,
      connections: {
        ...s.stores.connections,
        secrets: async (id: ConnectionId) => {
          if (id === connection) throw error;
          return await s.stores.connections.secrets(id);
        },
      },
    };
    await tendSubscriptions({ ...tending(s, () => working(month(s))), stores }, url, never);
    for (const one of await kept(s)) expect(one).toMatchObject({ held: null, failures: 1, problem: { code } });
    for (const one of await kept(s, other))
      expect(one).toMatchObject({ failures: 0, problem: null, held: { id: expect.any(String) } });
  });
});

describe('a connection that is removed', () => {
  const removed = async (of: (s: Story) => Subscriptions) => {
    const s = await story();
    await watched(s);
    const engine = tending(s, () => of(s));
    await tendSubscriptions(
      tending(s, () => working(month(s))),
      url,
      never,
    );
    const found = await s.stores.connections.get(connection);
    await s.stores.connections.edit(connection, found?.revision ?? 0, { state: 'deleting' });
    return { s, engine };
  };
  const isGone = async (s: Story) => [await s.stores.connections.get(connection), await kept(s)];

  it('ends what Graph has of it', async () => {
    const ended: string[] = [];
    const { s, engine } = await removed((of) => working(month(of), ended));
    s.pass(2 * 24 * 60 * minute);
    // Whoever tends subscriptions meanwhile forgets nothing that is still to be ended.
    await tendSubscriptions(engine, url, never);
    await purge(engine, connection);
    expect(ended.toSorted()).toEqual(['groups-1', 'users-1']);
    expect(await isGone(s)).toEqual([null, []]);
  });

  it('goes also when Graph refuses, or does not answer', async () => {
    const refusing = await removed((s) => ({
      ...working(month(s)),
      end: async () => {
        throw new Error('AADSTS700016: the application is not there any more');
      },
    }));
    await purge(refusing.engine, connection);
    expect(await isGone(refusing.s)).toEqual([null, []]);
    const hanging = await removed((s) => ({ ...working(month(s)), end: () => new Promise<never>(() => {}) }));
    await purge(hanging.engine, connection, late());
    expect(await isGone(hanging.s)).toEqual([null, []]);
  });
});
