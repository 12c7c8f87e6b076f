/** What was written and could not be seen afterwards: the target may hold it, so what is on record is not taken for what is there. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { defaultTiming } from '../../src/engine/engine.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { operationKey, type RemoteId, remoteId, sourceId } from '../../src/model/ids.ts';
import type { Intent, Link, Operation } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import type { Target } from '../../src/target/target.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
const managerOf = (s: Story, name: string) => s.account(name)?.attributes[manager] ?? null;
const bossOf = (s: Story) => s.account('boss')?.remoteId;
const bob = user(sourceId(id('bob')));
const linkOf = async (s: Story): Promise<Link | undefined> => (await s.stores.ledger.links(target, [bob])).get(bob.id);

/** What the target does in place of changes of values, in place of switching off, and in place of the next answer about one account. */
type Mood = (made: Target) => Target['apply'];
type Moods = { update?: Mood | undefined; disable?: Mood; get?: Target['get'] };

const tell = async (options: StoryOptions = {}) => {
  const moods: Moods = {};
  const s = await story({
    ...options,
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        const { action } = operation;
        const mood = action === 'update' || action === 'disable' ? moods[action] : undefined;
        return await (mood?.(made) ?? made.apply)(operation, ...rest);
      },
      get: async (...asked) => {
        const { get = made.get } = moods;
        delete moods.get;
        return await get(...asked);
      },
    }),
  });
  for (const name of ['boss', 'bob']) s.hire(name);
  await s.full();
  return { s, moods };
};

const unseen = new TargetError('rejected', 'The target answered a success and did not change it.', {
  code: 'not_applied',
});
const cut = new TargetError('unknown', 'The connection was reset.');
/** It does what it is told, and then says this. */
const doing =
  (says: Error) =>
  (made: Target): Target['apply'] =>
  async (...asked) => {
    await made.apply(...asked);
    throw says;
  };
/** It does nothing, and says this. */
const refusing = (says: Error) => (): Target['apply'] => async () => {
  throw says;
};

describe('a manager who was named, and was not seen to be', () => {
  it('is taken away once the tenant has none, though none is on record', async () => {
    const { s, moods } = await tell();
    moods.update = doing(unseen);
    s.hire('bob', { manager: id('boss') });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { not_applied: 2 } } });
    moods.update = undefined;
    expect(managerOf(s, 'bob')).toBe(bossOf(s));
    s.hire('bob', { manager: null });
    await s.delta();
    expect(managerOf(s, 'bob')).toBeNull();
    expect(await linkOf(s)).not.toHaveProperty('mayHold');
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('is named again as long as the tenant has them', async () => {
    const { s, moods } = await tell();
    moods.update = refusing(unseen);
    s.hire('bob', { manager: id('boss') });
    await s.delta();
    moods.update = undefined;
    expect(await linkOf(s)).toMatchObject({ mayHold: { [manager]: bossOf(s) } });
    await s.provision('full');
    expect(managerOf(s, 'bob')).toBe(bossOf(s));
    expect(await linkOf(s)).not.toHaveProperty('mayHold');
  });

  it('is taken away also where the target did not answer, showed an old copy, and refused to be told again', async () => {
    const { s, moods } = await tell();
    const old = s.account('bob');
    moods.update = (made) => {
      moods.update = refusing(new TargetError('rejected', 'Not now.'));
      return doing(cut)(made);
    };
    moods.get = async () => old ?? null;
    s.hire('bob', { manager: id('boss') });
    await s.delta();
    moods.update = undefined;
    expect(managerOf(s, 'bob')).toBe(bossOf(s));
    s.hire('bob', { manager: null });
    await s.delta();
    expect(managerOf(s, 'bob')).toBeNull();
  });

  it('is taken away also where a worker died, and the target showed an old copy to the one after it', async () => {
    const power = { isCut: false };
    const { s, moods } = await tell({
      engine: {
        failpoint: async (site) => {
          if (!power.isCut || site !== 'provision.applied') return;
          power.isCut = false;
          throw new Error('power cut');
        },
      },
    });
    const old = s.account('bob');
    s.hire('bob', { manager: id('boss') });
    await s.requestSync('delta');
    await s.syncAll();
    power.isCut = true;
    await expect(provisionTurn(s.engine, target, new AbortController().signal)).rejects.toThrow('power cut');
    expect(managerOf(s, 'bob')).toBe(bossOf(s));
    moods.get = async () => old ?? null;
    s.hire('bob', { manager: null });
    await s.requestSync('delta');
    await s.syncAll();
    s.pass(31_000);
    await s.provisionAll();
    expect(managerOf(s, 'bob')).toBeNull();
  });
});

