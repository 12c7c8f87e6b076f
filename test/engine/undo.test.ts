import { describe, expect, it } from 'vitest';
import { defaultMatching } from '../../src/core/default-mapping.ts';
import { defaultTiming } from '../../src/engine/engine.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { leftOutIn, leftOutOf } from '../../src/engine/undo.ts';
import { isUndoneMark } from '../../src/engine/undone-mark.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, runId, sourceId } from '../../src/model/ids.ts';
import { isDestructive, type Operation } from '../../src/model/operation.ts';
import { isEnded, type Run } from '../../src/model/run.ts';
import { group, user } from '../../src/model/source-object.ts';
import { defaultLimits, type TargetRecord } from '../../src/model/target-record.ts';
import type { Target } from '../../src/target/target.ts';
import { why } from '../support/explaining.ts';
import { id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const word = { by: 'anna', reason: 'It was a mistake.' };
const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
const many = 30;
const open = { count: 1_000, percent: 100, floor: 1_000 };
const withoutLimits = { ...defaultLimits, deprovisions: open, memberRemovals: open, memberRemovalsPerGroup: open };

const staffed = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story({ ...options, target: { limits: withoutLimits, ...options.target } });
  for (let nth = 0; nth < many; nth += 1) s.hire(`p${nth}`, { jobTitle: 'clerk', manager: nth > 0 ? id('p0') : null });
  s.found('staff');
  for (let nth = 0; nth < 12; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
  await s.full();
  s.pass(1_000);
  return s;
};
/** Everything the target holds. */
const state = (s: Story) => structuredClone({ objects: [...s.remote.objects], members: [...s.remote.members] });
const sorted = (s: Story) => {
  const { objects, members } = state(s);
  const all = members.map(([of, some]) => [of, [...some].sort()] as const).filter(([, some]) => some.length > 0);
  return { objects: objects.sort(([a], [b]) => (a < b ? -1 : 1)), members: all.sort(([a], [b]) => (a < b ? -1 : 1)) };
};
const leftOut = async (s: Story): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const some of s.stores.plans.scan({ target, id: leftOutOf((await s.newestPlan()).id) }))
    for (const staged of some) {
      const { reason, by } = leftOutIn(staged);
      lines.push(`${reason} ${staged.operation.action} ${nameIn(staged.operation.ref.id)} ${by ?? '-'}`);
    }
  return lines.sort();
};
const nameIn = (of: string): string => Buffer.from(of.slice(-12).replace(/^0+/, ''), 'hex').toString();

