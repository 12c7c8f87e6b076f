import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/model/target-record.ts';
import { id, story, target } from '../support/story.ts';

describe('the whole path, from a tenant to a target', () => {
  it('brings people and groups over, and a second full sync writes nothing', async () => {
    const s = await story();
    s.hire('anna');
    s.hire('bert', { manager: id('anna') });
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    s.directory.join(id('staff'), id('bert'));
    const first = await s.full();
    expect(first).toMatchObject({ state: 'succeeded', counters: { created: 3, membersAdded: 2 } });
    const provisioned = await s.provisioned();
    expect(provisioned).toMatchObject({
      state: 'succeeded',
      counters: { created: 3, managersSet: 1, membersAdded: 2 },
    });
    expect(provisioned.counters.failed).toEqual({});
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on' });
    expect(s.groups()).toEqual({ staff: ['anna', 'bert'] });
    expect(s.account('bert')?.attributes['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager']).toBe(
      s.account('anna')?.remoteId,
    );

    const writes = s.writes();
    const second = await s.full();
    expect(second).toMatchObject({
      state: 'succeeded',
      counters: { created: 0, updated: 0, removed: 0, unchanged: 3 },
    });
    expect(s.writes()).toBe(writes);
  });

  it('brings over what changed, and only that', async () => {
    const s = await story();
    for (const name of ['anna', 'bert', 'carl', 'dora']) s.hire(name);
    s.found('staff');
    s.directory.join(id('staff'), id('carl'));
    s.directory.join(id('staff'), id('dora'));
    await s.full();
    const writes = s.writes();

    s.hire('emil');
    s.directory.setUser(id('anna'), { jobTitle: 'Head of Support' });
    s.directory.setUser(id('bert'), { accountEnabled: false });
    s.directory.remove(id('carl'), 'soft_deleted');
    s.directory.leave(id('staff'), id('dora'));
    const run = await s.delta();
    expect(run).toMatchObject({
      state: 'succeeded',
      counters: { created: 1, updated: 2, removed: 1, membersRemoved: 2 },
    });
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', carl: 'off', dora: 'on', emil: 'on' });
    expect(s.account('anna')?.attributes['title']).toBe('Head of Support');
    expect(s.groups()).toEqual({ staff: [] });
    expect(await s.provisioned()).toMatchObject({
      counters: { created: 1, updated: 1, disabled: 2, membersRemoved: 2 },
    });
    // Dora goes from the group alone, Carl with his account: two removals, for they are counted apart.
    expect(s.writes() - writes).toBe(6);

    await s.delta();
    expect(s.writes() - writes).toBe(6);
  });

  it('switches a leaver who comes back on again, in the groups they were in', async () => {
    const s = await story();
    s.hire('anna');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    const before = s.account('anna')?.remoteId;
    s.directory.remove(id('anna'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'off' });
    expect(s.groups()).toEqual({ staff: [] });
    s.directory.restore(id('anna'));
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect(s.account('anna')?.remoteId).toBe(before);
  });

  it('adopts accounts that were there before, and touches no others', async () => {
    const s = await story();
    const stranger = { userName: 'local-admin', active: true };
    s.remote.objects.set('r-1' as never, {
      type: 'user',
      remoteId: 'r-1' as never,
      attributes: { userName: 'ANNA@contoso.example', title: 'old', active: true },
    });
    s.remote.objects.set('r-2' as never, { type: 'user', remoteId: 'r-2' as never, attributes: stranger });
    s.hire('anna', { jobTitle: 'new' });
    await s.full();
    expect(s.remote.objects.size).toBe(2);
    expect(s.remote.objects.get('r-1' as never)?.attributes).toMatchObject({ title: 'new', externalId: id('anna') });
    expect(s.remote.objects.get('r-2' as never)?.attributes).toEqual(stranger);
  });

  it('never creates an account for somebody who is disabled in the source', async () => {
    const s = await story();
    s.hire('anna', { accountEnabled: false });
    await s.full();
    expect(s.accounts()).toEqual({});
    expect(await s.provisioned()).toMatchObject({ counters: { skipped: { disabled_in_source: 1 } } });
    s.directory.setUser(id('anna'), { accountEnabled: true });
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on' });
  });

  it('adds a member once the account it waited for exists', async () => {
    const s = await story();
    s.hire('anna', { accountEnabled: false });
    s.hire('bert', { manager: id('anna') });
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    expect(s.groups()).toEqual({ staff: [] });
    s.directory.setUser(id('anna'), { accountEnabled: true });
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect(s.account('bert')?.attributes['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager']).toBe(
      s.account('anna')?.remoteId,
    );
  });
});

