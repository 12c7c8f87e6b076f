import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import { defaultLimits, nobodyProtected } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { staff } from '../support/staff.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const minute = 60_000;
const signal = new AbortController().signal;

/** Six people and their group, of whom one is not in the next full read, nor anywhere else. */
const vanished = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  staff(s, 6);
  s.found('staff');
  for (const nth of [4, 5]) s.directory.join(id('staff'), id(`p${nth}`));
  await s.full();
  s.directory.remove(id('p5'), 'deleted');
  await s.requestSync('full');
  await s.syncAll();
  return s;
};
const oneTurn = (s: Story) => provisionTurn(s.engine, target, signal);
/** The run of the sync, until nothing is due now. */
const untilIdle = async (s: Story): Promise<Date | null> => {
  for (let turns = 0; turns < 20; turns += 1) {
    const turn = await oneTurn(s);
    if (turn.next === 'done') return null;
    if (turn.at > s.now()) return turn.at;
  }
  throw new Error('It does not come to rest.');
};

describe('somebody whom a full read does not show, and the source does not know when it is asked', () => {
  it('keeps account and memberships, until a second look ten minutes later that a run is woken for', async () => {
    const s = await vanished();
    const due = await untilIdle(s);
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    const [later, first] = (await s.stores.runs.list({ kind: 'provision' }, null, 2)).items;
    expect(first).toMatchObject({ state: 'succeeded', counters: { disabled: 0, skipped: { absence_unproven: 2 } } });
    expect(later).toMatchObject({
      state: 'queued',
      trigger: 'retry',
      causedBy: first?.id,
      problem: { code: 'absence_unproven' },
    });
    expect(due?.getTime()).toBe(s.now().getTime() + 10 * minute);
    const [escrow] = (await s.stores.ledger.escrows(target, null, 10)).items;
    expect(escrow).toMatchObject({ reason: 'absence_unproven' });

    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p4: 'on', p5: 'off' });
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('is not taken for gone by a look that comes earlier, however many there are', async () => {
    const s = await vanished();
    await untilIdle(s);
    for (let nth = 0; nth < 4; nth += 1) {
      s.pass(2 * minute);
      s.hire(`late${nth}`);
      await s.requestSync('delta');
      await syncTurn(s.engine, connection, signal);
      await untilIdle(s);
      await s.requestProvision('full');
      await untilIdle(s);
      expect(s.accounts()).toMatchObject({ p5: 'on', [`late${nth}`]: 'on' });
    }
    s.pass(2 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p5: 'off' });
  });

  it('who is shown again at the second look keeps everything', async () => {
    const s = await vanished();
    await untilIdle(s);
    s.hire('p5');
    s.directory.join(id('staff'), id('p5'));
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    await s.delta();
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    s.pass(3 * 60 * minute);
    await s.delta();
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('whose first look was noted by a worker that died is looked at a second time all the same', async () => {
    let armed = false;
    const s = await vanished({
      engine: {
        failpoint: async (site) => {
          if (site !== 'provision.advanced' || !armed) return;
          armed = false;
          throw new Error('power cut');
        },
      },
    });
    armed = true;
    await expect(untilIdle(s)).rejects.toThrow('power cut');
    s.pass(31_000);
    await untilIdle(s);
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p5: 'off' });
  });

  it('who was refused by the target the day before is looked at twice all the same', async () => {
    let refusing = true;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, aborted) => {
          if (refusing && operation.action === 'update') throw new TargetError('rejected', 'title is too long');
          return await made.apply(operation, aborted);
        },
      }),
    });
    staff(s, 4);
    await s.full();
    s.hire('p3', { jobTitle: 'too long' });
    await s.delta();
    expect(await s.stores.ledger.countEscrows(target)).toBe(1);
    refusing = false;
    s.pass(5 * 60 * minute);
    s.directory.remove(id('p3'), 'deleted');
    await s.requestSync('full');
    await s.syncAll();
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.accounts()).toMatchObject({ p3: 'on' });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p3: 'off' });
  });

  it('is looked at twice for a membership too, where the target keeps the account', async () => {
    const s = await vanished({ target: { deprovision: { kind: 'none' } } });
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it.each([
    ['they are protected', { ids: [id('p5')] }],
    ['their group is protected', { ids: [id('staff')] }],
    [
      'nobody can know any more whether they are protected',
      { attributes: [{ attribute: 'employeeType', value: 'x' }] },
    ],
  ])('keeps no look, nor does their group, once %s, and is put out when that ends', async (_, protection) => {
    const s = await vanished({ target: { deprovision: { kind: 'none' } } });
    expect(await untilIdle(s)).not.toBeNull();
    await s.editTarget({ protected: { ...nobodyProtected, ...protection } });
    for (let nth = 0; nth < 3; nth += 1) {
      s.pass(10 * minute);
      await s.full();
    }
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);

    await s.editTarget({ protected: nobodyProtected });
    for (let nth = 0; nth < 2; nth += 1) {
      s.pass(10 * minute);
      await s.requestProvision('delta');
      await s.provisionAll();
    }
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  /** Out of the group by a delta, and deleted before the target is told: the snapshot holds them, the source knows nothing of them. */
  const vanishedAsMember = async (): Promise<Story> => {
    const s = await story();
    staff(s, 6);
    s.found('staff');
    for (const nth of [4, 5]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    s.directory.leave(id('staff'), id('p5'));
    await s.requestSync('delta');
    await s.syncAll();
    s.directory.remove(id('p5'), 'deleted');
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    return s;
  };

  it('is put out of a group at the second look also while the snapshot holds them', async () => {
    const s = await vanishedAsMember();
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    s.pass(10 * minute);
    await s.requestProvision('delta');
    await s.provisionAll();
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('is put out of a group ten minutes after a look that was the first once more', async () => {
    const s = await vanished();
    await untilIdle(s);
    // What becomes of the account ends their own first look, and that of the group is due.
    const lease = await s.stores.leases.take(target, 'somebody', 1);
    if ('busyUntil' in lease) throw new Error('The target is busy.');
    await s.stores.ledger.release(lease, [{ type: 'user', id: sourceId(id('p5')) }]);
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('is put out of it also where the worker dies in between, wherever that is', async () => {
    /** The worker dies when the stores have written so often; false: it came to the end before. */
    const diesAt = async (nth: number): Promise<boolean> => {
      let left = Number.POSITIVE_INFINITY;
      const probe = (): void => {
        left -= 1;
        if (left !== 0) return;
        throw new Error('power cut');
      };
      const vault = createVault(randomBytes(32));
      const s = await vanished({ stores: (now) => createMemoryStores({ now, vault, probe }) });
      await untilIdle(s);
      const lease = await s.stores.leases.take(target, 'somebody', 1);
      if ('busyUntil' in lease) throw new Error('The target is busy.');
      await s.stores.ledger.release(lease, [{ type: 'user', id: sourceId(id('p5')) }]);
      s.pass(10 * minute);
      left = nth;
      const hasDied = await untilIdle(s).then(
        () => false,
        () => true,
      );
      left = Number.POSITIVE_INFINITY;
      s.pass(minute);
      await s.provisionAll();
      expect([nth, s.groups()]).toEqual([nth, { staff: ['p4'] }]);
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
      return hasDied;
    };
    let nth = 1;
    while (await diesAt(nth)) nth += 1;
    expect(nth).toBeGreaterThan(3);
  });

  it('who is shown in the group again has no first look any more', async () => {
    const s = await vanishedAsMember();
    s.hire('p5');
    s.directory.join(id('staff'), id('p5'));
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.groups()).toEqual({ staff: ['p4', 'p5'] });
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items.map(({ ref, reason }) => [ref.type, reason])).toEqual([['group', 'source_unsure']]);
  });

  it('is taken for gone at once when the source keeps them among the deleted', async () => {
    const s = await story();
    staff(s, 4);
    await s.full();
    s.directory.remove(id('p3'), 'soft_deleted');
    await s.requestSync('full');
    await s.syncAll();
    expect(await untilIdle(s)).toBeNull();
    expect(s.accounts()).toMatchObject({ p3: 'off' });
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
    expect(items[0]?.cause.evidence).toMatchObject({ read: 'full', confirmed: { said: { deleted: 1 } } });
  });

  it('is taken for gone at once when a day of reads did without them', async () => {
    const s = await vanished();
    s.pass(25 * 60 * minute);
    await s.requestSync('delta');
    await s.syncAll();
    expect(await untilIdle(s)).toBeNull();
    expect(s.accounts()).toMatchObject({ p5: 'off' });
  });

  it('is looked at twice after a day in which nobody read the tenant', async () => {
    const s = await vanished();
    s.pass(25 * 60 * minute);
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p5: 'off' });
  });
});

/** While it is behind, whoever is asked about is not known. */
const replica = () => {
  const state = { isBehind: false };
  const wrapSource: NonNullable<StoryOptions['wrapSource']> = (source) => ({
    ...source,
    confirm: async (refs, ...rest) =>
      state.isBehind ? new Map(refs.map((ref) => [ref.id, 'gone' as const])) : await source.confirm(refs, ...rest),
  });
  return { state, wrapSource };
};

it('somebody who was seen again after a first look is looked at twice anew', async () => {
  const { state, wrapSource } = replica();
  const s = await story({ wrapSource });
  staff(s, 6);
  await s.full();
  const read = async (isShown: boolean): Promise<void> => {
    s.directory.liberties.unlisted = new Set(isShown ? [] : [id('p5')]);
    state.isBehind = !isShown;
    await s.requestSync('full');
    await s.syncAll();
    await untilIdle(s);
    expect(s.accounts()).toMatchObject({ p5: 'on' });
  };
  await read(false);
  s.pass(5 * minute);
  await read(true);
  s.pass(5 * minute);
  await read(false);
  const about = await s.stores.ledger.about(target, [{ type: 'user', id: id('p5') as never }]);
  expect([...about.values()][0]?.escrow).toMatchObject({ reason: 'absence_unproven', since: s.now() });
  s.pass(10 * minute);
  await s.provisionAll();
  expect(s.accounts()).toMatchObject({ p5: 'off' });
});

describe('what a delta said days ago, of somebody whom a plan holds', () => {
  const heldForDays = async () => {
    const { state, wrapSource } = replica();
    const s = await story({
      wrapSource,
      target: { limits: { ...defaultLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    staff(s, 4);
    await s.full();
    s.directory.remove(id('p3'), 'soft_deleted');
    await s.delta();
    s.pass(3 * 24 * 60 * minute);
    return { s, state };
  };
  const approve = async (s: Story): Promise<void> => {
    await s.commands.approvePlan((await s.newestPlan()).id, { by: 'anna', reason: 'Yes.' });
  };

  it('is no word about now: who was restored since is not switched off by one answer of a replica that is behind', async () => {
    const { s, state } = await heldForDays();
    s.directory.restore(id('p3'));
    state.isBehind = true;
    await approve(s);
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.accounts()).toMatchObject({ p3: 'on' });
    state.isBehind = false;
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p3: 'on' });
  });

  it('is what the source says itself as long as it keeps them among the deleted', async () => {
    const { s } = await heldForDays();
    await approve(s);
    expect(await untilIdle(s)).toBeNull();
    expect(s.accounts()).toMatchObject({ p3: 'off' });
  });
});

describe('what a delta reports', () => {
  it('needs no second look: deleted, or out of the scope', async () => {
    const s = await story({ connection: { scope: { kind: 'groups', groups: [id('uat') as never], nested: false } } });
    staff(s, 4);
    s.found('uat');
    for (let nth = 0; nth < 4; nth += 1) s.directory.join(id('uat'), id(`p${nth}`));
    await s.full();
    s.directory.remove(id('p1'), 'deleted');
    s.directory.leave(id('uat'), id('p2'));
    s.directory.setUser(id('p3'), { accountEnabled: false });
    await s.requestSync('delta');
    await s.syncAll();
    expect(await untilIdle(s)).toBeNull();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'off', p2: 'off', p3: 'off' });
  });

  it('needs one where the delta became a full read on the way', async () => {
    const s = await story({ connection: { scope: { kind: 'groups', groups: [id('uat') as never], nested: false } } });
    staff(s, 4);
    s.found('uat');
    for (let nth = 0; nth < 4; nth += 1) s.directory.join(id('uat'), id(`p${nth}`));
    await s.full();
    s.directory.leave(id('uat'), id('p2'));
    s.directory.expireWatermarks();
    await s.requestSync('delta');
    await s.syncAll();
    expect(await untilIdle(s)).not.toBeNull();
    expect(s.accounts()).toMatchObject({ p2: 'on' });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
  });
});

describe('the cause of an operation that takes something away', () => {
  it('says which read told it, and what the source said when it was asked again', async () => {
    const s = await story();
    staff(s, 4);
    s.found('staff');
    for (const nth of [1, 2]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    s.directory.remove(id('p1'), 'soft_deleted');
    s.directory.leave(id('staff'), id('p2'));
    const sync = await s.delta();
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
    const causes = items.map(({ operation, cause }) => [operation.action, cause.why, cause.evidence]);
    const version = (await s.stores.snapshots.head(connection)).version;
    const told = { version, run: sync.id, read: 'delta' };
    expect(causes).toEqual(
      expect.arrayContaining([
        [
          'remove_members',
          'leavers',
          expect.objectContaining({ ...told, confirmed: { at: s.now(), said: { gone: 1 } } }),
        ],
        [
          'remove_members',
          'members',
          expect.objectContaining({ ...told, confirmed: { at: s.now(), said: { not_a_member: 1 } } }),
        ],
        ['disable', 'soft_deleted', { ...told, confirmed: { at: s.now(), said: { gone: 1 } } }],
      ]),
    );
    expect(items.filter(({ operation }) => operation.action === 'create').map(({ cause }) => cause.evidence)).toEqual(
      [],
    );
  });

  it('says it also of a membership that was refused by the target, and is tried again later', async () => {
    let refusing = true;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, aborted, beforeWrite) => {
          if (refusing && operation.action === 'remove_members') throw new TargetError('rejected', 'not today');
          return await made.apply(operation, aborted, beforeWrite);
        },
      }),
    });
    staff(s, 4);
    s.found('staff');
    for (const nth of [1, 2]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    s.directory.leave(id('staff'), id('p2'));
    const sync = await s.delta();
    const { version } = await s.stores.snapshots.head(connection);
    refusing = false;
    s.hire('later');
    await s.delta();
    s.pass(8 * 60 * minute);
    await s.provision();
    expect(s.groups()).toEqual({ staff: ['p1'] });
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
    expect(items.map(({ operation, cause }) => [operation.action, cause.evidence])).toEqual([
      [
        'remove_members',
        { version, run: sync.id, read: 'delta', confirmed: { at: expect.any(Date), said: { not_a_member: 1 } } },
      ],
    ]);
  });

  it('is in the plan that waits, before the source was asked', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    staff(s, 3);
    await s.full();
    s.directory.remove(id('p1'), 'soft_deleted');
    const sync = await s.delta();
    const [only] = (await s.commands.listPlanOperations((await s.newestPlan()).id, {}, null, 5)).items;
    expect(only?.staged.cause.evidence).toMatchObject({ run: sync.id, read: 'delta', confirmed: null });
  });
});

