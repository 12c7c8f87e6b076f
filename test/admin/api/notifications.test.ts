/** From a change in a simulated tenant to the delta sync that is asked for, through Graph's handshake and its notifications. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TenantControl } from '../../../simulator/graph/index.ts';
import { notificationRoutes } from '../../../src/admin/api/notifications.ts';
import { onTick } from '../../../src/engine/ask-for-runs.ts';
import { digestOf, tendSubscriptions } from '../../../src/engine/subscriptions.ts';
import { type ConnectionId, connectionId, runId } from '../../../src/model/ids.ts';
import type { SyncMode } from '../../../src/model/run.ts';
import { everyone } from '../../../src/model/scope.ts';
import { notificationPath } from '../../../src/model/subscription.ts';
import type { Source } from '../../../src/source/source.ts';
import { Folded } from '../../support/folded.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../../support/graph.ts';
import { readAll, type Told } from '../../support/reading.ts';
import { addConnection, type Door, limitsOf, openDoor } from './door.ts';

let graph: Graph;
let tenant: TenantControl;
let door: Door;
let connection: ConnectionId;
let source: Source;
const never = new AbortController().signal;
let states = 0;
const newState = (): string => {
  states += 1;
  return `state of subscription ${states}`;
};

beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());
beforeEach(async () => {
  graph.control.resetKnobs();
  tenant = graph.control.addTenant({ users: 10, apps: [{ roles: [...everyRole, 'Group.Read.All'] }] });
  door = await openDoor();
  door.clock.now = graph.clock.now();
  connection = connectionId(await addConnection(door));
  source = sourceOf(graph, {}, tenant.tenantId);
});
afterEach(async () => {
  await graph.control.notificationsSettled();
  await door.close();
});

const subscribed = () => graph.control.subscriptions().filter(({ tenantId }) => tenantId === tenant.tenantId);
const path = () => `/v1/connections/${connection}/notifications`;
const tend = () =>
  tendSubscriptions(
    {
      stores: door.stores,
      world: { ...graph.clock, now: () => door.clock.now },
      connectSource: () => source,
      newState,
    },
    `${door.base}${notificationPath}`,
    never,
  );
/** As the scheduler asks for what is due by the schedule of the connection. */
const tick = (mode: SyncMode) => {
  const asking = {
    stores: door.stores,
    now: () => door.clock.now,
    newRunId: () => runId('run_of_the_tick'),
    wakeups: { sync: async () => {}, provision: async () => {} },
  };
  return onTick(asking, connection, mode);
};
const watched = async () => {
  await door.call('POST', path());
  await tend();
};
const queued = async () => (await door.stores.runs.list({ connection, kind: 'sync' }, null, 10)).items;
const post = (body: unknown, query = '') =>
  fetch(`${door.base}${notificationPath}${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
/** At Graph as well. */
const days = async (count: number): Promise<void> => {
  await graph.clock.sleep(count * 86_400_000, never);
  door.clock.now = graph.clock.now();
};

describe('a connection that Graph is to say changes of', () => {
  it('is subscribed to, by the handshake, with a state that is kept nowhere', async () => {
    expect((await door.call('POST', path())).body).toMatchObject({
      data: [
        { resource: 'users', state: 'pending' },
        { resource: 'groups', state: 'pending' },
      ],
    });
    await tend();
    expect((await door.call('GET', path())).body).toMatchObject({
      data: [
        { resource: 'users', state: 'active', expires_at: expect.any(String), problem: null },
        { resource: 'groups', state: 'active' },
      ],
    });
    expect(subscribed()).toHaveLength(2);
    await tend();
    expect(subscribed()).toHaveLength(2);
  });

  it('gets a delta sync soon after somebody changed, and one for all that changed at once', async () => {
    await watched();
    for (const user of tenant.users().slice(0, 3)) tenant.update(user, { department: 'Elsewhere' });
    await graph.control.notificationsSettled();
    const runs = await queued();
    expect(runs).toMatchObject([{ mode: 'delta', trigger: 'notification', state: 'queued' }]);
    expect(runs[0]?.notBefore).toEqual(new Date(door.clock.now.getTime() + 30_000));
    expect(door.woken).toContain(`sync ${connection} delta`);
  });

  it('is told once of what comes twice', async () => {
    graph.control.setKnobs({ notificationRepeats: 1 });
    await watched();
    const [someone = ''] = tenant.users();
    tenant.update(someone, { department: 'Elsewhere' });
    await graph.control.notificationsSettled();
    expect(await queued()).toHaveLength(1);
  });

  it('loses nothing by a notification that never comes: the next tick asks for the delta that brings what changed', async () => {
    await watched();
    const [someone = ''] = tenant.users();
    const folded = new Folded();
    const from = await readAll(source, folded, { scope: everyone });
    graph.control.setKnobs({ notificationDrops: 1 });
    tenant.update(someone, { department: 'Nowhere' });
    await graph.control.notificationsSettled();
    expect(await queued()).toEqual([]);
    await tick('delta');
    expect(await queued()).toMatchObject([{ mode: 'delta', trigger: 'schedule', state: 'queued' }]);
    const brought: Told[] = [];
    await readAll(source, folded, { scope: everyone, from }, (told) => brought.push(told));
    expect(brought).toContainEqual(
      expect.objectContaining({
        ref: { type: 'user', id: someone },
        attributes: expect.objectContaining({ department: 'Nowhere' }),
      }),
    );
  });

  it('is renewed before it ends, made anew when Graph lost it, and ended when nobody wants it', async () => {
    await watched();
    const before = subscribed();
    await days(22);
    await tend();
    const renewed = subscribed();
    expect(renewed.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(renewed[0]?.expiresAt).not.toBe(before[0]?.expiresAt);
    const [lost] = renewed;
    graph.control.lifecycle(lost?.id ?? '', 'subscriptionRemoved');
    await graph.control.notificationsSettled();
    await tend();
    const anew = subscribed().map(({ id }) => id);
    expect(anew).toHaveLength(2);
    expect(anew).not.toContain(lost?.id);
    await door.call('DELETE', path());
    await tend();
    expect(subscribed()).toEqual([]);
    expect((await door.call('GET', path())).body).toEqual({ data: [] });
  });

  it('is renewed at once when Graph asks for it, and synced when Graph missed something', async () => {
    await watched();
    const [first, second] = subscribed();
    door.clock.now = new Date(door.clock.now.getTime() + 60_000);
    graph.control.lifecycle(first?.id ?? '', 'reauthorizationRequired');
    await graph.control.notificationsSettled();
    expect(await queued()).toEqual([]);
    await tend();
    expect(subscribed().find(({ id }) => id === first?.id)?.expiresAt).not.toBe(first?.expiresAt);
    graph.control.lifecycle(second?.id ?? '', 'missed');
    await graph.control.notificationsSettled();
    expect(await queued()).toHaveLength(1);
  });

  it.each(['subscriptionRemoved', 'reauthorizationRequired'] as const)(
    'loses neither of its subscriptions when one message says %s of both',
    async (event) => {
      await watched();
      const before = subscribed();
      door.clock.now = new Date(door.clock.now.getTime() + 60_000);
      for (const { id } of before) graph.control.lifecycle(id, event);
      await graph.control.notificationsSettled();
      await tend();
      // Those that are removed are made anew, in the same place and with another end.
      const after = subscribed();
      expect(after.map(({ resource }) => resource).toSorted()).toEqual(['groups', 'users']);
      const ends = before.map(({ expiresAt }) => expiresAt);
      expect(after.filter(({ expiresAt }) => ends.includes(expiresAt))).toEqual([]);
    },
  );

  it('is synced once for all that one message says of it', async () => {
    await watched();
    for (const user of tenant.users().slice(0, 3)) tenant.update(user, { department: 'Elsewhere' });
    for (const { id } of subscribed()) graph.control.lifecycle(id, 'missed');
    await graph.control.notificationsSettled();
    expect(await queued()).toHaveLength(1);
    expect(door.woken.filter((line) => line === `sync ${connection} delta`)).toHaveLength(1);
  });

  it('says why it could not be, and is tried again', async () => {
    graph.control.setKnobs({ mostSubscriptions: 1 });
    await watched();
    // Of two that are asked for at once either may be the one too many.
    const says =
      /(User|Group)\.Read\.All is missing, or the tenant has as many as it may have\..* found by the schedule\.$/;
    const problem = {
      code: 'subscription_refused',
      resolution_owner: 'customer_it',
      message: expect.stringMatching(says),
    };
    expect((await door.call('GET', path())).body).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ state: 'pending', problem })]),
    });
    graph.control.setKnobs({ mostSubscriptions: 100 });
    door.clock.now = new Date(door.clock.now.getTime() + 300_000);
    await tend();
    expect(subscribed()).toHaveLength(2);
  });
});

it('groups are left to the schedule where the application may read them and not be told of them', async () => {
  const lesser = graph.control.addTenant({ users: 1, apps: [{ roles: everyRole }] });
  source = sourceOf(graph, {}, lesser.tenantId);
  await watched();
  const message = expect.stringContaining(
    'Graph makes no subscription to groups (403 Authorization_RequestDenied): the application permission Group.Read.All is missing. Grant Group.Read.All if',
  );
  expect((await door.call('GET', path())).body).toMatchObject({
    data: [
      { resource: 'users', state: 'active', problem: null },
      { resource: 'groups', state: 'pending', problem: { code: 'subscription_refused', message } },
    ],
  });
});

it('a server that Graph does not reach is told to whoever runs it, not to the customer', async () => {
  await door.call('POST', path());
  await tendSubscriptions(
    {
      stores: door.stores,
      world: { ...graph.clock, now: () => door.clock.now },
      connectSource: () => source,
      newState,
    },
    `${door.base}/v1`,
    never,
  );
  const problem = { code: 'notifications_not_reached', resolution_owner: 'your_team' };
  expect((await door.call('GET', path())).body).toMatchObject({ data: [{ problem }, { problem }] });
});

describe('what is said at the open address', () => {
  it('is a token that Graph wants back as it is, as plain text and never as a page', async () => {
    const token = '<script>alert(1)</script> & "Validation": ä'.replace('ä', '');
    const response = await post({}, `?validationToken=${encodeURIComponent(token)}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe(token);
    for (const bad of ['', 'x'.repeat(1_025), 'two\nlines', 'ü'])
      expect((await post({}, `?validationToken=${encodeURIComponent(bad)}`)).status).toBe(400);
    expect((await post({}, '?validationToken=a&validationToken=b')).status).toBe(400);
  });

  it('is heard by nobody without the state that Graph was given', async () => {
    await watched();
    const [one] = await door.stores.subscriptions.of(connection);
    const subscriptionId = one?.held?.id ?? '';
    for (const clientState of [undefined, '', 'guessed', one?.held?.digest])
      expect((await post({ value: [{ subscriptionId, clientState }] })).status).toBe(202);
    expect((await post({ value: [{ subscriptionId: 'another', clientState: 'x' }] })).status).toBe(202);
    expect(await queued()).toEqual([]);
    expect(digestOf('x')).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([[null], [{}], [{ value: 'x' }], [{ value: [{}] }], [{ value: [{ subscriptionId: 7 }] }]])(
    'is refused when it is no notification: %j',
    async (body) => {
      expect((await post(body)).status).toBe(400);
    },
  );

  it('is told how large a message of Graph may be, which is more than a call of anybody else', async () => {
    const fits = { value: [{ subscriptionId: 'x'.repeat(200), clientState: null, padding: 'x'.repeat(150_000) }] };
    expect((await post(fits)).status).toBe(202);
    const reply = await post({ value: [], padding: 'x'.repeat(300_000) });
    expect(reply.status).toBe(413);
    expect(await reply.json()).toMatchObject({
      code: 'payload_too_large',
      detail: expect.stringContaining('at most 256 kB'),
    });
  });

  it('starts nothing at a connection that is paused', async () => {
    await watched();
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    tenant.update(tenant.users()[0] ?? '', { department: 'Elsewhere' });
    await graph.control.notificationsSettled();
    expect(await queued()).toEqual([]);
  });
});

