/** Calls that are repeated with an Idempotency-Key: over every POST there is, made from the routes themselves. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isCarriedOutOnce, type Route } from '../../../src/admin/api/route.ts';
import type { CommandsWithin } from '../../../src/admin/commands.ts';
import { inForce } from '../../../src/core/safeguards.ts';
import { basisOf } from '../../../src/engine/basis.ts';
import { noDiscrepancies } from '../../../src/model/discrepancy.ts';
import type { Outlet } from '../../../src/model/egress.ts';
import { KeysUnavailable } from '../../../src/model/errors.ts';
import { connectionId, organizationId, planId, type RunId, runId, targetId } from '../../../src/model/ids.ts';
import { noCounters } from '../../../src/model/run.ts';
import { secret as hide } from '../../../src/model/secret.ts';
import { user } from '../../../src/model/source-object.ts';
import { ourApp } from '../../../src/source/graph/our-app.ts';
import type { CallStore } from '../../../src/store/call-store.ts';
import { newId } from '../../../src/store/ids.ts';
import { createKeyProofs } from '../../../src/store/key-proofs.ts';
import { createMemoryCallStore } from '../../../src/store/memory/call-store.ts';
import { createVault } from '../../../src/store/vault.ts';
import { disables, intents } from '../../support/operations.ts';
import { aPlan } from '../../support/plan-world.ts';
import { type Belongings, belongingsOf, everythingIn, nothing } from './belongings.ts';
import { clientId, type Door, idOf, newConnection, newTarget, openDoor, type Reply } from './door.ts';
import { commitPeople, lease, memoryStores, nth } from './stores.ts';

/** Written by hand, so that one that comes to be is thought of. */
const everyPost = [
  'addConnection',
  'addSecondCredential',
  'addTarget',
  'addWebhook',
  'applyPlan',
  'approvePlan',
  'cancelRun',
  'checkConnection',
  'checkNewConnection',
  'checkNewTarget',
  'checkTarget',
  'createApiKey',
  'declareRestore',
  'erasePerson',
  'openConsent',
  'openSetupLink',
  'rejectPlan',
  'releaseTarget',
  'renewDataKeys',
  'requestPreview',
  'requestProvision',
  'requestReconcile',
  'requestRepair',
  'requestSync',
  'requestUndo',
  'resendWebhookDelivery',
  'retryEscrow',
  'retryEscrows',
  'rotateWebhookSecret',
  'testWebhook',
  'watchConnection',
];
/** These are about nothing that is there already. */
const aboutNothing = [
  'addConnection',
  'addWebhook',
  'checkNewConnection',
  'checkNewTarget',
  'createApiKey',
  'declareRestore',
  'renewDataKeys',
];
const ourId = '4c1d2e3f-0000-4000-8000-00000000a11d';

const group = '00000000-0000-4000-8000-000000000900';

/** What a body has to hold for a call to be well-formed, where an empty one is not. */
const bodies: Readonly<Record<string, object>> = {
  addConnection: newConnection,
  checkNewConnection: { ...newConnection, organization_id: undefined },
  addSecondCredential: { client_secret: 'another' },
  addTarget: newTarget,
  checkNewTarget: newTarget,
  addWebhook: { organization_id: 'acme', url: 'https://hooks.example' },
  openSetupLink: { given_to: 'their IT' },
  createApiKey: { name: 'another', scopes: ['read'] },
  declareRestore: { reason: 'The disk was lost.' },
  requestPreview: { scope: { group_ids: [group] } },
  approvePlan: { reason: 'because' },
  rejectPlan: { reason: 'because' },
  applyPlan: { reason: 'because' },
};
/** Another body of the same call, for each that takes one. */
const others: Readonly<Record<string, object>> = {
  addConnection: { ...newConnection, organization_id: 'contoso' },
  checkNewConnection: { ...newConnection, organization_id: undefined, client_id: clientId.replace('5', '6') },
  checkNewTarget: { ...newTarget, settings: { ...newTarget.settings, token: 'CANARY~other' } },
  addTarget: { ...newTarget, deprovision: { kind: 'none' } },
  addWebhook: { organization_id: 'acme', url: 'https://other.example' },
  createApiKey: { name: 'another', scopes: ['sync'] },
  declareRestore: { reason: 'The wrong disk was lost.' },
  requestPreview: { scope: { group_ids: [clientId] } },
  requestSync: { mode: 'full' },
  requestProvision: { full: true },
  retryEscrows: { reason: 'target_rejected' },
  openConsent: { return_url: 'https://desk.example/other' },
  openSetupLink: { given_to: 'their other IT' },
  addSecondCredential: { client_secret: 'a third' },
  approvePlan: { reason: 'because of that' },
  rejectPlan: { reason: 'because of that' },
  applyPlan: { reason: 'because of that' },
};

