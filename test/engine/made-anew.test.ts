/** Whose account is gone from the target gets another one, and whatever names them there has to be told. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { operationKey, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { incident } from '../incidents/incident.ts';
import { id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';

/** Ann and Bob are on the staff; Ann leads both Bob and the board that the staff is a part of. */
const staffed = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  s.hire('ann');
  s.hire('bob', { manager: id('ann') });
  s.found('staff');
  for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
  await s.full();
  return s;
};

/** Whose worker dies once at this site, of the engine or of the stores, after it is told that it may. */
const mortal = (site: string): { readonly mayDie: () => void; readonly options: StoryOptions } => {
  let mayDie = false;
  const pass = (at: string): void => {
    if (!mayDie || at !== site) return;
    mayDie = false;
    throw new Error('The worker died.');
  };
  const stores: StoryOptions['stores'] = (now) =>
    createMemoryStores({ now, vault: createVault(randomBytes(32)), probe: pass });
  return {
    mayDie: () => {
      mayDie = true;
    },
    options: { engine: { failpoint: async (at) => pass(at) }, stores },
  };
};

/** Some time after it was made: until then the target's readers may not know it yet. */
const lose = (s: Story, name: string): void => {
  s.pass(60_000);
  const account = s.account(name);
  if (account === undefined) throw new Error(`${name} has no account.`);
  s.remote.objects.delete(account.remoteId);
  for (const members of s.remote.members.values()) members.delete(account.remoteId);
};

/** Somebody at the target deletes an account there, past us. */
const removeAt = async ({ engine, stores, pass }: Story, person: string): Promise<void> => {
  pass(60_000);
  const ref = user(sourceId(person));
  const link = (await stores.ledger.links(target, [ref])).get(ref.id);
  const record = await stores.targets.get(target);
  if (link === undefined || record === null) throw new Error(`${person} has no account.`);
  const { remoteId } = link;
  const at = engine.connectTarget(record, await stores.targets.secrets(record));
  await at.apply({ key: operationKey('past-us'), ref, action: 'delete', remoteId }, new AbortController().signal);
};

describe('somebody whose account is gone', () => {
  it('is in their groups with the one that is made anew, and whoever reports to them is told of it', async () => {
    const s = await staffed();
    lose(s, 'ann');
    s.directory.setUser(id('ann'), { jobTitle: 'Chief' });
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
  });

  it('also where the worker dies before the one is made that takes its place', async () => {
    const worker = mortal('provision.settled');
    const s = await staffed(worker.options);
    lose(s, 'ann');
    s.directory.setUser(id('ann'), { jobTitle: 'Chief' });
    worker.mayDie();
    await expect(s.delta()).rejects.toThrow('The worker died.');
    expect(s.account('ann')).toBeUndefined();
    await s.provisionAll();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
  });

  it('and who is disabled gets it, and their groups, when they are back', async () => {
    const s = await staffed();
    lose(s, 'ann');
    s.directory.setUser(id('ann'), { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toEqual({ bob: 'on' });
    s.directory.setUser(id('ann'), { accountEnabled: true });
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
  });

  it('gets it also where that is found as they are told who their new manager is', async () => {
    const s = await staffed();
    s.hire('cid', { accountEnabled: false });
    s.directory.setUser(id('bob'), { manager: id('cid') });
    await s.delta();
    lose(s, 'bob');
    s.directory.setUser(id('cid'), { accountEnabled: true });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { target_rejected: 1 } } });
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('cid')?.remoteId);
  });

  it('is told to whoever reports to them also where a full run finds that so late', async () => {
    const s = await staffed();
    s.hire('cid', { accountEnabled: false });
    s.hire('zoe', { manager: id('bob') });
    s.directory.setUser(id('bob'), { manager: id('cid') });
    await s.delta();
    lose(s, 'bob');
    s.directory.setUser(id('cid'), { accountEnabled: true });
    await s.requestSync('delta');
    await s.syncAll();
    expect(await s.provision('full')).toMatchObject({ mode: 'full', counters: { failed: { target_rejected: 1 } } });
    s.pass(6 * 3_600_000);
    await s.provision();
    expect(s.account('zoe')?.attributes[manager]).toBe(s.account('bob')?.remoteId);
  });

  it('is told to whoever reports to them by a repair as well', async () => {
    const s = await staffed();
    lose(s, 'ann');
    await s.planRepair(await s.reconcile());
    await s.approve();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('ann')?.remoteId);
  });

  it('keeps no group from being changed that can only be replaced', async () => {
    const one = await incident({ settings: { update_mode: 'put' } });
    one.target.setKnobs({ patch: 'unsupported' });
    const people = one.tenant.users().slice(0, 3);
    const [ann = '', bob = '', cid = ''] = people;
    const team = one.tenant.createGroup({ displayName: 'Team', members: [ann, bob] });
    await one.inStep('delta');
    await removeAt(one.story, ann);
    one.tenant.update(ann, { jobTitle: 'Chief' });
    await one.inStep('delta');
    one.tenant.join(team, cid);
    await one.inStep('delta');
    expect(one.target.accounts().groups.find(({ externalId }) => externalId === team)?.['members']).toHaveLength(3);
  });
});

