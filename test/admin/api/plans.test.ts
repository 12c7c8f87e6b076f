import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { inForce } from '../../../src/core/safeguards.ts';
import { basisOf } from '../../../src/engine/basis.ts';
import { connectionId, organizationId, planId, runId, targetId } from '../../../src/model/ids.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { noCounters } from '../../../src/model/run.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { newId } from '../../../src/store/ids.ts';
import { addsMembers, creates, disables } from '../../support/operations.ts';
import { aPlan, staged } from '../../support/plan-world.ts';
import {
  type Ask,
  addConnection,
  addTarget,
  type Door,
  idOf,
  key,
  openDoor,
  openWithTarget,
  organization,
  pageOf,
  secondKey,
} from './door.ts';
import { peopleOf, signedInAs } from './people.ts';
import { commitPeople, lease, nth } from './stores.ts';

let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  ({ door, connection, target } = await openWithTarget());
  await commitPeople(door.stores, connectionId(connection), 3);
});
afterEach(() => door.close());

/** A plan that takes the accounts of two people away. */
const waits = async (other: Partial<Omit<Plan, 'standing'>> = {}): Promise<string> => {
  const record = await door.stores.targets.get(targetId(target));
  if (record === null) throw new Error('There is no target.');
  const id = planId(newId('pln'));
  const held = await lease(door.stores, record.id);
  await door.stores.plans.stage(
    held,
    id,
    [1, 2].map((n) => staged(disables(user(nth(n))))),
  );
  const basis = await basisOf(door.stores, inForce(record, { least: 1, now: door.clock.now }));
  const made = aPlan(record.id, { id, run: newId('run') as never, connection: record.connection, basis, ...other });
  await door.stores.plans.add(held, made);
  await door.stores.leases.release(held);
  return id;
};
const show = (id: string) => door.call('GET', `/v1/plans/${id}`);
const decide = (id: string, verb: string, reason = 'They were sold.') =>
  door.call('POST', `/v1/plans/${id}/${verb}`, { body: { reason } });