describe('what was written, and was not seen, and is to be otherwise by now', () => {
  const told = (s: Story) => s.remote.applied.filter(({ action }) => action === 'update').at(-1);

  it('is told to the target along with the next write, so that it is not taken for its own way to write that', async () => {
    const { s, moods } = await tell();
    moods.update = doing(unseen);
    s.hire('bob', { displayName: 'Robert' });
    await s.delta();
    moods.update = undefined;
    s.hire('bob', { displayName: 'Rob' });
    await s.delta();
    expect(told(s)).toMatchObject({
      attributes: { displayName: 'Rob' },
      before: { displayName: 'bob' },
      mayHold: { displayName: ['Robert'] },
    });
    expect(await linkOf(s)).not.toHaveProperty('mayHold');
  });

  it('is told along with all that was written and not seen since, the last first, as long as none of it is seen', async () => {
    const { s, moods } = await tell();
    moods.update = doing(unseen);
    for (const displayName of ['Robert', 'Bert']) {
      s.hire('bob', { displayName });
      await s.delta();
    }
    expect(await linkOf(s)).toMatchObject({
      mayHold: { displayName: 'Bert' },
      mayHoldToo: { displayName: ['Robert'] },
    });
    moods.update = undefined;
    s.hire('bob', { displayName: 'Rob' });
    await s.delta();
    expect(told(s)).toMatchObject({ before: { displayName: 'bob' }, mayHold: { displayName: ['Bert', 'Robert'] } });
    expect(await linkOf(s)).not.toHaveProperty('mayHold');
    expect(await linkOf(s)).not.toHaveProperty('mayHoldToo');
  });

  it('stays open where what was there before is written, and not seen either', async () => {
    const { s, moods } = await tell();
    moods.update = doing(unseen);
    s.hire('bob', { manager: id('boss') });
    await s.delta();
    moods.update = refusing(unseen);
    s.hire('bob', { manager: null });
    await s.delta();
    expect(await linkOf(s)).toMatchObject({ mayHold: { [manager]: bossOf(s) } });
    moods.update = undefined;
    await s.provision('full');
    expect(told(s)).toMatchObject({ attributes: { [manager]: null }, before: { [manager]: bossOf(s) } });
    expect(managerOf(s, 'bob')).toBeNull();
  });
});

it('whoever was switched on, and was not seen to be, is switched off when they leave', async () => {
  const { s, moods } = await tell();
  s.hire('bob', { accountEnabled: false });
  await s.delta();
  expect(s.accounts()).toMatchObject({ bob: 'off' });
  moods.update = doing(unseen);
  s.hire('bob');
  await s.delta();
  moods.update = undefined;
  expect(s.accounts()).toMatchObject({ bob: 'on' });
  s.directory.remove(id('bob'), 'deleted');
  await s.delta();
  expect(s.accounts()).toMatchObject({ bob: 'off' });
});

/** A target that does what it is told, and, once it is to hide that, shows nothing of this action. */
const hiding = async (action: Operation['action'], settings: StoryOptions['target'] = {}) => {
  let isHidden = false;
  const s = await story({
    target: settings,
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        const said = await made.apply(operation, ...rest);
        if (operation.action === action && isHidden) throw unseen;
        return said;
      },
    }),
  });
  return {
    s,
    hide: () => {
      isHidden = true;
    },
  };
};

it('whoever was switched off, and was not seen to be, is switched on when they are back', async () => {
  const { s, hide } = await hiding('disable');
  s.hire('bob');
  await s.full();
  hide();
  s.hire('bob', { accountEnabled: false });
  await s.delta();
  expect(s.accounts()).toEqual({ bob: 'off' });
  s.hire('bob');
  await s.delta();
  expect(s.accounts()).toEqual({ bob: 'on' });
});