/** A mistake in the tenant: most of everybody is gone, one is renamed, one is new, one goes from the group. */
const blunder = async (s: Story): Promise<Run> => {
  for (let nth = 10; nth < many; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
  s.hire('p1', { jobTitle: 'king', displayName: 'Rex', manager: id('p2') });
  s.hire('new');
  s.directory.join(id('staff'), id('new'));
  s.directory.leave(id('staff'), id('p3'));
  await s.delta();
  const run = await s.provisioned();
  s.pass(1_000);
  return run;
};

it('takes a manager back of somebody whom it switches off, and remembers both', async () => {
  const s = await story({ target: { limits: withoutLimits } });
  s.hire('boss');
  s.hire('bob');
  await s.full();
  s.hire('bob', { accountEnabled: false });
  await s.delta();
  s.pass(1_000);
  s.hire('bob', { manager: id('boss') });
  await s.delta();
  const run = await s.provisioned();
  s.pass(1_000);
  await s.planUndo(run);
  expect(await s.approve()).toMatchObject({ state: 'succeeded' });
  expect(s.accounts()).toMatchObject({ bob: 'off' });
  expect(s.account('bob')?.attributes[manager] ?? null).toBeNull();
  await s.provision('full');
  await s.approve();
  expect(s.accounts()).toMatchObject({ bob: 'on' });
  expect(s.account('bob')?.attributes[manager]).toBe(s.account('boss')?.remoteId);
});

/** A worker dies as it carries the undo out, and then the rules change, so that nobody goes on with it; the next run looks at everybody. */
const undoneHalfway = async (s: Story, wrong: Run, arm: () => void): Promise<void> => {
  await s.planUndo(wrong);
  const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
  arm();
  await expect(s.provisionAll()).rejects.toThrow('power cut');
  await s.editTarget({ deprovision: { kind: 'delete' } });
  s.pass(60_000);
  await s.provisionAll();
  expect((await s.ended(run)).state).toBe('failed');
  s.pass(1_000);
  await s.provision();
  await s.approve();
};

describe('the undo of a run that took over the accounts of others, by a wrong matching rule', () => {
  const number = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber';
  const byNumber = { from: 'employeeId', to: number, ignoreCase: false };
  /** The numbers at the target are those of another company. */
  const takenOver = async (
    wrapTarget: (made: Target) => Target = (made) => made,
    more: (s: Story) => void = () => {},
    policy: Partial<TargetRecord> = {},
  ) => {
    const s = await story({
      wrapTarget,
      target: { limits: withoutLimits, matching: { ...defaultMatching, user: [byNumber] }, ...policy },
    });
    for (const [name, nth, active] of [
      ['xaver', '1', true],
      ['yves', '2', false],
    ] as const)
      s.remote.objects.set(remoteId(name), {
        type: 'user',
        remoteId: remoteId(name),
        attributes: { userName: `${name}@other.example`, active, title: 'Director', [number]: nth },
      });
    const before = sorted(s);
    s.hire('anna', { employeeId: '1', jobTitle: 'clerk' });
    s.hire('bert', { employeeId: '2', jobTitle: 'clerk' });
    more(s);
    await s.full();
    s.pass(1_000);
    const run = await s.provisioned();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on' });
    return { s, before, run };
  };
  const mistaken = async (wrapTarget?: (made: Target) => Target) => {
    const { s, before, run } = await takenOver(wrapTarget);
    await s.planUndo(run);
    return { s, before };
  };
  const linked = async (s: Story) => (await s.stores.ledger.countLinks(target)).user;

  it('gives them back as they were, and lets go of them', async () => {
    const { s, before } = await mistaken();
    expect(await s.newestPlan()).toMatchObject({ kind: 'undo', counts: { update: 4, disable: 1, create: 0 } });
    expect(await leftOut(s)).toEqual([]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(sorted(s)).toEqual(before);
    expect(await linked(s)).toBe(0);
  });

  it('lets go of nobody whom the target would not take back as they were, and lists them', async () => {
    let stubborn = false;
    const { s } = await mistaken((made) => ({
      ...made,
      apply: async (operation, signal) => {
        const isRefused = stubborn && operation.action === 'update' && Object.keys(operation.attributes).length > 0;
        if (isRefused && operation.remoteId === 'xaver') throw new TargetError('rejected', 'The title is too long.');
        return await made.apply(operation, signal);
      },
    }));
    stubborn = true;
    expect(await s.approve()).toMatchObject({ counters: { skipped: { not_given_back: 1 } } });
    expect(await linked(s)).toBe(1);
    expect(await leftOut(s)).toEqual(['not_given_back update anna -']);
  });

  it('lets the next run take nobody over again before somebody has looked, and the mended rule makes new accounts', async () => {
    const { s, before } = await mistaken();
    await s.approve();
    s.pass(1_000);
    expect(await s.provision()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(sorted(s)).toEqual(before);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { matching: defaultMatching });
    s.pass(1_000);
    await s.provision('full');
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { create: 2, update: 0 } });
    await s.approve();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', xaver: 'on', yves: 'off' });
    expect(sorted(s).objects).toEqual(expect.arrayContaining(before.objects));
  });

  it('leaves an account that it let go of to whoever it is of, though the one who had it by mistake is still here', async () => {
    const { s } = await mistaken();
    await s.approve();
    s.pass(1_000);
    s.hire('anna', { employeeId: '3', jobTitle: 'clerk' });
    s.hire('xenia', { employeeId: '1', jobTitle: 'clerk' });
    await s.delta();
    await s.provision('full');
    await s.approve();
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items).toEqual([]);
    const links = await s.stores.ledger.links(
      target,
      ['anna', 'bert', 'xenia'].map((name) => user(sourceId(id(name)))),
    );
    expect(links.get(sourceId(id('xenia')))?.remoteId).toBe('xaver');
    expect(links.get(sourceId(id('bert')))?.remoteId).toBe('yves');
    expect(s.accounts()).toMatchObject({ xenia: 'on', anna: 'on', bert: 'on' });
  });

  it('lets go of nobody twice, and of everybody, when the worker dies on the way', async () => {
    const { s, before } = await mistaken();
    const { id: plan } = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan, word);
    let left = 40;
    for (let died = 0; died < 40 && !isEnded((await s.ended(run)).state); died += 1) {
      left = died;
      const failpoint = async (): Promise<void> => {
        left -= 1;
        if (left < 0) throw new Error('The worker died.');
      };
      await provisionTurn({ ...s.engine, failpoint }, target, new AbortController().signal).catch(() => {});
      s.pass(120_000);
    }
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(sorted(s)).toEqual(before);
    expect(await linked(s)).toBe(0);
  });

  describe('and put them into groups', () => {
    const withStaff = (s: Story): void => {
      s.found('staff');
      s.directory.join(id('staff'), id('anna'));
    };

    it('takes them out again before it lets go of them, though a later run told the group once more', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      await s.provision('full');
      s.pass(1_000);
      await s.planUndo(run);
      expect(await leftOut(s)).toEqual(['deprovision_off create staff -']);
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ staff: [] });
      expect(await linked(s)).toBe(0);
    });

    it('lets go of nobody whom the target does not take out: whoever has the account next would be in the group', async () => {
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          apply: async (operation, signal) => {
            if (operation.action === 'remove_members') throw new TargetError('rejected', 'Nobody leaves.');
            return await made.apply(operation, signal);
          },
        }),
        withStaff,
      );
      await s.planUndo(run);
      expect(await s.approve()).toMatchObject({ counters: { skipped: { not_given_back: 1 } } });
      expect(s.groups()).toEqual({ staff: ['xaver'] });
      expect(await linked(s)).toBe(1);
      expect(await leftOut(s)).toEqual(['deprovision_off create staff -', 'not_given_back update anna -']);
    });

    it('lets go of whoever was in a group that is gone: nobody is in it any more', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      await s.planUndo(run);
      for (const [of, { type }] of s.remote.objects) if (type === 'group') s.remote.objects.delete(of);
      const { counters } = await s.approve();
      expect(counters.skipped).not.toHaveProperty('not_given_back');
      expect(await linked(s)).toBe(0);
      const waits: string[] = [];
      for await (const some of s.stores.ledger.waitingFor(target, [group(sourceId(id('staff')))]))
        waits.push(...some.map(({ to, want }) => `${want} ${nameIn(to)}`));
      expect(waits).not.toContain('remove anna');
    });

    it('lets go of nobody whose group is not deleted, because it could not be when the plan was made', async () => {
      let takesGroups = true;
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          capabilities: {
            ...made.capabilities,
            get groups() {
              return takesGroups;
            },
          },
        }),
        withStaff,
        { leftGroups: 'delete' },
      );
      takesGroups = false;
      await s.planUndo(run);
      takesGroups = true;
      await s.approve();
      expect(s.groups()).toEqual({ staff: ['xaver'] });
      expect(await linked(s)).toBe(1);
      expect(await leftOut(s)).toContain('not_given_back update anna -');
    });

    it('leaves whoever a later run put into another one, until that run is undone', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      s.found('board');
      s.directory.join(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      const later = await s.provisioned();
      await s.planUndo(run);
      expect(await leftOut(s)).toContain(`changed_since update anna ${later.id}`);
      s.pass(1_000);
      await s.planUndo(later);
      await s.approve();
      s.pass(1_000);
      await s.planUndo(run);
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ board: [], staff: [] });
      expect(await linked(s)).toBe(0);
    });

    /** In the tenant anna leaves the group, and bert with her; `how`: what the target does of it, once. */
    const leftSince = async (how: (apply: Target['apply']) => Target['apply']) => {
      let isOdd = false;
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          apply: async (...asked) => {
            if (!isOdd || asked[0].action !== 'remove_members') return await made.apply(...asked);
            isOdd = false;
            return await how(made.apply)(...asked);
          },
        }),
        (s) => {
          withStaff(s);
          s.directory.join(id('staff'), id('bert'));
        },
      );
      for (const name of ['anna', 'bert']) s.directory.leave(id('staff'), id(name));
      isOdd = true;
      await s.delta();
      s.pass(1_000);
      const later = await s.provisioned();
      expect(s.groups()).toEqual({ staff: ['anna'] });
      await s.planUndo(run);
      return { s, later };
    };

    const withoutXaver = (operation: Operation): Operation =>
      'members' in operation
        ? { ...operation, members: operation.members.filter(({ remoteId: of }) => of !== 'xaver') }
        : operation;

    it('takes out whom a later run was to take out, and the target refused to', async () => {
      const { s } = await leftSince((apply) => async (operation, signal) => ({
        ...(await apply(withoutXaver(operation), signal)),
        refused: [{ member: remoteId('xaver'), detail: 'The director stays.' }],
      }));
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ staff: [] });
      expect(await linked(s)).toBe(0);
    });

    it('leaves whoever may be in the group still: a later run took them out, and it was not seen', async () => {
      const { s, later } = await leftSince((apply) => async (operation, signal) => {
        await apply(withoutXaver(operation), signal);
        throw new TargetError('rejected', 'They are shown still.', { code: 'not_applied' });
      });
      expect(await leftOut(s)).toContain(`changed_since update anna ${later.id}`);
      await s.approve();
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await linked(s)).toBe(2);
    });

    it('goes by what was written last, and not by which run was asked for last', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      s.found('board');
      s.directory.join(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.provisioned();
      s.directory.leave(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.provisioned();
      expect(s.groups()).toEqual({ board: [], staff: ['anna'] });
      // The run that took her out waited: it had been asked for before the one that put her in.
      const { list } = s.stores.runs;
      Object.assign(s.stores.runs, {
        list: async (...asked: Parameters<typeof list>) => {
          const page = await list(...asked);
          return { ...page, items: page.items.toReversed() };
        },
      });
      await s.planUndo(run);
      expect((await leftOut(s)).filter((each) => each.startsWith('changed_since'))).toEqual([]);
    });
  });
});

