/** What every snapshot store promises of its head and its objects. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type ConnectionId, watermark } from '../../src/model/ids.ts';
import { group, user } from '../../src/model/source-object.ts';
import {
  all,
  commit,
  end,
  id,
  losing,
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

const left = { at: start, isStripped: false };

export const snapshotObjectsContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const { take } = world;
  const begin = async (signature = 'full') => world.snapshots.begin(await take(connection), signature);
  const scan = async () => (await all(world.snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id);

  describe('the head', () => {
    it('is empty before the first commit', async () => {
      expect(await world.snapshots.head(connection)).toEqual({
        connection,
        version: 0,
        watermark: null,
        counts: { user: 0, group: 0 },
        committedAt: null,
        fullAt: null,
        scope: null,
        attributes: { user: new Map(), group: new Map() },
        restored: null,
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

    it('knows what it holds, until it is told otherwise', async () => {
      const whole = await (await begin()).commit({ ...end, scope: 'groups:a' });
      expect(whole.scope).toBe('groups:a');
      expect((await (await begin()).commit(end)).scope).toBe('groups:a');
      expect((await (await begin()).commit({ ...end, scope: 'all' })).scope).toBe('all');
      expect((await world.snapshots.head(connection)).scope).toBe('all');
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
        ['ann', { object: person('ann', { title: 'clerk' }), gone: 'soft_deleted', version, left }],
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
};