describe('a plan that somebody approves while a second look is due', () => {
  it('waits for it, and is then carried out', async () => {
    const s = await vanished({
      target: { limits: { ...defaultLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    await untilIdle(s);
    const { run } = await s.commands.approvePlan((await s.newestPlan()).id, { by: 'anna', reason: 'Yes.' });
    const due = await untilIdle(s);
    expect(due?.getTime()).toBe(s.now().getTime() + 10 * minute);
    expect(await s.ended(run)).toMatchObject({
      state: 'waiting',
      faults: 0,
      problem: { code: 'absence_unproven' },
    });
    expect(s.accounts()).toMatchObject({ p5: 'on' });
    s.pass(10 * minute);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ p5: 'off' });
    expect(s.groups()).toEqual({ staff: ['p4'] });
  });

  it('leaves no group in escrow that nobody waits to be put out of any more', async () => {
    const s = await story();
    staff(s, 6);
    s.found('staff');
    for (const nth of [4, 5]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    s.directory.remove(id('p5'), 'deleted');
    await s.requestSync('full');
    await s.syncAll();
    for (const run of (await s.stores.runs.list({ kind: 'provision', state: 'queued' }, null, 20)).items)
      await s.stores.runs.cancel(run.id, s.now());
    await s.provision('delta', true);
    await s.approve();
    expect(s.groups()).toEqual({ staff: ['p4'] });
    expect((await s.stores.ledger.escrows(target, null, 10)).items).toEqual([]);
  });

  it('waits ten minutes, however many batches it takes to look at everybody', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
      connection: { shrinkLimit: { count: 2_000, percent: 100, floor: 0 } },
    });
    staff(s, 602);
    await s.full();
    for (let nth = 0; nth < 601; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
    await s.requestSync('full');
    await s.syncAll();
    await untilIdle(s);
    const { run } = await s.commands.approvePlan((await s.newestPlan()).id, { by: 'anna', reason: 'Yes.' });
    await untilIdle(s);
    s.pass(10 * minute);
    expect(await untilIdle(s)).toBeNull();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { disabled: 601 } });
  });

  it('a-look-that-showed-them-is-no-first-look: of the dry run that found them off', async () => {
    const s = await story();
    staff(s, 4);
    await s.full();
    s.hire('p3', { accountEnabled: false });
    await s.requestSync('delta');
    await s.syncAll();
    for (const run of (await s.stores.runs.list({ kind: 'provision', state: 'queued' }, null, 5)).items)
      await s.stores.runs.cancel(run.id, s.now());
    await s.requestProvision('delta', true);
    await untilIdle(s);
    s.directory.remove(id('p3'), 'deleted');
    s.pass(11 * minute);
    const { run } = await s.commands.applyPlan((await s.newestPlan()).id, { by: 'anna', reason: 'Yes.' });
    const due = await untilIdle(s);
    expect(due?.getTime()).toBe(s.now().getTime() + 10 * minute);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', problem: { code: 'absence_unproven' } });
    expect(s.accounts()).toMatchObject({ p3: 'on' });
  });

  it('counts the look of the dry run as the first', async () => {
    const s = await vanished();
    for (const run of (await s.stores.runs.list({ kind: 'provision', state: 'queued' }, null, 5)).items)
      await s.stores.runs.cancel(run.id, s.now());
    await s.requestProvision('delta', true);
    await untilIdle(s);
    s.pass(10 * minute);
    await s.commands.applyPlan((await s.newestPlan()).id, { by: 'anna', reason: 'Yes.' });
    expect(await untilIdle(s)).toBeNull();
    expect(s.accounts()).toMatchObject({ p5: 'off' });
  });
});

