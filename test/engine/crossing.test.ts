import { describe, expect, it } from 'vitest';
import { declareRestore } from '../../src/engine/restore.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import type { Target } from '../../src/target/target.ts';
import { id, type Story, story, target as targetOf } from '../support/story.ts';

const shared = 'kim@contoso.example';
const [earlier, later] = ['p000', 'p055'] as const;

/** Sixty people, of whom two in different steps have one user name: the second is looked up while the first is being created. */
const hireNamesakes = (s: Story): void => {
  for (let nth = 0; nth < 60; nth += 1) {
    const name = `p${String(nth).padStart(3, '0')}`;
    s.hire(name, name === earlier || name === later ? { userPrincipalName: shared } : {});
  }
};

/**
 * The target makes the first one's account, and its answer is under way until the look-up for the second one has found that account. `lost`: the answer
 * never comes.
 */
const crossing =
  (lost: boolean) =>
  (target: Target): Target => {
    const made = Promise.withResolvers<void>();
    const found = Promise.withResolvers<void>();
    let lookups = 0;
    return {
      ...target,
      find: async (type, attribute, value, signal) => {
        if (attribute !== 'userName' || value !== shared) return await target.find(type, attribute, value, signal);
        lookups += 1;
        if (lookups === 2) await made.promise;
        const claimed = await target.find(type, attribute, value, signal);
        if (lookups === 2) setImmediate(found.resolve);
        return claimed;
      },
      apply: async (operation, signal) => {
        const done = await target.apply(operation, signal);
        if (operation.action !== 'create' || operation.ref.id !== id(earlier)) return done;
        made.resolve();
        await found.promise;
        if (lost) throw new TargetError('unknown', 'the connection broke');
        return done;
      },
    };
  };

const ownersOf = async (s: Story) => {
  const refs = [earlier, later].map((name) => user(sourceId(id(name))));
  const links = await s.stores.ledger.links(targetOf, refs);
  const { items } = await s.stores.ledger.escrows(targetOf, null, 10);
  return { linked: [...links.keys()], escrows: items.map(({ ref, reason }) => [ref.id, reason]) };
};

describe('somebody is looked up while an account is being made that has their user name', () => {
  it.each([
    ['the answer to the create comes after the account was found', false],
    ['the answer to the create is lost after the account was found', true],
  ])('and the account stays with whom it was made for: %s', async (_what, lost) => {
    const s = await story({ wrapTarget: crossing(lost) });
    hireNamesakes(s);
    await s.full();
    expect(await ownersOf(s)).toEqual({ linked: [id(earlier)], escrows: [[id(later), 'linked_elsewhere']] });
    expect(s.account('kim')?.attributes['externalId']).toBe(id(earlier));
    expect(Object.keys(s.accounts())).toHaveLength(59);
  });
});

describe('two people with one user name who would be created side by side', () => {
  it('are not: the first gets an account, and the other waits until one of them is called otherwise', async () => {
    const s = await story();
    s.hire('anna', { userPrincipalName: shared });
    s.hire('ben', { userPrincipalName: shared.toUpperCase() });
    await s.full();
    const refs = ['anna', 'ben'].map((name) => user(sourceId(id(name))));
    expect([...(await s.stores.ledger.links(targetOf, refs)).keys()]).toEqual([id('ben')]);
    const { items } = await s.stores.ledger.escrows(targetOf, null, 10);
    expect(items.map(({ ref, reason }) => [ref.id, reason])).toEqual([[id('anna'), 'linked_elsewhere']]);
    s.directory.setUser(id('anna'), { userPrincipalName: 'anna@contoso.example' });
    await s.delta();
    expect(s.accounts()).toEqual({ KIM: 'on', anna: 'on' });
    expect(await s.stores.ledger.countEscrows(targetOf)).toBe(0);
  });
});

describe('a group that is made by a name which another is given in the same run', () => {
  it.each([
    ['the one that is renamed comes first', ['alpha', 'omega']],
    ['the one that is made comes first', ['omega', 'alpha']],
  ] as const)('waits, for a target with two groups of one name: %s', async (_what, [renamed, made]) => {
    const s = await story();
    s.hire('anna');
    s.found(renamed);
    s.directory.join(id(renamed), id('anna'));
    await s.full();
    s.directory.setGroup(id(renamed), { displayName: 'All staff' });
    s.directory.setGroup(id(made), { displayName: 'All staff' });
    s.directory.join(id(made), id('anna'));
    await s.delta();
    expect(s.groups()).toEqual({ 'All staff': ['anna'] });
    const { items } = await s.stores.ledger.escrows(targetOf, null, 10);
    expect(items.map(({ ref, reason }) => [ref.id, reason])).toEqual([[id(made), 'linked_elsewhere']]);
    s.directory.setGroup(id(made), { displayName: 'Some staff' });
    await s.delta();
    expect(s.groups()).toEqual({ 'All staff': ['anna'], 'Some staff': ['anna'] });
    expect(await s.stores.ledger.countEscrows(targetOf)).toBe(0);
  });
});

