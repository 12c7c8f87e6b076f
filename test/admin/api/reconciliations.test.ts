import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Discrepancy, noDiscrepancies } from '../../../src/model/discrepancy.ts';
import { connectionId, organizationId, type RunId, remoteId, runId, targetId } from '../../../src/model/ids.ts';
import { noCounters } from '../../../src/model/run.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { type Door, idOf, openWithTarget, organization, pageOf } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  ({ door, connection, target } = await openWithTarget());
  await commitPeople(door.stores, connectionId(connection), 3);
});
afterEach(() => door.close());

const ask = () => door.call('POST', `/v1/targets/${target}/reconcile`);
const repair = (run: string) => door.call('POST', `/v1/runs/${run}/repair`);
const list = async (run: string, query = '') => pageOf(await door.call('GET', `/v1/runs/${run}/discrepancies${query}`));

const person = { ref: user(nth(1)), remoteId: remoteId('r1') };
const staff = { ref: group(nth(900)), remoteId: remoteId('g9') };
const everyKind: readonly Discrepancy[] = [
  { kind: 'drift', ...person, differences: [{ path: 'title', told: 'clerk', holds: null }] },
  { kind: 'missing', ref: user(nth(2)), remoteId: remoteId('r2'), gone: 'soft_deleted' },
  { kind: 'orphan', ref: user(nth(3)), remoteId: remoteId('x'), by: 'externalId', gone: null },
  { kind: 'duplicate', ref: person.ref, remoteId: remoteId('y'), by: 'userName', linked: person.remoteId },
  { kind: 'unknown', type: 'user', remoteId: remoteId('z') },
  { kind: 'member_missing', ...staff, member: person },
  { kind: 'member_surplus', ...staff, member: person },
  { kind: 'member_unknown', ...staff, stranger: remoteId('z') },
];

/** A worker finds these, and ends the run. */
const worked = async (id: string, found: readonly Discrepancy[]): Promise<void> => {
  const run: RunId = runId(id);
  const held = await lease(door.stores, targetId(target));
  const { discrepancies, runs } = door.stores;
  await runs.start(run, door.clock.now);
  await discrepancies.note(held, run, found);
  const counts = await discrepancies.count({ target: targetId(target), run });
  await discrepancies.close(held, {
    run,
    organization: organizationId(organization),
    connection: connectionId(connection),
    target: targetId(target),
    at: door.clock.now,
    listings: { user: { objects: 7, incomplete: null, leftOut: 1 }, group: null },
    hidden: { user: ['nickName'], group: [] },
    membersShown: true,
    counts,
  });
  await runs.finish(run, 'succeeded', door.clock.now, { counters: noCounters, version: 1, problem: null });
  await door.stores.leases.release(held);
};

describe('asking for a reconcile run', () => {
  it('answers at once with the run, and wakes a worker; a second request is the same run', async () => {
    const reply = await ask();
    expect(reply.status).toBe(202);
    expect(reply.headers.get('location')).toBe(`/v1/runs/${idOf(reply)}`);
    expect(reply.body).toMatchObject({
      kind: 'reconcile',
      target_id: target,
      mode: 'full',
      state: 'queued',
      amends: null,
      already_queued: false,
    });
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
    expect((await ask()).body).toMatchObject({ id: idOf(reply), already_queued: true });
    const runs = pageOf(await door.call('GET', `/v1/runs?kind=reconcile&target_id=${target}`)).data;
    expect(runs.map((run) => run['id'])).toEqual([idOf(reply)]);
  });

  it('can be canceled like any other, and has no operations', async () => {
    const run = idOf(await ask());
    expect((await door.call('GET', `/v1/runs/${run}/operations`)).body).toMatchObject({
      status: 409,
      code: 'not_a_provision_run',
    });
    expect((await door.call('POST', `/v1/runs/${run}/cancel`)).body).toMatchObject({ state: 'canceled' });
    expect((await repair(run)).body).toMatchObject({ status: 409, code: 'run_without_result' });
  });

  it('is refused for a target in quarantine, and says how that ends', async () => {
    const problem = { code: 'unauthorized', message: 'The token is refused.', owner: 'your_team' } as const;
    await door.stores.targets.hold(targetId(target), problem);
    expect((await ask()).body).toMatchObject({
      code: 'target_not_active',
      detail: `The target is quarantined. See its problem for what is wrong, mend it, check it, and release it with POST /v1/targets/${target}/release.`,
    });
  });

  it('is refused for a target that is paused, and for none', async () => {
    await door.call('PATCH', `/v1/targets/${target}`, { body: { state: 'paused' } });
    expect((await ask()).body).toMatchObject({ status: 409, code: 'target_not_active' });
    expect((await door.call('POST', `/v1/targets/${newId('tgt')}/reconcile`)).status).toBe(404);
  });
});