describe('the undo of a provision run', () => {
  it('of a mass disable brings the target back to what it was, byte for byte, once somebody approved it', async () => {
    const s = await staffed();
    const before = sorted(s);
    for (let nth = 10; nth < many; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
    s.directory.leave(id('staff'), id('p3'));
    s.hire('p1', { jobTitle: 'king', displayName: 'Rex', manager: id('p2') });
    await s.delta();
    const run = await s.provisioned();
    s.pass(1_000);
    expect(run).toMatchObject({ state: 'succeeded', counters: { disabled: 20, membersRemoved: 3 } });
    const after = sorted(s);
    expect(after).not.toEqual(before);
    expect(await s.planUndo(run)).toMatchObject({ state: 'succeeded', dryRun: true, amends: { kind: 'undo' } });
    expect(sorted(s)).toEqual(after);
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'undo', counts: { update: 21, add_members: 3, disable: 0, create: 0 } });
    expect(await leftOut(s)).toEqual([]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id, counters: { updated: 21 } });
    expect(sorted(s)).toEqual(before);
  });

  it('keeps with what it takes away which read the run went by that gave it', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const [sync] = (await s.stores.runs.list({ kind: 'sync' }, null, 1)).items;
    await s.planUndo(run);
    await s.approve();
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 100);
    const taken = items.filter(({ operation }) => ['disable', 'remove_members'].includes(operation.action));
    expect(taken).toHaveLength(2);
    for (const { cause } of taken)
      expect(cause.evidence).toEqual({ version: sync?.version, run: sync?.id, read: 'delta', confirmed: null });
  });

  it('takes away what the run made, by the deprovision policy, and nothing else', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    expect((await s.newestPlan()).counts).toMatchObject({ disable: 1, remove_members: 1, delete: 0 });
    await s.approve();
    expect(s.accounts()).toMatchObject({ new: 'off', p1: 'on', p29: 'on' });
    expect(s.groups()['staff']).not.toContain('new');
    expect(s.groups()['staff']).toContain('p3');
  });

  it('of a run that looked at everybody leaves the members whom earlier runs had added', async () => {
    const s = await staffed();
    s.hire('new');
    s.directory.join(id('staff'), id('new'));
    await s.requestSync('delta');
    await s.syncAll();
    await s.requestProvision('full');
    await s.provisionAll();
    const run = await s.provisioned();
    expect(run).toMatchObject({ mode: 'full', counters: { membersAdded: 13 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await s.held(await s.newestPlan())).toEqual(['disable user', 'remove_members 1']);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
    await s.approve();
    expect(s.groups()['staff']).toHaveLength(12);
    expect(s.groups()['staff']).not.toContain('new');
  });

  it('leaves whom the run before had told a group already, ahead of the version that it brought the target to', async () => {
    const s = await story({ target: { limits: withoutLimits } });
    for (const name of ['ann', 'bob', 'cid']) s.hire(name);
    s.found('staff');
    s.directory.join(id('staff'), id('ann'));
    await s.requestSync('full');
    await s.syncAll();
    const failpoint = async (site: string): Promise<void> => {
      if (site !== 'provision.objects') return;
      Object.assign(s.engine, { failpoint: async () => {} });
      s.directory.join(id('staff'), id('bob'));
      await s.requestSync('delta');
      await s.syncAll();
    };
    Object.assign(s.engine, { failpoint });
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(s.groups()['staff']).toEqual(['ann', 'bob']);
    s.pass(1_000);
    s.directory.join(id('staff'), id('cid'));
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ mode: 'delta', counters: { membersAdded: 2 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
    await s.approve();
    expect(s.groups()['staff']).toEqual(['ann', 'bob']);
  });

  it('leaves who left a group and was never put out of it, though a run told it of them once more when they were back', async () => {
    const none = { count: 0, percent: 0, floor: 0 };
    const s = await story({ target: { limits: { ...withoutLimits, memberRemovals: none } } });
    for (const name of ['ann', 'bob']) s.hire(name);
    s.found('staff');
    for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
    await s.full();
    s.pass(1_000);
    s.directory.leave(id('staff'), id('ann'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
    s.pass(1_000);
    s.directory.join(id('staff'), id('ann'));
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'succeeded', counters: { membersAdded: 1 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await s.held(await s.newestPlan())).toEqual([]);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
  });

  it('leaves off who was switched off at the target before the run did it', async () => {
    const s = await story({ target: { limits: withoutLimits } });
    for (const name of ['ann', 'mal']) s.hire(name);
    await s.full();
    s.pass(1_000);
    const account = s.account('mal');
    if (account === undefined) throw new Error('There is one.');
    s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
    s.directory.remove(id('mal'), 'soft_deleted');
    s.directory.remove(id('ann'), 'soft_deleted');
    await s.delta({ acceptShrink: true });
    const run = await s.provisioned();
    expect(run).toMatchObject({ counters: { disabled: 2 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^off_before disable mal/)]);
    await s.approve();
    expect(s.accounts()).toEqual({ ann: 'on', mal: 'off' });
  });

  it('leaves the members of a group that was there before us', async () => {
    const s = await story({ target: { limits: withoutLimits, autoApproveFirst: false } });
    for (const name of ['ann', 'bob', 'cid']) s.hire(name);
    s.found('staff');
    for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
    const [account, team] = ['their-ann', 'their-staff'].map(remoteId);
    if (account === undefined || team === undefined) throw new Error('There are two.');
    s.remote.objects.set(account, { type: 'user', remoteId: account, attributes: { userName: 'ann@contoso.example' } });
    s.remote.objects.set(team, { type: 'group', remoteId: team, attributes: { displayName: 'staff' } });
    s.remote.members.set(team, new Set([account]));
    await s.full();
    await s.approve();
    const run = await s.provisioned();
    expect(s.remote.members.get(team)).toHaveProperty('size', 2);
    s.pass(1_000);
    await s.planUndo(run);
    await s.approve();
    expect([...(s.remote.members.get(team) ?? [])]).toEqual([account]);
  });

  it('is not undone by the next run: what that would do waits as a plan, memberships too', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    const undone = sorted(s);
    s.hire('late');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    await s.full();
    expect(sorted(s)).toEqual(undone);
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'first', counts: { create: 1, disable: 20 } });
    expect(plan.counts.remove_members).toBe(3);
    expect(plan.counts.add_members).toBe(1);
    await s.approve();
    expect(s.accounts()).toMatchObject({ late: 'on', new: 'on', p29: 'off' });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
  });

  it('is told to whoever asks why somebody is not as the tenant says, until somebody has looked', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    for (const of of ['p29', 'p1', 'staff']) {
      const { verdict, steps } = await why(s, id(of));
      expect([of, verdict.reason]).toEqual([of, 'run_undone']);
      expect(verdict.sentence).toContain(`run ${run.id} was taken back there`);
      expect(steps.find(({ state }) => state === 'stopped')?.says).toContain(run.id);
    }
    expect((await why(s, id('p5'))).verdict.reason).toBe('in_sync');
    await s.delta();
    expect((await why(s, id('p29'))).verdict.reason).toBe('plan_waits');
    await s.approve();
    expect((await why(s, id('p29'))).verdict.reason).toBe('soft_deleted');
  });

  it('leaves the target alone once the tenant is mended, and goes on as before when that was looked at', async () => {
    const s = await staffed();
    const before = sorted(s);
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    for (let nth = 10; nth < many; nth += 1) s.hire(`p${nth}`, { jobTitle: 'clerk', manager: id('p0') });
    s.hire('p1', { jobTitle: 'clerk', manager: id('p0') });
    for (const name of ['p3', 'p10', 'p11']) s.directory.join(id('staff'), id(name));
    s.directory.remove(id('new'), 'soft_deleted');
    await s.delta();
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 3', 'remove_members 1']);
    await s.approve();
    const { objects } = sorted(s);
    expect(objects.filter(([, { attributes }]) => attributes['externalId'] !== id('new'))).toEqual(before.objects);
    expect(sorted(s).members).toEqual(before.members);
  });

  it('leaves out whom a later run changed, whose account is gone or was deleted, and says so', async () => {
    const s = await staffed();
    const run = await blunder(s);
    s.hire('p1', { jobTitle: 'queen', manager: id('p2') });
    s.directory.join(id('staff'), id('p3'));
    await s.delta();
    const later = (await s.provisioned()).id;
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([
      `changed_since remove_members staff ${later}`,
      `changed_since update p1 ${later}`,
    ]);
    await s.approve();
    expect(s.account('p1')?.attributes).toMatchObject({ title: 'queen' });
    const deleting = await staffed({ target: { deprovision: { kind: 'delete' }, limits: withoutLimits } });
    deleting.directory.remove(id('p9'), 'deleted');
    await deleting.delta();
    await deleting.planUndo(await deleting.provisioned());
    expect(await leftOut(deleting)).toContain('deleted delete p9 -');
  });

  it.each([
    ['neither said nor showed anything', new TargetError('unknown', 'The connection was reset.')],
    ['showed nothing', new TargetError('rejected', 'It is not shown.', { code: 'not_applied' })],
  ])('leaves out whom a later run may have changed, of which the target %s', async (_how, says) => {
    let isMute = false;
    const s = await staffed({
      wrapTarget: (made) => ({
        ...made,
        apply: async (...asked) => {
          const applied = await made.apply(...asked);
          if (isMute) throw says;
          return applied;
        },
        get: async (...asked) => {
          if (isMute) throw new TargetError('rejected', 'It shows nobody.');
          return await made.get(...asked);
        },
      }),
    });
    const run = await blunder(s);
    s.hire('p1', { jobTitle: 'queen', displayName: 'Rex', manager: id('p2') });
    isMute = true;
    await s.delta();
    const later = (await s.provisioned()).id;
    isMute = false;
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([`changed_since update p1 ${later}`]);
    await s.approve();
    expect(s.account('p1')?.attributes).toMatchObject({ title: 'queen', displayName: 'Rex' });
  });

  it('touches nobody who is protected, and nothing where nothing is taken away', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { ids: [id('p29'), id('new')], attributes: [], groups: [] },
      deprovision: { kind: 'none' },
    });
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual(['deprovision_off create new -']);
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'off', p28: 'on', new: 'on' });
  });

  it('is refused when the target was written to since it was planned, whatever else the tenant says', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    const plan = await s.newestPlan();
    s.directory.remove(id('p5'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    for (const { id: queued } of (await s.stores.runs.list({ target, state: 'queued' }, null, 10)).items)
      await s.stores.runs.cancel(queued, s.now());
    await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p29: 'on', p5: 'on' });
    const other = await staffed();
    const wrong = await blunder(other);
    await other.planUndo(wrong);
    const stale = await other.newestPlan();
    other.hire('late');
    await other.delta();
    await expect(other.commands.approvePlan(stale.id, word)).rejects.toMatchObject({ code: 'plan_moved' });
    await other.provisionAll();
    expect(await other.newestPlan()).toMatchObject({ kind: 'undo', amends: { run: wrong.id } });
  });

  it('is let through when a run since then found nothing to do, and only moved the position', async () => {
    const s = await staffed();
    const before = sorted(s);
    const run = await blunder(s);
    await s.planUndo(run);
    const plan = await s.newestPlan();
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { updated: 0 } });
    expect(await s.stores.ledger.position(target)).toBeGreaterThan(plan.basis.position ?? 0);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id });
    const { objects, members } = sorted(s);
    expect(objects.filter(([, { attributes }]) => attributes['externalId'] !== id('new'))).toEqual(before.objects);
    expect(members).toEqual(before.members);
  });

  it('is refused for a run that wrote nothing, has not ended, or is too long ago', async () => {
    const s = await staffed();
    const run = await s.provisioned();
    const dry = await s.provision('delta', true);
    await expect(s.commands.requestUndo(dry.id)).rejects.toMatchObject({ code: 'nothing_to_undo' });
    const queued = await s.requestProvision();
    await expect(s.commands.requestUndo(queued.id)).rejects.toMatchObject({ code: 'run_not_ended' });
    await expect(s.commands.requestUndo(runId('run_none'))).rejects.toMatchObject({ code: 'not_found' });
    const sync = await s.delta();
    await expect(s.commands.requestUndo(sync.id)).rejects.toMatchObject({ code: 'not_a_provision_run' });
    s.pass(61 * 86_400_000);
    await expect(s.commands.requestUndo(run.id)).rejects.toMatchObject({ code: 'undo_too_late' });
  });

  it('of an undo does again what was undone', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const after = sorted(s);
    await s.planUndo(run);
    const undone = await s.approve();
    await s.planUndo(undone);
    await s.approve();
    expect(sorted(s)).toEqual(after);
  });

  it('comes to the same in many turns as in one', async () => {
    const whole = await staffed();
    await whole.planUndo(await blunder(whole));
    await whole.approve();
    const sliced = await staffed();
    await sliced.planUndo(await blunder(sliced));
    const once = sorted(whole);
    Object.assign(sliced.engine, { timing: { ...defaultTiming, sliceMs: -1 } });
    await sliced.approve();
    expect(sorted(sliced)).toEqual(once);
  });

  it('goes on after a worker died, and nobody writes to the target unseen in between', async () => {
    const clean = await staffed();
    await clean.planUndo(await blunder(clean));
    await clean.approve();
    const expected = sorted(clean);
    for (let nth = 1; nth <= 8; nth += 1) {
      let passed = Number.NEGATIVE_INFINITY;
      const failpoint = async (): Promise<void> => {
        passed += 1;
        if (passed === nth) throw new Error('killed');
      };
      const s = await staffed({ engine: { failpoint } });
      await s.planUndo(await blunder(s));
      passed = 0;
      const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
      await s.provisionAll().catch(() => s.pass(60_000));
      await s.provisionAll();
      expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
      expect(sorted(s)).toEqual(expected);
      await s.delta();
      expect(sorted(s)).toEqual(expected);
    }
  });

  it('stands against a first plan that was being carried out, and waited for its second look meanwhile', async () => {
    const s = await staffed({ target: { autoApproveFirst: false } });
    await s.approve();
    s.pass(1_000);
    const wrong = await blunder(s);
    const record = await s.stores.targets.get(target);
    const mapping = record?.mapping ?? { user: [], group: [] };
    const title = mapping.user.filter(({ to }) => to !== 'title');
    await s.stores.targets.edit(target, record?.revision ?? 0, { mapping: { ...mapping, user: title } });
    s.directory.remove(id('p9'), 'deleted');
    await s.full();
    const first = await s.newestPlan();
    expect(first).toMatchObject({ kind: 'first', counts: { disable: 1 } });
    const { run } = await s.commands.approvePlan(first.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting' });

    const { run: asked } = await s.commands.requestUndo(wrong.id);
    while (!isEnded((await s.ended(asked)).state)) await provisionTurn(s.engine, target, new AbortController().signal);
    const { run: undoing } = await s.commands.approvePlan((await s.newestPlan()).id, word);
    while (!isEnded((await s.ended(undoing)).state))
      await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.ended(undoing)).toMatchObject({ state: 'succeeded' });
    const undone = sorted(s);

    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
    expect((await s.stores.plans.get(first.id))?.standing).toMatchObject({ state: 'refused', why: 'undone_since' });
    expect(isUndoneMark(await s.stores.ledger.rules(target))).toBe(true);
    expect(sorted(s)).toEqual(undone);
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
  });
});

