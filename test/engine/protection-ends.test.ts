/** What becomes, when a protection ends, of those who left while it held: the same as of anybody else who left. */

import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import { nobodyProtected, type Protection, type TargetRecord } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { anyNumber, free, id, type Story, story, target } from '../support/story.ts';

const lift = (s: Story): Promise<void> => s.editTarget({ protected: nobodyProtected });
const passBy = async (s: Story, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    s.hire(name);
    await s.delta();
  }
};

/** Bob is in Admins and in Staff, and is protected in some way. */
const helpdesk = async (protection: Partial<Protection>, record: Partial<TargetRecord> = {}): Promise<Story> => {
  const s = await story({
    connection: { shrinkLimit: anyNumber },
    target: { limits: free, protected: { ...nobodyProtected, ...protection }, ...record },
  });
  for (const name of ['alice', 'carl']) s.hire(name);
  s.found('Admins');
  s.found('Staff');
  for (const name of ['alice', 'carl']) s.directory.join(id('Staff'), id(name));
  return s;
};
/** Nobody who is protected gets an account, so the protection comes later. */
const withBob = async (s: Story, protection: Partial<Protection>): Promise<void> => {
  s.hire('bob', { department: 'Board' });
  for (const name of ['Admins', 'Staff']) s.directory.join(id(name), id('bob'));
  await s.full();
  await s.editTarget({ protected: { ...nobodyProtected, ...protection } });
  await s.delta();
};

const ways: readonly (readonly [string, Partial<Protection>])[] = [
  ['by id', { ids: [id('bob')] }],
  ['by an attribute', { attributes: [{ attribute: 'department', value: 'Board' }] }],
  ['by a group', { groups: [sourceId(id('Admins'))] }],
];

