/** From what happened to whoever is told: worked out from the store, in order, once each, and nobody keeps anybody else waiting. */

import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { healthOf } from '../../src/core/health.ts';
import { noteCheck } from '../../src/engine/note-reading.ts';
import { holdConnection, probeConnection } from '../../src/engine/quarantine.ts';
import { beginTelling, takeEndedRuns, tellOfRuns } from '../../src/engine/relay-events.ts';
import { newProvisionRun, newSyncRun } from '../../src/engine/request-runs.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { type Telling, takeTelling, tell } from '../../src/engine/tell-webhook.ts';
import type { Received, Sent } from '../../src/model/egress.ts';
import { EgressRefused } from '../../src/model/egress.ts';
import { KeysUnavailable, SecretUnreadable, SourceError } from '../../src/model/errors.ts';
import type { EventType } from '../../src/model/event.ts';
import { connectionId, organizationId, runId, targetId, watermark, webhookId } from '../../src/model/ids.ts';
import { noCounters } from '../../src/model/run.ts';
import { type SourceObject, user } from '../../src/model/source-object.ts';
import type { Webhook } from '../../src/model/webhook.ts';
import { newId } from '../../src/store/ids.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Stores } from '../../src/store/stores.ts';
import { createVault } from '../../src/store/vault.ts';
import { lease, nth } from '../admin/api/stores.ts';
import { relayAll } from '../support/relaying.ts';
import { hidden } from '../support/secrets.ts';
import { plainConnection, story, connection as storyConnection } from '../support/story.ts';
import { testWorld } from '../target/world.ts';

const acme = organizationId('acme');
const connection = connectionId('con_acme');
const never = new AbortController().signal;

type Message = { readonly url: string; readonly id: string; readonly type: string; readonly data: object };

let world: ReturnType<typeof testWorld>;
let stores: Stores;
let telling: Telling;
let got: Message[];
/** What each address answers; 200 unless said. */
let answers: Map<string, () => number | Error>;

beforeEach(async () => {
  world = testWorld();
  stores = createMemoryStores({ now: world.now, vault: createVault(randomBytes(32)) });
  await stores.connections.add({ ...plainConnection(world.now()), id: connection, organization: acme }, {});
  got = [];
  answers = new Map();
  const exchange = async (url: string, sent: Sent): Promise<Received> => {
    const message = JSON.parse(sent.body ?? '');
    got.push({ url, id: sent.headers['webhook-id'] ?? '', type: message.type, data: message.data });
    const answer = answers.get(url)?.() ?? 200;
    if (answer instanceof Error) throw answer;
    return { status: answer, headers: {}, text: '', bytes: 0 };
  };
  telling = {
    stores,
    world,
    owner: 'worker-1',
    egress: { open: (url) => ({ exchange: (sent) => exchange(url.href, sent), close: async () => {} }) },
    sign: (secrets, id) => ({ 'webhook-id': id, 'webhook-signature': secrets.join(' ') }),
  };
});

const subscribe = async (url: string, events: readonly EventType[] | null = null): Promise<Webhook> => {
  await beginTelling(stores, acme);
  const webhook: Webhook = {
    id: webhookId(newId('whk')),
    organization: acme,
    url,
    description: null,
    events,
    state: 'active',
    problem: null,
    oldSecretUntil: null,
    createdAt: world.now(),
    updatedAt: world.now(),
    revision: 1,
  };
  await stores.deliveries.start(webhook.id, acme, await stores.events.newest(acme));
  await stores.webhooks.add(webhook, hidden({ secret: 'whsec_1' }));
  return webhook;
};

const everybodyTold = async (): Promise<void> => {
  await relayAll(stores);
  for (;;) {
    const turn = await takeTelling(telling);
    if (turn === null) return;
    await tell(telling, turn, never);
  }
};

const person = (n: number, attributes: SourceObject['attributes'] = {}): SourceObject => ({
  ref: user(nth(n)),
  attributes: { displayName: `Person ${n}`, accountEnabled: true, ...attributes },
});