let door: Door;
let things: Belongings;
beforeAll(async () => {
  door = await openDoor();
  things = await belongingsOf(door, 'acme');
});
afterAll(() => door.close());

let keys = 0;
const newKey = (): string => {
  keys += 1;
  return `8e03978e-40d5-43dd-bc93-${String(keys).padStart(12, '0')}`;
};
const post = (
  route: Route,
  key: string,
  body = bodies[route.id] ?? {},
  of: Belongings = things,
  at: Pick<Door, 'call'> = door,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> =>
  at.call(
    'POST',
    route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => of[name] ?? ''),
    {
      ...(takesBody(route) ? { body } : {}),
      headers: { ...headers, 'idempotency-key': key },
    },
  );
const takesBody = ({ body }: Route): boolean => Object.keys(body.shape).length > 0;
const posts = () => door.routes.filter(isCarriedOutOnce);
const codeOf = ({ body }: Reply): string => z.looseObject({ code: z.string() }).parse(body).code;

describe('a question about a person', () => {
  it('is answered anew each time, and no answer of it is kept, whatever key comes with it', async () => {
    const questions = door.routes.filter(({ isQuestion }) => isQuestion);
    expect(questions.map(({ id }) => id)).toEqual(['explain']);
    const [explain = expect.fail('There is no such route.')] = questions;
    const key = newKey();
    for (const person of ['somebody', 'somebody else']) {
      const answer = await post(explain, key, { person });
      expect(answer).toMatchObject({ status: 200, body: { found: 'nobody' } });
      expect(answer.headers.get('idempotency-replayed')).toBeNull();
    }
  });
});

const nobodyThere: Outlet = {
  exchange: () => Promise.reject(new Error('connect ECONNREFUSED')),
  close: async () => {},
};

/** What a POST is carried out on, each a world of its own: what one of them did is in no other's way. */
const readyFor = async (world: Door, route: Route, organization: string): Promise<Belongings> => {
  const of = await belongingsOf(world, organization);
  return { ...of, ...(await ready[route.id]?.(world, of, organization)) };
};
type Ready = (world: Door, of: Belongings, organization: string) => Promise<Belongings>;
const within = (of: Belongings, organization: string) => ({
  organization: organizationId(organization),
  connection: connectionId(of['connection_id'] ?? ''),
  target: targetId(of['target_id'] ?? ''),
});
const ended = async ({ stores, clock }: Door, run: RunId): Promise<void> => {
  await stores.runs.start(run, clock.now);
  await stores.runs.finish(run, 'succeeded', clock.now, { counters: noCounters, version: 1, problem: null });
};
const failedOf: Ready = async ({ stores }, of, organization) => {
  const held = await lease(stores, within(of, organization).target);
  await stores.ledger.escrow(held, [{ ref: user(nth(1)), reason: 'ambiguous_match', detail: 'two accounts' }]);
  await stores.leases.release(held);
  return { object_id: nth(1) };
};
/** One that would be made the same now. */
const planOf =
  (kind: 'held' | 'dry_run'): Ready =>
  async ({ stores, clock }, of, organization) => {
    const { target, ...rest } = within(of, organization);
    const record = (await stores.targets.get(target)) ?? expect.fail('There is no target.');
    const basis = await basisOf(stores, inForce(record, { least: 1, now: clock.now }));
    const held = await lease(stores, target);
    const plan = aPlan(target, { ...rest, id: planId(newId('pln')), run: runId(newId('run')), kind, basis });
    await stores.plans.add(held, plan);
    await stores.leases.release(held);
    return { plan_id: plan.id };
  };
