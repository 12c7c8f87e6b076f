/** What every snapshot store promises of the members of groups. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionId } from '../../src/model/ids.ts';
import { group } from '../../src/model/source-object.ts';
import {
  all,
  commit,
  edges,
  end,
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

export const snapshotMembersContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const begin = async (signature = 'full') => world.snapshots.begin(await world.take(connection), signature);
  const membersOf = async (name: string) => names(await all(world.snapshots.members(connection, id(name))));

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
};
