import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planOfPreview } from '../../../src/engine/aim.ts';
import { connectionId, type PlanId, type RunId, runId, targetId } from '../../../src/model/ids.ts';
import { user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { createsWith } from '../../support/operations.ts';
import { aPlan, staged } from '../../support/plan-world.ts';
import { type Door, idOf, openWithTarget } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  ({ door, connection, target } = await openWithTarget());
});
afterEach(() => door.close());

const pilots = { group_ids: [nth(900)], nested: true };
const ask = (scope: unknown, of = connection) =>
  door.call('POST', `/v1/connections/${of}/scope/preview`, { body: { scope } });
const show = (run: string) => door.call('GET', `/v1/runs/${run}/preview`);

describe('asking what another scope would mean', () => {
  it('answers at once with the run and where to watch it, wakes a worker and saves nothing', async () => {
    const reply = await ask(pilots);
    expect(reply.status).toBe(202);
    expect(reply.headers.get('location')).toBe(`/v1/runs/${idOf(reply)}`);
    expect(reply.body).toMatchObject({
      kind: 'preview',
      connection_id: connection,
      target_id: null,
      proposed_scope: pilots,
      dry_run: true,
      trigger: 'api',
      state: 'queued',
      already_queued: false,
    });
    expect(door.woken.at(-1)).toBe(`sync ${connection} person`);
    expect((await door.call('GET', `/v1/connections/${connection}`)).body).toMatchObject({ scope: 'all' });
    expect((await door.call('GET', `/v1/runs/${idOf(reply)}`)).body).toMatchObject({ kind: 'preview' });
    expect((await door.call('GET', `/v1/runs?kind=preview`)).body).toMatchObject({ data: [{ id: idOf(reply) }] });
  });

  it('is answered with the run that waits already when it is about the same scope', async () => {
    const first = await ask(pilots);
    expect((await ask(pilots)).body).toMatchObject({ id: idOf(first), already_queued: true });
    expect((await ask({ ...pilots, nested: false })).body).toMatchObject({ already_queued: false });
  });

  it('is refused for the scope that was read already, and for a connection that is not active', async () => {
    await commitPeople(door.stores, connectionId(connection), 2);
    const held = await lease(door.stores, connectionId(connection));
    const draft = await door.stores.snapshots.begin(held, 'scope');
    await draft.commit({ watermark: 'keep', counts: { user: 2, group: 1 }, full: false, scope: 'all' });
    expect((await ask('all')).body).toMatchObject({ status: 409, code: 'scope_unchanged' });
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    expect((await ask(pilots)).body).toMatchObject({ status: 409, code: 'connection_not_active' });
    expect((await ask(pilots, newId('con'))).status).toBe(404);
  });

  it('is in the audit log with the scope that it reads', async () => {
    const run = idOf(await ask(pilots));
    expect((await door.call('GET', `/v1/audit?subject_id=${run}`)).body).toMatchObject({
      data: [
        {
          action: 'requestPreview',
          step: 'done',
          subjects: { connection_id: connection, run_id: run },
          differences: [{ pointer: '/proposed_scope', before: null, after: pilots }],
        },
      ],
    });
  });

  it('needs a scope that can be', async () => {
    for (const scope of [undefined, 'some', { group_ids: [] }, { group_ids: ['staff'] }])
      expect((await ask(scope)).status).toBe(400);
  });
});