const ready: Readonly<Record<string, Ready>> = {
  applyPlan: planOf('dry_run'),
  approvePlan: planOf('held'),
  erasePerson: async ({ stores, clock }, of, organization) => {
    const { connection } = within(of, organization);
    await commitPeople(stores, connection, 3);
    clock.now = new Date(clock.now.getTime() + 61_000);
    const gone = { ref: user(nth(1)), next: { gone: 'deleted' } } as const;
    const draft = await stores.snapshots.begin(await lease(stores, connection), 'delta');
    const before = (await draft.find([gone.ref])).get(nth(1)) ?? expect.fail('Nobody was read.');
    await draft.put({ objects: [gone], members: [], seen: [], resume: null });
    await draft.record([{ kind: 'removed', before, why: 'deleted' }]);
    await draft.commit({ watermark: 'keep', counts: { user: 2, group: 1 }, full: false });
    clock.now = new Date(clock.now.getTime() + 61_000);
    return { object_id: nth(1) };
  },
  openConsent: async (world, _of, organization) => {
    const body = { vendor: 'MS_ENTRA', organization_id: organization };
    return { connection_id: idOf(await world.call('POST', '/v1/connections', { body })) };
  },
  requestRepair: async (world, of, organization) => {
    const { stores, clock } = world;
    const { target, ...rest } = within(of, organization);
    const run = runId(idOf(await world.call('POST', `/v1/targets/${target}/reconcile`)));
    const held = await lease(stores, target);
    await stores.discrepancies.close(held, {
      ...rest,
      run,
      target,
      at: clock.now,
      listings: { user: null, group: null },
      hidden: { user: [], group: [] },
      membersShown: true,
      counts: { ...noDiscrepancies, drift: 1 },
    });
    await stores.leases.release(held);
    await ended(world, run);
    return { run_id: run };
  },
  requestUndo: async (world, of, organization) => {
    const run = runId(of['run_id'] ?? '');
    const held = await lease(world.stores, within(of, organization).target);
    await world.stores.ledger.intend(held, intents([disables(user(nth(1)))], { run }));
    await world.stores.leases.release(held);
    await ended(world, run);
    return {};
  },
  resendWebhookDelivery: async ({ stores, clock }, of, organization) => {
    const { organization: whose } = within(of, organization);
    await stores.deliveries.wake([whose]);
    const turn = (await stores.deliveries.take('worker', 1_000)) ?? expect.fail('Nobody is to be told.');
    expect(turn.webhook).toBe(of['webhook_id']);
    const [event = expect.fail('Nothing happened.')] = await stores.events.after(whose, 0, 1);
    const attempt = { at: clock.now, ms: 7, status: 500, detail: null };
    const about = { event: event.id, sequence: event.sequence, type: event.about.type };
    await stores.deliveries.settle(turn, { ...about, state: 'failed', attempt }, { kind: 'past' }, 1_000);
    return {};
  },
  retryEscrow: failedOf,
  retryEscrows: failedOf,
};

/** A door at which all of them can be carried out. */
const openFurnished = (): Promise<Door> => {
  const registration = {
    clientId: ourId,
    cloud: 'global',
    proof: { kind: 'client_secret', secret: hide('x') },
  } as const;
  const redirectUri = 'https://entrain.example/connect/callback';
  return openDoor({
    config: { publicUrl: 'https://entrain.example' },
    room: (defaults) => ({
      ourApp: ourApp({ registration, redirectUri, clouds: { custom: null }, world: defaults.world }),
      egress: { ...defaults.egress, open: () => nobodyThere },
    }),
  });
};

/** A restore holds back what comes after it. */
const inOrder = (world: Door): readonly Route[] => {
  const last = (route: Route): number => (route.id === 'declareRestore' ? 1 : 0);
  return world.routes.filter(isCarriedOutOnce).toSorted((a, b) => last(a) - last(b));
};

