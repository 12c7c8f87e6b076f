/** What every snapshot store promises of the changes between versions. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { ChangePlace } from '../../src/model/change.ts';
import { type ConnectionId, runId } from '../../src/model/ids.ts';
import { group } from '../../src/model/source-object.ts';
import type { ChangesPage } from '../../src/store/snapshot-store.ts';
import {
  all,
  at,
  commit,
  end,
  id,
  newConnection,
  type OpenSnapshots,
  person,
  showing,
  snapshotWorld,
  start,
  users,
} from './snapshot-world.ts';

export const snapshotChangesContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const begin = async (signature = 'full') => world.snapshots.begin(await world.take(connection), signature);
  const scan = async () => (await all(world.snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id);

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
      let after: ChangePlace | null = null;
      for (let hasMore = true; hasMore; ) {
        const page: ChangesPage = await world.snapshots.changesPage(connection, after, 2);
        expect(page.items.length).toBeLessThanOrEqual(2);
        for (const { change } of page.items) if (change.kind === 'created') read.push(change.after.ref.id);
        after = page.items.at(-1) ?? null;
        hasMore = page.hasMore;
      }
      expect(read).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(await world.snapshots.changesPage(connection, after, 2)).toEqual({
        items: [],
        hasMore: false,
        pruned: null,
      });
    });

    it('are read on from any place, of a change or between two', async () => {
      const { version: one } = await commit(world, connection, [], ['a', 'b', 'c'].map(created));
      const { version: two } = await commit(world, connection, [], ['d'].map(created));
      const after = async (version: number, sequence: number) =>
        (await world.snapshots.changesPage(connection, { version, sequence }, 10)).items.map(
          ({ change }) => change.kind === 'created' && change.after.ref.id,
        );
      expect(await after(0, 0)).toEqual(['a', 'b', 'c', 'd']);
      expect(await after(one, 2)).toEqual(['c', 'd']);
      expect(await after(one, 9_999_999_999)).toEqual(['d']);
      expect(await after(two, 1)).toEqual([]);
      expect(await after(two + 7, 0)).toEqual([]);
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

    it('are kept with who committed them, until they are pruned', async () => {
      const by = { run: runId('run_1'), kind: 'delta' } as const;
      const lost = await begin();
      await lost.record([created('ghost')]);
      const draft = await begin();
      await draft.record([created('ann')]);
      const { version: one } = await draft.commit({ ...end, by });
      const { version: idle } = await commit(world, connection, []);
      const abandoned = await begin();
      await abandoned.record([created('ghost')]);
      const { version: two } = await commit(world, connection, [], [created('bob')]);
      const committed = { ...by, version: one, at: start };
      expect(await world.snapshots.committedBy(connection, one)).toEqual(committed);
      expect(await world.snapshots.committedBy(connection, one - 1)).toBeNull();
      // Nothing changed since.
      expect(await world.snapshots.committedBy(connection, idle)).toEqual(committed);
      // Nobody said who told of it.
      expect(await world.snapshots.committedBy(connection, two)).toBeNull();
      await world.snapshots.prune(connection, one);
      expect(await world.snapshots.committedBy(connection, one)).toBeNull();
    });

    it('are kept with who committed them where they are the newest, also when all before them are pruned', async () => {
      const by = { run: runId('run_1'), kind: 'delta' } as const;
      const draft = await begin();
      await draft.record([created('ann')]);
      const { version } = await draft.commit({ ...end, by });
      await world.snapshots.prune(connection, version);
      expect(await world.snapshots.committedBy(connection, version)).toEqual({ ...by, version, at: start });
    });

    it('that were pruned are told of, by the newest of them', async () => {
      const pruned = async () => (await world.snapshots.changesPage(connection, null, 10)).pruned;
      const { version: one } = await commit(world, connection, [], ['a', 'b', 'c'].map(created));
      const { version: empty } = await commit(world, connection, []);
      // Recorded by a draft that was never committed, between the versions that were.
      const lost = await begin();
      await lost.record(['ghost', 'ghost'].map(created));
      const { version: two } = await commit(world, connection, [], ['d'].map(created));
      expect(await pruned()).toBeNull();
      await world.snapshots.prune(connection, one - 1);
      expect(await pruned()).toBeNull();
      await world.snapshots.prune(connection, two - 1);
      expect(await pruned()).toEqual({ version: one, sequence: 3 });
      await world.snapshots.prune(connection, empty);
      expect(await pruned()).toEqual({ version: one, sequence: 3 });
      await world.snapshots.prune(connection, two);
      expect(await pruned()).toEqual({ version: two, sequence: 1 });
    });
  });
};
