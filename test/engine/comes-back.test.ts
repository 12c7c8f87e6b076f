import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { SourceError } from '../../src/model/errors.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import { why } from '../support/explaining.ts';
import { id, type Story, story } from '../support/story.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
const ofSwitch = { to: 'active', kind: 'direct', whenNull: 'keep', default: true } as const;
const onCreateAlone: MappingRule = { ...ofSwitch, from: 'accountEnabled', apply: 'only_on_create' };
const byHr: MappingRule = { ...ofSwitch, from: 'onPremisesExtensionAttributes.extensionAttribute1', apply: 'always' };

const switchedBy = (rule: MappingRule): Parameters<typeof story>[0] => ({
  target: { mapping: { ...defaultMapping, user: [...defaultMapping.user.filter(({ to }) => to !== 'active'), rule] } },
});

/** Eve is deleted by mistake, and restored. */
const awayAndBack = async (s: Story): Promise<void> => {
  s.directory.remove(id('eve'), 'soft_deleted');
  await s.delta();
  expect(s.accounts()).toEqual({ eve: 'off' });
  s.directory.restore(id('eve'));
  await s.delta();
};

describe('who comes back to a target whose mapping does not say then that they are on', () => {
  it.each([
    ['because it says so on create alone', onCreateAlone],
    ['because its attribute has no value right now', byHr],
  ])('is switched on all the same, %s', async (_why, rule) => {
    const s = await story(switchedBy(rule));
    s.hire('eve');
    await s.full();
    await awayAndBack(s);
    expect(s.accounts()).toEqual({ eve: 'on' });
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'in_sync',
      sentence: expect.stringContaining('as wanted; last written'),
    });
    await awayAndBack(s);
    expect(s.accounts()).toEqual({ eve: 'on' });
  });

  it('is switched on also where the worker died before it knew that they had been switched off', async () => {
    class Crash extends Error {}
    let isDying = false;
    const s = await story({
      ...switchedBy(onCreateAlone),
      engine: {
        failpoint: async (site) => {
          if (!isDying || site !== 'provision.applied') return;
          isDying = false;
          throw new Crash();
        },
      },
    });
    s.hire('eve');
    await s.full();
    s.directory.remove(id('eve'), 'soft_deleted');
    isDying = true;
    await expect(s.delta()).rejects.toThrow(Crash);
    s.pass(61_000);
    await s.provisionAll();
    expect(s.accounts()).toEqual({ eve: 'off' });
    s.directory.restore(id('eve'));
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'on' });
  });

  it('stays off where the target’s own people had switched them off before they left', async () => {
    const s = await story(switchedBy(onCreateAlone));
    s.hire('eve');
    await s.full();
    const account = s.account('eve');
    if (account === undefined) throw new Error('There is one.');
    s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
    await awayAndBack(s);
    expect(s.accounts()).toEqual({ eve: 'off' });
  });

  it('is told to be off by nobody’s wish where the account was off before us', async () => {
    const s = await story(switchedBy(onCreateAlone));
    s.remote.objects.set('r-1' as never, {
      type: 'user',
      remoteId: 'r-1' as never,
      attributes: { userName: 'eve@contoso.example', active: false },
    });
    s.hire('eve');
    await s.full();
    expect(s.accounts()).toEqual({ eve: 'off' });
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'in_sync',
      owner: 'your_team',
      sentence: expect.stringContaining('switched off there, of which the attribute mapping says nothing now'),
      todo: 'If they are to work there, switch the account on at Helpdesk.',
    });
  });
});

describe('an account that is to be switched on because of what was read', () => {
  it('stays off where the tenant, asked now, says that they are disabled, and is switched on once both agree', async () => {
    const s = await story();
    s.hire('eve');
    await s.full();
    s.directory.setUser(id('eve'), { accountEnabled: false });
    await s.delta();
    s.directory.setUser(id('eve'), { accountEnabled: true });
    await s.requestSync('delta');
    await s.syncAll();
    s.directory.setUser(id('eve'), { accountEnabled: false });
    await s.provisionAll();
    expect(s.accounts()).toEqual({ eve: 'off' });
    expect((await why(s, id('eve'))).verdict.reason).toBe('source_unsure');
    s.directory.setUser(id('eve'), { accountEnabled: true });
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.accounts()).toEqual({ eve: 'on' });
  });

  it.each(['throttled', 'unavailable', 'unauthorized'] as const)(
    'stays off while the tenant cannot be asked (%s), and keeps nobody else from being written',
    async (fault) => {
      let isAway = false;
      const s = await story({
        wrapSource: (source) => ({
          ...source,
          confirm: async (...asked) => {
            if (isAway) throw new SourceError(fault, 'Not now.');
            return await source.confirm(...asked);
          },
        }),
      });
      s.hire('eve');
      await s.full();
      s.directory.setUser(id('eve'), { accountEnabled: false });
      await s.delta();
      s.directory.setUser(id('eve'), { accountEnabled: true });
      s.hire('fay');
      isAway = true;
      await s.delta();
      expect(s.accounts()).toEqual({ eve: 'off', fay: 'on' });
      expect(await s.provisioned()).toMatchObject({ state: 'partially_succeeded', counters: { created: 1 } });
      expect((await why(s, id('eve'))).verdict).toMatchObject({
        reason: 'source_unsure',
        sentence: expect.stringContaining(
          'was read as somebody who may work, but Entra, asked again, said otherwise or could not be asked, so account',
        ),
      });
      isAway = false;
      s.pass(11 * 60_000);
      await s.provision();
      expect(s.accounts()).toEqual({ eve: 'on', fay: 'on' });
    },
  );

  it('older-than-their-leaving: is put into no group, and given no manager, as long as the tenant says that they left', async () => {
    let isOlder = false;
    const s = await story({
      wrapSource: (source) => ({
        ...source,
        confirm: async (refs, ...asked) =>
          isOlder ? new Map(refs.map(({ id: of }) => [of, 'gone'])) : await source.confirm(refs, ...asked),
      }),
    });
    for (const name of ['eve', 'boss']) s.hire(name);
    s.found('crew');
    s.directory.join(id('crew'), id('boss'));
    await s.full();
    s.directory.remove(id('eve'), 'soft_deleted');
    await s.delta();
    s.directory.restore(id('eve'));
    s.directory.setUser(id('eve'), { manager: id('boss') });
    s.directory.join(id('crew'), id('eve'));
    // What was read is older than their leaving once more.
    isOlder = true;
    await s.delta();
    expect(s.accounts()).toMatchObject({ eve: 'off' });
    expect(s.groups()).toEqual({ crew: ['boss'] });
    expect((await why(s, id('eve'))).verdict.reason).toBe('source_unsure');
    isOlder = false;
    s.pass(11 * 60_000);
    await s.provision();
    expect(s.accounts()).toMatchObject({ eve: 'on' });
    expect(s.groups()).toEqual({ crew: ['boss', 'eve'] });
    expect(s.account('eve')?.attributes).toMatchObject({ [manager]: s.account('boss')?.remoteId });
  });
});