/** A sync run that commits these people as they are now. */
const sync = async (...people: readonly SourceObject[]): Promise<void> => {
  const of = { id: connection, organization: acme };
  const run = newSyncRun(of, {
    ...{ mode: 'delta', scope: null, dryRun: false, trigger: 'api' },
    id: runId(newId('run')),
    at: world.now(),
  } as const);
  await stores.runs.request(run);
  await stores.runs.start(run.id, world.now());
  const held = await lease(stores, connection);
  const draft = await stores.snapshots.begin(held, run.id);
  const before = await draft.find(people.map(({ ref }) => ref));
  await draft.put({ objects: people.map((next) => ({ ref: next.ref, next })), members: [], seen: [], resume: null });
  await draft.record(
    people.map((after) => {
      const was = before.get(after.ref.id);
      return was === undefined ? { kind: 'created', after } : { kind: 'updated', before: was, after };
    }),
  );
  const head = await draft.commit({ watermark: watermark('w'), counts: { user: 2, group: 0 }, full: false });
  await stores.leases.release(held);
  await stores.runs.finish(run.id, 'succeeded', world.now(), {
    counters: noCounters,
    version: head.version,
    problem: null,
  });
};

const endRun = async (state: 'succeeded' | 'held' | 'failed', organization = acme): Promise<void> => {
  const target = { id: targetId(`tgt_${organization}`), organization, connection };
  const run = newProvisionRun(target, null, {
    ...{ mode: 'delta', scope: null, dryRun: false, trigger: 'api' },
    id: runId(newId('run')),
    at: world.now(),
  } as const);
  await stores.runs.request(run);
  await stores.runs.start(run.id, world.now());
  await stores.runs.finish(run.id, state, world.now(), { counters: noCounters, version: null, problem: null });
};

const typesAt = (url: string): readonly string[] => got.filter((one) => one.url === url).map(({ type }) => type);
const desk = 'https://desk.example/hooks';

describe('what is told', () => {
  it('are the people a sync changed, then the sync itself, in order and once', async () => {
    await subscribe(desk);
    await sync(person(1), person(2));
    await sync(person(1, { accountEnabled: false }), person(2, { city: 'Graz' }));
    await everybodyTold();
    await everybodyTold();
    expect(typesAt(desk)).toEqual([
      'person.created',
      'person.created',
      'run.completed',
      'person.disabled',
      'person.updated',
      'run.completed',
    ]);
    expect(new Set(got.map(({ id }) => id)).size).toBe(6);
    expect(JSON.stringify(got)).not.toMatch(/Person|Graz/);
  });

  it('is what happened since somebody wanted to be told, and not all that ever did', async () => {
    await sync(person(1));
    await everybodyTold();
    await subscribe(desk);
    await sync(person(2));
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['person.created', 'run.completed']);
  });

  it('leaves out what ended before anybody listened, also where it was left untold', async () => {
    await endRun('held');
    await sync(person(1));
    await world.sleep(1_000, never);
    await subscribe(desk);
    await endRun('succeeded');
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed']);
  });

  it('is each address’s choice', async () => {
    const runs = 'https://runs.example/';
    await subscribe(desk, ['person.created']);
    await subscribe(runs, ['run.blocked']);
    await sync(person(1));
    await endRun('succeeded');
    await endRun('held');
    await everybodyTold();
    expect([typesAt(desk), typesAt(runs)]).toEqual([['person.created'], ['run.blocked']]);
  });

  it('is worked out for nobody where nobody listens', async () => {
    await sync(person(1));
    await endRun('held');
    await everybodyTold();
    expect(await stores.events.newest(acme)).toBe(0);
    await world.sleep(86_400_000, never);
    expect(await takeEndedRuns(stores)).toEqual([]);
  });

  it('is told once also when whoever works it out dies in between', async () => {
    await subscribe(desk);
    await sync(person(1));
    const dying = { ...stores, runs: { ...stores.runs, told: () => Promise.reject(new Error('power cut')) } };
    await expect(relayAll(dying)).rejects.toThrow('power cut');
    await everybodyTold();
    // What it left is somebody else's after a while.
    await world.sleep(120_000, never);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['person.created', 'run.completed']);
  });

  it('is worked out for one organization beside another whose sync takes long, and stops between batches', async () => {
    const contoso = organizationId('contoso');
    await subscribe(desk);
    await sync(person(1), person(2));
    await endRun('succeeded', contoso);
    const long = await takeEndedRuns(stores);
    const other = await takeEndedRuns(stores);
    expect([long, other].map((some) => some.map(({ organization }) => organization))).toEqual([[acme], [contoso]]);
    await tellOfRuns(stores, other, never);
    const stopping = new AbortController();
    const events = {
      ...stores.events,
      position: async () => {
        stopping.abort(new Error('stopping'));
        return null;
      },
    };
    await expect(tellOfRuns({ ...stores, events }, long, stopping.signal)).rejects.toThrow('stopping');
    expect(await stores.events.newest(acme)).toBe(0);
    await world.sleep(120_000, never);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['person.created', 'person.created', 'run.completed']);
  });

  it('may be told by a colleague too, by a key', async () => {
    await subscribe(desk);
    const event = {
      key: 'degraded|con_acme|1',
      organization: acme,
      connection,
      at: world.now(),
      about: { type: 'connection.degraded', status: 'blocked', code: 'AADSTS7000222', owner: 'customer_it' },
    } as const;
    await stores.events.record([event]);
    await stores.events.record([event]);
    await everybodyTold();
    const data = { status: 'blocked', code: 'AADSTS7000222', resolution_owner: 'customer_it' };
    expect(got).toMatchObject([{ type: 'connection.degraded', data }]);
  });
});

