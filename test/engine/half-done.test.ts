/** What a target did without saying so, what it does not show yet, and what is left over from it. */

import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { withLease } from '../../src/engine/lease-keeper.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Intent } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import { memoryTarget } from '../../src/target/memory.ts';
import type { Target } from '../../src/target/target.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

const retryMs = 6 * 3_600_000;
const escrows = (s: Story): Promise<number> => s.stores.ledger.countEscrows(target);
const linkOf = async (s: Story, name: string) =>
  (await s.stores.ledger.links(target, [user(sourceId(id(name)))])).get(sourceId(id(name)));

/** What the target does instead, at the next call of a kind and only there. */
type Moods = { apply?: Target['apply']; get?: Target['get']; find?: Target['find'] };

const moodyStory = async (options: Parameters<typeof story>[0] = {}) => {
  const moods: Moods = {};
  const asked: string[] = [];
  let usual: Target | null = null;
  const taken = (name: keyof Moods): Moods => {
    const had = { ...moods };
    delete moods[name];
    return had;
  };
  const s = await story({
    ...options,
    wrapTarget: (made) => {
      usual = made;
      return {
        ...made,
        apply: (operation, signal) => {
          asked.push(operation.action);
          return (taken('apply').apply ?? made.apply)(operation, signal);
        },
        get: (...question) => (taken('get').get ?? made.get)(...question),
        find: (...question) => (taken('find').find ?? made.find)(...question),
      };
    },
  });
  /** Does what it is asked, and its answer gets lost. */
  const answerLost: Target['apply'] = async (...asked) => {
    await usual?.apply(...asked);
    throw new TargetError('unknown', 'the connection was cut');
  };
  return { s, moods, answerLost, asked };
};

const refuse: Target['apply'] = async () => {
  throw new TargetError('rejected', 'invalidValue');
};

describe('a target that lost the answer', () => {
  it('and shows an old copy of itself is not told that its group has to be made again', async () => {
    const { s, moods, answerLost, asked } = await moodyStory();
    s.found('staff');
    await s.full();
    s.found('staff', { displayName: 'Personnel' });
    moods.apply = answerLost;
    moods.get = async () => null;
    moods.find = async () => {
      moods.find = async () => [];
      return [];
    };
    await s.delta();
    expect(Object.keys(s.groups())).toEqual(['Personnel']);
    expect(asked).toEqual(['create', 'update', 'update']);
  });

  it('to the first update of an account that was there before us has become ours with it', async () => {
    const { s, moods, answerLost } = await moodyStory();
    const account = remoteId('theirs');
    s.remote.objects.set(account, {
      remoteId: account,
      type: 'user',
      attributes: { userName: 'anna@contoso.example' },
    });
    s.hire('anna');
    moods.apply = refuse;
    await s.full();
    expect(await escrows(s)).toBe(1);
    s.pass(retryMs);
    moods.apply = answerLost;
    moods.get = async () => {
      throw new TargetError('unknown', 'the connection was cut');
    };
    await s.delta();
    await s.delta();
    expect(await linkOf(s, 'anna')).toMatchObject({ remoteId: account, by: 'matched' });
    expect(await escrows(s)).toBe(0);
  });

  it('and then refuses our credentials is held back, while what it did stays open', async () => {
    const { s, moods, answerLost } = await moodyStory();
    s.hire('anna');
    moods.apply = async (...asked) => {
      moods.find = async () => {
        throw new TargetError('unauthorized', '401');
      };
      return await answerLost(...asked);
    };
    await s.full();
    expect(await s.stores.targets.get(target)).toMatchObject({ state: 'quarantined' });
    const open: Intent[] = [];
    for await (const intents of s.stores.ledger.openIntents(target)) open.push(...intents);
    expect(open).toMatchObject([{ operation: { action: 'create' } }]);
    await s.stores.targets.hold(target, null);
    await s.provision();
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect((await linkOf(s, 'anna'))?.state).toBe('active');
  });
});

describe('an account that appears while it is being made', () => {
  it('loses what it holds and nobody wants, too', async () => {
    const { s, moods } = await moodyStory();
    const account = remoteId('other');
    s.hire('anna');
    moods.apply = async () => {
      const attributes = { userName: 'anna@contoso.example', title: 'Trainee', active: true };
      s.remote.objects.set(account, { remoteId: account, type: 'user', attributes });
      throw new TargetError('conflict', 'uniqueness');
    };
    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect(s.account('anna')?.attributes['title'] ?? null).toBeNull();
  });
});

const editEscrow = async (s: Story, escrow: TargetRecord['escrow']): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.stores.targets.edit(target, record?.revision ?? 0, { escrow });
};