it('whoever was switched off, and was not seen to be, is switched on when they are back also where no rule says so', async () => {
  const user = defaultMapping.user.filter(({ to }) => to !== 'active');
  const { s, hide } = await hiding('disable', { mapping: { ...defaultMapping, user } });
  s.hire('bob');
  s.found('staff');
  await s.full();
  hide();
  s.directory.remove(id('bob'), 'soft_deleted');
  await s.delta();
  expect(s.accounts()).toEqual({ bob: 'off' });
  s.directory.restore(id('bob'));
  await s.delta();
  expect(s.accounts()).toEqual({ bob: 'on' });
});

it('whoever was switched off, and then on, and was seen to be neither, is switched on by the next try, also where no rule says so', async () => {
  const user = defaultMapping.user.filter(({ to }) => to !== 'active');
  const { s, moods } = await tell({ target: { mapping: { ...defaultMapping, user } } });
  moods.update = refusing(unseen);
  moods.disable = doing(unseen);
  s.directory.remove(id('bob'), 'soft_deleted');
  await s.delta();
  s.directory.restore(id('bob'));
  await s.delta();
  expect(s.accounts()).toMatchObject({ bob: 'off' });
  moods.update = undefined;
  await s.provision('full');
  expect(s.accounts()).toMatchObject({ bob: 'on' });
});

it('who was put into a group, and was not seen in it, changes nothing of what is on record of the group itself', async () => {
  const { s, hide } = await hiding('add_members');
  s.hire('bob');
  s.hire('cid');
  s.found('staff');
  hide();
  s.directory.join(id('staff'), id('bob'));
  await s.full();
  const staff = group(sourceId(id('staff')));
  const linkOfStaff = async () => (await s.stores.ledger.links(target, [staff])).get(staff.id);
  expect(await linkOfStaff()).toMatchObject({ membersSince: expect.any(Number) });
  const { outcome } =
    (await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 50)).items.find(
      ({ operation }) => operation.action === 'add_members',
    ) ?? {};
  expect(outcome).toMatchObject({ result: 'escrowed', reason: 'not_applied' });
  expect(outcome).not.toHaveProperty('link');
});

it('whoever was deleted, and was not seen to be, has an account when they are back', async () => {
  const { s, hide } = await hiding('delete', { deprovision: { kind: 'delete' }, leftGroups: 'delete' });
  s.hire('anna');
  s.hire('bob');
  s.found('staff');
  await s.full();
  s.pass(60_000);
  hide();
  s.directory.remove(id('bob'), 'soft_deleted');
  s.directory.remove(id('staff'), 'soft_deleted');
  await s.delta();
  expect(s.accounts()).toEqual({ anna: 'on' });
  expect(s.groups()).toEqual({});
  s.directory.restore(id('bob'));
  s.directory.restore(id('staff'));
  await s.delta();
  expect(s.accounts()).toEqual({ anna: 'on', bob: 'on' });
  expect(s.groups()).toEqual({ staff: [] });
});

it('whoever was put into a new group, and was not seen to be, is put out once they leave it, though a worker died and the rules changed', async () => {
  let isCut = false;
  const s = await story({
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        const said = await made.apply(operation, ...rest);
        if (operation.action !== 'add_members') return said;
        isCut = true;
        throw unseen;
      },
    }),
    engine: {
      failpoint: async (site) => {
        if (!isCut || site !== 'provision.settled') return;
        isCut = false;
        throw new Error('power cut');
      },
    },
  });
  s.hire('bob');
  s.found('staff');
  s.directory.join(id('staff'), id('bob'));
  await s.requestSync('full');
  await s.syncAll();
  await expect(provisionTurn(s.engine, target, new AbortController().signal)).rejects.toThrow('power cut');
  expect(s.groups()).toEqual({ staff: ['bob'] });
  await s.editTarget({ deprovision: { kind: 'delete' } });
  s.directory.leave(id('staff'), id('bob'));
  s.pass(31_000);
  await s.delta();
  expect(s.groups()).toEqual({ staff: [] });
});

