/** Who is protected is never touched, and nothing is taken away from anybody of whom that is not known. */

import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { unobserved } from '../../src/engine/engine.ts';
import { SourceError, TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import type { ObjectType } from '../../src/model/source-object.ts';
import { nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import type { SourceEnd } from '../../src/source/source.ts';
import { why } from '../support/explaining.ts';
import { anyNumber, connection, free, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const protect = (s: Story, protection: Partial<Protection>): Promise<void> =>
  s.editTarget({ protected: { ...nobodyProtected, ...protection } });
const leave = (s: Story, ...names: readonly string[]): void => {
  for (const name of names) s.directory.remove(id(name), 'deleted');
};
const reading = (...user: readonly string[]): StoryOptions => ({
  connection: {
    attributes: { user: ['userPrincipalName', 'displayName', 'accountEnabled', ...user], group: ['displayName'] },
    shrinkLimit: anyNumber,
  },
  target: { limits: free },
});

describe('a protection by an attribute', () => {
  const board = { attributes: [{ attribute: 'Department', value: 'Board' }] };

  it('that the connection does not ask for is read all the same, from the first sync on', async () => {
    const s = await story({ ...reading(), target: { limits: free, protected: { ...nobodyProtected, ...board } } });
    s.hire('chair', { department: 'board' });
    s.hire('clerk', { department: 'Sales' });
    await s.full();
    leave(s, 'chair', 'clerk');
    await s.delta();
    // Nobody makes an account for somebody protected.
    expect(s.accounts()).toEqual({ clerk: 'off' });
    const head = await s.stores.snapshots.head(connection);
    expect(head.attributes.user.has('department')).toBe(true);
  });

  it('that was not read yet holds back what takes something away, and nothing else, until it is', async () => {
    const s = await story(reading());
    for (const name of ['chair', 'clerk', 'guest']) s.hire(name, { department: name === 'chair' ? 'Board' : 'Sales' });
    await s.full();
    await protect(s, board);
    s.directory.setUser(id('chair'), { accountEnabled: false });
    s.directory.setUser(id('clerk'), { displayName: 'Clara' });
    await s.provision();
    expect(s.accounts()).toMatchObject({ chair: 'on' });
    // The next sync reads everybody, also where only changes were asked for.
    expect(await s.delta()).toMatchObject({ kind: 'sync', read: 'full' });
    expect(s.accounts()).toMatchObject({ chair: 'on', clerk: 'on' });
    expect(s.account('clerk')?.attributes).toMatchObject({ displayName: 'Clara' });
    leave(s, 'chair', 'clerk');
    await s.delta();
    expect(s.accounts()).toEqual({ chair: 'on', clerk: 'off', guest: 'on' });
  });

  it('says so, in the run and of each person, as long as it cannot be known', async () => {
    const s = await story(reading());
    for (const name of ['chair', 'clerk', 'guest']) s.hire(name, { department: 'Board' });
    await s.full();
    leave(s, 'chair');
    await s.requestSync('delta');
    await s.syncAll();
    // Somebody protects by what nobody has read, between the sync and its provision run.
    await protect(s, board);
    await s.provisionAll();
    const run = await s.provisioned();
    expect(run).toMatchObject({
      state: 'held',
      problem: { code: 'protection_unknown', message: expect.stringContaining('department of each user') },
      counters: { skipped: { protection_unknown: 1 }, disabled: 0 },
    });
    expect(s.accounts()).toMatchObject({ chair: 'on' });
    const { verdict, steps } = await why(s, 'chair@contoso.example');
    expect(verdict).toMatchObject({ reason: 'protection_unknown', owner: 'your_team' });
    expect(steps.find(({ step }) => step === 'guard')).toMatchObject({ state: 'stopped' });
    // Nobody can read any more what they were: not even the full sync brings it to light.
    await s.delta();
    await s.provision('full');
    expect(s.accounts()).toMatchObject({ chair: 'on' });
    expect((await why(s, 'chair@contoso.example')).verdict.reason).toBe('protection_unknown');
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      counters: { skipped: { protection_unknown: 1 } },
    });
    // Without the protection they leave like anybody else.
    await protect(s, {});
    await s.delta();
    await s.provision('full');
    expect(s.accounts()).toMatchObject({ chair: 'off' });
  });

  it('that was not read for a while counts as it last was of whoever left meanwhile and had a value of it', async () => {
    const s = await story(reading('department'));
    s.hire('chair', { department: 'Board' });
    s.hire('clerk', { department: 'Sales' });
    for (const name of ['guest', 'intern']) s.hire(name);
    s.found('team');
    s.directory.join(id('team'), id('clerk'));
    await s.full();
    await s.editTarget({
      mapping: {
        ...defaultMapping,
        user: defaultMapping.user.filter((rule) => !('from' in rule) || rule.from !== 'department'),
      },
    });
    leave(s, 'chair', 'clerk', 'guest');
    await s.requestSync('delta');
    await s.syncAll();
    const head = await s.stores.snapshots.head(connection);
    expect(head.attributes.user.has('department')).toBe(false);
    // Before anything is taken away it protects, and is read again.
    await protect(s, board);
    await s.delta();
    // Of whoever had none nothing tells that they were read with it.
    expect(s.accounts()).toEqual({ chair: 'on', clerk: 'off', guest: 'on', intern: 'on' });
    expect(s.groups()).toEqual({ team: [] });
  });

  it('counts as it last was of somebody who loses it and leaves in the same breath', async () => {
    const s = await story({ ...reading(), target: { limits: free, protected: { ...nobodyProtected, ...board } } });
    s.hire('chair', { department: 'Sales' });
    await s.full();
    s.directory.setUser(id('chair'), { department: 'Board' });
    leave(s, 'chair');
    await s.delta();
    // The source told of the leaving alone: as the chair last was known, nothing protects them.
    expect(s.accounts()).toEqual({ chair: 'off' });
    s.hire('vice', { department: 'Sales' });
    await s.delta();
    s.directory.setUser(id('vice'), { department: 'Board' });
    await s.delta();
    leave(s, 'vice');
    await s.delta();
    expect(s.accounts()).toMatchObject({ vice: 'on' });
  });

  it('lets nothing be written to whom it covers, from an update to a membership', async () => {
    const s = await story(reading());
    s.hire('chair', { department: 'Sales' });
    s.found('team');
    await s.full();
    await protect(s, board);
    s.directory.setUser(id('chair'), { department: 'Board', displayName: 'The Chair' });
    s.directory.join(id('team'), id('chair'));
    await s.delta();
    expect(s.account('chair')?.attributes).toMatchObject({ displayName: 'chair' });
    expect(s.groups()).toEqual({ team: [] });
    expect((await why(s, 'chair@contoso.example')).verdict.reason).toBe('protected');
  });
});

describe('a protection by a name', () => {
  it('holds for the user principal name or the mail address, in any case', async () => {
    const s = await story({ target: { limits: free } });
    for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
    s.directory.setUser(id('bert'), { mail: 'Bert.B@contoso.example' });
    await s.full();
    await protect(s, { ids: ['ANNA@contoso.example', 'bert.b@CONTOSO.example', 'nobody@contoso.example'] });
    leave(s, 'anna', 'bert', 'cleo');
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off' });
  });
});

/** A test group in scope, and a group of executives that is not. */
const office = async (more: StoryOptions = {}): Promise<Story> => {
  const s = await story({
    connection: { scope: { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false }, shrinkLimit: anyNumber },
    ...more,
    target: { limits: free, ...more.target },
  });
  s.found('pilot');
  s.found('executives');
  s.found('deputies');
  s.found('desk');
  for (const name of ['anna', 'bert', 'cleo', 'dora']) {
    s.hire(name);
    s.directory.join(id('pilot'), id(name));
  }
  s.directory.join(id('executives'), id('anna'));
  s.directory.join(id('executives'), id('deputies'));
  s.directory.join(id('deputies'), id('bert'));
  await s.full();
  return s;
};
const executives = { groups: [sourceId(id('executives'))] };

describe('a protected group that is not in scope', () => {
  it('protects who is in it, as the tenant says, also by groups in it', async () => {
    const s = await office();
    await protect(s, executives);
    for (const name of ['anna', 'bert', 'cleo']) s.directory.leave(id('pilot'), id(name));
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off', dora: 'on' });
    expect(s.groups()['pilot']).toEqual(['anna', 'bert', 'dora']);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect((await why(s, 'bert@contoso.example')).verdict.reason).toBe('protected');
  });

  it('protects also whoever left the tenant from among its members, in this run and in every later one', async () => {
    const s = await office({ target: { protected: { ...nobodyProtected, ...executives } } });
    // Accounts that were there before anybody was protected.
    await protect(s, {});
    await s.provision('full');
    await protect(s, executives);
    await s.provision();
    leave(s, 'anna', 'bert', 'cleo');
    await s.delta();
    await s.provision('full');
    s.pass(40 * 86_400_000);
    await s.provision('full');
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off', dora: 'on' });
  });

  it('protects also whoever left the tenant after a run that only planned had asked who is in it', async () => {
    const s = await office();
    await protect(s, executives);
    await s.provision('delta', true);
    leave(s, 'anna', 'cleo');
    await s.delta();
    await s.provision('full');
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off', dora: 'on' });
  });

  it('protects also whom the snapshot has in it, though they left the tenant before any run could ask who is', async () => {
    const groups = ['pilot', 'executives'].map((name) => sourceId(id(name)));
    const s = await office({
      connection: { scope: { kind: 'groups', groups, nested: false }, shrinkLimit: anyNumber },
    });
    await protect(s, {});
    await s.provision('full');
    const failpoint = async (site: string): Promise<void> => {
      if (site !== 'provision.objects') return;
      Object.assign(s.engine, { failpoint: async () => {} });
      await s.requestSync('delta');
      await s.syncAll();
    };
    leave(s, 'anna');
    await protect(s, executives);
    Object.assign(s.engine, { failpoint });
    await s.provision('full');
    s.pass(3_600_000);
    await s.provision();
    expect(s.accounts()).toMatchObject({ anna: 'on' });
  });

  it('protects who leaves the group through the run that notices it, and no longer', async () => {
    const s = await office();
    await protect(s, executives);
    await s.provision();
    s.directory.leave(id('executives'), id('anna'));
    s.directory.leave(id('pilot'), id('anna'));
    await s.delta();
    expect(s.accounts()).toMatchObject({ anna: 'on' });
    await s.provision('full');
    expect(s.accounts()).toMatchObject({ anna: 'off' });
  });

  it.each([
    ['does not exist', (s: Story) => s.directory.remove(id('executives'), 'deleted'), 'the tenant has no such group'],
    [
      'cannot be read',
      (s: Story) =>
        Object.assign(s.engine, {
          connectSource: () => ({
            ...memorySource(s.directory),
            everyoneIn: async () => {
              throw new SourceError('forbidden', 'The group hides its members.', { code: 'MembersHidden' });
            },
          }),
        }),
      'The group hides its members.',
    ],
  ])('and %s: nothing is taken away from anybody there, the rest goes on, and it is said', async (_, spoil, words) => {
    const held: string[] = [];
    const s = await office({ engine: { observe: { ...unobserved, held: (limit) => void held.push(limit) } } });
    await protect(s, executives);
    await s.provision();
    spoil(s);
    s.directory.leave(id('pilot'), id('cleo'));
    s.directory.setUser(id('dora'), { accountEnabled: false });
    s.hire('emil');
    s.directory.join(id('pilot'), id('emil'));
    s.directory.setUser(id('bert'), { jobTitle: 'Boss' });
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'on', dora: 'on', emil: 'on' });
    expect(s.groups()['pilot']).toEqual(['anna', 'bert', 'cleo', 'dora', 'emil']);
    const run = await s.provisioned();
    expect(run).toMatchObject({
      state: 'held',
      problem: { code: 'protection_unknown', message: expect.stringContaining(words) },
      counters: { created: 1, disabled: 0, membersRemoved: 0 },
    });
    expect(held).toContain('protection');
    // Once somebody takes the group out of the protection, what was held is done.
    await protect(s, {});
    await s.provision();
    expect(s.accounts()).toMatchObject({ cleo: 'off', dora: 'off' });
    expect(s.groups()['pilot']).not.toContain('cleo');
  });

  it('is not emptied by a list that shows a part of it', async () => {
    const s = await office();
    const lying = { everyoneIn: async () => [] };
    Object.assign(s.engine, { connectSource: () => ({ ...memorySource(s.directory), ...lying }) });
    await protect(s, executives);
    for (const name of ['anna', 'bert', 'cleo']) s.directory.leave(id('pilot'), id(name));
    for (let again = 0; again < 3; again += 1) {
      await s.delta();
      await s.provision('full');
    }
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off', dora: 'on' });
  });

  it('whose list shows a part of it, or of which the tenant cannot tell: an undo, too, asks right before it takes anything away', async () => {
    for (const said of ['present', 'unsure'] as const) {
      const s = await office();
      const made = await s.provisioned();
      const source = memorySource(s.directory);
      Object.assign(s.engine, {
        connectSource: () => ({
          ...source,
          everyoneIn: async () => [],
          confirm: async (...[refs, scope, signal]: Parameters<typeof source.confirm>) => {
            const standings = await source.confirm(refs, scope, signal);
            return new Map([...standings].map(([who, is]) => [who, is === 'present' ? said : is]));
          },
        }),
      });
      await protect(s, executives);
      await s.planUndo(made);
      const undone = await s.approve();
      expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off', dora: 'off' });
      expect(s.groups()['pilot']).toEqual(['anna', 'bert']);
      const reason = said === 'present' ? 'protected' : 'protection_unknown';
      expect(undone).toMatchObject({ counters: { disabled: 2, membersRemoved: 2, skipped: { [reason]: 4 } } });
      expect(undone.state).toBe(said === 'present' ? 'succeeded' : 'partially_succeeded');
    }
  });

  it('of which the tenant cannot tell, right before, whether somebody is in it, keeps them, and they are asked about again', async () => {
    const s = await office();
    await protect(s, executives);
    const source = memorySource(s.directory);
    let isUnsure = true;
    Object.assign(s.engine, {
      connectSource: () => ({
        ...source,
        confirm: async (...[refs, scope, signal]: Parameters<typeof source.confirm>) =>
          isUnsure && scope.kind === 'groups' && scope.groups.includes(sourceId(id('executives')))
            ? new Map(refs.map((ref) => [ref.id, 'unsure']))
            : source.confirm(refs, scope, signal),
      }),
    });
    s.directory.leave(id('pilot'), id('cleo'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'protection_unknown' } });
    expect(s.accounts()).toMatchObject({ cleo: 'on' });
    isUnsure = false;
    await s.provision();
    expect(s.accounts()).toMatchObject({ anna: 'on', cleo: 'off' });
  });

  it('is told of beside a limit that the same run is over, for whoever is in doubt is in no plan', async () => {
    const groups = [sourceId(id('pilot')), sourceId(id('desk'))];
    const s = await office({
      connection: { scope: { kind: 'groups', groups, nested: false }, shrinkLimit: anyNumber },
      target: { limits: { ...free, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    await protect(s, executives);
    for (const name of ['anna', 'bert', 'dora']) s.directory.join(id('desk'), id(name));
    await s.delta();
    const source = memorySource(s.directory);
    Object.assign(s.engine, {
      connectSource: () => ({
        ...source,
        confirm: async (...[refs, scope, signal]: Parameters<typeof source.confirm>) =>
          scope.kind === 'groups' && scope.groups.includes(sourceId(id('executives')))
            ? new Map(refs.map((ref) => [ref.id, 'unsure']))
            : source.confirm(refs, scope, signal),
      }),
    });
    s.directory.leave(id('pilot'), id('cleo'));
    s.directory.leave(id('desk'), id('dora'));
    await s.delta();
    const { problem } = await s.provisioned();
    expect(problem).toMatchObject({
      code: 'guard_hold',
      message: expect.stringContaining('right before, whether they'),
    });
    expect(s.groups()['desk']).toContain('dora');
    expect((await why(s, id('cleo'))).verdict.sentence).toContain('kept it as the plan');
    expect((await why(s, id('desk'))).verdict).toMatchObject({
      reason: 'guard_hold',
      sentence: expect.stringMatching(/its plan pln_\w+ does not hold this: .*right before, whether they/),
    });
  });

  it('and cannot be asked now, because the tenant throttles, lets the run wait', async () => {
    const s = await office();
    await protect(s, executives);
    s.directory.leave(id('pilot'), id('anna'));
    let asked = 0;
    Object.assign(s.engine, {
      connectSource: () => ({
        ...memorySource(s.directory),
        everyoneIn: async (...of: Parameters<ReturnType<typeof memorySource>['everyoneIn']>) => {
          asked += 1;
          if (asked < 3) throw new SourceError('throttled', 'Wait.', { retryAfterMs: 1_000 });
          return memorySource(s.directory).everyoneIn(...of);
        },
      }),
    });
    await s.delta();
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ anna: 'on' });
  });

  it('keeps an approved plan waiting as long as it is not known whom it must leave out', async () => {
    const s = await office({ target: { limits: { ...free, deprovisions: { count: 1, percent: 100, floor: 0 } } } });
    await protect(s, executives);
    for (const name of ['anna', 'cleo', 'dora']) s.directory.leave(id('pilot'), id(name));
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'held', counts: { disable: 2 } });
    s.directory.remove(id('executives'), 'soft_deleted');
    await s.approve();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'protection_unknown' } });
    expect(s.accounts()).toMatchObject({ anna: 'on', cleo: 'on', dora: 'on' });
    expect((await s.stores.plans.get(plan.id))?.standing.state).toBe('approved');
    s.directory.restore(id('executives'));
    await s.provision();
    expect(s.accounts()).toMatchObject({ anna: 'on', cleo: 'off', dora: 'off' });
  });
});