describe('what a reconcile run found', () => {
  it('is shown with the run, by count, once it has ended', async () => {
    const run = idOf(await ask());
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({ reconciliation: null });
    await worked(run, everyKind);
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({
      state: 'succeeded',
      reconciliation: {
        listings: { user: { objects: 7, incomplete: null, left_out: 1 }, group: null },
        hidden: { user: ['nickName'], group: [] },
        members_shown: true,
        counts: Object.fromEntries(Object.keys(noDiscrepancies).map((kind) => [kind, 1])),
      },
    });
  });

  it('is listed one by one with who is meant, page by page and by kind', async () => {
    const run = idOf(await ask());
    await worked(run, everyKind);
    const { data } = await list(run);
    expect(data).toHaveLength(8);
    expect(data).toContainEqual({
      kind: 'drift',
      object: { type: 'user', id: nth(1) },
      name: 'Person 1',
      user_principal_name: 'p1@contoso.example',
      remote_id: 'r1',
      gone: null,
      differences: [{ path: 'title', told: 'clerk', holds: null }],
      by: null,
      linked_remote_id: null,
      member: null,
    });
    const one = async (kind: string) => (await list(run, `?kind=${kind}`)).data;
    expect(await one('missing')).toMatchObject([{ object: { id: nth(2) }, gone: 'soft_deleted' }]);
    expect(await one('orphan')).toMatchObject([{ remote_id: 'x', by: 'externalId', gone: null }]);
    expect(await one('duplicate')).toMatchObject([{ remote_id: 'y', linked_remote_id: 'r1' }]);
    expect(await one('unknown')).toMatchObject([{ remote_id: 'z', object: null, name: null }]);
    expect(await one('member_missing')).toMatchObject([
      { name: 'Everybody', member: { object: { type: 'user', id: nth(1) }, remote_id: 'r1' } },
    ]);
    expect(await one('member_unknown')).toMatchObject([{ member: { object: null, remote_id: 'z' } }]);
    const first = await list(run, '?limit=5');
    expect(first.data).toHaveLength(5);
    expect((await list(run, `?limit=5&cursor=${first.next_cursor}`)).data).toHaveLength(3);
    expect((await door.call('GET', `/v1/runs/${run}/discrepancies?kind=other`)).status).toBe(400);
  });

  it('is asked of reconcile runs alone', async () => {
    const sync = idOf(await door.call('POST', `/v1/connections/${connection}/sync`, { body: {} }));
    for (const [method, what] of [
      ['GET', 'discrepancies'],
      ['POST', 'repair'],
    ] as const)
      expect((await door.call(method, `/v1/runs/${sync}/${what}`)).body).toMatchObject({
        status: 409,
        code: 'not_a_reconcile_run',
      });
  });
});

describe('asking for a repair', () => {
  it('makes no plan for somebody to approve where nothing is to be put right', async () => {
    const idle = idOf(await ask());
    await worked(idle, []);
    expect((await repair(idle)).body).toMatchObject({ status: 409, code: 'nothing_to_repair' });
    const strange = idOf(await ask());
    await worked(
      strange,
      everyKind.filter(({ kind }) => ['duplicate', 'unknown', 'member_unknown'].includes(kind)),
    );
    expect((await repair(strange)).body).toMatchObject({ status: 409, code: 'nothing_to_repair' });
    expect(pageOf(await door.call('GET', '/v1/runs?kind=provision')).data).toEqual([]);
  });

  it('asks for a run that makes a plan, and names what it is of', async () => {
    const run = idOf(await ask());
    expect((await repair(run)).body).toMatchObject({ status: 409, code: 'run_not_ended' });
    await worked(run, everyKind);
    const reply = await repair(run);
    expect(reply).toMatchObject({
      status: 202,
      body: {
        kind: 'provision',
        dry_run: true,
        plan_id: null,
        caused_by: run,
        amends: { kind: 'repair', run_id: run },
      },
    });
    expect((await repair(run)).body).toMatchObject({ id: idOf(reply), already_queued: true });
    expect((await repair(newId('run'))).status).toBe(404);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    expect((await repair(run)).body).toMatchObject({ status: 409, code: 'connection_not_active' });
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'active' } });
    await door.call('PATCH', `/v1/targets/${target}`, { body: { state: 'paused' } });
    expect((await repair(run)).body).toMatchObject({ status: 409, code: 'target_not_active' });
  });
});