describe('an address that does not answer', () => {
  it('is told later, in order, and keeps nobody else waiting', async () => {
    const other = 'https://other.example/';
    await subscribe(desk, ['run.completed', 'run.blocked']);
    await subscribe(other, ['run.completed', 'run.blocked']);
    let up = false;
    answers.set(desk, () => (up ? 200 : 503));
    await endRun('succeeded');
    await endRun('held');
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed']);
    expect(typesAt(other)).toEqual(['run.completed', 'run.blocked']);
    up = true;
    await world.sleep(10_000, never);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed', 'run.completed', 'run.blocked']);
  });

  it('is left alone after days, and told what it missed once a person lets it go on', async () => {
    const { id } = await subscribe(desk, ['run.completed']);
    let up = false;
    answers.set(desk, () => (up ? 200 : new Error('connect ECONNREFUSED')));
    await endRun('succeeded');
    for (let nth = 0; nth < 12; nth += 1) {
      await everybodyTold();
      await world.sleep(86_400_000, never);
    }
    const disabled = await stores.webhooks.get(id);
    expect(disabled).toMatchObject({ state: 'disabled', problem: { code: 'webhook_unreachable' } });
    expect(got).toHaveLength(10);
    up = true;
    await stores.webhooks.edit(id, disabled?.revision ?? 0, { state: 'active', problem: null });
    await stores.deliveries.hasten(id);
    await everybodyTold();
    expect(got).toHaveLength(11);
    expect((await stores.deliveries.log(id, null, 10)).items).toMatchObject([{ state: 'delivered' }]);
  });

  it('that says it is gone is left alone at once', async () => {
    const { id } = await subscribe(desk);
    answers.set(desk, () => 410);
    await endRun('succeeded');
    await everybodyTold();
    expect(await stores.webhooks.get(id)).toMatchObject({ state: 'disabled', problem: { code: 'webhook_gone' } });
  });

  it('that refuses one message gets the next after some minutes', async () => {
    const { id } = await subscribe(desk, ['run.completed', 'run.blocked']);
    answers.set(desk, () => (got.at(-1)?.type === 'run.blocked' ? 200 : 400));
    await endRun('succeeded');
    await endRun('held');
    for (let nth = 0; nth < 5; nth += 1) {
      await everybodyTold();
      await world.sleep(3_600_000, never);
    }
    const { items } = await stores.deliveries.log(id, null, 10);
    expect(items.map(({ type, state }) => [type, state])).toEqual([
      ['run.blocked', 'delivered'],
      ['run.completed', 'failed'],
    ]);
  });

  it('that may not be called says so in its log', async () => {
    const { id } = await subscribe(desk);
    answers.set(desk, () => new EgressRefused('desk.example leads to an address of a private network.'));
    await endRun('succeeded');
    await everybodyTold();
    expect((await stores.deliveries.log(id, null, 10)).items).toMatchObject([
      { state: 'waiting', attempts: [{ status: null, detail: expect.stringContaining('private network') }] },
    ]);
  });
});

