/** What every snapshot store promises of a draft: continued, forgotten, discarded, closed. */

import { beforeEach, describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import type { ConnectionId } from '../../src/model/ids.ts';
import type { Draft, SnapshotReads } from '../../src/store/snapshot-store.ts';
import {
  all,
  at,
  commit,
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
  team,
  users,
  whole,
} from './snapshot-world.ts';

const nothingAsked = { user: [], group: [] };

export const snapshotDraftContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const { take } = world;
  const begin = async (signature = 'full') => world.snapshots.begin(await take(connection), signature);
  const scan = async () => (await all(world.snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id);
  const membersOf = async (name: string) => names(await all(world.snapshots.members(connection, id(name))));

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

    it('that is asked about somebody while their batch is on its way keeps that batch, also when the next is broken off', async () => {
      await commit(world, connection, [showing([person('ann', { title: 'clerk' })])]);
      const titleIn = async (draft: Draft) => (await draft.find(users('ann'))).get(id('ann'))?.attributes;
      const first = await begin();
      const underWay = first.put(showing([person('ann', { title: 'boss' })], { resume: at('page 2') }));
      expect(await titleIn(first)).toEqual({ title: 'boss' });
      await underWay;
      await first.put(showing([person('ann', { title: 'lost' })]));
      expect(await titleIn(await begin())).toEqual({ title: 'boss' });
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

    it('can be read as if it were committed, and nobody else sees it', async () => {
      const stay = [person('ann', { title: 'clerk' }), person('bob'), team('staff'), team('old')];
      const before = showing([...stay, person('cid')], {
        members: [whole('staff', users('ann', 'bob', 'cid')), whole('old', users('bob'))],
      });
      await commit(world, connection, [before]);
      const committed = await everything(world, connection);
      const recall = async (snapshots: SnapshotReads) => {
        const refs = [...users('ann', 'bob', 'cid', 'dan'), team('old').ref, team('new').ref];
        return [
          await snapshots.recall(connection, refs),
          await snapshots.find(connection, refs),
          await snapshots.page(connection, 'user', id('ann'), 2),
          await snapshots.page(connection, 'group', null, 1),
          (await snapshots.recallPage(connection, 'user', null, 10)).items,
          await all(snapshots.changesAfter(connection, committed.head.version)),
          (await snapshots.changesPage(connection, null, 10)).items,
        ];
      };
      const remembered = await recall(world.snapshots);

      const draft = await begin();
      await draft.put(
        showing([person('ann', { title: 'boss' }), person('dan'), team('new')], {
          members: [merged('staff', users('dan'), users('bob')), whole('new', users('ann', 'dan'))],
          resume: at('page 2'),
        }),
      );
      await draft.put(losing(users('cid'), 'out_of_scope'));
      await draft.put(losing([team('old').ref], 'missing'));
      await draft.record([
        { kind: 'created', after: person('dan') },
        { kind: 'members', group: team('staff').ref, added: users('dan'), removed: users('bob') },
      ]);
      const counts = { user: 3, group: 2 };
      const ahead = draft.asCommitted({ scope: 'all', counts, attributes: nothingAsked });
      const [seen, remembers] = [await everything({ snapshots: ahead }, connection), await recall(ahead)];
      expect(seen.users.map(([name]) => name)).toEqual(['ann', 'bob', 'dan']);
      expect(seen.members).toEqual([
        ['new', ['user:ann', 'user:dan']],
        ['staff', ['user:ann', 'user:dan']],
      ]);
      expect(await everything(world, connection)).toEqual(committed);
      expect(await recall(world.snapshots)).toEqual(remembered);

      const head = await draft.commit({ ...end, counts, scope: 'all', attributes: nothingAsked });
      const after = await everything(world, connection);
      expect({ ...after, head: seen.head }).toEqual(seen);
      expect(head).toMatchObject({ version: seen.head.version, counts: seen.head.counts, scope: seen.head.scope });
      expect(await recall(world.snapshots)).toEqual(remembers);
    });

    it('of an empty snapshot can be read as if it were committed, and is forgotten when it is discarded', async () => {
      const draft = await begin();
      await draft.put(showing([person('ann'), team('staff')], { members: [whole('staff', users('ann', 'bob'))] }));
      await draft.put(showing([person('bob')]));
      await draft.record([{ kind: 'created', after: person('ann') }]);
      const ahead = draft.asCommitted({ scope: 'groups:x', counts: { user: 2, group: 1 }, attributes: nothingAsked });
      const seen = await everything({ snapshots: ahead }, connection);
      expect(seen).toMatchObject({
        head: { scope: 'groups:x', counts: { user: 2, group: 1 } },
        members: [['staff', ['user:ann', 'user:bob']]],
        groupsOf: ['staff > ann', 'staff > bob'],
        changes: [{ version: seen.head.version, sequence: 1 }],
      });
      await draft.discard();
      expect(await everything(world, connection)).toMatchObject({ head: { version: 0 }, users: [], changes: [] });
      await commit(world, connection, [showing([person('cid')])]);
      expect(await scan()).toEqual(['cid']);
      expect(await everything(world, connection)).toMatchObject({ members: [], changes: [] });
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
