import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newProvisionRun } from '../../../src/engine/request-runs.ts';
import { connectionId, operationKey, remoteId, runId, targetId } from '../../../src/model/ids.ts';
import { noCounters } from '../../../src/model/run.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { addConnection, addTarget, type Door, idOf, openDoor, pageOf } from './door.ts';
import { lease, nth } from './stores.ts';

let door: Door;
let connection: string;
beforeEach(async () => {
  door = await openDoor();
  connection = await addConnection(door);
});
afterEach(() => door.close());

const sync = (body: object = {}, of = connection) => door.call('POST', `/v1/connections/${of}/sync`, { body });
const provision = (target: string, body: object = {}) => door.call('POST', `/v1/targets/${target}/provision`, { body });
const show = (run: string) => door.call('GET', `/v1/runs/${run}`);

describe('asking for a sync', () => {
  it('answers at once with the run and where to watch it, and wakes a worker', async () => {
    const reply = await sync();
    expect(reply.status).toBe(202);
    expect(reply.headers.get('location')).toBe(`/v1/runs/${idOf(reply)}`);
    expect(reply.body).toMatchObject({
      kind: 'sync',
      connection_id: connection,
      mode: 'delta',
      scope: null,
      dry_run: false,
      trigger: 'api',
      state: 'queued',
      already_queued: false,
      counters: { created: 0, skipped: {}, failed: {} },
    });
    expect(door.woken.at(-1)).toBe(`sync ${connection} person`);
    expect((await show(idOf(reply))).body).toMatchObject({ state: 'queued', provision_runs: [] });
  });

  it('is answered with the run that waits already when it does the same', async () => {
    const first = await sync({ mode: 'full' });
    const second = await sync({ mode: 'full' });
    expect(second.body).toMatchObject({ id: idOf(first), already_queued: true });
    expect(second.headers.get('location')).toBe(`/v1/runs/${idOf(first)}`);
  });

  it('makes one run of many requests at once', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => sync()));
    expect(new Set(replies.map(idOf)).size).toBe(1);
    expect(replies.filter(({ body }) => JSON.stringify(body).includes('"already_queued":false'))).toHaveLength(1);
  });

  it('takes a sync of one group for another thing than a sync of all', async () => {
    const whole = await sync();
    const scoped = await sync({
      mode: 'full',
      scope: { group_id: nth(900).toUpperCase(), nested: true },
      dry_run: true,
    });
    expect(scoped.body).toMatchObject({
      scope: { group_id: nth(900), nested: true },
      dry_run: true,
      already_queued: false,
    });
    expect(idOf(scoped)).not.toBe(idOf(whole));
  });

  it('is not lost when the queue is down', async () => {
    door.queue.down = true;
    const reply = await sync();
    expect(reply.status).toBe(202);
    expect((await show(idOf(reply))).body).toMatchObject({ state: 'queued' });
  });

  it.each([
    ['without credentials', { client_id: undefined, client_secret: undefined }, 'pending'],
    ['that is paused', {}, 'paused'],
  ])('is refused for a connection %s, saying what to do', async (_what, fields, state) => {
    const id = await addConnection(door, fields);
    if (state === 'paused') await door.call('PATCH', `/v1/connections/${id}`, { body: { state } });
    const reply = await sync({}, id);
    expect(reply.body).toMatchObject({
      status: 409,
      code: 'connection_not_active',
      detail: expect.stringMatching(/first\.$/),
    });
  });
});

describe('asking for provisioning', () => {
  it('answers with the run and wakes a worker', async () => {
    const target = await addTarget(door, connection);
    const reply = await provision(target, { dry_run: true });
    expect(reply.body).toMatchObject({
      kind: 'provision',
      target_id: target,
      mode: 'delta',
      dry_run: true,
      already_queued: false,
    });
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
  });

  it('in full, looks at everything again, and leaves the position to the run', async () => {
    const target = targetId(await addTarget(door, connection));
    await door.stores.ledger.advance(await lease(door.stores, target), 7);
    const delta = await provision(target);
    const full = await provision(target, { full: true });
    expect(full.body).toMatchObject({ mode: 'full', already_queued: false });
    expect(full.body.id).not.toBe(delta.body.id);
    expect(await door.stores.ledger.position(target)).toBe(7);
  });
});