describe('every POST that does something', () => {
  /** What these come to is not in what is compared: a look, a message that is sent, a state that only the link holds, keys that there is nothing of. */
  const leavesNoTrace = [
    ...['checkConnection', 'checkNewConnection', 'checkNewTarget', 'checkTarget', 'releaseTarget'],
    ...['openConsent', 'renewDataKeys', 'testWebhook'],
  ];

  /** It names accounts of somebody who is to be forgotten. */
  const whoseAnswerIsNotKept = 'erasePerson';

  it('is carried out once by a key, and repeated calls have its answer', async () => {
    const world = await openFurnished();
    const carriedOut: string[] = [];
    const changed: string[] = [];
    for (const [place, route] of inOrder(world).entries()) {
      const of = await readyFor(world, route, `organization-${place}`);
      const before = await everythingIn(world);
      const key = newKey();
      const first = await post(route, key, bodies[route.id] ?? {}, of, world);
      expect(first.status, `${route.id} ${JSON.stringify(first.body)}`).toBeLessThan(300);
      expect(first.headers.get('idempotency-replayed'), route.id).toBeNull();
      const done = await everythingIn(world);
      const second = await post(route, key, bodies[route.id] ?? {}, of, world);
      expect(await everythingIn(world), route.id).toBe(done);
      carriedOut.push(route.id);
      if (done !== before) changed.push(route.id);
      if (route.id === whoseAnswerIsNotKept) {
        expect([second.status, codeOf(second)]).toEqual([409, 'answer_lost']);
        continue;
      }
      expect([second.status, second.body], route.id).toEqual([first.status, first.body]);
      for (const header of ['location', 'etag'])
        expect(second.headers.get(header), route.id).toBe(first.headers.get(header));
      expect(second.headers.get('idempotency-replayed'), route.id).toBe('true');
    }
    expect(carriedOut.toSorted()).toEqual(everyPost);
    expect(changed.toSorted()).toEqual(everyPost.filter((id) => !leavesNoTrace.includes(id)));
    await world.close();
  });

  it('that is refused did nothing, so that the same call is looked at anew', async () => {
    const refused: string[] = [];
    for (const route of posts()) {
      const key = newKey();
      const before = await everythingIn(door);
      const first = await post(route, key, bodies[route.id] ?? {}, nothing);
      if (first.status < 400) continue;
      const second = await post(route, key, bodies[route.id] ?? {}, nothing);
      expect([second.status, codeOf(second)], route.id).toEqual([first.status, codeOf(first)]);
      expect(second.headers.get('idempotency-replayed'), route.id).toBeNull();
      expect(await everythingIn(door), route.id).toBe(before);
      refused.push(route.id);
    }
    expect(refused.toSorted()).toEqual(everyPost.filter((id) => !aboutNothing.includes(id)));
  });

  it('refuses another call under the same key: another body, about something else, or of another revision', async () => {
    const world = await openFurnished();
    const met: Readonly<Record<'body' | 'address' | 'ifMatch', string[]>> = { body: [], address: [], ifMatch: [] };
    for (const [place, route] of inOrder(world).entries()) {
      const of = await readyFor(world, route, `organization-${place}`);
      const elsewhere = await readyFor(world, route, `other-${place}`);
      const [key, body] = [newKey(), bodies[route.id] ?? {}];
      const first = await post(route, key, body, of, world);
      expect(first.status, `${route.id} ${JSON.stringify(first.body)}`).toBeLessThan(300);
      const done = await everythingIn(world);
      const other = others[route.id] ?? {};
      const asks: Readonly<Record<keyof typeof met, (() => Promise<Reply>) | null>> = {
        body: takesBody(route) ? () => post(route, key, other, of, world) : null,
        address: route.path.includes('{') ? () => post(route, key, body, elsewhere, world) : null,
        ifMatch: route.ifMatch === undefined ? null : () => post(route, key, body, of, world, { 'if-match': '*' }),
      };
      for (const way of ['body', 'address', 'ifMatch'] as const) {
        const reply = await asks[way]?.();
        if (reply === undefined) continue;
        expect([reply.status, codeOf(reply)], `${route.id} ${way}`).toEqual([422, 'idempotency_key_reused']);
        met[way].push(route.id);
      }
      expect(await everythingIn(world), route.id).toBe(done);
    }
    expect(met.body.toSorted()).toEqual(Object.keys(others).toSorted());
    expect(met.address.toSorted()).toEqual(everyPost.filter((id) => !aboutNothing.includes(id)));
    expect(met.ifMatch.toSorted()).toEqual(['addSecondCredential', 'applyPlan', 'approvePlan', 'rejectPlan']);
    // Of this one there is no other: it takes nothing and is about nothing.
    const varied = new Set(Object.values(met).flat());
    expect(everyPost.filter((id) => !varied.has(id))).toEqual(['renewDataKeys']);
    await world.close();
  });

  it.each(['', '""', '"a', 'two words', 'ä', 'x'.repeat(256), 'one, two'])('refuses the key %j', async (key) => {
    for (const route of posts()) {
      const before = await everythingIn(door);
      const reply = await post(route, key);
      expect(reply.status, route.id).toBe(400);
      expect(reply.body, route.id).toMatchObject({
        code: 'invalid_request',
        errors: [{ in: 'header', pointer: '/idempotency-key' }],
      });
      expect(await everythingIn(door), route.id).toBe(before);
    }
  });

  it('that is malformed keeps no key', async () => {
    const key = newKey();
    const send = (body: object) => door.call('POST', '/v1/connections', { body, headers: { 'idempotency-key': key } });
    expect((await send({ vendor: 'OKTA' })).status).toBe(400);
    expect((await send(newConnection)).status).toBe(201);
  });
});

