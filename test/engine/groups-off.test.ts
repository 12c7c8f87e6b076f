/** A target that takes no groups for a while: they are switched off in its settings, or by its vendor. What changes meanwhile is made up for. */

import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { gather } from '../../src/engine/gather.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { newProvisionRun } from '../../src/engine/request-runs.ts';
import { organizationId, sourceId } from '../../src/model/ids.ts';
import { defaultLimits, type TargetRecord } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

type Helpdesk = {
  readonly s: Story;
  /** Whether it takes groups from now on. */
  readonly takes: (groups: boolean) => void;
  readonly teams: () => Record<string, string[]>;
};

/** Alice, Bob and Carl are there; the first two are in Payroll. Then no groups are taken any more. */
const helpdesk = async (record: Partial<TargetRecord> = {}, engine: Partial<Engine> = {}): Promise<Helpdesk> => {
  let areTaken = true;
  const s = await story({
    target: record,
    engine,
    wrapTarget: (target) => ({
      ...target,
      get capabilities() {
        return { ...target.capabilities, groups: areTaken };
      },
    }),
  });
  for (const name of ['alice', 'bob', 'carl']) s.hire(name);
  s.found('Payroll');
  s.found('Pool');
  for (const name of ['alice', 'bob']) s.directory.join(id('Payroll'), id(name));
  await s.full();
  areTaken = false;
  return {
    s,
    takes: (groups) => {
      areTaken = groups;
    },
    teams: s.groups,
  };
};

/** Some more runs, with something to do in each. */
const passBy = async (s: Story, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    s.hire(name);
    await s.delta();
  }
};