const isOf =
  (type: ObjectType) =>
  (told: ObjectMessage): boolean =>
    ('group' in told ? told.group : told.ref).type === type;

describe('a protected group in scope', () => {
  it('protects also whoever was recycled from among its members, though a read of groups has them out of the scope', async () => {
    const s = await story({
      connection: {
        shrinkLimit: anyNumber,
        scope: { kind: 'groups', groups: [sourceId(id('board')), sourceId(id('staff'))], nested: true },
      },
      target: { limits: free },
    });
    for (const group of ['board', 'staff']) s.found(group);
    for (const name of ['chair', 'dean', 'clerk', 'guest']) {
      s.hire(name);
      s.directory.join(id('staff'), id(name));
    }
    for (const name of ['chair', 'dean']) s.directory.join(id('board'), id(name));
    await s.full();
    await protect(s, { groups: [sourceId(id('board'))] });
    await s.provision();
    for (const name of ['chair', 'clerk']) s.directory.remove(id(name), 'soft_deleted');
    await s.full();
    // Whoever is only not found is looked for once more.
    s.pass(11 * 60_000);
    await s.full();
    await s.provision('full');
    expect(s.accounts()).toMatchObject({ chair: 'on', clerk: 'off', guest: 'on' });
  });

  /** Two people in a group that protects, and a clerk. */
  const board = async () => {
    const s = await story({ target: { limits: free } });
    s.found('board');
    for (const name of ['chair', 'dean', 'clerk']) s.hire(name);
    for (const name of ['chair', 'dean']) s.directory.join(id('board'), id(name));
    await s.full();
    await protect(s, { groups: [sourceId(id('board'))] });
    await s.provision();
    return s;
  };

  it('protects also whoever was recycled while everybody was read, after the users and before the groups', async () => {
    const s = await board();
    const source = memorySource(s.directory);
    const read: typeof source.read = async function* (ask, signal) {
      if (ask.read.mode === 'delta') return yield* source.read(ask, signal);
      let end: SourceEnd | null = null;
      for await (const told of source.read(ask, signal)) {
        if (told.type === 'end') end = told;
        else yield { ...told, messages: told.messages.filter(isOf('user')) };
      }
      for (const name of ['chair', 'clerk']) s.directory.remove(id(name), 'soft_deleted');
      for await (const told of source.read(ask, signal))
        yield told.type === 'end' ? (end ?? told) : { ...told, messages: told.messages.filter(isOf('group')) };
    };
    Object.assign(s.engine, { connectSource: () => ({ ...source, read }) });
    await s.full();
    expect(s.groups()['board']).toEqual(['chair', 'dean']);
    await s.delta();
    await s.provision('full');
    expect(s.accounts()).toEqual({ chair: 'on', dean: 'on', clerk: 'off' });
  });

  it('protects nobody any more who left it, and the tenant after that', async () => {
    const s = await board();
    s.directory.leave(id('board'), id('chair'));
    await s.delta();
    leave(s, 'chair');
    await s.delta();
    expect(s.accounts()).toEqual({ chair: 'off', dean: 'on', clerk: 'on' });
  });

  it('is not asked for at the tenant', async () => {
    const s = await story({ target: { limits: free } });
    s.found('admins');
    for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
    for (const name of ['anna', 'cleo']) s.directory.join(id('admins'), id(name));
    await s.full();
    await protect(s, { groups: [sourceId(id('admins'))] });
    Object.assign(s.engine, {
      connectSource: () => ({
        ...memorySource(s.directory),
        everyoneIn: async () => {
          throw new Error('Nobody asks that here.');
        },
      }),
    });
    leave(s, 'anna', 'bert');
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', cleo: 'on' });
    // Also by a later look at everybody: they left the tenant as one of the admins.
    await s.provision('full');
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', cleo: 'on' });
  });
});