const opened = async (
  around: {
    readonly calls?: (calls: CallStore) => CallStore;
    readonly break?: (commands: CommandsWithin) => CommandsWithin;
  } = {},
) => {
  const calls = createMemoryCallStore();
  const world = await openDoor({
    room: ({ stores }) => ({ stores: { ...stores, calls: around.calls?.(calls) ?? calls } }),
    ...(around.break === undefined ? {} : { break: around.break }),
  });
  const add = (key: string, ask: object = {}) =>
    world.call('POST', '/v1/connections', { body: newConnection, headers: { 'idempotency-key': key }, ...ask });
  const count = async () => (await world.stores.connections.list({}, null, 100)).items.length;
  return { world, calls, add, count };
};

describe('a key', () => {
  it('is its own with and without quotes, and whatever the order of the fields', async () => {
    const { world, add } = await opened();
    const first = await add('"quoted"');
    const reordered = Object.fromEntries(Object.entries(newConnection).toReversed());
    expect((await add('quoted', { body: reordered })).body).toEqual(first.body);
    await world.close();
  });

  it('belongs to whoever calls, and to the route', async () => {
    const { world, add, count } = await opened();
    const made = await world.call('POST', '/v1/api-keys', {
      body: { name: 'product', scopes: ['configure', 'sync'] },
      headers: { 'idempotency-key': 'k1' },
    });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    const first = await add('k1');
    expect((await add('k1', { key })).headers.get('idempotency-replayed')).toBeNull();
    expect(await count()).toBe(2);
    const sync = `/v1/connections/${idOf(first)}/sync`;
    expect((await world.call('POST', sync, { key, headers: { 'idempotency-key': 'k1' } })).status).toBe(202);
    await world.close();
  });

  it('is of no use to whoever may not call any more', async () => {
    const { world, add } = await opened();
    const made = await world.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['configure'] } });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    expect((await add('k1', { key })).status).toBe(201);
    await world.call('DELETE', `/v1/api-keys/${idOf(made)}`);
    expect((await add('k1', { key })).status).toBe(401);
    await world.close();
  });

  it('that is in use is told so, at every process, and none of them does it twice', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { world, add, count } = await opened({
      break: (commands) => ({
        ...commands,
        addConnectionWithLink: async (...given) => {
          arrived.resolve();
          await gate.promise;
          return commands.addConnectionWithLink(...given);
        },
      }),
    });
    const first = add('k1');
    await arrived.promise;
    const second = await add('k1');
    expect([second.status, codeOf(second)]).toEqual([409, 'idempotency_key_in_use']);
    expect(codeOf(await add('k1', { body: { ...newConnection, name: 'other' } }))).toBe('idempotency_key_reused');
    gate.resolve();
    const answer = await first;
    expect((await add('k1')).body).toEqual(answer.body);
    expect(await count()).toBe(1);
    await world.close();
  });

  it('is good for another call after a day', async () => {
    const { world, add, count } = await opened();
    await add('k1');
    world.clock.now = new Date(world.clock.now.getTime() + 86_400_000 - 1);
    expect((await add('k1')).headers.get('idempotency-replayed')).toBe('true');
    world.clock.now = new Date(world.clock.now.getTime() + 1);
    expect((await add('k1')).headers.get('idempotency-replayed')).toBeNull();
    expect(await count()).toBe(2);
    await world.close();
  });
});

