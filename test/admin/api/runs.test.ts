import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newProvisionRun } from '../../../src/engine/request-runs.ts';
import { connectionId, operationKey, remoteId, runId, sourceId, targetId } from '../../../src/model/ids.ts';
import { noCounters, type Shrink } from '../../../src/model/run.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import type { RunStore } from '../../../src/store/run-store.ts';
import { addsMembers, creates, intents } from '../../support/operations.ts';
import { addConnection, addTarget, type Door, idOf, openDoor, pageOf, type Reply } from './door.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
beforeEach(async () => {
  door = await openDoor();
  connection = await addConnection(door);
});
afterEach(() => door.close());

const sync = (body: object = {}, of = connection) => door.call('POST', `/v1/connections/${of}/sync`, { body });
const provision = (target: string, body: object = {}) => door.call('POST', `/v1/targets/${target}/provision`, { body });
const ending = { counters: noCounters, version: null, problem: null };
const shrunk = (users: number): Shrink => ({
  missing: { user: users, group: 0 },
  known: { user: 100, group: 0 },
  drained: [{ group: sourceId(nth(900)), lost: 4, of: 4 }],
  cleared: [],
  sample: [],
});
/** The worker puts the run off for an hour just before it is canceled. */
const waitsMeanwhile = (runs: RunStore): RunStore => ({
  ...runs,
  cancel: async (id, at) => {
    await runs.postpone(id, new Date(at.getTime() + 3_600_000), null);
    return await runs.cancel(id, at);
  },
});
/** The run came to its end, and was held for that. */
const heldRun = async (asked: Reply, shrink: Shrink): Promise<string> => {
  const run = runId(idOf(asked));
  await door.stores.runs.start(run, new Date());
  await door.stores.runs.finish(run, 'held', new Date(), { ...ending, shrink });
  return run;
};
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
      accept_shrink: null,
      shrink: null,
      trigger: 'api',
      state: 'queued',
      already_queued: false,
      counters: { created: 0 },
    });
    expect(reply.body).toHaveProperty('counters.skipped', {});
    expect(reply.body).toHaveProperty('counters.failed', {});
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

  it('accepts what an earlier run was held for, and nothing that nobody was shown', async () => {
    const plain = await sync({ mode: 'full' });
    const held = await heldRun(plain, shrunk(90));
    const accepting = await sync({ mode: 'full', accept_shrink: held });
    expect(accepting.body).toMatchObject({
      accept_shrink: { missing: { users: 90, groups: 0 }, known: { users: 100, groups: 0 } },
      shrink: null,
      already_queued: false,
    });
    expect(accepting.status).toBe(202);
    expect((await show(held)).body).toMatchObject({
      shrink: { missing: { users: 90, groups: 0 }, drained_groups: [{ group_id: nth(900), lost: 4, of: 4 }] },
    });
    expect(await sync({ mode: 'full', accept_shrink: true })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/accept_shrink' }] },
    });
  });

  it('is refused where a later run found more, or found the tenant as it should be', async () => {
    const first = await heldRun(await sync({ mode: 'full' }), shrunk(90));
    const second = await heldRun(await sync({ mode: 'full' }), shrunk(95));
    expect((await sync({ mode: 'full', accept_shrink: first })).body).toMatchObject({
      status: 409,
      code: 'shrink_changed',
      detail: expect.stringContaining(`${second} has found more since: 95 of 100 known users are missing, not 90`),
    });
    expect((await sync({ mode: 'full', accept_shrink: second })).status).toBe(202);
    await door.stores.runs.cancel(runId(idOf(await sync({ mode: 'full', accept_shrink: second }))), new Date());
    const well = await sync({ mode: 'full' });
    await door.stores.runs.start(runId(idOf(well)), new Date());
    await door.stores.runs.finish(runId(idOf(well)), 'succeeded', new Date(), ending);
    expect((await sync({ mode: 'full', accept_shrink: second })).body).toMatchObject({
      status: 409,
      detail: expect.stringContaining('has read the tenant since'),
    });
    expect((await sync({ mode: 'full', accept_shrink: idOf(well) })).body).toMatchObject({
      status: 409,
      code: 'shrink_not_held',
    });
    expect((await sync({ mode: 'full', accept_shrink: newId('run') })).status).toBe(404);
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

  it('is refused while the connection is paused, also for a dry run', async () => {
    const target = await addTarget(door, connection);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    for (const body of [{}, { full: true }, { dry_run: true }])
      expect((await provision(target, body)).body).toMatchObject({
        status: 409,
        code: 'connection_not_active',
        detail: 'The connection is paused. Set its state to active first.',
      });
  });

  it('in full, looks at everything again, and leaves the position to the run', async () => {
    const target = targetId(await addTarget(door, connection));
    await door.stores.ledger.advance(await lease(door.stores, target), 7);
    const delta = idOf(await provision(target));
    const full = await provision(target, { full: true });
    expect(full.body).toMatchObject({ mode: 'full', already_queued: false });
    expect(idOf(full)).not.toBe(delta);
    expect(await door.stores.ledger.position(target)).toBe(7);
  });
});

