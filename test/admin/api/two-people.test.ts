/**
 * One person who may configure, approve and ask for runs, alone, against a target where two decide what is over a limit. They come through the door; the
 * runs are those of the engine. Six of ten people leave, where two may go a day.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { mappingOf, mappingSchema } from '../../../src/admin/api/schemas/mapping.ts';
import { defaultTiming, type Engine, unobserved } from '../../../src/engine/engine.ts';
import { purge } from '../../../src/engine/maintenance.ts';
import { provisionTurn } from '../../../src/engine/provision-run.ts';
import { syncTurn } from '../../../src/engine/sync-run.ts';
import type { Turn } from '../../../src/engine/turn.ts';
import { connectionId, runId, targetId } from '../../../src/model/ids.ts';
import { silent } from '../../../src/model/world.ts';
import { memoryDirectory, memorySource } from '../../../src/source/memory.ts';
import { newId } from '../../../src/store/ids.ts';
import { memoryTarget, memoryTargetState } from '../../../src/target/memory.ts';
import { scimPath } from '../../../src/target/scim/target-path.ts';
import { id, person, stopwatchBy } from '../../support/story.ts';
import { addConnection, addTarget, type Door, idOf, newTarget, openDoor, pageOf, type Reply } from './door.ts';

const hourMs = 3_600_000;
const two = { count: 2, percent: 100, floor: 0 };
const any = { count: 1_000_000, percent: 100, floor: 1_000_000 };
const boundless = { deprovisions: any, group_deletes: any, member_removals: any, member_removals_per_group: any };
/** The director is one of those who leave. */
const director = id('p0');
const guarded = {
  approvals: 2,
  limits: { deprovisions: two },
  protected: { ids: [director] },
  auto_approve_first: true,
};

const opened: Door[] = [];
afterEach(async () => {
  for (const door of opened.splice(0)) await door.close();
});

const openCompany = async ({ leastApprovals = 1 }: { readonly leastApprovals?: 1 | 2 } = {}) => {
  const directory = memoryDirectory();
  const remote = memoryTargetState();
  const connectTarget = () => memoryTarget(remote);
  const targetPaths = () => scimPath;
  const door = await openDoor({ leastApprovals, room: () => ({ connectTarget, targetPaths }) });
  opened.push(door);
  const now = (): Date => door.clock.now;
  const engine: Engine = {
    stores: door.stores,
    world: { now, stopwatch: stopwatchBy(now), random: () => 0.5, sleep: async () => {}, log: silent },
    connectSource: () => memorySource(directory),
    connectTarget,
    wakeTarget: async () => {},
    newRunId: () => runId(newId('run')),
    targetPaths,
    leastApprovals,
    owner: 'worker',
    timing: defaultTiming,
    observe: unobserved,
    failpoint: async () => {},
  };
  const { signal } = new AbortController();
  const takeTurns = async (turn: () => Promise<Turn>): Promise<void> => {
    for (let turns = 0; turns < 50; turns += 1) {
      const result = await turn();
      if (result.next === 'done') return;
      door.clock.now = new Date(Math.max(now().getTime(), result.at.getTime()));
    }
    throw new Error('The turns do not come to an end.');
  };
  const pass = (hours: number): void => {
    door.clock.now = new Date(now().getTime() + hours * hourMs);
  };

  for (let nth = 0; nth < 10; nth += 1) directory.setUser(id(`p${nth}`), person(`p${nth}`));
  const connection = await addConnection(door);
  const target = await addTarget(door, connection, guarded);
  const keyFor = async (name: string, scopes: readonly string[]): Promise<string> => {
    const { body } = await door.call('POST', '/v1/api-keys', { body: { name, scopes } });
    return z.looseObject({ key: z.string() }).parse(body).key;
  };
  const key = await keyFor('anna', ['read', 'sync', 'configure', 'approve']);
  const configuring = await keyFor('ben', ['configure']);
  const call = (method: string, path: string, body?: object): Promise<Reply> =>
    door.call(method, path, body === undefined ? { key } : { key, body });
  const sync = async (mode: 'full' | 'delta', of = target): Promise<void> => {
    await call('POST', `/v1/connections/${connection}/sync`, { mode });
    await takeTurns(() => syncTurn(engine, connectionId(connection), signal));
    await takeTurns(() => provisionTurn(engine, targetId(of), signal));
  };
  await sync('full');
  expect(remote.objects.size).toBe(9);
  // Long enough that the target is new no longer.
  pass(25);

  return {
    call,
    sync,
    pass,
    connection,
    target,
    edit: (body: object, of = target) => call('PATCH', `/v1/targets/${of}`, body),
    show: async (of = target) => (await call('GET', `/v1/targets/${of}`)).body,
    leave: (): void => {
      for (let nth = 0; nth < 6; nth += 1) directory.remove(id(`p${nth}`), 'soft_deleted');
    },
    provision: async (of = target): Promise<unknown> => {
      const run = idOf(await call('POST', `/v1/targets/${of}/provision`, { full: true }));
      await takeTurns(() => provisionTurn(engine, targetId(of), signal));
      return (await call('GET', `/v1/runs/${run}`)).body;
    },
    /** Approves whatever waits, as often as it is asked to. */
    approveAll: async (of = target): Promise<readonly Reply[]> => {
      const replies: Reply[] = [];
      for (const { id: plan } of pageOf(await call('GET', `/v1/plans?target_id=${of}&state=waiting`)).data)
        for (let times = 0; times < 2; times += 1)
          replies.push(await call('POST', `/v1/plans/${plan}/approve`, { reason: 'It is right.' }));
      await takeTurns(() => provisionTurn(engine, targetId(of), signal));
      return replies;
    },
    /** By a key that may configure and nothing else. */
    configure: (body: object) => door.call('PATCH', `/v1/targets/${target}`, { key: configuring, body }),
    /** Keeps a mapping as a version that did not look at its paths would have. */
    keep: async ({ mapping }: object & { readonly mapping: unknown }): Promise<void> => {
      const record = await door.stores.targets.get(targetId(target));
      const kept = mappingOf(mappingSchema.parse(mapping));
      await door.stores.targets.edit(targetId(target), record?.revision ?? 0, { mapping: kept });
    },
    said: () => door.said.join('\n'),
    purge: () => purge(engine, connectionId(connection), AbortSignal.abort()),
    changed: (): number => remote.applied.filter(({ action }) => action === 'update').length,
    /** How many were switched off or deleted. */
    lost: (): number => remote.applied.filter(({ action }) => action === 'disable' || action === 'delete').length,
  };
};
type Company = Awaited<ReturnType<typeof openCompany>>;