describe('a call that came while the keys of secrets could not be asked', () => {
  /** A door whose keys are away when the test says so. */
  const openWithKeys = async () => {
    const keys = { away: false };
    const vault = createVault(new Uint8Array(32));
    const assertThere = async (): Promise<void> => {
      if (keys.away) throw new KeysUnavailable('key_vault_unreachable', 'Azure Key Vault cannot be reached.');
    };
    const stores = memoryStores(() => new Date('2026-11-02T09:00:00Z'), {
      ...vault,
      seal: (...given) => assertThere().then(() => vault.seal(...given)),
      open: (...given) => assertThere().then(() => vault.open(...given)),
    });
    const world = await openDoor({
      config: { publicUrl: 'https://entrain.example' },
      room: ({ egress }) => ({ stores, egress: { ...egress, open: () => nobodyThere } }),
    });
    return { keys, world: { ...world, stores } };
  };

  it('did nothing, whichever it was, and is carried out under the same key once they can be', async () => {
    const { keys, world } = await openWithKeys();
    const things = await belongingsOf(world, 'acme');
    const met: string[] = [];
    for (const { id, path, body } of world.routes.filter(({ method }) => method === 'post')) {
      const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => things[name] ?? '');
      const given = { ...bodies, addSecondCredential: { client_secret: 'another' } }[id] ?? {};
      const ask = {
        ...(Object.keys(body.shape).length > 0 ? { body: given } : {}),
        headers: { 'idempotency-key': newKey() },
      };
      const before = await everythingIn(world);
      keys.away = true;
      const refused = await world.call('POST', address, ask);
      keys.away = false;
      if (refused.status !== 503) continue;
      expect(codeOf(refused), id).toBe('keys_unavailable');
      expect(await everythingIn(world), id).toBe(before);
      const again = await world.call('POST', address, ask);
      expect(again.status, `${id} ${JSON.stringify(again.body)}`).toBeLessThan(300);
      met.push(id);
    }
    const sealing = ['addConnection', 'addSecondCredential', 'addTarget', 'addWebhook', 'rotateWebhookSecret'];
    expect(met).toEqual(expect.arrayContaining(sealing));
    await world.close();
  });
});