describe('a run', () => {
  it('shows what it came to, by reason, and the provision runs it led to', async () => {
    const { runs, targets } = door.stores;
    const run = runId(idOf(await sync()));
    const target = await targets.get(targetId(await addTarget(door, connection)));
    if (target === null) throw new Error('The target is gone.');
    const wanted = {
      id: runId(newId('run')),
      mode: 'delta',
      scope: null,
      dryRun: false,
      trigger: 'commit',
      at: door.clock.now,
    } as const;
    await runs.request(newProvisionRun(target, run, wanted));
    await runs.start(run, door.clock.now);
    const counters = {
      ...noCounters,
      created: 3,
      unchanged: 884,
      managersSet: 2,
      membersAdded: 5,
      skipped: { not_managed: 2 },
      failed: { no_match_key: 1 },
    };
    await runs.finish(run, 'partially_succeeded', door.clock.now, { counters, version: 4, problem: null });
    expect((await show(run)).body).toMatchObject({
      state: 'partially_succeeded',
      version: 4,
      counters: {
        created: 3,
        unchanged: 884,
        managers_set: 2,
        members_added: 5,
        skipped: { not_managed: 2 },
        failed: { no_match_key: 1 },
      },
      provision_runs: [{ id: wanted.id, caused_by: run, target_id: target.id, state: 'queued' }],
    });
    expect((await show(wanted.id)).body).toMatchObject({ kind: 'provision', provision_runs: [] });
  });

  it('that waits for its time and is canceled lets whatever stood behind it go on now', async () => {
    const waiting = runId(idOf(await sync()));
    await door.stores.runs.start(waiting, door.clock.now);
    await door.stores.runs.postpone(waiting, new Date(door.clock.now.getTime() + 3_600_000), null);
    const before = door.woken.length;
    expect((await door.call('POST', `/v1/runs/${waiting}/cancel`)).body).toMatchObject({ state: 'canceled' });
    expect(door.woken.slice(before)).toEqual([`sync ${connection} person`]);
    await door.call('POST', `/v1/runs/${waiting}/cancel`);
    expect(door.woken).toHaveLength(before + 1);
  });

  it('that begins to wait in the moment it is canceled lets whatever stood behind it go on now', async () => {
    await door.close();
    door = await openDoor({ room: ({ stores }) => ({ stores: { ...stores, runs: waitsMeanwhile(stores.runs) } }) });
    connection = await addConnection(door);
    const running = runId(idOf(await sync()));
    await door.stores.runs.start(running, door.clock.now);
    const before = door.woken.length;
    expect((await door.call('POST', `/v1/runs/${running}/cancel`)).body).toMatchObject({ state: 'canceled' });
    expect(door.woken.slice(before)).toEqual([`sync ${connection} person`]);
  });

  it('that waits is ended at once; one under way is asked to stop; an ended one stays as it is', async () => {
    const waiting = runId(idOf(await sync()));
    expect((await door.call('POST', `/v1/runs/${waiting}/cancel`)).body).toMatchObject({ state: 'canceled' });
    expect((await door.call('POST', `/v1/runs/${waiting}/cancel`)).body).toMatchObject({ state: 'canceled' });

    const running = runId(idOf(await sync()));
    await door.stores.runs.start(running, door.clock.now);
    expect((await door.call('POST', `/v1/runs/${running}/cancel`)).body).toMatchObject({
      state: 'running',
      cancel_requested: true,
    });

    await door.stores.runs.finish(running, 'succeeded', door.clock.now, {
      counters: noCounters,
      version: 1,
      problem: null,
    });
    expect((await door.call('POST', `/v1/runs/${running}/cancel`)).body).toMatchObject({
      status: 409,
      code: 'run_ended',
    });
  });
});

describe('the list of runs', () => {
  it('is newest first, paged and filtered', async () => {
    const target = await addTarget(door, connection);
    const ids = [idOf(await sync()), idOf(await sync({ mode: 'full' })), idOf(await provision(target))].toReversed();
    const first = pageOf(await door.call('GET', '/v1/runs?limit=2'));
    const second = pageOf(await door.call('GET', `/v1/runs?limit=2&cursor=${first.next_cursor}`));
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    expect(second.next_cursor).toBeNull();

    const found = async (query: string) => pageOf(await door.call('GET', `/v1/runs?${query}`)).data.map(({ id }) => id);
    expect(await found('kind=provision')).toEqual(ids.slice(0, 1));
    expect(await found(`connection_id=${connection}&kind=sync&state=queued`)).toEqual(ids.slice(1));
    expect(await found(`target_id=${target}`)).toEqual(ids.slice(0, 1));
    expect(await found('state=failed')).toEqual([]);
    expect(await found(`caused_by=${ids[1]}`)).toEqual([]);
  });

  it('refuses the cursor of another list', async () => {
    await sync();
    await sync({ mode: 'full' });
    const { next_cursor } = pageOf(await door.call('GET', '/v1/runs?limit=1'));
    const reply = await door.call('GET', `/v1/runs?limit=1&kind=sync&cursor=${next_cursor}`);
    expect(reply.body).toMatchObject({ errors: [{ in: 'query', pointer: '/cursor' }] });
  });
});