describe('a group that somebody deleted at the target', () => {
  const loseGroup = (s: Story, name = 'staff'): void => {
    s.pass(60_000);
    for (const { type, remoteId, attributes } of s.remote.objects.values()) {
      if (type !== 'group' || attributes['displayName'] !== name) continue;
      s.remote.objects.delete(remoteId);
      s.remote.members.delete(remoteId);
      for (const members of s.remote.members.values()) members.delete(remoteId);
    }
  };

  it('and of which only members change is made anew, with all of them', async () => {
    const s = await staffed();
    loseGroup(s);
    s.hire('cleo');
    s.directory.join(id('staff'), id('cleo'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      counters: { created: 1, membersAdded: 0, failed: { target_rejected: 1 } },
    });
    expect(s.groups()).toEqual({});
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob', 'cleo'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('and from which somebody goes is made anew without them, and nobody is taken out of it once more', async () => {
    const s = await staffed();
    loseGroup(s);
    s.directory.leave(id('staff'), id('bob'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { membersRemoved: 0, failed: { target_rejected: 1 } } });
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['ann'] });
    expect(await s.provisioned()).toMatchObject({ counters: { created: 1, membersAdded: 1, membersRemoved: 0 } });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('right after it was put into another one, is in that one once it is made anew', async () => {
    const nested = Promise.withResolvers<void>();
    let isLost = false;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...others) => {
          const isTold = (name: string): boolean => 'members' in operation && operation.ref.id === id(name);
          if (isTold('crew') && !isLost) {
            await nested.promise;
            isLost = true;
            loseGroup(s, 'crew');
          }
          const applied = await made.apply(operation, ...others);
          if (isTold('staff')) nested.resolve();
          return applied;
        },
      }),
    });
    s.hire('ann');
    for (const name of ['staff', 'crew']) s.found(name);
    await s.full();
    s.directory.join(id('crew'), id('ann'));
    s.directory.join(id('staff'), id('crew'));
    await s.delta();
    expect(s.groups()).toEqual({ staff: [] });
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['crew'], crew: ['ann'] });
  });

  it.each(['ledger.linked', 'provision.settled'])(
    'is not forgotten by a worker that dies at %s, once it was found gone',
    async (site) => {
      const worker = mortal(site);
      const s = await staffed(worker.options);
      loseGroup(s);
      s.directory.leave(id('staff'), id('bob'));
      worker.mayDie();
      await expect(s.delta()).rejects.toThrow('The worker died.');
      await s.provisionAll();
      s.pass(6 * 3_600_000);
      await s.delta();
      expect(s.groups()).toEqual({ staff: ['ann'] });
    },
  );
});

describe('forgotten-before-it-was-seen: a group that readers do not know yet', () => {
  it('is not made a second time, nor forgotten, and goes when it is deleted in the tenant', async () => {
    const one = await incident({ settings: { update_mode: 'put' }, record: { leftGroups: 'delete' } });
    one.target.setKnobs({ patch: 'unsupported' });
    one.target.addFaults([{ method: 'POST', path: '/Groups', times: 1, answer: { kind: 'stale', reads: 20 } }]);
    const team = one.tenant.createGroup({ displayName: 'Team', members: one.tenant.users().slice(0, 2) });
    await one.delta();
    const ofTeam = () => one.target.accounts().groups.filter(({ externalId }) => externalId === team);
    expect(ofTeam()).toHaveLength(1);
    one.tenant.softDelete(team);
    await one.inStep('delta');
    expect(ofTeam()).toEqual([]);
  });

  it('nor is one forgotten by a worker that comes after one that died about to delete it', async () => {
    const worker = mortal('provision.intended');
    let isBehind = false;
    const s = await staffed({
      ...worker.options,
      target: { leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        get: async (...asked) => (isBehind ? null : await made.get(...asked)),
        find: async (...asked) => (isBehind ? [] : await made.find(...asked)),
      }),
    });
    s.directory.remove(id('staff'), 'soft_deleted');
    worker.mayDie();
    isBehind = true;
    await expect(s.delta()).rejects.toThrow('The worker died.');
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    await s.provisionAll();
    expect(s.groups()).toEqual({});
  });
});