describe('a run of one group', () => {
  it('brings over its members, and leaves everyone else as they are', async () => {
    const s = await story();
    for (const name of ['anna', 'bert', 'carl']) s.hire(name);
    s.found('uat');
    s.directory.join(id('uat'), id('anna'));
    const run = await s.full({ group: id('uat') });
    expect(run).toMatchObject({ state: 'succeeded', counters: { created: 2 } });
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect(s.groups()).toEqual({ uat: ['anna'] });

    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'on' });
    s.directory.setUser(id('anna'), { jobTitle: 'Tester' });
    s.directory.setUser(id('bert'), { jobTitle: 'Not in the test group' });
    s.directory.remove(id('carl'), 'deleted');
    await s.full({ group: id('uat') });
    expect(s.account('anna')?.attributes['title']).toBe('Tester');
    expect(s.account('bert')?.attributes['title'] ?? null).toBe(null);
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'on' });
    await s.delta();
    expect(s.account('bert')?.attributes['title']).toBe('Not in the test group');
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'off' });
  });

  it('tells who left it, so that they lose their account as after a delta, unless another group of the scope holds them', async () => {
    const s = await story({
      connection: { scope: { kind: 'groups', groups: [id('uat') as never, id('qa') as never], nested: false } },
    });
    for (const group of ['uat', 'qa']) s.found(group);
    for (const name of ['anna', 'bert', 'carl']) {
      s.hire(name);
      s.directory.join(id('uat'), id(name));
    }
    s.directory.join(id('qa'), id('bert'));
    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'on' });
    s.directory.leave(id('uat'), id('bert'));
    s.directory.leave(id('uat'), id('carl'));
    await s.full({ group: id('uat') });
    // What the run of the group has told already, no delta tells again.
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', carl: 'off' });
    expect(s.groups()).toEqual({ uat: ['anna'], qa: ['bert'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('of a connection that may read one group only, refuses another', async () => {
    const s = await story({ connection: { scope: { kind: 'groups', groups: [id('uat') as never], nested: false } } });
    s.hire('anna');
    s.found('uat');
    s.found('other');
    s.directory.join(id('uat'), id('anna'));
    expect(await s.full({ group: id('other') })).toMatchObject({
      state: 'failed',
      problem: { code: 'group_out_of_scope' },
    });
    expect(s.accounts()).toEqual({});
  });
});

describe('a run of a group that does not exist', () => {
  it('fails alone: the connection goes on', async () => {
    const s = await story();
    s.hire('anna');
    const run = await s.full({ group: id('mistyped') });
    expect(run).toMatchObject({ state: 'failed', problem: { owner: 'your_team' } });
    expect(await s.stores.connections.get(run.connection)).toMatchObject({ state: 'active', problem: null });
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
  });
});

describe('a connection scoped to a test group', () => {
  it('follows who joins and who leaves it, and knows nobody else', async () => {
    const s = await story({ connection: { scope: { kind: 'groups', groups: [id('uat') as never], nested: true } } });
    for (const name of ['anna', 'bert', 'carl', 'dora']) s.hire(name);
    s.found('uat');
    s.found('inner');
    s.directory.join(id('uat'), id('anna'));
    s.directory.join(id('uat'), id('inner'));
    for (const name of ['bert', 'dora']) s.directory.join(id('inner'), id(name));
    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'on', dora: 'on' });
    expect(s.groups()).toEqual({ uat: ['anna', 'inner'], inner: ['bert', 'dora'] });
    s.directory.setUser(id('carl'), { jobTitle: 'stranger' });
    s.directory.leave(id('inner'), id('bert'));
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', dora: 'on' });
    s.directory.join(id('inner'), id('carl'));
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'on', bert: 'off', carl: 'on', dora: 'on' });
    expect(s.account('carl')?.attributes['title']).toBe('stranger');
    expect(s.groups()).toEqual({ uat: ['anna', 'inner'], inner: ['carl', 'dora'] });
  });
});

