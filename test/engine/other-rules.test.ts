/** What becomes of those whom only a look at everybody finds, by rules that were edited: it is owed until one has come to its end. */

import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import { nobodyProtected, type TargetRecord } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { staff, titledStaff } from '../support/staff.ts';
import { anyNumber, free, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const titled: Pick<TargetRecord, 'mapping'> = {
  mapping: {
    ...defaultMapping,
    user: [...defaultMapping.user.filter(({ to }) => to !== 'title'), titledStaff],
  },
};
const untitled: Pick<TargetRecord, 'mapping'> = { mapping: defaultMapping };
const nobody = { count: 0, percent: 0, floor: 0 };

const helpdesk = async (record: Partial<TargetRecord> = {}, more: StoryOptions = {}): Promise<Story> => {
  const s = await story({
    ...more,
    connection: { shrinkLimit: anyNumber },
    target: { limits: free, ...record },
  });
  for (const name of ['alice', 'bob', 'carl']) s.hire(name);
  s.found('Admins');
  await s.full();
  return s;
};

/** Somebody else is hired each time, so that each run has something to do. */
const passBy = async (s: Story, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    s.hire(name);
    await s.delta();
  }
};

const leavesSwitchedOff = async (s: Story, name: string): Promise<void> => {
  s.directory.remove(id(name), 'deleted');
  await s.delta();
  expect(s.accounts()).toMatchObject({ [name]: 'off' });
};

const titles = (s: Story, names: readonly string[]) =>
  names.map((name) => s.account(name)?.attributes['title'] ?? null);

describe('held-by-other-rules: what is over a limit by a policy that was edited', () => {
  const toBeDeleted = async (): Promise<Story> => {
    const s = await helpdesk();
    await leavesSwitchedOff(s, 'bob');
    await s.editTarget({ deprovision: { kind: 'delete' }, limits: { ...free, deprovisions: nobody } });
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { delete: 1 } });
    return s;
  };

  it('waits for somebody to decide, however many runs come by', async () => {
    const s = await toBeDeleted();
    const plan = await s.newestPlan();
    await passBy(s, ['dora', 'emil']);
    expect(await s.newestPlan()).toMatchObject({ id: plan.id, standing: { state: 'waiting' } });
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect((await why(s, id('bob'))).verdict.reason).toBe('guard_hold');
  });

  it('is done once somebody approves it', async () => {
    const s = await toBeDeleted();
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { removed: 1 } });
    expect(Object.keys(s.accounts())).toEqual(['alice', 'carl']);
  });

  it('is done by the next run where the limit was raised, and looked for no more after that', async () => {
    const s = await toBeDeleted();
    await s.editTarget({ limits: free });
    await passBy(s, ['dora']);
    expect(Object.keys(s.accounts())).toEqual(['alice', 'carl', 'dora']);
    await passBy(s, ['emil']);
    expect((await s.provisioned()).counters.unchanged).toBe(0);
  });
});

it('held-by-other-rules: values over a limit by a mapping that was edited wait as well', async () => {
  const s = await helpdesk({ limits: { ...free, updates: { count: 2, percent: 100, floor: 0 } } });
  await s.editTarget(titled);
  await s.delta();
  const plan = await s.newestPlan();
  expect(plan).toMatchObject({ kind: 'held', counts: { update: 3 } });
  await passBy(s, ['dora', 'emil']);
  expect(await s.newestPlan()).toMatchObject({ id: plan.id, standing: { state: 'waiting' } });
  await s.approve();
  expect(titles(s, ['alice', 'bob', 'carl'])).toEqual(['staff', 'staff', 'staff']);
});

it('held-by-other-rules: whoever may be protected when the policy is edited goes once it is known that they are not', async () => {
  const s = await helpdesk({ protected: { ...nobodyProtected, groups: [sourceId(id('Admins'))] } });
  await leavesSwitchedOff(s, 'bob');
  s.directory.remove(id('Admins'), 'deleted');
  await s.editTarget({ deprovision: { kind: 'delete' } });
  await s.delta();
  expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'protection_unknown' } });
  s.found('Admins');
  await passBy(s, ['dora', 'emil']);
  expect(Object.keys(s.accounts())).toEqual(['alice', 'carl', 'dora', 'emil']);
});

it('rules-taken-back: what was written by a mapping that was taken back half-way is written as it was', async () => {
  const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
  staff(s, 200);
  await s.full();
  await s.editTarget(titled);
  const run = await s.requestProvision();
  await provisionTurn(s.engine, target, new AbortController().signal);
  const titlesNow = () => [...s.remote.objects.values()].filter(({ attributes }) => attributes['title'] === 'staff');
  expect(titlesNow().length).toBeGreaterThan(0);
  expect(titlesNow().length).toBeLessThan(200);
  await s.editTarget(untitled);
  await s.provisionAll();
  expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
  expect(titlesNow()).toEqual([]);
  await passBy(s, ['dora']);
  expect((await s.provisioned()).counters.unchanged).toBe(0);
});

it('held-by-a-full-run: what only a run that looks at everybody finds, and is over a limit, waits for somebody to decide', async () => {
  let isRefused = true;
  const s = await helpdesk(
    { escrow: { retryAfterHours: [1_000], giveUpAfterDays: 100 } },
    {
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (operation.action === 'disable' && isRefused) throw new TargetError('rejected', 'not now');
          return await made.apply(operation, signal);
        },
      }),
    },
  );
  s.directory.remove(id('bob'), 'deleted');
  await s.delta();
  isRefused = false;
  await passBy(s, ['dora']);
  expect(s.accounts()).toMatchObject({ bob: 'on' });
  await s.editTarget({ limits: { ...free, deprovisions: nobody } });
  await s.provision('full');
  const plan = await s.newestPlan();
  expect(plan).toMatchObject({ kind: 'held', counts: { disable: 1 } });
  await passBy(s, ['emil', 'fay']);
  expect(await s.newestPlan()).toMatchObject({ id: plan.id, standing: { state: 'waiting' } });
  await s.approve();
  expect(s.accounts()).toMatchObject({ bob: 'off' });
});