it('a source that contradicts at the second look is believed', async () => {
  const s = await vanished();
  await untilIdle(s);
  const honest = memorySource(s.directory);
  const engine = {
    ...s.engine,
    connectSource: () => ({
      ...honest,
      confirm: async (...ask: Parameters<typeof honest.confirm>) =>
        new Map(ask[0].map((ref) => [ref.id, 'present' as const])),
    }),
  };
  s.pass(10 * minute);
  for (let turns = 0; turns < 4; turns += 1) await provisionTurn(engine, target, signal);
  expect(s.accounts()).toMatchObject({ p5: 'on' });
  const about = await s.stores.ledger.about(target, [{ type: 'user', id: id('p5') as never }]);
  expect([...about.values()][0]?.escrow).toMatchObject({ reason: 'source_unsure' });
});

it.each([
  ['left alone where leavers are', { kind: 'none' }, 'on'],
  ['switched off where leavers are', { kind: 'disable' }, 'off'],
] as const)(
  'somebody who was disabled, and has left when they are asked about, is %s',
  async (_, deprovision, then) => {
    const s = await story({ target: { deprovision } });
    staff(s, 6);
    await s.full();
    s.directory.setUser(id('p5'), { accountEnabled: false });
    await s.requestSync('delta');
    await s.syncAll();
    s.directory.remove(id('p5'), 'soft_deleted');
    s.pass(10 * minute);
    await s.provisionAll();
    s.pass(10 * minute);
    await s.provision();
    expect(s.accounts()).toMatchObject({ p4: 'on', p5: then });
  },
);