describe('somebody who left while they were protected', () => {
  it.each(ways)('%s, is switched off and put out of groups once nobody protects them', async (_, protection) => {
    const s = await helpdesk({});
    await withBob(s, protection);
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    await passBy(s, ['dora', 'emil']);
    expect(s.accounts()).toMatchObject({ bob: 'on' });
    expect((await why(s, id('bob'))).verdict.reason).toBe('protected');
    await lift(s);
    expect((await why(s, id('bob'))).verdict.reason).toBe('waiting_for_run');
    await s.delta();
    expect(s.accounts()).toMatchObject({ bob: 'off', alice: 'on', carl: 'on' });
    expect(s.groups()).toMatchObject({ Staff: ['alice', 'carl'] });
  });

  it('is put into the groups that they joined meanwhile, if they stayed', async () => {
    const s = await helpdesk({});
    await withBob(s, { ids: [id('bob')] });
    s.found('Board');
    for (const name of ['bob', 'carl']) s.directory.join(id('Board'), id(name));
    await s.delta();
    expect(s.groups()).toMatchObject({ Board: ['carl'] });
    expect((await why(s, id('Board'))).verdict).toMatchObject({
      sentence: expect.stringContaining('they are protected there'),
    });
    await passBy(s, ['dora']);
    await lift(s);
    await s.delta();
    expect(s.groups()).toMatchObject({ Board: ['bob', 'carl'] });
    expect((await why(s, id('Board'))).verdict.reason).toBe('in_sync');
  });

  it('and had left the group by then, before the target had seen anybody, gets an account by the next run', async () => {
    const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { state: 'paused' });
    s.hire('bob');
    for (const name of ['Admins', 'Staff']) s.directory.join(id(name), id('bob'));
    await s.full();
    s.directory.leave(id('Admins'), id('bob'));
    await s.delta();
    await s.editTarget({ state: 'active' });
    await s.delta();
    await passBy(s, ['dora']);
    expect(s.accounts()).toEqual({ alice: 'on', bob: 'on', carl: 'on', dora: 'on' });
    expect(s.groups()).toMatchObject({ Staff: ['alice', 'bob', 'carl'] });
  });

  it('does not protect whoever joined their group only after that had left the one that protects', async () => {
    const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { state: 'paused' });
    s.directory.join(id('Admins'), id('Staff'));
    await s.full();
    s.directory.leave(id('Admins'), id('Staff'));
    await s.delta();
    s.hire('dora');
    s.directory.join(id('Staff'), id('dora'));
    await s.delta();
    await s.editTarget({ state: 'active' });
    await s.delta();
    expect(s.accounts()).toEqual({ dora: 'on' });
    await passBy(s, ['emil']);
    expect(s.accounts()).toEqual({ alice: 'on', carl: 'on', dora: 'on', emil: 'on' });
    expect(s.groups()).toMatchObject({ Staff: ['alice', 'carl', 'dora'] });
  });

  it('does not protect for good, while a first plan would hold nothing, whoever joined their group in the read that told it had left', async () => {
    const admins = { groups: [sourceId(id('Admins'))] };
    const s = await helpdesk(admins, { autoApproveFirst: false, state: 'paused' });
    s.hire('bob');
    for (const name of ['Staff', 'bob']) s.directory.join(id('Admins'), id(name));
    await s.full();
    s.hire('dora');
    s.directory.leave(id('Admins'), id('Staff'));
    s.directory.join(id('Staff'), id('dora'));
    await s.delta();
    await s.editTarget({ state: 'active' });
    // Which came first it does not say, so the run that notices it protects all of them. Nobody else would ask for the next one.
    expect(await s.provision()).toMatchObject({ state: 'succeeded', counters: { created: 0 } });
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    await s.approve();
    // Bob is in the protected group still.
    expect(s.accounts()).toEqual({ alice: 'on', carl: 'on', dora: 'on' });
    expect(s.groups()).toEqual({ Staff: ['alice', 'carl', 'dora'] });
  });

  it('does not protect for good, while a first plan would hold nothing, where somebody else cannot be planned', async () => {
    const admins = { groups: [sourceId(id('Admins'))] };
    const s = await helpdesk(admins, { autoApproveFirst: false, state: 'paused' });
    s.directory.join(id('Admins'), id('Staff'));
    for (const name of ['one', 'other'])
      s.remote.objects.set(remoteId(name), {
        type: 'user',
        remoteId: remoteId(name),
        attributes: { userName: 'eve@contoso.example', active: true },
      });
    await s.full();
    for (const name of ['dora', 'eve']) s.hire(name);
    s.directory.leave(id('Admins'), id('Staff'));
    s.directory.join(id('Staff'), id('dora'));
    await s.delta();
    await s.editTarget({ state: 'active' });
    expect(await s.provision()).toMatchObject({
      state: 'partially_succeeded',
      counters: { created: 0, failed: { ambiguous_match: 1 } },
    });
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    await s.approve();
    expect(s.groups()).toEqual({ Staff: ['alice', 'carl', 'dora'] });
  });

  it('does not protect for good, while a first plan would hold nothing, whom an earlier run has seen in the group', async () => {
    const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { autoApproveFirst: false });
    s.hire('bob');
    for (const name of ['Staff', 'bob']) s.directory.join(id('Admins'), id(name));
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 0 } });
    s.directory.leave(id('Admins'), id('Staff'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    await s.approve();
    expect(s.accounts()).toEqual({ alice: 'on', carl: 'on' });
    expect(s.groups()).toEqual({ Staff: ['alice', 'carl'] });
  });

  it('is noticed by no dry run, by none that plans something, and by none that does not know who is protected', async () => {
    const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { autoApproveFirst: false, state: 'paused' });
    s.directory.join(id('Admins'), id('Staff'));
    await s.full();
    s.directory.leave(id('Admins'), id('Staff'));
    await s.delta();
    await s.editTarget({ state: 'active' });
    await s.provision('delta', true);
    expect(await s.stores.ledger.noticed(target)).toBe(0);
    // Of one group nobody can say who is in it.
    await s.editTarget({ protected: { ...nobodyProtected, groups: [sourceId(id('Admins')), sourceId(id('Lost'))] } });
    await s.provision();
    expect(await s.stores.ledger.noticed(target)).toBe(0);
    await s.editTarget({ protected: { ...nobodyProtected, groups: [sourceId(id('Admins'))] } });
    s.hire('dora');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(await s.stores.ledger.noticed(target)).toBe(0);
  });

  it('is asked of the ledger, and not of all the runs there were, which it was noticed by', async () => {
    const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { autoApproveFirst: false });
    s.directory.join(id('Admins'), id('Staff'));
    await s.full();
    const listed: unknown[] = [];
    const { list } = s.stores.runs;
    Object.assign(s.stores.runs, {
      list: (...asked: Parameters<typeof list>) => {
        listed.push(asked[0]);
        return list(...asked);
      },
    });
    s.directory.leave(id('Admins'), id('carl'));
    s.directory.leave(id('Staff'), id('carl'));
    await s.delta();
    expect(listed).not.toContainEqual(expect.objectContaining({ state: 'succeeded' }));
  });

  it('is found by one look through the changes, however many groups left the one that protects', async () => {
    const looks = async (
      names: readonly string[],
    ): Promise<{ readonly changes: number; readonly accounts: object }> => {
      const s = await helpdesk({ groups: [sourceId(id('Admins'))] }, { state: 'paused' });
      for (const name of ['one', 'two', 'three']) {
        s.found(name);
        s.found(`in ${name}`);
        s.directory.join(id(name), id(`in ${name}`));
        s.directory.join(id('Admins'), id(name));
      }
      s.directory.join(id('in one'), id('carl'));
      await s.full();
      for (const name of names) s.directory.leave(id('Admins'), id(name));
      await s.delta();
      s.hire('dora');
      s.directory.join(id('in one'), id('dora'));
      await s.delta();
      await s.editTarget({ state: 'active' });
      let changes = 0;
      const { snapshots } = s.stores;
      const changesAfter: typeof snapshots.changesAfter = snapshots.changesAfter.bind(snapshots);
      Object.assign(snapshots, {
        changesAfter: (...of: Parameters<typeof changesAfter>) => {
          changes += 1;
          return changesAfter(...of);
        },
      });
      await s.provision();
      return { changes, accounts: s.accounts() };
    };
    const one = await looks(['one']);
    expect(one.accounts).toEqual({ alice: 'on', dora: 'on' });
    expect(await looks(['one', 'two', 'three'])).toEqual(one);
  });

  it('and is disabled only, is switched off once they are taken out of the group that protects', async () => {
    const s = await helpdesk({});
    await withBob(s, { groups: [sourceId(id('Admins'))] });
    s.hire('bob', { department: 'Board', accountEnabled: false });
    await s.delta();
    await passBy(s, ['dora']);
    expect(s.accounts()).toMatchObject({ bob: 'on' });
    s.directory.leave(id('Admins'), id('bob'));
    await s.delta();
    // Through the run that notices it they are protected still.
    expect(s.accounts()).toMatchObject({ bob: 'on' });
    await s.delta();
    expect(s.accounts()).toMatchObject({ bob: 'off' });
  });

  it('is counted then against the limits like anybody else, and held for as long as it takes', async () => {
    const s = await helpdesk({}, { limits: { ...free, deprovisions: { count: 0, percent: 0, floor: 0 } } });
    await withBob(s, { ids: [id('bob')] });
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    await lift(s);
    for (const _ of ['now', 'an hour later']) {
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
      expect((await why(s, id('bob'))).verdict.reason).toBe('guard_hold');
    }
    await s.approve();
    expect(s.accounts()).toMatchObject({ bob: 'off' });
  });

  it('is switched off a day later where two approve, when the protection ends in force', async () => {
    const s = await helpdesk({}, { approvals: 2 });
    await withBob(s, { ids: [id('bob')] });
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    const record = await s.stores.targets.get(target);
    const from = { limits: free, protected: { ...nobodyProtected, ids: [id('bob')] }, approvals: 2 as const };
    await s.editTarget({ protected: nobodyProtected, loosened: { from, at: s.now() } });
    expect(record?.approvals).toBe(2);
    await passBy(s, ['dora']);
    expect(s.accounts()).toMatchObject({ bob: 'on' });
    s.pass(25 * 3_600_000);
    await passBy(s, ['emil']);
    expect(s.accounts()).toMatchObject({ bob: 'off' });
  });

  it('is in escrow no more for what failed before they were protected', async () => {
    let isRefused = true;
    const s = await story({
      connection: { shrinkLimit: anyNumber },
      target: { limits: free },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite) => {
          if (operation.action === 'disable' && isRefused) throw new TargetError('rejected', 'Not today.');
          return await made.apply(operation, signal, beforeWrite);
        },
      }),
    });
    for (const name of ['alice', 'bob']) s.hire(name);
    await s.full();
    s.directory.remove(id('bob'), 'deleted');
    await s.delta();
    expect(await s.stores.ledger.countEscrows(target)).toBe(1);
    await s.editTarget({ protected: { ...nobodyProtected, ids: [id('bob')] } });
    await s.delta();
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    isRefused = false;
    await lift(s);
    await s.delta();
    expect(s.accounts()).toEqual({ alice: 'on', bob: 'off' });
  });

  it('is looked for once, and not by every run from then on', async () => {
    const s = await helpdesk({});
    await withBob(s, { ids: [id('bob')] });
    await passBy(s, ['dora']);
    expect((await s.provisioned()).counters.unchanged).toBe(0);
    await lift(s);
    await passBy(s, ['emil']);
    expect((await s.provisioned()).counters.unchanged).toBeGreaterThan(0);
    await passBy(s, ['fay']);
    expect((await s.provisioned()).counters.unchanged).toBe(0);
  });
});