describe('an address whose signing secret cannot be opened', () => {
  const closedBy = (why: Error): Telling => ({
    ...telling,
    stores: { ...stores, webhooks: { ...stores.webhooks, secrets: () => Promise.reject(why) } },
  });
  const turnOf = async (of: Telling): Promise<boolean> => {
    const turn = await takeTelling(of);
    if (turn !== null) await tell(of, turn, never);
    return turn !== null;
  };

  it('is left alone at once, says so in its log, and is told what it missed under another secret', async () => {
    const { id } = await subscribe(desk, ['run.completed']);
    await endRun('succeeded');
    await relayAll(stores);
    expect(await turnOf(closedBy(new SecretUnreadable('The secret secret of whk_1 cannot be opened.')))).toBe(true);
    const disabled = await stores.webhooks.get(id);
    expect(disabled).toMatchObject({ state: 'disabled', problem: { code: 'webhook_secret_unreadable' } });
    expect((await stores.deliveries.log(id, null, 10)).items).toMatchObject([
      { state: 'waiting', attempts: [{ status: null, detail: expect.stringContaining('cannot be opened') }] },
    ]);
    await stores.webhooks.edit(id, disabled?.revision ?? 0, { state: 'active', problem: null });
    await stores.deliveries.hasten(id);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed']);
  });

  it('is tried later and later while the keys cannot be asked', async () => {
    const { id } = await subscribe(desk, ['run.completed']);
    await endRun('succeeded');
    await relayAll(stores);
    const away = closedBy(new KeysUnavailable('key_vault_unreachable', 'The vault does not answer.'));
    expect([await turnOf(away), await turnOf(away)]).toEqual([true, false]);
    await world.sleep(10_000, never);
    expect([await turnOf(away), await turnOf(away)]).toEqual([true, false]);
    await world.sleep(10_000, never);
    expect(await turnOf(away)).toBe(false);
    expect(await stores.webhooks.get(id)).toMatchObject({ state: 'active', problem: null });
    await world.sleep(600_000, never);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed']);
  });

  it('rests after a fault of our own, so that the worker goes on with the others', async () => {
    await subscribe(desk, ['run.completed']);
    await endRun('succeeded');
    await relayAll(stores);
    const broken = closedBy(new Error('The database is away.'));
    await expect(turnOf(broken)).rejects.toThrow('away');
    expect(await turnOf(broken)).toBe(false);
    await world.sleep(5_000, never);
    await everybodyTold();
    expect(typesAt(desk)).toEqual(['run.completed']);
  });
});

it('a connection that is held back is told once, however often it is found so', async () => {
  const s = await story();
  const problem = { code: 'AADSTS7000215', message: 'The secret is wrong.', owner: 'customer_it' } as const;
  const asRead = { id: storyConnection, revision: 1 };
  expect(await holdConnection(s.engine, asRead, problem)).toBe(true);
  expect(await holdConnection(s.engine, asRead, problem)).toBe(true);
  expect(await holdConnection(s.engine, { ...asRead, revision: 2 }, problem)).toBe(false);
  const record = await s.stores.connections.get(storyConnection);
  const told = await s.stores.events.after(record?.organization ?? acme, 0, 10);
  expect(told.map(({ about }) => about)).toEqual([
    { type: 'connection.degraded', status: 'blocked', code: 'AADSTS7000215', owner: 'customer_it' },
  ]);
});

it('of a connection whose health is degraded by a run or a check others are told, once for what is new', async () => {
  const s = await story();
  const { connections, events } = s.stores;
  const record = async () => (await connections.get(storyConnection)) ?? expect.fail('It is gone.');
  const told = async () =>
    (await events.after((await record()).organization, 0, 10)).flatMap(({ about }) =>
      about.type === 'connection.degraded' ? [`${about.status} ${about.code} ${about.owner}`] : [],
    );
  const failing = async (code: string): Promise<void> => {
    s.directory.liberties.fault = { afterPages: 0, error: new SourceError('unavailable', '503', { code }) };
    await s.requestSync('full');
    await syncTurn(s.engine, storyConnection, never);
    s.pass(60_000);
  };
  await failing('graph_timed_out');
  await failing('graph_timed_out');
  const remedy = { code: 'permission_missing', owner: 'customer_it', todo: 'Grant it.', link: null } as const;
  const line = { name: 'Users', ok: false, detail: 'Graph denied it.', remedy } as const;
  await noteCheck(s.engine, await record(), { ok: false, checks: [line] });
  expect(healthOf(await record(), null, s.engine.world.now())).toMatchObject({ status: 'degraded' });
  expect(await told()).toEqual(['degraded graph_timed_out microsoft']);
  await s.syncAll();
  await noteCheck(s.engine, await record(), { ok: false, checks: [line] });
  await noteCheck(s.engine, await record(), { ok: false, checks: [line] });
  expect(await told()).toEqual(['degraded graph_timed_out microsoft', 'degraded permission_missing customer_it']);
  await connections.edit(storyConnection, (await record()).revision, { state: 'paused', trouble: null });
  await noteCheck(s.engine, await record(), { ok: false, checks: [line] });
  expect(await told()).toHaveLength(2);
});

