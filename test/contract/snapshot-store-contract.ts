/** What every snapshot store promises, whatever it is kept in. */

import { beforeEach, describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { type ConnectionId, watermark } from '../../src/model/ids.ts';
import { group, user } from '../../src/model/source-object.ts';
import {
  all,
  at,
  commit,
  edges,
  end,
  everything,
  everythingIn,
  id,
  losing,
  merged,
  names,
  newConnection,
  type OpenSnapshots,
  person,
  showing,
  snapshotWorld,
  start,
  team,
  users,
  whole,
} from './snapshot-world.ts';

export const snapshotStoreContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const { take } = world;
  const begin = async (signature = 'full') => world.snapshots.begin(await take(connection), signature);
  const scan = async (type: 'user' | 'group' = 'user') =>
    (await all(world.snapshots.scan(connection, type))).map(({ ref }) => ref.id);
  const membersOf = async (name: string) => names(await all(world.snapshots.members(connection, id(name))));

  describe('the head', () => {
    it('is empty before the first commit', async () => {
      expect(await world.snapshots.head(connection)).toEqual({
        connection,
        version: 0,
        watermark: null,
        counts: { user: 0, group: 0 },
        committedAt: null,
        fullAt: null,
      });
      expect(await scan()).toEqual([]);
    });

    it('moves with a commit, and remembers the last full sync over a delta', async () => {
      const full = await (await begin()).commit({
        watermark: watermark('one'),
        counts: { user: 2, group: 1 },
        full: true,
      });
      expect(full).toMatchObject({
        watermark: 'one',
        counts: { user: 2, group: 1 },
        committedAt: start,
        fullAt: start,
      });
      const delta = await (await begin()).commit({ ...end, watermark: 'keep' });
      expect(delta).toMatchObject({ watermark: 'one', counts: { user: 0, group: 0 }, fullAt: start });
      expect(delta.version).toBeGreaterThan(full.version);
      expect(await world.snapshots.head(connection)).toEqual(delta);
      expect(await (await begin()).commit(end)).toHaveProperty('watermark', null);
    });

    it('gives every commit a version of its own, also under one lease', async () => {
      const lease = await take(connection);
      const first = await (await world.snapshots.begin(lease, 'a')).commit(end);
      const second = await (await world.snapshots.begin(lease, 'b')).commit(end);
      expect(second.version).toBeGreaterThan(first.version);
    });
  });

  describe('objects', () => {
    it('are seen by nobody before the commit, and by everybody after it', async () => {
      await commit(world, connection, [showing([person('ann', { title: 'clerk' })])]);
      const draft = await begin();
      await draft.put(showing([person('ann', { title: 'boss' }), person('bob')]));
      await draft.put(losing(users('ann'), 'deleted'));
      await draft.put(showing([person('ann', { title: 'chief' })]));
      const before = await world.snapshots.find(connection, users('ann', 'bob'));
      expect([...before.values()]).toEqual([person('ann', { title: 'clerk' })]);
      expect(await scan()).toEqual(['ann']);
      expect([...(await draft.find(users('ann', 'bob'))).values()]).toEqual([
        person('ann', { title: 'chief' }),
        person('bob'),
      ]);
      await draft.commit(end);
      expect([...(await world.snapshots.find(connection, users('ann', 'bob'))).values()]).toEqual([
        person('ann', { title: 'chief' }),
        person('bob'),
      ]);
    });

    it('are found by type and id together', async () => {
      await commit(world, connection, [showing([person('x'), team('y')])]);
      expect([...(await world.snapshots.find(connection, [group(id('x')), group(id('y'))])).keys()]).toEqual(['y']);
    });

    it('that are gone are remembered, and may come back', async () => {
      await commit(world, connection, [showing([person('ann', { title: 'clerk' }), person('bob')])]);
      const { version } = await commit(world, connection, [losing(users('ann'), 'soft_deleted')]);
      expect(await scan()).toEqual(['bob']);
      expect((await world.snapshots.find(connection, users('ann'))).size).toBe(0);
      const recalled = await world.snapshots.recall(connection, users('ann', 'nobody'));
      expect([...recalled]).toEqual([
        ['ann', { object: person('ann', { title: 'clerk' }), gone: 'soft_deleted', version }],
      ]);
      await commit(world, connection, [showing([person('ann', { title: 'boss' })])]);
      expect(await scan()).toEqual(['ann', 'bob']);
      expect((await world.snapshots.recall(connection, users('ann'))).get(id('ann'))?.gone).toBeNull();
    });

    it('nobody ever saw cannot go', async () => {
      const draft = await begin();
      await draft.put(losing(users('nobody'), 'deleted'));
      expect(await all(draft.touched())).toEqual([]);
      await draft.commit(end);
      expect((await world.snapshots.recall(connection, users('nobody'))).size).toBe(0);
    });

    it('are touched only when they ended otherwise than they began', async () => {
      await commit(world, connection, [
        showing([person('ann', { title: 'clerk', tags: ['a', 'b'] }), person('bob'), person('cid')]),
      ]);
      const draft = await begin();
      await draft.put(showing([person('ann', { title: 'boss' }), person('bob', { title: 'new' }), person('dan')]));
      await draft.put(showing([person('ann', { tags: ['a', 'b'], title: 'clerk', phone: null })]));
      await draft.put(losing(users('cid', 'dan'), 'out_of_scope'));
      await draft.put(showing([person('bob', { title: 'newer' }), person('eve')]));
      const touched = (await all(draft.touched())).sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1));
      expect(touched).toEqual([
        { ref: user(id('bob')), before: person('bob'), after: person('bob', { title: 'newer' }) },
        { ref: user(id('cid')), before: person('cid'), after: null, why: 'out_of_scope' },
        { ref: user(id('eve')), before: null, after: person('eve') },
      ]);
    });

    it('are listed page by page in the order of their ids', async () => {
      await commit(world, connection, [showing(['d', 'b', 'a', 'c', 'e'].map((name) => person(name)))]);
      await commit(world, connection, [losing(users('b', 'e'), 'deleted')]);
      const first = await world.snapshots.page(connection, 'user', null, 2);
      expect(first.items.map(({ ref }) => ref.id)).toEqual(['a', 'c']);
      const second = await world.snapshots.page(connection, 'user', first.next, 2);
      expect(second).toEqual({ items: [person('d')], next: null });
    });

    it('that no batch showed are unseen', async () => {
      await commit(world, connection, [showing([person('ann'), person('bob'), person('cid'), team('staff')])]);
      const draft = await begin();
      await draft.put({ ...showing([]), seen: users('ann') });
      await draft.put(losing(users('bob'), 'deleted'));
      await draft.put(showing([person('dan')], { seen: [] }));
      expect(names((await all(draft.unseen())).map(({ ref }) => ref))).toEqual(['group:staff', 'user:cid']);
    });

    it('of one connection are invisible to another', async () => {
      await commit(world, connection, [showing([person('ann')], { members: [whole('staff', users('ann'))] })]);
      const other = newConnection();
      await commit(world, other, [showing([person('bob')])]);
      expect((await world.snapshots.find(other, users('ann'))).size).toBe(0);
      expect(await all(world.snapshots.groupsOf(other, [id('ann')]))).toEqual([]);
      await world.snapshots.erase(other);
      expect(await scan()).toEqual(['ann']);
      expect(await world.snapshots.head(other)).toMatchObject({ version: 0, watermark: null });
      expect(await all(world.snapshots.scan(other, 'user'))).toEqual([]);
    });

    it('keep attributes of any name and value', async () => {
      const hostile = {
        $where: 'function () { return true }',
        'a.b.c': '$set',
        ['__proto__']: 'polluted',
        constructor: 'x',
        '': 'empty name',
        'nul\0name': 'nul\0value',
        surrogate: `lone \ud800 high and \udc00 low`,
        emoji: '👩‍👩‍👧 ﷽ \u202e',
        10: 'number-like',
        big: 2 ** 53,
        negative: -1.5,
        yes: true,
        list: ['a|b', 'c,"d"', '\n'],
        long: 'x'.repeat(100_000),
      };
      await commit(world, connection, [showing([person('eve', hostile)])]);
      const found = (await world.snapshots.find(connection, users('eve'))).get(id('eve'));
      expect(found).toEqual(person('eve', hostile));
      expect(Object.keys(found?.attributes ?? {}).sort()).toEqual(Object.keys(hostile).sort());
      expect(Object.getOwnPropertyDescriptor(found?.attributes, '__proto__')?.value).toBe('polluted');
      const draft = await begin();
      await draft.put(showing([person('eve', hostile)]));
      expect(await all(draft.touched())).toEqual([]);
    });
  });

  describe('members', () => {
    it('are replaced whole, or merged', async () => {
      const people = ['ann', 'bob', 'cid', 'dan'].map((name) => person(name));
      await commit(world, connection, [
        showing([...people, team('staff'), team('board')], {
          members: [whole('staff', users('ann', 'bob')), whole('board', users('ann'))],
        }),
      ]);
      const draft = await begin();
      await draft.put(showing([], { members: [merged('staff', users('cid'), users('ann', 'nobody'))] }));
      await draft.put(
        showing([], { members: [merged('staff', users('dan', 'bob'), []), whole('board', users('bob'))] }),
      );
      expect(names(await all(draft.members(id('staff'))))).toEqual(['user:bob', 'user:cid', 'user:dan']);
      expect(await membersOf('staff')).toEqual(['user:ann', 'user:bob']);
      expect(edges(await all(draft.groupsOf([id('ann'), id('bob'), id('cid')])))).toEqual([
        'board > bob',
        'staff > bob',
        'staff > cid',
      ]);
      expect(edges(await all(world.snapshots.groupsOf(connection, [id('ann')])))).toEqual([
        'board > ann',
        'staff > ann',
      ]);
      expect((await everythingIn(draft)).edges).toEqual([
        'board + bob',
        'board - ann',
        'staff + cid',
        'staff + dan',
        'staff - ann',
      ]);
      await draft.commit(end);
      expect(await membersOf('staff')).toEqual(['user:bob', 'user:cid', 'user:dan']);
      expect(edges(await all(world.snapshots.groupsOf(connection, [id('ann'), id('bob')])))).toEqual([
        'board > bob',
        'staff > bob',
      ]);
    });

    it('of several patches in one batch follow each other', async () => {
      const draft = await begin();
      await draft.put(
        showing([], {
          members: [
            merged('staff', users('lost'), []),
            whole('staff', users('ann', 'bob')),
            merged('staff', users('cid'), users('ann')),
            merged('staff', users('ann'), users('cid')),
          ],
        }),
      );
      expect(names(await all(draft.members(id('staff'))))).toEqual(['user:ann', 'user:bob']);
    });

    it('that end as they began are not touched', async () => {
      await commit(world, connection, [showing([team('staff')], { members: [whole('staff', users('ann', 'bob'))] })]);
      const draft = await begin();
      await draft.put(showing([], { members: [merged('staff', users('cid'), users('ann'))] }));
      await draft.put(showing([], { members: [whole('staff', users('bob', 'ann'))] }));
      expect(await all(draft.touchedMembers())).toEqual([]);
    });

    it('that nobody knows yet count from when they appear', async () => {
      await commit(world, connection, [
        showing([person('ann'), team('staff')], { members: [whole('staff', users('ann', 'bob'))] }),
      ]);
      expect(await membersOf('staff')).toEqual(['user:ann']);
      await commit(world, connection, [showing([person('bob')])]);
      expect(await membersOf('staff')).toEqual(['user:ann', 'user:bob']);
      await commit(world, connection, [losing(users('ann'), 'deleted')]);
      expect(await membersOf('staff')).toEqual(['user:bob']);
      const draft = await begin();
      expect(names(await all(draft.members(id('staff'))))).toEqual(['user:ann', 'user:bob']);
    });

    it('of a group that is not in the snapshot are in no effect', async () => {
      await commit(world, connection, [showing([person('ann')], { members: [whole('staff', users('ann'))] })]);
      expect(await membersOf('staff')).toEqual([]);
      expect(await all(world.snapshots.groupsOf(connection, [id('ann')]))).toEqual([]);
      await commit(world, connection, [showing([team('staff')])]);
      expect(await membersOf('staff')).toEqual(['user:ann']);
      expect(edges(await all(world.snapshots.groupsOf(connection, [id('ann')])))).toEqual(['staff > ann']);
    });

    it('may be groups', async () => {
      await commit(world, connection, [
        showing([team('all'), team('staff')], { members: [whole('all', [group(id('staff'))])] }),
      ]);
      expect(await membersOf('all')).toEqual(['group:staff']);
    });

    it('of a group that grows and shrinks by thousands are kept exactly', async () => {
      const numbered = (from: number, to: number) =>
        users(...Array.from({ length: to - from }, (_, n) => `u${from + n}`));
      await commit(world, connection, [showing([team('crowd')], { members: [whole('crowd', numbered(0, 900))] })]);
      const draft = await begin();
      await draft.put(showing([], { members: [merged('crowd', numbered(900, 5_000), numbered(0, 10))] }));
      await draft.put(showing([], { members: [merged('crowd', numbered(5_000, 9_000), numbered(10, 20))] }));
      expect(names(await all(draft.members(id('crowd'))))).toEqual(names(numbered(20, 9_000)));
      const grown = (await all(draft.touchedMembers())).reduce(
        (sum, { added, removed }) => ({ added: sum.added + added.length, removed: sum.removed + removed.length }),
        { added: 0, removed: 0 },
      );
      expect(grown).toEqual({ added: 8_100, removed: 20 });
      expect(edges(await all(draft.groupsOf([id('u5'), id('u30'), id('u8999')])))).toEqual([
        'crowd > u30',
        'crowd > u8999',
      ]);
      await draft.commit(end);
      await commit(world, connection, [showing([], { members: [whole('crowd', numbered(8_990, 8_995))] })]);
      const after = await begin();
      expect(names(await all(after.members(id('crowd'))))).toEqual(names(numbered(8_990, 8_995)));
      expect(await all(after.groupsOf([id('u30')]))).toEqual([]);
    });
  });

  describe('changes', () => {
    const created = (name: string) => ({ kind: 'created', after: person(name) }) as const;
    const shown = async (after: number, through?: number) =>
      (await all(world.snapshots.changesAfter(connection, after, through))).map(({ version, sequence, change }) => [
        version,
        sequence,
        change.kind === 'created' ? change.after.ref.id : change.kind,
      ]);

    it('are read after the commit only, oldest first', async () => {
      const draft = await begin();
      await draft.record([created('ann'), created('bob')]);
      await draft.record([created('cid')]);
      expect(await shown(0)).toEqual([]);
      const { version: one } = await draft.commit(end);
      const { version: empty } = await commit(world, connection, []);
      const { version: two } = await commit(world, connection, [], [created('dan')]);
      expect(await shown(0)).toEqual([
        [one, 1, 'ann'],
        [one, 2, 'bob'],
        [one, 3, 'cid'],
        [two, 1, 'dan'],
      ]);
      expect(await shown(0, empty)).toHaveLength(3);
      expect(await shown(one)).toEqual([[two, 1, 'dan']]);
      expect((await all(world.snapshots.changesAfter(connection, 0)))[0]).toEqual({
        version: one,
        sequence: 1,
        at: start,
        change: created('ann'),
      });
    });

    it('of a version that was never committed are never read', async () => {
      const lost = await begin();
      await lost.record([created('ghost')]);
      const { version } = await commit(world, connection, [], [created('ann')]);
      await lost.record([created('late ghost')]);
      expect(await shown(0)).toEqual([[version, 1, 'ann']]);
      expect((await world.snapshots.changesPage(connection, null, 10)).items).toHaveLength(1);
    });

    it('are recorded anew when a draft is continued', async () => {
      const first = await begin();
      await first.put(showing([person('ann')], { resume: at('page 2') }));
      await first.record([created('ann'), created('twice')]);
      const second = await begin();
      await second.record([created('ann')]);
      const { version } = await second.commit(end);
      expect(await shown(0)).toEqual([[version, 1, 'ann']]);
    });

    it('are listed page by page across versions', async () => {
      await commit(world, connection, [], ['a', 'b', 'c'].map(created));
      await commit(world, connection, [], ['d', 'e'].map(created));
      const read: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof world.snapshots.changesPage>> = await world.snapshots.changesPage(
          connection,
          after,
          2,
        );
        expect(page.items.length).toBeLessThanOrEqual(2);
        for (const { change } of page.items) if (change.kind === 'created') read.push(change.after.ref.id);
        after = page.next;
      } while (after !== null);
      expect(read).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('of any kind and any size come back as they were', async () => {
      const crowd = users(...Array.from({ length: 3_000 }, (_, n) => `u${n}`));
      const changes = [
        { kind: 'updated', before: person('ann'), after: person('ann', { ['__proto__']: 'x', odd: '\ud800' }) },
        { kind: 'removed', before: person('bob'), why: 'missing' },
        { kind: 'members', group: group(id('staff')), added: crowd, removed: users('ann') },
        ...Array.from({ length: 1_200 }, (_, n) => created(`n${n}`)),
      ] as const;
      await commit(world, connection, [], changes);
      const read = await all(world.snapshots.changesAfter(connection, 0));
      expect(read.map(({ change }) => change)).toEqual(changes);
      expect(read.map(({ sequence }) => sequence)).toEqual(changes.map((_, n) => n + 1));
    });

    it('are pruned up to a version', async () => {
      const { version: one } = await commit(world, connection, [showing([person('ann')])], [created('ann')]);
      const { version: two } = await commit(world, connection, [], [created('bob')]);
      await world.snapshots.prune(connection, one);
      expect(await shown(0)).toEqual([[two, 1, 'bob']]);
      await world.snapshots.prune(connection, two);
      expect(await shown(0)).toEqual([]);
      expect(await scan()).toEqual(['ann']);
      const { version: three } = await commit(world, connection, [], [created('cid')]);
      expect(await shown(0)).toEqual([[three, 1, 'cid']]);
    });
  });

  describe('a draft', () => {
    it('is continued from its last place by whoever holds the lease next', async () => {
      const first = await begin();
      expect(first.resume).toBeNull();
      await first.put(showing([person('ann')], { members: [whole('staff', users('ann'))], resume: at('page 2') }));
      await first.put(showing([person('bob')], { resume: at('page 3') }));
      const second = await begin();
      expect(second.resume).toBe('page 3');
      await second.put(showing([person('cid')], { resume: at('page 4') }));
      const third = await begin();
      expect(third.resume).toBe('page 4');
      expect(names((await all(third.scan('user'))).map(({ ref }) => ref))).toEqual([
        'user:ann',
        'user:bob',
        'user:cid',
      ]);
      expect(names(await all(third.members(id('staff'))))).toEqual(['user:ann']);
      expect(await all(third.unseen())).toEqual([]);
      expect(await all(third.touched())).toHaveLength(3);
      await third.commit(end);
      expect(await scan()).toEqual(['ann', 'bob', 'cid']);
      expect((await begin()).resume).toBeNull();
    });

    it('forgets what was staged after its last place, and only that', async () => {
      await commit(world, connection, [showing([person('ann', { title: 'clerk' }), person('old')])]);
      const first = await begin();
      await first.put(
        showing([person('ann', { title: 'boss' }), person('bob', { title: 'kept' })], {
          members: [merged('staff', users('ann'), [])],
          resume: at('page 2'),
        }),
      );
      await first.put(
        showing([person('ann', { title: 'lost' }), person('bob', { title: 'lost' }), person('cid')], {
          members: [merged('staff', users('bob'), users('ann'))],
        }),
      );
      await first.put(losing(users('bob', 'old'), 'missing'));
      const second = await begin();
      expect(await everythingIn(second)).toEqual({
        objects: [
          ['ann', { title: 'boss' }],
          ['bob', { title: 'kept' }],
          ['old', { displayName: 'old' }],
        ],
        members: [],
        groupsOf: ['staff > ann'],
        unseen: ['user:old'],
        touched: ['user:ann', 'user:bob'],
        edges: ['staff + ann'],
      });
      await second.commit(end);
      expect(await scan()).toEqual(['ann', 'bob', 'old']);
      expect((await world.snapshots.find(connection, users('ann'))).get(id('ann'))).toEqual(
        person('ann', { title: 'boss' }),
      );
    });

    it('that reached no place starts over', async () => {
      const first = await begin();
      await first.put(showing([person('ann')]));
      const second = await begin();
      expect(second.resume).toBeNull();
      expect(await all(second.scan('user'))).toEqual([]);
      await second.commit(end);
      expect(await scan()).toEqual([]);
    });

    it('with another signature forgets the earlier one', async () => {
      const first = await begin('full');
      await first.put(showing([person('ann')], { members: [whole('staff', users('ann'))], resume: at('page 2') }));
      const second = await begin('delta');
      expect(second.resume).toBeNull();
      await second.put(showing([person('bob')]));
      expect(names((await all(second.touched())).map(({ ref }) => ref))).toEqual(['user:bob']);
      expect(await all(second.touchedMembers())).toEqual([]);
      await second.commit(end);
      expect(await scan()).toEqual(['bob']);
      expect((await begin('full')).resume).toBeNull();
    });

    it('that is discarded leaves nothing, not even under the same lease', async () => {
      const lease = await take(connection);
      const first = await world.snapshots.begin(lease, 'full');
      await first.put(showing([person('ann')], { members: [whole('staff', users('ann'))], resume: at('page 2') }));
      await first.discard();
      const second = await world.snapshots.begin(lease, 'full');
      expect(second.resume).toBeNull();
      await second.put(showing([person('bob')]));
      await second.put(showing([person('cid')]));
      await expect(first.put(showing([person('dan')]))).rejects.toThrow();
      await second.commit(end);
      expect(await scan()).toEqual(['bob', 'cid']);
    });

    it('cannot be used after its commit', async () => {
      const draft = await begin();
      await draft.commit(end);
      await expect(draft.put(showing([person('ann')]))).rejects.toBeInstanceOf(StaleFence);
      await expect(draft.commit(end)).rejects.toBeInstanceOf(StaleFence);
      expect(await scan()).toEqual([]);
    });

    it('opened before an erase has no effect on what comes after', async () => {
      const draft = await begin();
      await draft.put(showing([person('ann')]));
      await world.snapshots.erase(connection);
      await expect(draft.commit(end)).rejects.toBeInstanceOf(StaleFence);
      expect(await everything(world, connection)).toMatchObject({ head: { version: 0 }, users: [], changes: [] });
    });

    it('handles a large directory', async () => {
      const people = Array.from({ length: 20_000 }, (_, n) => person(`u${n}`));
      const crowd = users(...Array.from({ length: 50_000 }, (_, n) => `u${n}`));
      const draft = await begin();
      await draft.put(showing([...people, team('crowd')]));
      await draft.put(showing([], { members: [whole('crowd', crowd)] }));
      expect(await all(draft.touched())).toHaveLength(20_001);
      expect(await all(draft.unseen())).toEqual([]);
      await draft.commit({ ...end, counts: { user: 20_000, group: 1 } });
      expect(await all(world.snapshots.scan(connection, 'user'))).toHaveLength(20_000);
      expect(await membersOf('crowd')).toHaveLength(20_000);
      const next = await begin();
      await next.put({ ...showing([]), members: [whole('crowd', crowd)], seen: people.map(({ ref }) => ref) });
      expect(await all(next.touched())).toEqual([]);
      expect(await all(next.touchedMembers())).toEqual([]);
      expect((await all(next.unseen())).map(({ ref }) => ref.id)).toEqual(['crowd']);
    });
  });
};