describe('a member who left while the target was not brought up to date', () => {
  const staffOf = async (s: Awaited<ReturnType<typeof story>>) => {
    s.hire('anna');
    s.hire('bert');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    s.directory.join(id('staff'), id('bert'));
    await s.requestSync('full');
    await s.syncAll();
  };

  it('is removed by a run that looks at everybody', async () => {
    const s = await story();
    await staffOf(s);
    await s.provisionAll();
    s.directory.leave(id('staff'), id('bert'));
    await s.requestSync('delta');
    await s.syncAll();
    for (const run of (await s.stores.runs.list({ kind: 'provision', state: 'queued' }, null, 10)).items)
      await s.stores.runs.cancel(run.id, s.now());
    await s.provision('full');
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect(await s.provisioned()).toMatchObject({ counters: { membersRemoved: 1 } });
  });

  it('is removed also when the first run broke off after pushing members', async () => {
    const s = await story();
    await staffOf(s);
    const { provisionTurn } = await import('../../src/engine/provision-run.ts');
    const { target } = await import('../support/story.ts');
    let passed = 0;
    const breaking = {
      ...s.engine,
      failpoint: async (site: string) => {
        // The people come first, then the groups.
        passed += site === 'provision.references' ? 1 : 0;
        if (passed === 2) throw new Error('power cut');
      },
    };
    await expect(provisionTurn(breaking, target, new AbortController().signal)).rejects.toThrow('power cut');
    expect(s.groups()).toEqual({ staff: ['anna', 'bert'] });
    s.pass(31_000);
    const [broken] = (await s.stores.runs.list({ kind: 'provision' }, null, 1)).items;
    if (broken !== undefined)
      await s.stores.runs.finish(broken.id, 'failed', s.now(), {
        counters: broken.counters,
        version: null,
        problem: null,
      });
    s.directory.leave(id('staff'), id('bert'));
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['anna'] });
  });

  it('that is a group itself is removed in the end, though the target refused it at first', async () => {
    let refusing = true;
    const { TargetError } = await import('../../src/model/errors.ts');
    const s = await story({
      wrapTarget: (target) => ({
        ...target,
        apply: async (operation, signal) => {
          if (refusing && operation.action === 'remove_members') throw new TargetError('rejected', 'not now');
          return await target.apply(operation, signal);
        },
      }),
    });
    s.hire('anna');
    s.found('outer');
    s.found('inner');
    s.directory.join(id('outer'), id('inner'));
    await s.full();
    expect(s.groups()['outer']).toEqual(['inner']);
    s.directory.leave(id('outer'), id('inner'));
    await s.delta();
    expect(s.groups()['outer']).toEqual(['inner']);
    refusing = false;
    s.pass(7 * 3_600_000);
    await s.delta();
    expect(s.groups()['outer']).toEqual([]);
  });
});

describe('a nested test group', () => {
  const nested = { scope: { kind: 'groups', groups: [id('uat') as never], nested: true } } as const;

  it('whose inner group is deleted loses the many people of it once somebody has looked', async () => {
    const any = { count: 100, percent: 100, floor: 100 };
    const s = await story({ connection: nested, target: { limits: { ...defaultLimits, deprovisions: any } } });
    const inner = ['bert', 'cleo', 'dora', 'emil', 'finn', 'gina'];
    for (const name of ['anna', ...inner]) s.hire(name);
    s.found('uat');
    s.found('inner');
    s.directory.join(id('uat'), id('anna'));
    s.directory.join(id('uat'), id('inner'));
    for (const name of inner) s.directory.join(id('inner'), id(name));
    await s.full();
    s.directory.remove(id('inner'), 'soft_deleted');
    expect(await s.delta()).toMatchObject({ state: 'held' });
    expect(s.accounts()).toMatchObject({ anna: 'on', bert: 'on', gina: 'on' });
    await s.delta({ acceptShrink: true });
    expect(s.accounts()).toMatchObject({ anna: 'on', bert: 'off', gina: 'off' });
  });

  it('is not opened by a run where the connection keeps it closed', async () => {
    const s = await story({ connection: { scope: { ...nested.scope, nested: false } } });
    s.hire('anna');
    s.found('uat');
    s.directory.join(id('uat'), id('anna'));
    expect(await s.full({ group: id('uat'), nested: true })).toMatchObject({
      state: 'failed',
      problem: { code: 'group_out_of_scope' },
    });
  });
});