it('that a connection is well again is told once it is shown: by a sync that was committed, or by a check or a probe that passed', async () => {
  const s = await story();
  const { connections, events } = s.stores;
  const record = async () => (await connections.get(storyConnection)) ?? expect.fail('It is gone.');
  const told = async () =>
    (await events.after((await record()).organization, 0, 20)).flatMap(({ about }) =>
      about.type === 'connection.degraded' || about.type === 'connection.recovered'
        ? [`${about.type.slice('connection.'.length)} ${about.code}`]
        : [],
    );
  const remedy = { code: 'permission_missing', owner: 'customer_it', todo: 'Grant it.', link: null } as const;
  const failed = { ok: false, checks: [{ name: 'Users', ok: false, detail: 'Graph denied it.', remedy }] } as const;
  const passed = { ok: true, checks: [{ name: 'Users', ok: true, detail: 'One was read.' }] } as const;
  await s.full();
  await noteCheck(s.engine, await record(), passed);
  expect(await told()).toEqual([]);

  await noteCheck(s.engine, await record(), failed);
  await noteCheck(s.engine, await record(), passed);
  const byCheck = ['degraded permission_missing', 'recovered permission_missing'];
  expect(await told()).toEqual(byCheck);
  await noteCheck(s.engine, await record(), passed);
  await s.full();
  expect(await told()).toEqual(byCheck);

  s.pass(60_000);
  s.directory.liberties.fault = { afterPages: 0, error: new SourceError('unavailable', '503', { code: 'graph_503' }) };
  await s.requestSync('full');
  await syncTurn(s.engine, storyConnection, never);
  // A check says nothing of what a run met.
  await noteCheck(s.engine, await record(), passed);
  expect(await told()).toEqual([...byCheck, 'degraded graph_503']);
  s.pass(60_000);
  await s.syncAll();
  const bySync = [...byCheck, 'degraded graph_503', 'recovered graph_503'];
  expect(await told()).toEqual(bySync);

  s.pass(60_000);
  const problem = { code: 'AADSTS7000222', message: 'The secret is expired.', owner: 'customer_it' } as const;
  await holdConnection(s.engine, await record(), problem);
  await noteCheck(s.engine, await record(), passed);
  expect(await told()).toEqual([...bySync, 'degraded AADSTS7000222']);
  await probeConnection(s.engine, storyConnection, never);
  expect(await told()).toEqual([...bySync, 'degraded AADSTS7000222', 'recovered AADSTS7000222']);
});

it('new credentials alone do not tell that a connection is well again, and the first sync by them does', async () => {
  const s = await story();
  const { connections, events } = s.stores;
  const record = async () => (await connections.get(storyConnection)) ?? expect.fail('It is gone.');
  const types = async () =>
    (await events.after((await record()).organization, 0, 20)).flatMap(({ about }) =>
      about.type.startsWith('connection.') ? [about.type] : [],
    );
  await s.full();
  const problem = { code: 'AADSTS7000222', message: 'The secret is expired.', owner: 'customer_it' } as const;
  await holdConnection(s.engine, await record(), problem);
  // As an edit does that gives it another secret.
  const letGo = { state: 'active', problem: null, quarantine: null, trouble: null } as const;
  await connections.edit(storyConnection, (await record()).revision, letGo);
  expect(await types()).toEqual(['connection.degraded']);
  s.pass(60_000);
  await s.full();
  expect(await types()).toEqual(['connection.degraded', 'connection.recovered']);
});

it('nobody is told while they are paused, and everything since once they go on', async () => {
  const { id } = await subscribe(desk, ['run.completed']);
  await stores.webhooks.edit(id, 1, { state: 'paused' });
  await endRun('succeeded');
  await everybodyTold();
  expect(got).toEqual([]);
  await stores.webhooks.edit(id, 2, { state: 'active' });
  await stores.deliveries.hasten(id);
  await everybodyTold();
  expect(typesAt(desk)).toEqual(['run.completed']);
});

it('a message is signed by both secrets while one takes the place of the other', async () => {
  const { id } = await subscribe(desk, ['run.completed']);
  const until = new Date(world.now().getTime() + 60_000);
  await stores.webhooks.edit(id, 1, { oldSecretUntil: until }, hidden({ secret: 'whsec_2', old_secret: 'whsec_1' }));
  const signed: string[] = [];
  telling = {
    ...telling,
    sign: (secrets) => {
      signed.push(secrets.map((one) => one.reveal()).join(' '));
      return {};
    },
  };
  await endRun('succeeded');
  await everybodyTold();
  await world.sleep(60_000, never);
  await endRun('succeeded');
  await everybodyTold();
  expect(signed).toEqual(['whsec_2 whsec_1', 'whsec_2']);
});