describe('escrow', () => {
  it('of a group ends with its cause, although somebody in it waits for an account', async () => {
    const { s, moods } = await moodyStory();
    s.hire('anna');
    s.found('staff');
    await s.full();
    s.hire('bert', { accountEnabled: false });
    for (const name of ['anna', 'bert']) s.directory.join(id('staff'), id(name));
    await s.delta();
    s.found('staff', { displayName: 'Personnel' });
    moods.apply = refuse;
    await s.delta();
    expect(await escrows(s)).toBe(1);
    s.found('staff');
    await s.delta();
    s.pass(retryMs);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect(await escrows(s)).toBe(0);
  });

  it('does not end with a manager who came meanwhile and is written alone', async () => {
    const { s, moods } = await moodyStory();
    s.hire('anna', { manager: id('max') });
    await s.full();
    moods.apply = refuse;
    s.directory.setUser(id('anna'), { jobTitle: 'Head of people' });
    await s.delta();
    expect(await escrows(s)).toBe(1);
    s.hire('max');
    await s.delta();
    expect(await escrows(s)).toBe(1);
    s.pass(retryMs);
    await s.provision();
    expect(await escrows(s)).toBe(0);
    const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
    const max = (await linkOf(s, 'max'))?.remoteId;
    expect(s.account('anna')?.attributes).toMatchObject({ title: 'Head of people', [manager]: max });
  });

  it('does not end with a manager either whose answer was lost, and who is found to be written when it is looked for', async () => {
    const { s, moods, answerLost } = await moodyStory();
    s.hire('anna', { manager: id('max') });
    await s.full();
    moods.apply = refuse;
    s.directory.setUser(id('anna'), { jobTitle: 'Head of people' });
    await s.delta();
    s.hire('max');
    moods.apply = async (...create) => {
      moods.apply = async (...manager) => {
        moods.get = async () => {
          throw new TargetError('unknown', 'the connection was cut');
        };
        return await answerLost(...manager);
      };
      return await memoryTarget(s.remote).apply(...create);
    };
    await s.delta();
    expect(s.account('anna')?.attributes).toHaveProperty([
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager',
    ]);
    expect(await escrows(s)).toBe(1);
    s.pass(retryMs);
    await s.provision();
    expect(s.account('anna')?.attributes).toMatchObject({ title: 'Head of people' });
    expect(await escrows(s)).toBe(0);
  });

  it('of a manager that was given up keeps nobody who leaves: a refusal to switch them off is tried again', async () => {
    const { s, moods } = await moodyStory({ target: { escrow: { retryAfterHours: [48], giveUpAfterDays: 1 } } });
    s.hire('anna', { manager: id('max') });
    await s.full();
    s.hire('max');
    moods.apply = async (...create) => {
      moods.apply = refuse;
      return await memoryTarget(s.remote).apply(...create);
    };
    await s.delta();
    expect((await s.stores.ledger.escrows(target, null, 10)).items).toMatchObject([{ dueAt: null }]);
    await editEscrow(s, { retryAfterHours: [6], giveUpAfterDays: 28 });
    s.directory.remove(id('anna'), 'soft_deleted');
    moods.apply = refuse;
    await s.delta();
    expect(s.accounts()).toMatchObject({ anna: 'on' });
    s.pass(retryMs);
    await s.provision();
    expect(s.accounts()).toMatchObject({ anna: 'off' });
    expect(await escrows(s)).toBe(0);
  });

  it('of somebody who left ends when there is nothing to do about them', async () => {
    const { s, moods } = await moodyStory({ target: { deprovision: { kind: 'none' } } });
    s.hire('anna');
    s.hire('bert');
    await s.full();
    s.directory.setUser(id('anna'), { jobTitle: 'Engineer' });
    moods.apply = refuse;
    await s.delta();
    expect(await escrows(s)).toBe(1);
    s.directory.remove(id('anna'), 'deleted');
    await s.delta();
    s.pass(retryMs);
    await s.delta();
    expect(await escrows(s)).toBe(0);
  });
});

describe('a group that was away', () => {
  const away = async () => {
    const s = await story({ target: { deprovision: { kind: 'none' } } });
    for (const name of ['anna', 'bert', 'carl']) s.hire(name);
    s.found('staff');
    for (const name of ['anna', 'bert', 'carl']) s.directory.join(id('staff'), id(name));
    await s.full();
    expect(s.groups()).toEqual({ staff: ['anna', 'bert', 'carl'] });
    s.directory.remove(id('staff'), 'soft_deleted');
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['anna', 'bert', 'carl'] });
    return s;
  };

  it('comes back without whoever left the company meanwhile', async () => {
    const s = await away();
    s.directory.remove(id('bert'), 'deleted');
    await s.delta();
    s.found('staff');
    await s.full();
    expect(s.groups()).toEqual({ staff: ['anna', 'carl'] });
  });

  it('comes back without whoever left it in the same moment', async () => {
    const s = await away();
    s.found('staff');
    for (const name of ['bert', 'carl']) s.directory.leave(id('staff'), id(name));
    await s.full();
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect([...(await s.stores.ledger.links(target, [group(sourceId(id('staff')))])).values()]).toHaveLength(1);
  });
});

describe('a job that stalled and came back to the process that is still at it', () => {
  it('does not get the lease a second time', async () => {
    const s = await story();
    const never = new AbortController().signal;
    const second = await withLease(
      s.engine,
      connection,
      () => withLease(s.engine, connection, async () => 'both at work', never),
      never,
    );
    expect(second).toMatchObject({ result: { busyUntil: expect.any(Date) } });
  });
});

it('a turn that slept past its lease goes on with nothing, also where nobody took it over', async () => {
  const s = await story();
  const [awake, goneOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let beats = 0;
  const sleep: Engine['world']['sleep'] = async (ms, signal) => {
    beats += 1;
    if (beats === 1) return await awake.promise;
    goneOn.resolve();
    await s.engine.world.sleep(ms, signal);
  };
  const turn = withLease(
    { ...s.engine, world: { ...s.engine.world, sleep } },
    connection,
    async (_, watch) => {
      watch.signal.addEventListener('abort', () => goneOn.resolve());
      s.pass(10 * 60_000);
      awake.resolve();
      await goneOn.promise;
      watch.check();
    },
    new AbortController().signal,
  );
  await expect(turn).rejects.toThrow('The lease ran out before it was renewed');
});
