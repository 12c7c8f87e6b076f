/** What every snapshot store promises of somebody who is forgotten. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { group, user } from '../../src/model/source-object.ts';
import {
  all,
  commit,
  everything,
  id,
  losing,
  newConnection,
  type OpenSnapshots,
  person,
  showing,
  snapshotWorld,
  team,
  users,
  whole,
} from './snapshot-world.ts';

export const snapshotForgetContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  const ann = person('ann', { displayName: 'Ann', mail: 'ann@contoso.example' });

  /** Ann and Bob came, and Ann left again. */
  const annLeft = async () => {
    const connection = newConnection();
    const all = [ann, person('bob'), team('staff')];
    await commit(
      world,
      connection,
      [showing(all, { members: [whole('staff', users('ann', 'bob'))] })],
      [
        ...all.map((after) => ({ kind: 'created', after }) as const),
        { kind: 'members', group: group(id('staff')), added: users('ann', 'bob'), removed: [] },
      ],
    );
    await commit(
      world,
      connection,
      [losing(users('ann'), 'deleted')],
      [{ kind: 'removed', before: ann, why: 'deleted' }],
    );
    // What was committed is in its place once the next draft is opened.
    await (await world.snapshots.begin(await world.take(connection), 'next')).discard();
    return connection;
  };
  const shown = async (connection: ReturnType<typeof newConnection>) =>
    (await all(world.snapshots.changesAfter(connection, 0))).map(({ sequence, change }) => [
      sequence,
      change.kind,
      change.kind === 'members' ? change.added.map((ref) => ref.id) : null,
    ]);

  describe('somebody who is forgotten', () => {
    it('was never there, by id, by name, and in the changes, of which the others keep their place', async () => {
      const connection = await annLeft();
      expect((await world.snapshots.recall(connection, users('ann'))).size).toBe(1);
      const lease = await world.take(connection);
      await world.snapshots.forgetPerson(lease, id('ann'));
      await world.snapshots.forgetPerson(lease, id('ann'));
      expect((await world.snapshots.recall(connection, users('ann'))).size).toBe(0);
      expect(await world.snapshots.named(connection, 'ann@contoso.example', 10)).toEqual([]);
      expect(
        (await world.snapshots.recallPage(connection, 'user', null, 10)).items.map(({ object }) => object.ref.id),
      ).toEqual(['bob']);
      expect(await shown(connection)).toEqual([
        [2, 'created', null],
        [3, 'created', null],
        [4, 'members', ['bob']],
      ]);
      expect((await world.snapshots.named(connection, 'bob', 10)).length).toBeLessThanOrEqual(1);
    });

    it('is nobody who is in the snapshot', async () => {
      const connection = await annLeft();
      const before = await everything(world, connection);
      await world.snapshots.forgetPerson(await world.take(connection), id('bob'));
      expect(await everything(world, connection)).toEqual(before);
    });

    it('is not forgotten by a worker that was taken over', async () => {
      const connection = await annLeft();
      const lease = await world.take(connection);
      await world.take(connection);
      await expect(world.snapshots.forgetPerson(lease, id('ann'))).rejects.toThrow(StaleFence);
      expect((await world.snapshots.recall(connection, [user(id('ann'))])).size).toBe(1);
    });
  });
};