it('what a run only plans is not taken for done by what it finds of a worker that died', async () => {
  let isPlanned = false;
  const { s } = await tell({
    stores: (now) =>
      createMemoryStores({
        now,
        vault: createVault(randomBytes(32)),
        probe: async (site) => {
          isPlanned ||= site === 'plans.staged';
        },
      }),
    engine: { timing: { ...defaultTiming, sliceMs: 0 } },
  });
  const account = s.account('bob');
  if (account === undefined) throw new Error('Bob has no account.');
  s.hire('bob', { displayName: 'Robert' });
  await s.requestSync('delta', { dryRun: true });
  await s.syncAll();
  while (!isPlanned) await provisionTurn(s.engine, target, new AbortController().signal);
  // A worker names his manager, and dies before it can say so.
  const lease = await s.stores.leases.take(target, 'dead', 1);
  if (!('fence' in lease)) throw new Error('The lease is taken.');
  const named: Intent['operation'] = {
    key: operationKey('named'),
    ref: bob,
    action: 'update',
    remoteId: account.remoteId,
    attributes: { title: 'Clerk' },
    before: { title: null },
  };
  const cause = {
    ...{ run: (await s.provisioned()).id, connection, version: 1, limited: false, plan: null, evidence: null },
    why: 'updated' as const,
  };
  await s.stores.ledger.intend(lease, [{ operation: named, cause }]);
  s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, title: 'Clerk' } });
  s.pass(1_000);
  await s.provisionAll();
  expect((await linkOf(s))?.pushed).toMatchObject({ title: 'Clerk', displayName: 'bob' });
});