describe('while a target takes no groups', () => {
  it('who leaves one is taken out as soon as it takes them again', async () => {
    const { s, takes, teams } = await helpdesk();
    s.directory.leave(id('Payroll'), id('alice'));
    await s.delta();
    await passBy(s, ['dora', 'emil']);
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: [] });
    takes(true);
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['bob'], Pool: [] });
  });

  it('who joins one is put in then, and who left and came back stays in', async () => {
    const { s, takes, teams } = await helpdesk();
    s.directory.join(id('Pool'), id('carl'));
    s.directory.leave(id('Payroll'), id('alice'));
    await s.delta();
    s.directory.join(id('Payroll'), id('alice'));
    await s.delta();
    s.directory.join(id('Pool'), id('bob'));
    s.directory.leave(id('Pool'), id('carl'));
    await s.delta();
    const writes = s.writes();
    takes(true);
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: ['bob'] });
    // Nobody is told again who was told before, nor a second time.
    await s.delta();
    const told = s.remote.applied.slice(writes).flatMap((one) => (one.action === 'add_members' ? one.members : []));
    expect(told.map(({ ref }) => ref.id).sort()).toEqual([id('alice'), id('bob')].sort());
  });

  it('so does a run that looks at everybody: what it passes by is made up for like anything else', async () => {
    const { s, takes, teams } = await helpdesk();
    s.directory.join(id('Pool'), id('carl'));
    s.directory.leave(id('Payroll'), id('alice'));
    await s.full();
    await s.provision('full');
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: [] });
    takes(true);
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['bob'], Pool: ['carl'] });
  });

  it('one that is founded, renamed or deleted is made, renamed and deleted then, and not before', async () => {
    const { s, takes, teams } = await helpdesk({ leftGroups: 'delete' });
    s.found('Night shift');
    s.directory.join(id('Night shift'), id('carl'));
    s.found('Payroll', { displayName: 'Wages' });
    s.directory.remove(id('Pool'), 'deleted');
    await s.delta();
    await passBy(s, ['dora']);
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: [] });
    takes(true);
    await s.delta();
    expect(teams()).toEqual({ Wages: ['alice', 'bob'], 'Night shift': ['carl'] });
  });

  it('nobody is put into one who waited for their account', async () => {
    const { s, takes, teams } = await helpdesk();
    takes(true);
    s.hire('fay', { accountEnabled: false });
    s.directory.join(id('Pool'), id('fay'));
    await s.delta();
    takes(false);
    s.hire('fay');
    await s.delta();
    expect(s.accounts()).toMatchObject({ fay: 'on' });
    expect(teams()['Pool']).toEqual([]);
    takes(true);
    await s.delta();
    expect(teams()['Pool']).toEqual(['fay']);
  });

  it('what is made up for is counted against the limits like anything else, and held for as long as it takes', async () => {
    const one = { count: 1, percent: 100, floor: 1 };
    const { s, takes, teams } = await helpdesk({ limits: { ...defaultLimits, memberRemovals: one } });
    for (const name of ['alice', 'bob']) s.directory.leave(id('Payroll'), id(name));
    await s.delta();
    takes(true);
    for (const _ of ['now', 'an hour later']) {
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
      expect(teams()['Payroll']).toEqual(['alice', 'bob']);
      expect((await why(s, id('Payroll'))).verdict.reason).toBe('guard_hold');
    }
    await s.approve();
    expect(teams()['Payroll']).toEqual([]);
  });

  it('is made up for also where they come back in the middle of a run, which had passed some by', async () => {
    let onReferences = (): void => {};
    const { s, takes, teams } = await helpdesk(
      {},
      {
        timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 },
        failpoint: async (site) => {
          if (site === 'provision.references') onReferences();
        },
      },
    );
    s.found('Night shift');
    s.directory.join(id('Night shift'), id('carl'));
    // The groups were passed by; the run has its last wave before it.
    onReferences = () => takes(true);
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: [] });
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['alice', 'bob'], Pool: [], 'Night shift': ['carl'] });
  });

  it('is made up for also where they come and go in the middle of a run, for whoever was passed by', async () => {
    let onTurn = (_: string): void => {};
    const { s, takes, teams } = await helpdesk(
      {},
      {
        timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 },
        failpoint: async (site) => onTurn(site),
      },
    );
    takes(true);
    s.found('Night shift');
    for (const group of ['Night shift', 'Pool']) s.directory.join(id(group), id('carl'));
    s.directory.leave(id('Payroll'), id('alice'));
    // The wave that tells groups their members meets none, the last one does again.
    onTurn = (site) => {
      if (site === 'provision.objects') takes(false);
      if (site === 'provision.references') takes(true);
    };
    await s.delta();
    onTurn = () => {};
    await s.delta();
    expect(teams()).toEqual({ Payroll: ['bob'], Pool: ['carl'], 'Night shift': ['carl'] });
  });

  it('whoever was looked at once for a membership waits for that in no escrow, and is put out when it takes them again', async () => {
    const { s, takes, teams } = await helpdesk({ deprovision: { kind: 'none' } });
    takes(true);
    s.directory.remove(id('bob'), 'deleted');
    await s.requestSync('full');
    await s.syncAll();
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.stores.ledger.countEscrows(target)).toBe(2);
    takes(false);
    for (const name of ['dora', 'emil', 'fred']) {
      s.pass(10 * 60_000);
      await passBy(s, [name]);
    }
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    expect(teams()).toMatchObject({ Payroll: ['alice', 'bob'] });
    takes(true);
    await passBy(s, ['gina']);
    s.pass(10 * 60_000);
    await s.provisionAll();
    expect(teams()).toMatchObject({ Payroll: ['alice'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('who joins one is known also where the target was never brought to any version, because it was held', async () => {
    const { s } = await helpdesk();
    s.directory.join(id('Pool'), id('carl'));
    await s.delta();
    const { version } = await s.stores.snapshots.head(connection);
    const run = newProvisionRun({ id: target, connection, organization: organizationId('org_story') }, null, {
      ...{ id: s.engine.newRunId(), mode: 'delta', scope: null, dryRun: false, trigger: 'commit', at: s.now() },
    });
    const met = { groups: false, position: null, owesLook: false };
    const { edges } = await gather(s.stores, run, version, 'accepted', met);
    expect(edges.get(sourceId(id('Pool')))).toMatchObject([{ member: { id: id('carl') }, want: 'add' }]);
  });

  it('is said so of each group, and that the next run makes up for it', async () => {
    const { s, takes } = await helpdesk();
    s.directory.leave(id('Payroll'), id('alice'));
    await s.delta();
    const { verdict } = await why(s, id('Payroll'));
    expect(verdict).toMatchObject({
      reason: 'groups_not_supported',
      sentence: expect.stringContaining('takes no groups now'),
    });
    takes(true);
    s.pass(1_000);
    await s.stores.targets.edit(target, 1, { settings: { groups: true } });
    expect((await why(s, id('Payroll'))).verdict.reason).toBe('waiting_for_run');
    await s.delta();
    expect((await why(s, id('Payroll'))).verdict.reason).toBe('in_sync');
  });

  it('no run looks at everybody for that, nor when all was made up for', async () => {
    const { s, takes } = await helpdesk();
    await passBy(s, ['dora']);
    expect((await s.provisioned()).counters.unchanged).toBe(0);
    takes(true);
    await passBy(s, ['emil']);
    expect((await s.provisioned()).counters.unchanged).toBe(6);
    await passBy(s, ['fay']);
    expect((await s.provisioned()).counters.unchanged).toBe(0);
  });
});
