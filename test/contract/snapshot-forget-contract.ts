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
  start,
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

  describe('those who left', () => {
    const later = new Date(start.getTime() + 1);
    const listed = async (connection: ReturnType<typeof newConnection>, before = later) =>
      (await all(world.snapshots.leftBefore(connection, before))).map(({ object }) => object.ref.id);

    it('are found by when they left, people alone, and none who came back or is of another', async () => {
      const connection = await annLeft();
      expect(await listed(connection)).toEqual(['ann']);
      expect(await listed(connection, start)).toEqual([]);
      expect(await listed(newConnection())).toEqual([]);
      await commit(world, connection, [losing([group(id('staff'))], 'deleted')]);
      await (await world.snapshots.begin(await world.take(connection), 'next')).discard();
      expect(await listed(connection)).toEqual(['ann']);
      await commit(world, connection, [showing([ann])]);
      expect(await listed(connection)).toEqual([]);
    });

    it('are known no more by what they looked like, and still by when and why they left', async () => {
      const connection = await annLeft();
      const { version } = await world.snapshots.head(connection);
      const lease = await world.take(connection);
      const strip = () => world.snapshots.strip(lease, [id('ann'), id('bob'), id('nobody')]);
      await strip();
      await strip();
      const left = { at: start, isStripped: true };
      const bare = { object: { ref: ann.ref, attributes: {} }, gone: 'deleted', version, left };
      expect([...(await world.snapshots.recall(connection, users('ann', 'bob', 'nobody'))).values()]).toEqual([
        bare,
        { object: person('bob'), gone: null, version: expect.any(Number) },
      ]);
      expect(await world.snapshots.named(connection, 'ann@contoso.example', 10)).toEqual([]);
      expect(await listed(connection)).toEqual([]);
      expect(await all(world.snapshots.changesAbout(connection, id('ann')))).toEqual([]);
      expect(await shown(connection)).toEqual([
        [2, 'created', null],
        [3, 'created', null],
        [4, 'members', ['bob']],
      ]);
    });

    it('come back as anybody comes', async () => {
      const connection = await annLeft();
      await world.snapshots.strip(await world.take(connection), [id('ann')]);
      await commit(world, connection, [showing([ann])]);
      const { version } = await world.snapshots.head(connection);
      const known = (await world.snapshots.recall(connection, users('ann'))).get(id('ann'));
      expect(known).toEqual({ object: ann, gone: null, version });
      expect((await world.snapshots.named(connection, 'ann@contoso.example', 10)).length).toBe(1);
    });

    it('are not stripped by a worker that was taken over', async () => {
      const connection = await annLeft();
      const lease = await world.take(connection);
      await world.take(connection);
      await expect(world.snapshots.strip(lease, [id('ann')])).rejects.toThrow(StaleFence);
      expect(await listed(connection)).toEqual(['ann']);
    });
  });

  it('the changes about one person are theirs, and those of members as far as it is them', async () => {
    const connection = await annLeft();
    const changes = await all(world.snapshots.changesAbout(connection, id('ann')));
    expect(changes.map(({ version, sequence, change }) => [version, sequence, change])).toEqual([
      [1, 1, { kind: 'created', after: ann }],
      [1, 4, { kind: 'members', group: group(id('staff')), added: users('ann'), removed: [] }],
      [2, 1, { kind: 'removed', before: ann, why: 'deleted' }],
    ]);
    expect(await all(world.snapshots.changesAbout(connection, id('nobody')))).toEqual([]);
    expect(await all(world.snapshots.changesAbout(newConnection(), id('ann')))).toEqual([]);
  });

  it('of the changes about one person none is shown that was not committed', async () => {
    const connection = await annLeft();
    const draft = await world.snapshots.begin(await world.take(connection), 'broken off');
    await draft.record([{ kind: 'created', after: ann }]);
    expect(await all(world.snapshots.changesAbout(connection, id('ann')))).toHaveLength(3);
  });

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