describe('an answer that is not there', () => {
  const minutes = (world: Door, count: number) => {
    world.clock.now = new Date(world.clock.now.getTime() + count * 60_000);
  };

  it('because the process died between the effect and the answer is asked for in vain, and nothing is done twice', async () => {
    // The process is gone before it can write how it ended.
    const { world, add, count } = await opened({ calls: (calls) => ({ ...calls, end: async () => {} }) });
    await add('k1');
    expect(codeOf(await add('k1'))).toBe('idempotency_key_in_use');
    minutes(world, 5);
    const reply = await add('k1');
    expect([reply.status, codeOf(reply)]).toEqual([409, 'answer_lost']);
    expect(reply.body).toMatchObject({ detail: expect.stringContaining('2026-11-02T09:00:00.000Z') });
    expect(await count()).toBe(1);
    await world.close();
  });

  it('because the call failed on our side is asked for in vain', async () => {
    let broken = true;
    const { world, add, count } = await opened({
      break: (commands) => ({
        ...commands,
        addConnectionWithLink: async (...given) => {
          const added = await commands.addConnectionWithLink(...given);
          if (broken) throw new Error('connect ECONNREFUSED 127.0.0.1:27017');
          return added;
        },
      }),
    });
    expect((await add('k1')).status).toBe(500);
    broken = false;
    expect(codeOf(await add('k1'))).toBe('answer_lost');
    expect(await count()).toBe(1);
    await world.close();
  });

  it('because it was too large says that it was done', async () => {
    const { world, add } = await opened({
      break: (commands) => ({
        ...commands,
        addConnectionWithLink: async (...given) => {
          const added = await commands.addConnectionWithLink(...given);
          return { ...added, connection: { ...added.connection, description: 'x'.repeat(500_001) } };
        },
      }),
    });
    expect((await add('k1')).status).toBe(201);
    expect((await add('k1')).body).toMatchObject({
      code: 'answer_lost',
      detail: expect.stringMatching(/^It was done/),
    });
    await world.close();
  });

  it('does not keep the first caller from theirs', async () => {
    const { world, add } = await opened({
      calls: (calls) => ({
        ...calls,
        end: async () => {
          throw new Error('connect ECONNREFUSED 127.0.0.1:27017');
        },
      }),
    });
    expect((await add('k1')).status).toBe(201);
    expect(world.said.join('')).toContain('"event":"answer.not_kept"');
    await world.close();
  });

  it('because the encryption key was changed meanwhile is asked for in vain', async () => {
    const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const first = await opened();
    const key = { 'idempotency-key': 'k1' };
    const openedWith = (keyProofs: ReturnType<typeof createKeyProofs>) =>
      openDoor({ room: ({ stores }) => ({ keyProofs, stores: { ...stores, calls: first.calls } }) });
    const [before, after] = [await openedWith(createKeyProofs(old)), await openedWith(createKeyProofs(next, [old]))];
    const add = (at: Door) => at.call('POST', '/v1/connections', { body: newConnection, headers: key });
    expect((await add(before)).status).toBe(201);
    expect(codeOf(await add(after))).toBe('answer_lost');
    await Promise.all([first.world, before, after].map((each) => each.close()));
  });
});

describe('what is kept', () => {
  it('of somebody who is erased is not which accounts they had, and whoever repeats the call is told that it was done', async () => {
    const outcomes: unknown[] = [];
    const { world } = await opened({
      calls: (calls) => ({
        ...calls,
        end: (call, outcome) => {
          outcomes.push(outcome);
          return calls.end(call, outcome);
        },
      }),
    });
    const erase = world.routes.find(({ id }) => id === 'erasePerson') ?? expect.fail('There is no such route.');
    const of = await readyFor(world, erase, 'acme');
    const key = newKey();
    expect(await post(erase, key, {}, of, world)).toMatchObject({ status: 200, body: { accounts_left: [] } });
    expect(outcomes).toEqual([{ kind: 'unkept' }]);
    const again = await post(erase, key, {}, of, world);
    expect(again.body).toMatchObject({
      code: 'answer_lost',
      detail: expect.stringMatching(/^It was done .* names accounts of a person\./),
    });
    await world.close();
  });

  it('holds neither the key, nor what was sent, nor what was answered, in clear', async () => {
    const kept: unknown[] = [];
    const { world, add } = await opened({
      calls: (calls) => ({
        ...calls,
        begin: (call) => {
          kept.push(call);
          return calls.begin(call);
        },
        end: (call, outcome) => {
          kept.push(outcome);
          return calls.end(call, outcome);
        },
      }),
    });
    await add('CANARY-key');
    const made = await world.call('POST', '/v1/api-keys', {
      body: { name: 'CANARY-name', scopes: ['read'] },
      headers: { 'idempotency-key': 'another' },
    });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    const text = JSON.stringify(kept);
    expect(text).toContain('"kind":"answered"');
    for (const secret of ['CANARY', 'acme', key, key.slice(-20)]) expect(text).not.toContain(secret);
    await world.close();
  });
});