describe('a preview', () => {
  const keyWith = async (scope: string) => {
    const { body } = await door.call('POST', '/v1/api-keys', { body: { name: scope, scopes: [scope] } });
    return z.looseObject({ key: z.string() }).parse(body).key;
  };
  const planned = async (run: RunId, other: Partial<Parameters<typeof aPlan>[1]> = {}): Promise<PlanId> => {
    const id = planOfPreview({ id: run }, targetId(target));
    const held = await lease(door.stores, targetId(target));
    const made = aPlan(targetId(target), { id, kind: 'preview', run, connection: connectionId(connection), ...other });
    await door.stores.plans.add(held, made);
    await door.stores.leases.release(held);
    return id;
  };

  it('is empty until a target is planned, then says by target what would be done, and which plan holds it', async () => {
    const run = runId(idOf(await ask(pilots)));
    const nothing = { target_id: target, plan_id: null, would: null, exceeded: [], waits_for_approval: true };
    expect((await show(run)).body).toMatchObject({ run: { id: run, state: 'queued' }, targets: [nothing] });
    const id = await planned(run);
    const none = { create: 0, update: 0, disable: 0, delete: 0 };
    expect((await show(run)).body).toMatchObject({
      targets: [
        {
          target_id: target,
          plan_id: id,
          hash: 'hash-1',
          would: { users: { ...none, disable: 2 }, groups: none, memberships: { add: 0, remove: 0 } },
          exceeded: [{ limit: 'deprovisions', wanted: 2, allowed: 1 }],
        },
      ],
    });
    expect((await door.call('GET', `/v1/targets/${target}`)).body).toMatchObject({ waiting_plan: null });
  });

  it('of a wider scope names people to those alone who may choose the scope, and counts them for everybody', async () => {
    const [read, configure] = [await keyWith('read'), await keyWith('configure')];
    const run = runId(idOf(await ask('all')));
    const id = await planned(run);
    const look = async (key: string) => (await door.call('GET', `/v1/plans/${id}/operations`, { key })).status;
    expect([await look(read), await look(configure)]).toEqual([200, 200]);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { scope: pilots } });
    expect([await look(read), await look(configure)]).toEqual([403, 200]);
    const counted = await door.call('GET', `/v1/runs/${run}/preview`, { key: read });
    expect(counted.body).toMatchObject({ targets: [{ plan_id: id, would: { users: { disable: 2 } } }] });
  });

  it('of a wider scope is looked into by nobody whom the audit log does not name', async () => {
    const key = await keyWith('configure');
    const id = await planned(runId(idOf(await ask('all'))));
    const look = () => door.call('GET', `/v1/plans/${id}/operations`, { key });
    const looks = async () => (await door.call('GET', `/v1/audit?subject_id=${id}`)).body;
    expect((await look()).status).toBe(200);
    expect(await looks()).toMatchObject({ data: [] });
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { scope: pilots } });
    expect((await look()).status).toBe(200);
    const by = { action: 'listPlanOperations', actor: { kind: 'api_key', name: 'configure' } };
    expect(await looks()).toMatchObject({
      data: [
        { ...by, step: 'done' },
        { ...by, step: 'asked' },
      ],
    });
    door.stores.audit.append = async () => {
      throw new Error('not primary');
    };
    expect((await look()).status).toBe(500);
  });

  it('of a wider scope, or one that is being made, shows nobody in the export of a person but to those who may choose the scope', async () => {
    const [read, configure] = [await keyWith('read'), await keyWith('configure')];
    const outsider = user(nth(77));
    const run = { id: runId(idOf(await ask('all'))) };
    const id = planOfPreview(run, targetId(target));
    const held = await lease(door.stores, targetId(target));
    await door.stores.plans.stage(held, id, [staged(createsWith(outsider, { userName: 'eve@acme.example' }))]);
    await door.stores.leases.release(held);
    const path = `/v1/connections/${connection}/people/${outsider.id}/export`;
    const look = async (key: string) => String((await door.call('GET', path, { key })).body);
    const withheld = { kind: 'withheld_plan', target_id: target, plan_id: id };
    const first = (text: string): unknown => JSON.parse(text.split('\n')[0] ?? '');
    expect(first(await look(read))).toEqual(withheld);
    await planned(run.id);
    expect(first(await look(read))).toMatchObject({ kind: 'planned_operation', plan_id: id });
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { scope: pilots } });
    const shown = await look(read);
    expect(first(shown)).toEqual(withheld);
    expect(shown).not.toContain('eve@acme.example');
    expect(await look(configure)).toContain('eve@acme.example');
  });

  it('is only to look at', async () => {
    const id = await planned(runId(idOf(await ask(pilots))));
    for (const verb of ['approve', 'apply', 'reject'])
      expect((await door.call('POST', `/v1/plans/${id}/${verb}`, { body: { reason: 'Yes.' } })).body).toMatchObject({
        status: 409,
        code: 'plan_is_preview',
      });
  });

  it('is not there for another run', async () => {
    const sync = await door.call('POST', `/v1/connections/${connection}/sync`, { body: {} });
    expect((await show(idOf(sync))).status).toBe(404);
    expect((await show(newId('run'))).status).toBe(404);
    const preview = await ask(pilots);
    expect((await door.call('GET', `/v1/runs/${idOf(preview)}/operations`)).body).toMatchObject({
      code: 'not_a_provision_run',
    });
  });
});