describe('the operations of a run', () => {
  it('name whom they are about, and each member of a group', async () => {
    await commitPeople(door.stores, connectionId(connection), 2);
    const target = targetId(await addTarget(door, connection));
    const run = runId(idOf(await provision(target)));
    const stranger = user(nth(77));
    await door.stores.ledger.intend(
      await lease(door.stores, target),
      intents([creates(user(nth(1))), addsMembers(group(nth(900)), user(nth(2)), stranger)], { run }),
    );
    expect(pageOf(await door.call('GET', `/v1/runs/${run}/operations`)).data).toMatchObject([
      { action: 'create', name: 'Person 1', user_principal_name: 'p1@contoso.example', members: null },
      {
        action: 'add_members',
        name: 'Everybody',
        user_principal_name: null,
        members: [
          { object: user(nth(2)), name: 'Person 2' },
          { object: stranger, name: null },
        ],
      },
    ]);
  });

  it('are what was done, to whom, why, and what became of it', async () => {
    const target = targetId(await addTarget(door, connection));
    const run = runId(idOf(await provision(target)));
    const held = await lease(door.stores, target);
    const cause = {
      run,
      connection: connectionId(connection),
      version: 4,
      why: 'created',
      limited: false,
      plan: null,
      evidence: null,
    } as const;
    const key = (n: number) => operationKey(`${run}-${n}`);
    const member = { ref: user(nth(1)), remoteId: remoteId('r1') };
    await door.stores.ledger.intend(held, [
      { cause, operation: { key: key(1), ref: user(nth(1)), action: 'create', attributes: { userName: 'jane' } } },
      {
        cause,
        operation: {
          key: key(2),
          ref: user(nth(2)),
          action: 'update',
          remoteId: remoteId('r2'),
          attributes: { title: null },
          before: { title: 'Clerk' },
        },
      },
      {
        cause,
        operation: {
          key: key(3),
          ref: group(nth(900)),
          action: 'add_members',
          remoteId: remoteId('r9'),
          members: [member],
        },
      },
    ]);
    const at = door.clock.now;
    await door.stores.ledger.settle(held, [
      { key: key(1), ref: user(nth(1)), action: 'create', at, result: 'applied' },
      {
        key: key(2),
        ref: user(nth(2)),
        action: 'update',
        at,
        result: 'escrowed',
        reason: 'target_rejected',
        detail: 'title is immutable',
      },
    ]);

    const { data } = pageOf(await door.call('GET', `/v1/runs/${run}/operations`));
    expect(data).toMatchObject([
      {
        action: 'create',
        object: user(nth(1)),
        remote_id: null,
        attributes: { userName: 'jane' },
        why: 'created',
        version: 4,
        state: 'settled',
        result: 'applied',
        reason: null,
      },
      {
        action: 'update',
        remote_id: 'r2',
        before: { title: 'Clerk' },
        result: 'escrowed',
        reason: 'target_rejected',
        detail: 'title is immutable',
      },
      {
        action: 'add_members',
        members: [{ object: user(nth(1)), remote_id: 'r1' }],
        state: 'open',
        result: null,
        settled_at: null,
      },
    ]);
    const first = pageOf(await door.call('GET', `/v1/runs/${run}/operations?limit=1`));
    const second = pageOf(await door.call('GET', `/v1/runs/${run}/operations?limit=1&cursor=${first.next_cursor}`));
    expect([first.data[0], second.data[0]]).toEqual(data.slice(0, 2));
  });

  it('that take something away say what that rests on', async () => {
    const target = targetId(await addTarget(door, connection));
    const run = runId(idOf(await provision(target)));
    const held = await lease(door.stores, target);
    const at = door.clock.now;
    const evidence = {
      version: 4,
      run: runId(`run_${'4'.repeat(32)}`),
      read: 'full',
      confirmed: { at, said: { gone: 1 } },
    } as const;
    const cause = {
      run,
      connection: connectionId(connection),
      version: 5,
      why: 'missing',
      limited: true,
      plan: null,
      evidence,
    } as const;
    const operation = { ref: user(nth(1)), action: 'disable', remoteId: remoteId('r1') } as const;
    await door.stores.ledger.intend(held, [{ cause, operation: { ...operation, key: operationKey(`${run}-1`) } }]);
    expect(pageOf(await door.call('GET', `/v1/runs/${run}/operations`)).data).toMatchObject([
      {
        action: 'disable',
        why: 'missing',
        version: 5,
        evidence: {
          version: 4,
          run_id: evidence.run,
          read: 'full',
          confirmed: { at: at.toISOString(), said: { gone: 1 } },
        },
      },
    ]);
  });

  it('are those of provision runs only', async () => {
    const reply = await door.call('GET', `/v1/runs/${idOf(await sync())}/operations`);
    expect(reply.body).toMatchObject({ status: 409, code: 'not_a_provision_run' });
  });
});