describe('a protected group of which the snapshot shows nobody', () => {
  const admins = { groups: [sourceId(id('admins'))] };
  /** Whoever answered for its members did not know the group, so that a read says nothing of them. */
  const unanswered = (s: Story, name: string): void => {
    const source = memorySource(s.directory);
    const read: typeof source.read = async function* (ask, signal) {
      for await (const page of source.read(ask, signal))
        yield page.type === 'end'
          ? page
          : { ...page, messages: page.messages.filter((one) => one.type !== 'members' || one.group.id !== id(name)) };
    };
    Object.assign(s.engine, { connectSource: () => ({ ...source, read }) });
  };

  it.each(['admins', 'deputies'])('in it or in %s, is asked for who is', async (unread) => {
    const s = await story({ target: { limits: free } });
    s.found('admins');
    s.found('deputies');
    for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
    for (const name of ['anna', 'deputies']) s.directory.join(id('admins'), id(name));
    s.directory.join(id('deputies'), id('bert'));
    unanswered(s, unread);
    await s.full();
    await protect(s, admins);
    await s.provision();
    leave(s, 'bert', 'cleo');
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off' });
  });

  /** With an empty group in it. */
  const withDeputies = async () => {
    const asked: (readonly string[])[] = [];
    const s = await story({ target: { limits: free } });
    for (const name of ['admins', 'team', 'deputies']) s.found(name);
    for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
    for (const name of ['team', 'anna']) s.directory.join(id('admins'), id(name));
    for (const name of ['deputies', 'bert']) s.directory.join(id('team'), id(name));
    await s.full();
    await protect(s, admins);
    const source = memorySource(s.directory);
    const everyoneIn: typeof source.everyoneIn = (groups, signal) => {
      asked.push(groups);
      return source.everyoneIn(groups, signal);
    };
    Object.assign(s.engine, { connectSource: () => ({ ...source, everyoneIn }) });
    return { s, asked };
  };

  it('in a group inside it, is not listed whole for that: only the empty one is asked for', async () => {
    const { s, asked } = await withDeputies();
    for (const again of ['dora', 'emil']) {
      s.hire(again);
      await s.delta();
    }
    leave(s, 'bert', 'cleo');
    await s.delta();
    expect(s.accounts()).toMatchObject({ anna: 'on', bert: 'on', cleo: 'off' });
    expect(new Set(asked.flat())).toEqual(new Set([id('deputies')]));
  });

  it('in a group inside it that the tenant does not know, is listed whole', async () => {
    const { s, asked } = await withDeputies();
    s.directory.remove(id('deputies'), 'deleted');
    leave(s, 'bert', 'cleo');
    await s.provision();
    expect(asked).toEqual([[id('deputies')], [id('admins')]]);
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', cleo: 'off' });
  });
});

describe('somebody who is protected and has left', () => {
  it('is in no escrow any more, whatever failed of them before', async () => {
    const s = await story({
      ...reading(),
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          if (operation.action === 'update') throw new TargetError('rejected', 'Not that name.');
          return await made.apply(operation, ...rest);
        },
      }),
    });
    s.hire('chair');
    await s.full();
    s.directory.setUser(id('chair'), { displayName: 'Carla' });
    await s.delta();
    const escrowed = async (): Promise<number> => (await s.stores.ledger.escrows(target, null, 10)).items.length;
    expect(await escrowed()).toBe(1);
    await protect(s, { ids: [id('chair')] });
    leave(s, 'chair');
    await s.delta();
    s.pass(7 * 3_600_000);
    await s.provision();
    expect(await escrowed()).toBe(0);
    expect(s.accounts()).toEqual({ chair: 'on' });
  });
});
