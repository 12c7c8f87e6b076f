import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftOutOf } from '../../../src/engine/undo.ts';
import { connectionId, planId, runId, targetId } from '../../../src/model/ids.ts';
import { noCounters } from '../../../src/model/run.ts';
import { user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { disables, intents } from '../../support/operations.ts';
import { aPlan, staged } from '../../support/plan-world.ts';
import { type Door, idOf, openWithTarget, pageOf } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

const dayMs = 86_400_000;
let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  ({ door, connection, target } = await openWithTarget());
  await commitPeople(door.stores, connectionId(connection), 3);
});
afterEach(() => door.close());

const undo = (run: string) => door.call('POST', `/v1/runs/${run}/undo`);
const provision = async (body: object = {}): Promise<string> =>
  idOf(await door.call('POST', `/v1/targets/${target}/provision`, { body }));
const ended = async (run: string): Promise<void> => {
  await door.stores.runs.start(runId(run), door.clock.now);
  const end = { counters: noCounters, version: 1, problem: null };
  await door.stores.runs.finish(runId(run), 'succeeded', door.clock.now, end);
};
/** A run that wrote something, and ended. */
const wrote = async (): Promise<string> => {
  const run = await provision();
  const held = await lease(door.stores, targetId(target));
  await door.stores.ledger.intend(held, intents([disables(user(nth(1)))], { run: runId(run) }));
  await door.stores.leases.release(held);
  await ended(run);
  return run;
};

describe('asking for the undo of a run', () => {
  it('asks for a run that makes a plan, names what it is of, and wakes a worker', async () => {
    const run = await wrote();
    const reply = await undo(run);
    expect(reply).toMatchObject({
      status: 202,
      body: { kind: 'provision', dry_run: true, plan_id: null, caused_by: run, amends: { kind: 'undo', run_id: run } },
    });
    expect(reply.headers.get('location')).toBe(`/v1/runs/${idOf(reply)}`);
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
    expect((await undo(run)).body).toMatchObject({ id: idOf(reply), already_queued: true });
  });

  it('is answered while the connection is paused, so that nothing else is written meanwhile', async () => {
    const run = await wrote();
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    expect(await undo(run)).toMatchObject({ status: 202, body: { amends: { kind: 'undo', run_id: run } } });
  });

  it('is refused with the reason where nothing can be undone', async () => {
    const refused = async (run: string) => (await undo(run)).body;
    expect(await refused(newId('run'))).toMatchObject({ status: 404 });
    const sync = idOf(await door.call('POST', `/v1/connections/${connection}/sync`, { body: {} }));
    expect(await refused(sync)).toMatchObject({ status: 409, code: 'not_a_provision_run' });
    const idle = await provision({ full: true });
    expect(await refused(idle)).toMatchObject({ status: 409, code: 'run_not_ended' });
    await ended(idle);
    expect(await refused(idle)).toMatchObject({ status: 409, code: 'nothing_to_undo' });
    const run = await wrote();
    await door.call('PATCH', `/v1/targets/${target}`, { body: { state: 'paused' } });
    expect(await refused(run)).toMatchObject({ status: 409, code: 'target_not_active' });
    door.clock.now = new Date(door.clock.now.getTime() + 60 * dayMs);
    expect(await refused(run)).toMatchObject({ status: 409, code: 'undo_too_late' });
  });
});

it('what the plan of an undo leaves out is listed with who is meant, why, and the later run', async () => {
  const id = planId(newId('pln'));
  const held = await lease(door.stores, targetId(target));
  const later = newId('run');
  await door.stores.plans.stage(held, leftOutOf(id), [
    staged(disables(user(nth(1))), `changed_since:${later}:k1`),
    staged(disables(user(nth(2))), 'not_linked::k2'),
  ]);
  const amends = { kind: 'undo', run: runId(newId('run')) } as const;
  const made = aPlan(targetId(target), {
    id,
    kind: 'undo',
    amends,
    run: runId(newId('run')),
    connection: connectionId(connection),
  });
  await door.stores.plans.add(held, made);
  expect((await door.call('GET', `/v1/plans/${id}`)).body).toMatchObject({
    kind: 'undo',
    amends: { kind: 'undo', run_id: amends.run },
  });
  expect(pageOf(await door.call('GET', `/v1/plans/${id}/left_out`)).data).toMatchObject([
    { name: 'Person 1', action: 'disable', reason: 'changed_since', later_run_id: later },
    { name: 'Person 2', action: 'disable', reason: 'not_linked', later_run_id: null },
  ]);
  expect(pageOf(await door.call('GET', `/v1/plans/${id}/operations`)).data).toEqual([]);
  expect((await door.call('GET', `/v1/plans/${newId('pln')}/left_out`)).status).toBe(404);
  expect(pageOf(await door.call('GET', '/v1/plans?kind=undo')).data).toHaveLength(1);
});
