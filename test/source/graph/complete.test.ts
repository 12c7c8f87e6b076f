/** What it takes to call a read complete. Each line that must not compile says so: `tsc` fails when it does. */

import { describe, expect, it } from 'vitest';
import { sourceId } from '../../../src/model/ids.ts';
import { everyone, type Scope } from '../../../src/model/scope.ts';
import type { GraphClient } from '../../../src/source/graph/client.ts';
import { grantedNow, type StillGranted, stillGranted, stillGrantedNow } from '../../../src/source/graph/granted.ts';
import {
  type AllAsked,
  askThrough,
  type Chain,
  ChainPlace,
  type Ended,
  proofOf,
  proofOfAsked,
} from '../../../src/source/graph/pages.ts';
import type { Roles } from '../../../src/source/graph/permissions.ts';
import type { Ask, Complete } from '../../../src/source/source.ts';
import { Folded } from '../../support/folded.ts';
import { never } from '../../support/reading.ts';

const attributes = { user: ['displayName'], group: ['displayName'] };
const [first, second] = [sourceId('g-1'), sourceId('g-2')];
const scope: Extract<Scope, { kind: 'groups' }> = { kind: 'groups', groups: [first, second], nested: false };
const ask: Ask = {
  scope: everyone,
  attributes,
  read: { mode: 'full' },
  resume: null,
  watermark: true,
  known: new Folded().known,
};

/** Tokens that say what is granted, one after the other. */
const tokens = (...roles: readonly (Roles | null)[]): Pick<GraphClient, 'granted'> => {
  const given = [...roles];
  return { granted: async () => given.shift() ?? null };
};
const all = new Set(['User.Read.All', 'GroupMember.Read.All', 'Member.Read.Hidden']);
const granted = async (...roles: readonly (Roles | null)[]): Promise<StillGranted> => {
  const client = tokens(...roles);
  return stillGranted(client, ask, await grantedNow(client, ask, never), never);
};

/** The same at the end of a full read, of which `proved` hears that it made a call. */
const grantedToTheEnd = async (roles: readonly [Roles | null, Roles | null]): Promise<readonly string[]> => {
  const done: string[] = [];
  const client = {
    granted: async () => (done.includes('new token') ? roles[1] : roles[0]),
    renew: () => void done.push('new token'),
  };
  const prove = async (): Promise<void> => void done.push('call');
  await stillGrantedNow(client, ask, await grantedNow(client, ask, never), prove, never);
  return done;
};

const ended = (of: 'users' | 'groups'): Chain => ChainPlace.parse({ of, delta: null });
const askedAll = async (...ids: readonly ReturnType<typeof sourceId>[]): Promise<AllAsked> => {
  const asking = askThrough(ids, 0, 1, async function* (about) {
    yield { about, answer: null };
  });
  for (;;) {
    const next = await asking.next();
    if (next.done === true) return next.value;
  }
};

describe('a read of everybody is complete', () => {
  it('when both chains came to their last page and what it needs was granted to the end', async () => {
    const still = await granted(all, all);
    expect(proofOf(ask, { users: ended('users'), groups: ended('groups') }, still)).toMatchObject({ of: 'everything' });
  });

  it('never when a chain did not begin, stands at a page, or lists something else', async () => {
    const still = await granted(all, all);
    const next = { next: 'https://graph.example/v1.0/users?$skiptoken=x' };
    for (const users of ['start', next, ended('groups')] as const)
      expect(() => proofOf(ask, { users, groups: ended('groups') }, still)).toThrow(
        expect.objectContaining({ fault: 'incomplete' }),
      );
  });

  it('never by an object that looks like a proof: there is no way to write one down', async () => {
    const still = await granted(all, all);
    // @ts-expect-error The mark of a last page belongs to the pager.
    const end: Ended = { of: 'users', delta: null };
    // @ts-expect-error So does the mark of a complete read to its port.
    const complete: Complete = { of: 'everything', scope: everyone };
    // @ts-expect-error And the one of what is granted to whoever asked for the token.
    const held: StillGranted = {};
    // @ts-expect-error No chains are no read.
    expect(() => proofOf(ask, {}, still)).toThrow(/stopped before its end/);
    // @ts-expect-error A proof without a look at what is granted is none.
    const unlooked = () => proofOf(ask, { users: ended('users'), groups: ended('groups') });
    expect([end, complete, held, unlooked]).toHaveLength(4);
  });
});