describe('a plan', () => {
  it('is shown with what it holds and why, and named by its target', async () => {
    const id = await waits();
    expect((await show(id)).body).toMatchObject({
      id,
      target_id: target,
      kind: 'held',
      state: 'waiting',
      counts: { disable: 2, create: 0 },
      exceeded: [{ limit: 'deprovisions', group_id: null, wanted: 2, taken: 0, allowed: 1 }],
      decided_by: null,
      superseded_by: null,
    });
    expect((await door.call('GET', `/v1/targets/${target}`)).body).toMatchObject({ waiting_plan: id });
    expect((await door.call('GET', `/v1/plans/${newId('pln')}`)).status).toBe(404);
  });

  it('is listed as to be decided, which one that is only to look at, or holds nothing, is not', async () => {
    const none = { create: 0, update: 0, add_members: 0, remove_members: 0, disable: 0, delete: 0 };
    const held = await waits();
    const empty = await waits({ kind: 'undo', counts: none });
    const preview = await waits({ kind: 'preview' });
    const listed = async (query: string) =>
      pageOf(await door.call('GET', `/v1/plans?target_id=${target}&${query}`)).data.map((plan) => String(plan['id']));
    expect(await listed('to_decide=true')).toEqual([held]);
    expect((await listed('state=waiting')).toSorted()).toEqual([held, empty, preview].toSorted());
    expect(await listed('to_decide=false')).toHaveLength(3);
    expect((await door.call('GET', '/v1/plans?to_decide=yes')).status).toBe(400);
  });

  it('says of each operation who is meant, what is done and what was before', async () => {
    const id = await waits();
    const first = pageOf(await door.call('GET', `/v1/plans/${id}/operations?limit=1&action=disable`));
    expect(first.data).toEqual([
      expect.objectContaining({
        object: { type: 'user', id: nth(1) },
        name: 'Person 1',
        user_principal_name: 'p1@contoso.example',
        action: 'disable',
        why: 'missing',
        before: { active: true },
        attributes: { active: false },
      }),
    ]);
    const rest = pageOf(
      await door.call('GET', `/v1/plans/${id}/operations?limit=1&action=disable&cursor=${first.next_cursor}`),
    );
    expect(rest).toMatchObject({ data: [{ name: 'Person 2' }], next_cursor: null });
    expect(pageOf(await door.call('GET', `/v1/plans/${id}/operations?action=create`)).data).toEqual([]);
  });

  it('lists who gets an account before who is put into a group, each by name', async () => {
    const [id, all] = [planId(newId('pln')), group(nth(900))];
    const held = await lease(door.stores, targetId(target));
    const [one, two] = [user(nth(1)), user(nth(2))];
    await door.stores.plans.stage(held, id, [
      staged(addsMembers(all, one, two), 'members'),
      ...[all, one, two].map((ref) => staged(creates(ref), 'object')),
    ]);
    await door.stores.leases.release(held);
    await door.stores.plans.add(
      await lease(door.stores, targetId(target)),
      aPlan(targetId(target), { id, connection: connectionId(connection), organization: organizationId(organization) }),
    );
    const operations = async (query = '') => {
      const listed: Record<string, unknown>[] = [];
      let cursor: string | null = null;
      do {
        const next: string = cursor === null ? '' : `&cursor=${cursor}`;
        const page = pageOf(await door.call('GET', `/v1/plans/${id}/operations?limit=1${query}${next}`));
        listed.push(...page.data);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return listed.map(({ action, name, members }) => ({ action, name, members }));
    };
    const added = {
      action: 'add_members',
      name: 'Everybody',
      members: [
        { type: 'user', id: nth(1), name: 'Person 1' },
        { type: 'user', id: nth(2), name: 'Person 2' },
      ],
    };
    expect(await operations()).toEqual([
      ...['Everybody', 'Person 1', 'Person 2'].map((name) => ({ action: 'create', name, members: null })),
      added,
    ]);
    expect(await operations('&action=add_members')).toEqual([added]);
  });

  it('is listed by target, kind and state', async () => {
    const [held, dry] = [await waits(), await waits({ kind: 'dry_run' })];
    const ids = async (query: string) =>
      pageOf(await door.call('GET', `/v1/plans?${query}`)).data.map((plan) => plan['id']);
    expect(await ids(`target_id=${target}`)).toEqual([dry, held]);
    expect(await ids('kind=held&state=waiting')).toEqual([held]);
    expect(await ids(`target_id=${newId('tgt')}`)).toEqual([]);
  });
});

describe('approving a plan', () => {
  it('keeps who said so and why, and asks for the run that carries it out', async () => {
    const id = await waits();
    const reply = await decide(id, 'approve');
    expect(reply).toMatchObject({
      status: 202,
      body: {
        state: 'approved',
        decided_by: 'product',
        reason: 'They were sold.',
        run: { plan_id: id, trigger: 'api' },
      },
    });
    expect(reply.headers.get('location')).toMatch(/^\/v1\/runs\/run_/);
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
    expect((await door.call('GET', `/v1/targets/${target}`)).body).toMatchObject({ waiting_plan: null });
  });

  it('needs a reason', async () => {
    const id = await waits();
    for (const body of [{}, { reason: '' }, { reason: 'a\nb' }])
      expect((await door.call('POST', `/v1/plans/${id}/approve`, { body })).status).toBe(400);
    expect((await show(id)).body).toMatchObject({ state: 'waiting' });
  });

  it('a second time is told who was first', async () => {
    const id = await waits();
    await decide(id, 'approve');
    const again = await decide(id, 'approve');
    expect(again.body).toMatchObject({
      status: 409,
      code: 'plan_decided',
      detail: expect.stringContaining('approved by product'),
    });
  });

  it('that was superseded is told by which', async () => {
    const old = await waits();
    const next = await waits();
    expect((await decide(old, 'approve')).body).toMatchObject({
      status: 409,
      code: 'plan_superseded',
      detail: expect.stringContaining(next),
    });
    expect((await show(old)).body).toMatchObject({ state: 'superseded', superseded_by: next });
  });

  it('made by other rules is refused, says so, and is made anew', async () => {
    const id = await waits();
    await door.call('PATCH', `/v1/targets/${target}`, { body: { deprovision: { kind: 'delete' } } });
    expect((await decide(id, 'approve')).body).toMatchObject({
      status: 409,
      code: 'plan_moved',
      detail: expect.stringContaining('deprovision policy was edited'),
    });
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
    expect((await show(id)).body).toMatchObject({ state: 'waiting' });
  });

  it('of everything is refused when the tenant changed since; of what is held the run finds out itself', async () => {
    const [first, held] = [await waits({ kind: 'first' }), await waits()];
    await commitPeople(door.stores, connectionId(connection), 4);
    expect((await decide(first, 'approve')).body).toMatchObject({
      code: 'plan_moved',
      detail: expect.stringContaining('the tenant changed after version'),
    });
    expect((await decide(held, 'approve')).status).toBe(202);
  });

  it('is refused while the target takes no runs', async () => {
    const id = await waits();
    await door.call('PATCH', `/v1/targets/${target}`, { body: { state: 'paused' } });
    expect((await decide(id, 'approve')).body).toMatchObject({ status: 409, code: 'target_not_active' });
  });
});

describe('releasing what was looked at', () => {
  const hashOf = async (id: string): Promise<string> => String(((await show(id)).body as { hash: string }).hash);
  const release = (id: string, verb: string, given: { hash?: string; ifMatch?: string }) =>
    door.call('POST', `/v1/plans/${id}/${verb}`, {
      body: { reason: 'They were sold.', ...(given.hash === undefined ? {} : { hash: given.hash }) },
      ...(given.ifMatch === undefined ? {} : { headers: { 'if-match': given.ifMatch } }),
    });

  it('is done when the hash is that of the plan, said either way', async () => {
    const id = await waits();
    const shown = await show(id);
    expect(shown.headers.get('etag')).toBe(`"${await hashOf(id)}"`);
    expect((await release(id, 'approve', { hash: await hashOf(id), ifMatch: `"${await hashOf(id)}"` })).status).toBe(
      202,
    );
    const dry = await waits({ kind: 'dry_run' });
    expect((await release(dry, 'apply', { ifMatch: `"${await hashOf(dry)}"` })).status).toBe(202);
    for (const said of ['hash', 'ifMatch']) {
      const unwanted = await waits();
      const hash = await hashOf(unwanted);
      const given = said === 'hash' ? { hash } : { ifMatch: `"${hash}"` };
      expect(await release(unwanted, 'reject', given)).toMatchObject({ status: 200, body: { state: 'rejected' } });
    }
  });

  it('is not helped by the refusal, which says where to look and not what to say', async () => {
    const id = await waits();
    const { headers, body } = await release(id, 'approve', { hash: 'other' });
    expect(body).toMatchObject({ code: 'stale_hash', detail: expect.stringContaining(`GET /v1/plans/${id}`) });
    expect(JSON.stringify([body, ...headers])).not.toContain(await hashOf(id));
  });

  it('is refused when it is another, and the plan goes on waiting', async () => {
    const id = await waits();
    for (const given of [{ hash: 'other' }, { ifMatch: '"other"' }, { hash: await hashOf(id), ifMatch: '"other"' }])
      expect((await release(id, 'approve', given)).body).toMatchObject({ status: 412, code: 'stale_hash' });
    const dry = await waits({ kind: 'dry_run' });
    expect((await release(dry, 'apply', { hash: 'other' })).body).toMatchObject({ status: 412, code: 'stale_hash' });
    for (const given of [{ hash: 'other' }, { ifMatch: '"other"' }])
      expect((await release(id, 'reject', given)).body).toMatchObject({ status: 412, code: 'stale_hash' });
    expect((await release(id, 'approve', { hash: 'not a hash' })).status).toBe(400);
    expect((await release(id, 'approve', { ifMatch: 'bare' })).status).toBe(400);
    expect((await show(id)).body).toMatchObject({ state: 'waiting', refused_because: null });
  });
});

it('a plan that stood for too long says so, and cannot be decided on any more', async () => {
  const id = await waits();
  await door.stores.plans.expire(planId(id), 'waiting', door.clock.now);
  expect((await show(id)).body).toMatchObject({ state: 'expired', decided_by: null });
  for (const verb of ['approve', 'reject'])
    expect((await decide(id, verb)).body).toMatchObject({ status: 409, code: 'plan_expired' });
  expect(pageOf(await door.call('GET', '/v1/plans?state=expired')).data).toHaveLength(1);
});

it('after a restore no plan is released but that of everything, and nothing is compared, repaired or taken back', async () => {
  const [dry, undo] = [await waits({ kind: 'dry_run' }), await waits({ kind: 'undo' })];
  await door.call('POST', '/v1/restores', { body: { reason: 'The disk died.' } });
  for (const [id, verb] of [
    [dry, 'apply'],
    [undo, 'approve'],
  ] as const)
    expect((await decide(id, verb)).body).toMatchObject({ status: 409, code: 'database_restored' });
  expect((await door.call('POST', `/v1/targets/${target}/reconcile`)).body).toMatchObject({
    code: 'database_restored',
  });
  const first = await waits({ kind: 'first' });
  expect((await decide(first, 'approve')).status).toBe(202);
});

it('a plan that was refused says why, and cannot be decided on any more', async () => {
  const id = await waits();
  await decide(id, 'approve');
  await door.stores.plans.refuse(planId(id), 'content_changed', door.clock.now);
  expect((await show(id)).body).toMatchObject({
    state: 'refused',
    refused_because: 'content_changed',
    decided_by: 'product',
  });
  for (const verb of ['approve', 'reject'])
    expect((await decide(id, verb)).body).toMatchObject({ status: 409, code: 'plan_refused' });
});

describe('the plan of a dry run', () => {
  it('is applied, not approved; every other one is approved, not applied', async () => {
    const [dry, held] = [await waits({ kind: 'dry_run' }), await waits()];
    expect((await decide(dry, 'approve')).body).toMatchObject({ status: 409, code: 'plan_is_dry_run' });
    expect((await decide(held, 'apply')).body).toMatchObject({ status: 409, code: 'plan_not_dry_run' });
    expect(await decide(dry, 'apply')).toMatchObject({
      status: 202,
      body: { state: 'approved', run: { plan_id: dry } },
    });
  });
});

describe('rejecting a plan', () => {
  it('ends it, by name and with a reason, and takes back an approval', async () => {
    const id = await waits();
    await decide(id, 'approve');
    expect(await decide(id, 'reject', 'Not yet.')).toMatchObject({
      status: 200,
      body: { state: 'rejected', decided_by: 'product', reason: 'Not yet.' },
    });
    expect((await decide(id, 'reject')).body).toMatchObject({ status: 409, code: 'plan_decided' });
    expect((await decide(id, 'approve')).body).toMatchObject({ status: 409, code: 'plan_decided' });
  });
});

describe('a plan that takes two approvals', () => {
  const keyFor = async (name: string, ask: object = {}): Promise<string> =>
    Object((await door.call('POST', '/v1/api-keys', { body: { name, scopes: ['approve', 'configure'] }, ...ask })).body)
      .key;
  const edit = (body: object) => door.call('PATCH', `/v1/targets/${target}`, { body });
  const decideBy = (ask: Ask, id: string, verb: string, reason: string) =>
    door.call('POST', `/v1/plans/${id}/${verb}`, { body: { reason }, ...ask });

  it('shows the first, asks for no run, tells the webhooks, and is released by somebody else', async () => {
    const [anna, ben] = [await keyFor('anna'), await keyFor('ben', { key: secondKey })];
    await edit({ approvals: 2 });
    const id = await waits({ approvals: 2 });
    const woken = door.woken.length;
    const first = await decideBy({ key: anna }, id, 'approve', 'They were sold.');
    expect(first).toMatchObject({
      status: 202,
      body: {
        state: 'waiting',
        approvals_needed: 2,
        approvals: [{ by: 'anna', reason: 'They were sold.', at: '2026-11-02T09:00:00.000Z' }],
        decided_by: null,
        run: null,
      },
    });
    expect(first.headers.get('location')).toBeNull();
    expect(door.woken).toHaveLength(woken);
    const [told] = await door.stores.events.after(organizationId('org_1'), 0, 10);
    expect(told?.about).toEqual({ type: 'plan.approved_once', plan: id, target });

    expect((await decideBy({ key: anna }, id, 'approve', 'Once more.')).body).toMatchObject({
      status: 409,
      code: 'another_person_needed',
      detail: expect.stringContaining('anna approved it'),
    });
    expect(await decideBy({ key: ben }, id, 'approve', 'I looked, too.')).toMatchObject({
      status: 202,
      body: {
        state: 'approved',
        approvals: [{ by: 'anna' }, { by: 'ben', reason: 'I looked, too.' }],
        decided_by: 'ben',
        run: { plan_id: id },
      },
    });
  });

  it('is not released by whoever made the other’s key, nor by a person and a key of theirs', async () => {
    const ofProduct = await keyFor('of product');
    const one = await waits({ approvals: 2 });
    await decide(one, 'approve');
    expect((await decideBy({ key: ofProduct }, one, 'approve', 'Me, too.')).body).toMatchObject({
      code: 'another_person_needed',
    });

    await door.close();
    door = await openDoor({ identityProvider: peopleOf(), config: { publicUrl: 'https://entrain.example' } });
    connection = await addConnection(door);
    target = await addTarget(door, connection);
    const person = await signedInAs(door, ['admin']);
    const [theirs, other] = [await keyFor('theirs', person), await keyFor('other', person)];
    const id = await waits({ approvals: 2 });
    expect((await decideBy(person, id, 'approve', 'Yes.')).body).toMatchObject({ state: 'waiting' });
    for (const key of [theirs, other])
      expect((await decideBy({ key }, id, 'approve', 'Yes.')).body).toMatchObject({ code: 'another_person_needed' });
    expect((await decide(id, 'approve')).body).toMatchObject({ state: 'approved' });
  });

  it('says who approved, and not only what they are called: a key may be named like a person', async () => {
    await door.close();
    door = await openDoor({ identityProvider: peopleOf(), config: { publicUrl: 'https://entrain.example' } });
    connection = await addConnection(door);
    target = await addTarget(door, connection);
    const ann = await signedInAs(door, ['admin']);
    const { name } = z.object({ name: z.string() }).parse((await door.call('GET', '/v1/session', ann)).body);
    const id = await waits({ approvals: 2 });
    const likeHer = await keyFor(name);
    await decideBy({ key: likeHer }, id, 'approve', 'Yes.');
    const waiting = await show(id);
    expect(waiting.body).toMatchObject({
      approvals: [{ by: name, actor: { kind: 'api_key', id: expect.stringMatching(/^key_/) } }],
      decided_by_actor: null,
    });
    expect((await decideBy(ann, id, 'approve', 'I looked, too.')).body).toMatchObject({
      approvals: [
        { by: name, actor: { kind: 'api_key' } },
        { by: name, actor: { kind: 'person', id: expect.stringMatching(/^per_/) } },
      ],
      decided_by: name,
      decided_by_actor: { kind: 'person', id: expect.stringMatching(/^per_/) },
    });
  });

  it('is ended by anybody’s no, which shows who had said yes', async () => {
    const [anna, ben] = [await keyFor('anna'), await keyFor('ben', { key: secondKey })];
    const id = await waits({ approvals: 2 });
    await decideBy({ key: anna }, id, 'approve', 'Yes.');
    expect((await decideBy({ key: ben }, id, 'reject', 'No.')).body).toMatchObject({
      state: 'rejected',
      decided_by: 'ben',
      approvals: [{ by: 'anna' }],
    });
  });

  it('is refused at the second as at the first when something moved; what is planned anew takes two again', async () => {
    const [anna, ben] = [await keyFor('anna'), await keyFor('ben', { key: secondKey })];
    await edit({ approvals: 2 });
    const id = await waits({ approvals: 2 });
    await decideBy({ key: anna }, id, 'approve', 'Yes.');
    await edit({ deprovision: { kind: 'delete' } });
    expect((await decideBy({ key: ben }, id, 'approve', 'Yes.')).body).toMatchObject({
      status: 409,
      code: 'plan_moved',
    });
    const next = await waits({ approvals: 2 });
    expect((await show(next)).body).toMatchObject({ state: 'waiting', approvals: [] });
    expect((await decideBy({ key: ben }, next, 'approve', 'Yes.')).body).toMatchObject({ state: 'waiting', run: null });
  });

  it('still does once the target takes one: for itself, and for every plan of the next day', async () => {
    await edit({ approvals: 2 });
    const made = await waits({ approvals: 2 });
    expect((await edit({ approvals: 1 })).body).toMatchObject({
      approvals: 1,
      in_force: { approvals: 2, looser_from: '2026-11-03T09:00:00.000Z' },
    });
    expect((await decide(made, 'approve')).body).toMatchObject({ state: 'waiting', run: null });
    await decide(made, 'reject');
    const again = await waits({ approvals: 1 });
    expect((await decide(again, 'approve')).body).toMatchObject({ state: 'waiting', approvals_needed: 2 });

    door.clock.now = new Date(door.clock.now.getTime() + 25 * 3_600_000);
    const late = await waits({ approvals: 1 });
    expect((await decide(late, 'approve')).body).toMatchObject({ state: 'approved' });
  });

  it('takes one where it is over no limit', async () => {
    await edit({ approvals: 2 });
    const id = await waits({ exceeded: [] });
    expect((await decide(id, 'approve')).body).toMatchObject({ state: 'approved', approvals_needed: 1 });
  });
});

describe('wherever a run is shown', () => {
  const planOf = (run: string): string => run.replace('run_', 'pln_');
  const ended = (run: string, state: 'succeeded' | 'failed'): Promise<void> =>
    door.stores.runs.finish(runId(run), state, door.clock.now, {
      counters: noCounters,
      version: null,
      problem: null,
    });
  const everyCopy = async (run: string): Promise<readonly unknown[]> => {
    const events = await fetch(`${door.base}/v1/runs/${run}/events`, { headers: { authorization: `Bearer ${key}` } });
    const told = /^data: (.*)$/m.exec(await events.text())?.[1] ?? 'null';
    return [
      (await door.call('GET', `/v1/runs/${run}`)).body,
      pageOf(await door.call('GET', `/v1/runs?target_id=${target}`)).data.find(({ id }) => id === run),
      JSON.parse(told),
    ];
  };

  it('stands the plan that it is there to make, from the answer on, and is gone where none came of it', async () => {
    const asked = await door.call('POST', `/v1/targets/${target}/provision`, { body: { dry_run: true } });
    const run = idOf(asked);
    const made = { plan_id: null, made_plan_id: planOf(run) };
    expect(asked.body).toMatchObject(made);
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject(made);
    await ended(run, 'failed');
    for (const copy of await everyCopy(run)) expect(copy).toMatchObject({ made_plan_id: null });
  });

  it('stands the plan that it made', async () => {
    const run = idOf(await door.call('POST', `/v1/targets/${target}/provision`, { body: {} }));
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({ made_plan_id: null });
    await waits({ id: planId(planOf(run)) });
    await ended(run, 'succeeded');
    for (const copy of await everyCopy(run)) expect(copy).toMatchObject({ plan_id: null, made_plan_id: planOf(run) });
  });
});