describe('a target that replaces a group as a whole, and shows of it what was in it before', () => {
  /** Whoever is put in is put in together with those who are shown, and nobody else is in the group then. */
  const replacing = async () => {
    const mood: {
      refuses?: boolean;
      refusesIn?: (member: string) => boolean;
      behind?: ReadonlySet<RemoteId>;
      putOut: readonly RemoteId[];
    } = { putOut: [] };
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        capabilities: { ...made.capabilities, membersPerRequest: Number.POSITIVE_INFINITY },
        apply: async (operation, ...rest) => {
          if (operation.action === 'update' && operation.ref.type === 'group' && mood.behind !== undefined) {
            const [signal, , ask] = rest;
            const { members = [] } = (await ask?.(signal)) ?? {};
            if (members.some(({ remoteId }) => !mood.behind?.has(remoteId)))
              throw new TargetError('rejected', 'Somebody is not shown.', { code: 'members_hidden' });
            mood.putOut = [...(s.remote.members.get(operation.remoteId)?.difference(mood.behind) ?? [])];
            s.remote.members.set(operation.remoteId, new Set(mood.behind));
          }
          if (operation.action !== 'add_members') return await made.apply(operation, ...rest);
          if (mood.refuses) throw new TargetError('rejected', 'Not today.');
          const { refusesIn = () => false } = mood;
          const refused = operation.members.filter(({ ref }) => refusesIn(ref.id));
          if (refused.length > 0) {
            const members = operation.members.filter((member) => !refused.includes(member));
            const applied = await made.apply({ ...operation, members }, ...rest);
            return { ...applied, refused: refused.map(({ remoteId: member }) => ({ member, detail: 'Not today.' })) };
          }
          if (mood.behind !== undefined) s.remote.members.set(operation.remoteId, new Set(mood.behind));
          const applied = await made.apply(operation, ...rest);
          if (mood.behind !== undefined) throw unseen;
          return applied;
        },
      }),
    });
    s.hire('ann');
    s.found('staff');
    s.directory.join(id('staff'), id('ann'));
    await s.full();
    return { s, mood };
  };

  it.each([2, 1_001])(
    'keeps all who were put into it a moment ago, %i of them, since when ever they wait',
    async (count) => {
      const { s, mood } = await replacing();
      mood.refuses = true;
      for (let nth = 0; nth < count; nth += 1) {
        s.hire(`p${nth}`);
        s.directory.join(id('staff'), id(`p${nth}`));
      }
      await s.delta();
      s.pass(6 * 3_600_000);
      delete mood.refuses;
      mood.behind = new Set([remoteId(String(s.account('ann')?.remoteId))]);
      await s.provision();
      // Another process goes on.
      s.pass(10_000);
      s.hire('dan');
      s.directory.join(id('staff'), id('dan'));
      await s.delta();
      expect(s.groups()['staff']).toHaveLength(count + 2);
    },
  );

  it('is not renamed as long as it does not show who was put into it a moment ago: another process would put them out', async () => {
    const { s, mood } = await replacing();
    s.hire('bob');
    s.directory.join(id('staff'), id('bob'));
    mood.behind = new Set([remoteId(String(s.account('ann')?.remoteId))]);
    await s.delta();
    s.pass(1_000);
    s.found('staff', { displayName: 'Everybody' });
    await s.delta();
    expect(mood.putOut).toEqual([]);
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
    delete mood.behind;
    s.pass(6 * 3_600_000);
    await s.provision();
    expect(s.groups()).toEqual({ Everybody: ['ann', 'bob'] });
  });

  it('is not renamed either where it was to be renamed before, in the same minute, and where it refused to take somebody else then', async () => {
    const { s, mood } = await replacing();
    s.hire('bob');
    s.directory.join(id('staff'), id('bob'));
    mood.behind = new Set([remoteId(String(s.account('ann')?.remoteId))]);
    await s.delta();
    for (const displayName of ['Everybody', 'All of us']) {
      s.pass(1_000);
      s.found('staff', { displayName });
      await s.delta();
    }
    mood.refuses = true;
    s.hire('dan');
    s.directory.join(id('staff'), id('dan'));
    s.found('staff', { displayName: 'Who is here' });
    await s.delta();
    s.pass(1_000);
    s.found('staff', { displayName: 'Crew' });
    await s.delta();
    expect(mood.putOut).toEqual([]);
    expect(s.groups()).toEqual({ staff: ['ann', 'bob'] });
  });

  it('is not renamed either where thousands wait, and whoever was put in last is the only one it does not show', async () => {
    const { s, mood } = await replacing();
    const many = Array.from({ length: 5_001 }, (_, nth) => `p${nth}`);
    const shown = (names: readonly string[]) =>
      new Set(names.map((name) => remoteId(String(s.account(name)?.remoteId))));
    for (const name of many) {
      s.hire(name);
      s.directory.join(id('staff'), id(name));
    }
    mood.behind = shown(['ann']);
    await s.delta();
    s.pass(1_000);
    mood.behind = shown(['ann', ...many]);
    s.hire('zacharias');
    s.directory.join(id('staff'), id('zacharias'));
    await s.delta();
    s.pass(1_000);
    s.found('staff', { displayName: 'Everybody' });
    await s.delta();
    expect(mood.putOut).toEqual([]);
  }, 120_000);

  it('is renamed at once though it refused some of those who were put into it a moment ago: they are not in it', async () => {
    const { s, mood } = await replacing();
    for (const name of ['bob', 'cid']) {
      s.hire(name);
      s.directory.join(id('staff'), id(name));
    }
    mood.refusesIn = (member) => member === id('bob');
    await s.delta();
    expect(await s.stores.ledger.countEscrows(target)).toBe(1);
    mood.behind = new Set(['ann', 'cid'].map((name) => remoteId(String(s.account(name)?.remoteId))));
    s.pass(1_000);
    s.found('staff', { displayName: 'Everybody' });
    await s.delta();
    expect(s.groups()).toEqual({ Everybody: ['ann', 'cid'] });
  });

  it('is renamed a minute later, though somebody waits whom it refuses', async () => {
    const { s, mood } = await replacing();
    s.hire('bob');
    s.directory.join(id('staff'), id('bob'));
    mood.refuses = true;
    mood.behind = new Set([remoteId(String(s.account('ann')?.remoteId))]);
    await s.delta();
    s.pass(61_000);
    s.found('staff', { displayName: 'Everybody' });
    await s.delta();
    expect(s.groups()).toEqual({ Everybody: ['ann'] });
  });
});