describe('a read of some groups is complete', () => {
  it('when each of them was asked for', async () => {
    const still = await granted(all, all);
    const ends = { groups: await askedAll(first, second), users: await askedAll() };
    expect(proofOfAsked({ ...ask, scope }, scope, ends, still)).toMatchObject({ of: 'everything', scope });
  });

  it('never when one of them, or all, were not asked for', async () => {
    const still = await granted(all, all);
    const users = await askedAll();
    for (const groups of [await askedAll(), await askedAll(first)])
      expect(() => proofOfAsked({ ...ask, scope }, scope, { groups, users }, still)).toThrow(
        expect.objectContaining({ fault: 'incomplete', code: 'NotAsked' }),
      );
    const none: typeof scope = { ...scope, groups: [] };
    expect(() => proofOfAsked({ ...ask, scope: none }, none, { groups: users, users }, still)).toThrow(/not asked for/);
  });
});

describe('asking for everybody on a list', () => {
  const through = async (list: ReturnType<typeof sourceId>[], answers: readonly (readonly string[])[]) => {
    const told = [...answers];
    const done: number[] = [];
    const asking = askThrough(list, 0, 2, async function* () {
      const about = told.shift();
      if (about !== undefined) yield { about: about.map(sourceId), answer: null };
    });
    for await (const one of asking) done.push(one.done);
    return done;
  };

  it('goes on until the last, also of those who come to it meanwhile', async () => {
    expect(await through(['a', 'b', 'c'].map(sourceId), [['a', 'b'], ['c']])).toEqual([2, 3]);
    const growing = ['a'].map(sourceId);
    const asking = askThrough(growing, 0, 2, async function* (about) {
      if (growing.length === 1) growing.push(sourceId('b'));
      yield { about, answer: null };
    });
    const done: number[] = [];
    for await (const one of asking) done.push(one.done);
    expect(done).toEqual([1, 2]);
  });

  it('comes to no end when somebody is left out, or an answer is about somebody else', async () => {
    await expect(through(['a', 'b'].map(sourceId), [['a']])).rejects.toMatchObject({ code: 'NotAsked' });
    await expect(through(['a', 'b'].map(sourceId), [])).rejects.toMatchObject({ code: 'NotAsked' });
    await expect(through(['a', 'b'].map(sourceId), [['b', 'a']])).rejects.toMatchObject({ code: 'NotAsked' });
  });
});

describe('a permission that was lost between the start and the end of a read', () => {
  it.each([...all])('is named: %s', async (name) => {
    const less = new Set([...all].filter((each) => each !== name));
    await expect(granted(all, less)).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'PermissionLost',
      message: expect.stringContaining(name),
      mend: { owner: 'customer_it' },
    });
  });

  it('is none that is not needed, or that a greater one stands in for', async () => {
    await granted(new Set([...all, 'Organization.Read.All']), all);
    await granted(all, new Set(['Directory.Read.All', 'Member.Read.Hidden']));
  });

  it('a-token-compared-with-itself: is looked for in a new token at the end of a full read, and by a call where that says nothing', async () => {
    expect(await grantedToTheEnd([all, all])).toEqual(['new token']);
    for (const silent of [null, new Set<string>()])
      expect(await grantedToTheEnd([silent, silent])).toEqual(['new token', 'call']);
    expect(await grantedToTheEnd([all, null])).toEqual(['new token', 'call']);
    await expect(grantedToTheEnd([all, new Set(['GroupMember.Read.All'])])).rejects.toMatchObject({
      code: 'PermissionLost',
    });
  });

  it('is not concluded from a token that says nothing, or never did', async () => {
    await granted(all, null);
    await granted(null, new Set());
    await granted(new Set(), new Set());
  });
});