const isLeftAlone = async (company: Company, of = company.target): Promise<void> => {
  for (const hours of [0, 12, 11.5]) {
    company.pass(hours);
    await company.provision(of);
    await company.approveAll(of);
    expect(company.lost()).toBe(0);
  }
};

/** The same system as another target, boundless and to be approved by one. */
const addedAgain = async ({ call, connection, target, purge: purged, provision }: Company): Promise<string> => {
  expect((await call('DELETE', `/v1/targets/${target}`)).status).toBe(202);
  await purged();
  const body = { ...newTarget, limits: boundless, approvals: 1, auto_approve_first: true };
  const again = idOf(await call('POST', `/v1/connections/${connection}/targets`, body));
  await provision(again);
  return again;
};

describe('one person alone, where two decide what is over a limit', () => {
  it.each<[string, object]>([
    ['lifts the limits', { limits: boundless }],
    ['lifts the floor alone', { limits: { deprovisions: { ...two, floor: 1_000 } } }],
    ['lowers the number of approvals', { approvals: 1 }],
    ['does all of that, and unprotects everybody', { approvals: 1, limits: boundless, protected: {} }],
    ['has it deleted in place of disabled', { deprovision: { kind: 'delete' }, limits: boundless }],
  ])('%s before the plan waits, and nobody loses an account', async (_, edit) => {
    const company = await openCompany();
    expect((await company.edit(edit)).status).toBe(200);
    company.leave();
    await company.sync('delta');
    await isLeftAlone(company);
  });

  it('lifts everything while the plan waits, sees from when on that holds, and is asked for somebody else', async () => {
    const company = await openCompany();
    company.leave();
    await company.sync('delta');
    const edited = await company.edit({ approvals: 1, limits: boundless, protected: {} });
    const inForce = {
      approvals: 2,
      limits: { deprovisions: two },
      protected: { ids: [director] },
      looser_from: '2026-11-04T10:00:00.000Z',
    };
    expect(edited.body).toMatchObject({ approvals: 1, limits: boundless, in_force: inForce });
    expect(company.said()).toContain('"event":"target.loosened"');
    expect(await company.provision()).toMatchObject({
      state: 'held',
      problem: { code: 'guard_hold', message: expect.stringContaining('until 2026-11-04T10:00:00.000Z stricter') },
    });
    const [first, second] = await company.approveAll();
    expect(first).toMatchObject({ status: 202, body: { state: 'waiting', approvals_needed: 2, run: null } });
    expect(second?.body).toMatchObject({
      status: 409,
      code: 'another_person_needed',
      detail: expect.stringContaining('until 2026-11-04T10:00:00.000Z stricter'),
    });
    await isLeftAlone(company);
    // A day later it is as it is set, which everybody saw coming.
    company.pass(1);
    expect(await company.show()).toMatchObject({ in_force: { approvals: 1, limits: boundless, looser_from: null } });
    await company.provision();
    expect(company.lost()).toBe(5);
  });

  it('takes the target away and adds it again, and nobody loses an account', async () => {
    const company = await openCompany({ leastApprovals: 2 });
    const again = await addedAgain(company);
    company.leave();
    await company.sync('delta', again);
    expect(await company.show(again)).toMatchObject({
      in_force: { approvals: 2, limits: { deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    await isLeftAlone(company, again);
  });

  it('gets there by that where the installation lets a target take one', async () => {
    const company = await openCompany();
    const again = await addedAgain(company);
    company.leave();
    await company.sync('delta', again);
    expect(company.lost()).toBe(6);
  });

  it('brings a target of long ago to the address, and nobody loses an account', async () => {
    const company = await openCompany({ leastApprovals: 2 });
    const elsewhere = { ...newTarget.settings, url: 'https://other.example' };
    const body = { ...newTarget, settings: elsewhere, limits: boundless, auto_approve_first: true };
    const other = idOf(await company.call('POST', `/v1/connections/${company.connection}/targets`, body));
    company.pass(48);
    expect((await company.edit({ settings: newTarget.settings }, other)).status).toBe(200);
    await company.provision(other);
    company.leave();
    await company.sync('delta', other);
    await isLeftAlone(company, other);
  });
});

describe('a mapping that switches everybody off, by whoever may configure and not approve', () => {
  const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
  const rules = z.looseObject({ to: z.string() }).array();
  const shown = z.looseObject({ mapping: z.looseObject({ user: rules, group: rules }) });
  const withSwitch = async ({ show }: Company, rule: object) => {
    const { mapping } = shown.parse(await show());
    return { mapping: { ...mapping, user: [...mapping.user.filter(({ to }) => to !== 'active'), rule] } };
  };

  it.each(['active', 'Active', `${core}:active`, `${core.toLowerCase()}:ACTIVE`])(
    'is counted by the guard and waits for two, though it is spelled %s',
    async (to) => {
      const company = await openCompany();
      const edited = await company.configure(await withSwitch(company, { kind: 'constant', value: false, to }));
      expect(edited.status).toBe(200);
      expect(shown.parse(edited.body).mapping.user.at(-1)?.to).toBe('active');
      expect(await company.provision()).toMatchObject({
        state: 'held',
        problem: { code: 'guard_hold', message: expect.stringContaining('9 deprovisions') },
      });
      const [first, second] = await company.approveAll();
      expect(first?.body).toMatchObject({ state: 'waiting', approvals_needed: 2 });
      expect(second?.body).toMatchObject({ code: 'another_person_needed' });
      expect([company.lost(), company.changed()]).toEqual([0, 0]);
    },
  );

  it('is counted also when it was kept by an earlier version, as it was written', async () => {
    const company = await openCompany();
    await company.keep(await withSwitch(company, { kind: 'constant', value: false, to: `${core}:Active` }));
    expect(await company.provision()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect([company.lost(), company.changed()]).toEqual([0, 0]);
  });

  it('is refused where it cannot be told from a switch, or is no word about one', async () => {
    const company = await openCompany();
    for (const rule of [
      { kind: 'constant', value: 'False', to: 'active' },
      { kind: 'constant', value: null, to: 'Active' },
      { kind: 'constant', value: false, to: 'active.value' },
      { kind: 'constant', value: false, to: 'urn:acme:2.0:User:active' },
      { kind: 'constant', value: null, to: 'members' },
    ])
      expect(await company.configure(await withSwitch(company, rule))).toMatchObject({
        status: 422,
        body: {
          code: 'mapping_refused',
          errors: [{ pointer: expect.stringMatching(/^\/mapping\/user\/\d+\/(to|value)$/) }],
        },
      });
  });

  it('is gone by for nobody when it was kept before it would have been refused, and keeps nobody from mending it', async () => {
    const company = await openCompany();
    await company.keep(await withSwitch(company, { kind: 'constant', value: 'False', to: 'active' }));
    expect(await company.provision()).toMatchObject({
      state: 'failed',
      problem: { code: 'mapping_refused', message: expect.stringContaining('must be true or false') },
    });
    expect([company.lost(), company.changed()]).toEqual([0, 0]);
    expect((await company.configure({ name: 'Desk' })).status).toBe(200);
    expect(
      (await company.configure(await withSwitch(company, { kind: 'direct', from: 'accountEnabled', to: 'active' })))
        .status,
    ).toBe(200);
    expect(await company.provision()).toMatchObject({ state: 'succeeded' });
  });
});