describe('an undo that the target refuses', () => {
  /** A target that takes nothing away, and two people for one of whom there are two accounts. */
  const refused = async (): Promise<Story> => {
    const s = await story({
      target: { limits: withoutLimits, leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (isDestructive(operation.action)) throw new TargetError('rejected', 'Nobody leaves.');
          return await made.apply(operation, signal);
        },
      }),
    });
    for (const name of ['one', 'other'])
      s.remote.objects.set(remoteId(name), {
        type: 'user',
        remoteId: remoteId(name),
        attributes: { userName: 'bert@contoso.example', active: true },
      });
    s.hire('anna');
    s.hire('bert');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    await s.planUndo(await s.provisioned());
    await s.approve();
    return s;
  };
  const escrowed = async (s: Story) =>
    (await s.stores.ledger.escrows(target, null, 100)).items
      .map(({ ref, reason }) => `${nameIn(ref.id)} ${reason}`)
      .sort();

  it('leaves nobody in escrow who is as the tenant has them, though the target waits for somebody to look', async () => {
    const s = await refused();
    expect(await escrowed(s)).toEqual(['anna target_rejected', 'bert ambiguous_match', 'staff target_rejected']);
    await s.delta();
    expect(await escrowed(s)).toHaveLength(3);
    s.pass(7 * 3_600_000);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { failed: { ambiguous_match: 1 } },
    });
    expect(isUndoneMark(await s.stores.ledger.rules(target))).toBe(true);
    // Whose account it is nobody can say now either.
    expect(await escrowed(s)).toEqual(['bert ambiguous_match']);
  });
});

