import { describe, expect, it } from 'vitest';
import { declareRestore } from '../../src/engine/restore.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
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

/** Two namesakes are created side by side. The answer for the first is lost, and not before the second, who was refused, has found that account. */
const sideBySide =
  (first: string) =>
  (target: Target): Target => {
    const made = Promise.withResolvers<void>();
    const found = Promise.withResolvers<void>();
    return {
      ...target,
      find: async (type, attribute, value, signal) => {
        const claimed = await target.find(type, attribute, value, signal);
        if (attribute === 'userName' && claimed.length > 0) found.resolve();
        return claimed;
      },
      apply: async (operation, ...more) => {
        if (operation.action !== 'create') return await target.apply(operation, ...more);
        if (operation.ref.id !== id(first)) await made.promise;
        const done = await target.apply(operation, ...more);
        made.resolve();
        await found.promise;
        throw new TargetError('unknown', 'the connection broke', { cause: done });
      },
    };
  };

describe('two people with one user name who are created side by side', () => {
  it.each([
    ['anna', 'ben'],
    ['ben', 'anna'],
  ])(
    'do not get into one account, though that of %s is not known to be theirs when %s looks',
    async (first, second) => {
      const s = await story({ wrapTarget: sideBySide(first) });
      s.hire('anna', { userPrincipalName: shared });
      s.hire('ben', { userPrincipalName: shared });
      await s.full();
      const refs = [first, second].map((name) => user(sourceId(id(name))));
      expect([...(await s.stores.ledger.links(targetOf, refs)).keys()]).toEqual([id(first)]);
      const { items } = await s.stores.ledger.escrows(targetOf, null, 10);
      expect(items.map(({ ref, reason }) => [ref.id, reason])).toEqual([[id(second), 'linked_elsewhere']]);
      expect(s.account('kim')?.attributes['externalId']).toBe(id(first));
    },
  );
});

describe('an account that carries the id of somebody whom no snapshot holds, after a restore', () => {
  const withAccountOf = async (owner: string): Promise<Story> => {
    const scope = { kind: 'groups', groups: [sourceId(id('pilot'))], nested: false } as const;
    const s = await story({ connection: { scope } });
    s.found('pilot');
    for (const name of ['anna', 'max']) s.hire(name);
    s.directory.join(id('pilot'), id('anna'));
    const account = remoteId('made-once');
    const attributes = { userName: 'anna@contoso.example', externalId: id(owner), active: true };
    s.remote.objects.set(account, { type: 'user', remoteId: account, attributes });
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