describe('a-name-that-nobody-is-given: a group that is made by a name which another is to have, and is not given in this run', () => {
  const escrowed = async (s: Story) =>
    (await s.stores.ledger.escrows(targetOf, null, 10)).items.map(({ ref }) => ref.id);
  const bothCalledAlike = (s: Story): void => {
    s.directory.setGroup(id('alpha'), { displayName: 'All staff' });
    s.directory.setGroup(id('omega'), { displayName: 'All staff' });
    s.directory.join(id('omega'), id('anna'));
  };
  const withAlpha = async (s: Story): Promise<void> => {
    s.hire('anna');
    s.found('alpha');
    s.directory.join(id('alpha'), id('anna'));
    await s.full();
  };

  it('waits for nobody whose renaming is held by a limit', async () => {
    const s = await story({ target: { limits: { ...defaultLimits, updates: { count: 1, percent: 100, floor: 0 } } } });
    await withAlpha(s);
    bothCalledAlike(s);
    s.hire('anna', { displayName: 'Anna Berg' });
    await s.delta();
    expect(s.groups()).toEqual({ alpha: ['anna'], 'All staff': ['anna'] });
    expect(await escrowed(s)).toEqual([]);
  });

  it('waits for nobody who is to be switched on with it, and of whom the source says otherwise', async () => {
    let isAway = false;
    const s = await story({
      wrapSource: (made) => ({
        ...made,
        confirm: async (refs, ...asked) =>
          isAway ? new Map(refs.map((ref) => [ref.id, 'gone'])) : await made.confirm(refs, ...asked),
      }),
    });
    for (const name of ['anna', 'ben']) s.hire(name);
    await s.full();
    s.hire('anna', { accountEnabled: false });
    await s.delta();
    s.hire('anna', { userPrincipalName: shared });
    s.hire('zoe', { userPrincipalName: shared });
    isAway = true;
    await s.delta();
    expect(s.accounts()).toEqual({ anna: 'off', ben: 'on', kim: 'on' });
    expect(await escrowed(s)).toEqual([id('anna')]);
  });
});

describe('an account that carries the id of somebody whom no snapshot holds, after a restore', () => {
  const withAccountOf = async (owner: string, becomes: (s: Story) => void = () => {}): Promise<Story> => {
    const scope = { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false } as const;
    const s = await story({ connection: { scope } });
    s.found('pilot');
    for (const name of ['anna', 'max']) s.hire(name);
    s.directory.join(id('pilot'), id('anna'));
    const account = remoteId('made-once');
    const attributes = { userName: 'anna@contoso.example', externalId: id(owner), active: true };
    s.remote.objects.set(account, { type: 'user', remoteId: account, attributes });
    becomes(s);
    await declareRestore(s.engine, { by: 'ops', reason: 'The disk died.' });
    await s.full();
    await s.approve();
    return s;
  };
  const anna = user(sourceId(id('anna')));

  it('stays theirs while the tenant knows them, in scope or not', async () => {
    const s = await withAccountOf('max');
    expect(await s.stores.ledger.links(targetOf, [anna])).toEqual(new Map());
    const { items } = await s.stores.ledger.escrows(targetOf, null, 10);
    expect(items.map(({ ref, reason }) => [ref.id, reason])).toEqual([[id('anna'), 'linked_elsewhere']]);
  });

  it('stays theirs while they are in the recycle bin, and may be back', async () => {
    const s = await withAccountOf('max', ({ directory }) => directory.remove(id('max'), 'soft_deleted'));
    expect(await s.stores.ledger.links(targetOf, [anna])).toEqual(new Map());
  });

  it('is taken by whoever has the user name now, once the tenant does not know them', async () => {
    const s = await withAccountOf('gone');
    expect((await s.stores.ledger.links(targetOf, [anna])).get(anna.id)).toMatchObject({ by: 'matched' });
  });
});

describe('a target that answers a create with an account made for somebody else', () => {
  it('does not get two people into one account', async () => {
    let first: Awaited<ReturnType<Target['apply']>> | null = null;
    const s = await story({
      wrapTarget: (target) => ({
        ...target,
        apply: async (operation, signal) => {
          const done = await target.apply(operation, signal);
          first ??= done;
          return first;
        },
      }),
    });
    s.hire('anna');
    s.hire('ben');
    const run = await s.full();
    expect(await s.provisioned()).toMatchObject({ counters: { created: 1, failed: { linked_elsewhere: 1 } } });
    expect(run.state).toBe('succeeded');
  });
});