describe('what an undo leaves behind', () => {
  it('is a group whose members are told again: one that was deleted is in it once it is made anew', async () => {
    let refuses = false;
    const s = await story({
      target: { limits: withoutLimits, leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          const of = 'remoteId' in operation ? s.remote.objects.get(operation.remoteId) : undefined;
          if (refuses && operation.action === 'delete' && of?.attributes['displayName'] === 'board')
            throw new TargetError('rejected', 'The board stays.');
          return await made.apply(operation, signal);
        },
      }),
    });
    for (const name of ['board', 'staff']) s.found(name);
    s.directory.join(id('board'), id('staff'));
    await s.full();
    s.pass(1_000);
    await s.planUndo(await s.provisioned());
    refuses = true;
    await s.approve();
    expect(Object.keys(s.groups())).toEqual(['board']);
    s.pass(1_000);
    await s.provision();
    await s.approve();
    expect(s.groups()).toEqual({ board: ['staff'], staff: [] });
  });

  describe('where it was to take somebody out of a group', () => {
    type Apply = Target['apply'];
    /** `how`: what the target does of it. */
    const tried = async (how: (apply: Apply) => Apply): Promise<Story> => {
      let isUndone = false;
      const s = await story({
        target: { limits: withoutLimits },
        wrapTarget: (made) => ({
          ...made,
          apply: async (...asked) =>
            await (isUndone && asked[0].action === 'remove_members' ? how(made.apply) : made.apply)(...asked),
        }),
      });
      s.hire('anna');
      s.found('staff');
      await s.full();
      s.directory.join(id('staff'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.planUndo(await s.provisioned());
      isUndone = true;
      await s.approve();
      isUndone = false;
      s.pass(7 * 3_600_000);
      await s.provision();
      return s;
    };

    it('is nobody whom the target refused to take out: they are in it, as the tenant says', async () => {
      const s = await tried(() => async () => {
        throw new TargetError('rejected', 'Nobody leaves.');
      });
      expect((await s.provisioned()).counters.skipped).not.toHaveProperty('confirmed_present');
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    });

    it('is in it again whoever was taken out, and was not seen to be', async () => {
      const s = await tried((apply) => async (...asked) => {
        await apply(...asked);
        throw new TargetError('rejected', 'They are shown still.', { code: 'not_applied' });
      });
      expect(s.groups()).toEqual({ staff: [] });
      await s.approve();
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    });
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'is nobody out of a group, or in it, of whom no run knows: the worker died at moment %d, and the rules changed before another went on',
    async (moment) => {
      let passed = Number.NEGATIVE_INFINITY;
      const s = await story({
        target: { limits: withoutLimits },
        engine: {
          failpoint: async () => {
            passed += 1;
            if (passed === moment) throw new Error('power cut');
          },
        },
      });
      for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
      s.found('staff');
      for (const name of ['bert', 'cleo']) s.directory.join(id('staff'), id(name));
      await s.full();
      s.pass(1_000);
      s.directory.join(id('staff'), id('anna'));
      s.directory.leave(id('staff'), id('bert'));
      await s.delta();
      s.pass(1_000);
      await undoneHalfway(s, await s.provisioned(), () => {
        passed = 0;
      });
      expect(s.groups()).toEqual({ staff: ['anna', 'cleo'] });
    },
  );

  describe.each([1, 2, 3])('that died at moment %d, before the rules changed,', (moment) => {
    /** What a later run should have done with anna once the tenant said the opposite, the target refused; then the first run is undone. */
    const refusedSince = async (was: 'in' | 'out'): Promise<Story> => {
      let passed = Number.NEGATIVE_INFINITY;
      let refuses = false;
      const s = await story({
        target: { limits: withoutLimits },
        engine: {
          failpoint: async () => {
            passed += 1;
            if (passed === moment) throw new Error('power cut');
          },
        },
        wrapTarget: (made) => ({
          ...made,
          apply: async (...asked) => {
            if (refuses && 'members' in asked[0]) throw new TargetError('rejected', 'Not today.');
            return await made.apply(...asked);
          },
        }),
      });
      const turn = (isIn: boolean) =>
        isIn ? s.directory.join(id('staff'), id('anna')) : s.directory.leave(id('staff'), id('anna'));
      s.hire('anna');
      s.found('staff');
      if (was === 'in') turn(true);
      await s.full();
      s.pass(1_000);
      turn(was === 'out');
      await s.delta();
      s.pass(1_000);
      const wrong = await s.provisioned();
      turn(was === 'in');
      refuses = true;
      await s.delta();
      s.pass(1_000);
      refuses = false;
      expect(s.groups()).toEqual({ staff: was === 'in' ? [] : ['anna'] });
      await undoneHalfway(s, wrong, () => {
        passed = 0;
      });
      return s;
    };

    it('is nobody in a group whom the tenant took out of it, and whom the run after could not take out', async () => {
      expect((await refusedSince('out')).groups()).toEqual({ staff: [] });
    });

    it('is nobody out of a group whom the tenant put into it, and whom the run after could not put in', async () => {
      expect((await refusedSince('in')).groups()).toEqual({ staff: ['anna'] });
    });
  });

  it('is taken away by the run after the plan that left it out, though no change tells of it any more', async () => {
    let unsure = false;
    const s = await staffed({
      wrapSource: (made) => ({
        ...made,
        confirm: async (refs, scope, signal) =>
          unsure ? new Map(refs.map(({ id: of }) => [of, 'unsure'])) : await made.confirm(refs, scope, signal),
      }),
    });
    s.directory.remove(id('p29'), 'soft_deleted');
    await s.delta();
    s.pass(1_000);
    await s.planUndo(await s.provisioned());
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'on' });
    s.pass(1_000);
    unsure = true;
    s.hire('p1', { jobTitle: 'king', manager: id('p0') });
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { update: 1, disable: 0 } });
    unsure = false;
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'off' });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
  });
});