describe('what comes from an address that many calls come from', () => {
  it('is heard as long as it brings what Graph was told, whatever else comes from there', async () => {
    await door.close();
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 1_000, ofAddress: 8, strangeNotifications: 3 }) });
    door.clock.now = graph.clock.now();
    connection = connectionId(await addConnection(door));
    await watched();
    // Through Graph, from whose addresses the calls for all tenants come.
    const [one = ''] = tenant.users();
    for (let nth = 0; nth < 12; nth += 1) {
      tenant.update(one, { department: `Elsewhere ${nth}` });
      await graph.control.notificationsSettled();
    }
    expect(door.said.join('\n')).not.toContain('rate_limited');
    expect(await queued()).toHaveLength(1);
    const strange = () => post({ value: [{ subscriptionId: 'another', clientState: 'x' }] });
    const statuses = [];
    for (let nth = 0; nth < 4; nth += 1) statuses.push((await strange()).status);
    expect(statuses).toEqual([202, 202, 202, 429]);
    expect((await post({ value: 'x' })).status).toBe(429);
    await door.stores.runs.cancel((await queued())[0]?.id ?? runId(''), door.clock.now);
    tenant.update(one, { department: 'Nowhere' });
    await graph.control.notificationsSettled();
    expect((await queued()).filter(({ state }) => state === 'queued')).toHaveLength(1);
  });
});

it('what strangers say over the limit costs no question to the database but some a minute', async () => {
  let questions = 0;
  const flooded = await openDoor({
    rateLimits: limitsOf({ ofKey: 1_000, ofAddress: 1_000, strangeNotifications: 3, heardAmongStrange: 2 }),
    room: ({ stores }) => ({
      stores: {
        ...stores,
        subscriptions: {
          ...stores.subscriptions,
          byIds: (ids) => {
            questions += 1;
            return stores.subscriptions.byIds(ids);
          },
        },
      },
    }),
  });
  const said = { value: Array.from({ length: 100 }, (_, nth) => ({ subscriptionId: `${nth}`, clientState: 'x' })) };
  const statuses: number[] = [];
  for (let nth = 0; nth < 30; nth += 1) {
    const body = nth % 2 === 0 ? JSON.stringify(said) : `{${'x'.repeat(200_000)}`;
    statuses.push((await fetch(`${flooded.base}${notificationPath}`, { method: 'POST', body })).status);
  }
  expect(statuses.slice(0, 4)).toEqual([202, 400, 202, 429]);
  expect(new Set(statuses.slice(4))).toEqual(new Set([429]));
  expect(questions).toBe(3);
  await flooded.close();
});

describe('what comes while the database hangs', () => {
  const generous = limitsOf({ ofKey: 1_000, ofAddress: 1_000 });
  const said = (subscription: string, clientState: string, lifecycle: 'subscriptionRemoved' | null = null) => ({
    subscription,
    clientState,
    lifecycle,
  });
  const late = () => AbortSignal.abort(new DOMException('It took too long.', 'TimeoutError'));

  it.each([
    [202, 'the next delta sync finds what changed', undefined],
    [503, 'Graph says again what nobody else would find', 'reauthorizationRequired'],
  ])('is answered with %i in time: %s', async (status, _why, lifecycleEvent) => {
    const hanging = await openDoor({
      room: ({ stores }) => ({
        stores: { ...stores, subscriptions: { ...stores.subscriptions, byIds: () => new Promise<never>(() => {}) } },
      }),
    });
    const server = createServer(express().use(notificationRoutes(hanging.commands, generous, late))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : '';
    const response = await fetch(`http://127.0.0.1:${port}${notificationPath}`, {
      method: 'POST',
      body: JSON.stringify({ value: [{ subscriptionId: 'one', clientState: 'x', lifecycleEvent }] }),
    });
    expect(response.status).toBe(status);
    expect(hanging.said.join('\n')).toContain('notification.unheeded');
    server.close();
    server.closeAllConnections();
    await hanging.close();
  });

  it('is heeded as far as there was time, what is lost first, and then no further', async () => {
    const deadline = new AbortController();
    const asked: ConnectionId[] = [];
    const closing = await openDoor({
      room: ({ stores }) => ({
        stores: {
          ...stores,
          runs: {
            ...stores.runs,
            request: async (run) => {
              if (run.trigger !== 'notification') return await stores.runs.request(run);
              asked.push(run.connection);
              deadline.abort();
              return await stores.runs.request(run);
            },
          },
        },
      }),
    });
    const told = [];
    for (const nth of [1, 2]) {
      const id = connectionId(await addConnection(closing));
      await closing.stores.subscriptions.want(id, true);
      for (const one of await closing.stores.subscriptions.of(id)) {
        const held = {
          id: `${one.resource}-${nth}`,
          digest: digestOf('x'),
          expiresAt: new Date('2027-01-01T00:00:00Z'),
        };
        await closing.stores.subscriptions.keep({ ...one, held });
        told.push(said(held.id, 'x', one.resource === 'users' ? null : 'subscriptionRemoved'));
      }
    }
    expect(await closing.commands.notified(told, deadline.signal)).toBe('left_to_schedule');
    expect(await closing.stores.subscriptions.byIds(['groups-1', 'groups-2'])).toEqual([]);
    expect(await closing.stores.subscriptions.byIds(['users-1', 'users-2'])).toHaveLength(2);
    expect(asked).toHaveLength(1);
    await closing.close();
  });
});

it('needs an address that Graph can reach', async () => {
  const closed = await openDoor({ room: () => ({ canBeNotified: false }) });
  const reply = await closed.call('POST', `/v1/connections/${await addConnection(closed)}/notifications`);
  expect(reply.body).toMatchObject({ status: 409, code: 'notifications_not_configured' });
  await closed.close();
});
