/** What a snapshot store promises when a worker dies, or comes back late, after any of its writes. */

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { StaleFence } from '../../src/model/errors.ts';
import { type ConnectionId, watermark } from '../../src/model/ids.ts';
import type { Draft } from '../../src/store/snapshot-store.ts';
import {
  all,
  at,
  commit,
  everything,
  everythingIn,
  id,
  losing,
  merged,
  newConnection,
  type OpenSnapshots,
  person,
  type Site,
  showing,
  sites,
  snapshotWorld,
  team,
  users,
  whole,
} from './snapshot-world.ts';

class Stopped extends Error {}
const stop = async (): Promise<void> => {
  throw new Stopped();
};
type Stop = { readonly site: Site; readonly time: number };

export const snapshotCrashContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;

  const changes: readonly Change[] = [
    { kind: 'updated', before: person('ann', { title: 'clerk' }), after: person('ann', { title: 'boss' }) },
    { kind: 'created', after: person('cid') },
  ];
  const pages = [
    showing([person('ann', { title: 'boss' }), person('cid')], {
      members: [merged('staff', users('cid'), users('bob'))],
      resume: at('page 2'),
    }),
    showing([person('ann', { title: 'chief' }), person('dan')], {
      members: [merged('staff', users('dan'), []), whole('board', users('dan'))],
      resume: at('page 3'),
    }),
  ];
  const end = { watermark: watermark('next'), counts: { user: 4, group: 2 }, full: false } as const;

  /** Goes on wherever the draft stands, as a run does. */
  const finish = async (draft: Draft): Promise<void> => {
    const done = draft.resume === null ? 0 : draft.resume === 'page 2' ? 1 : 2;
    for (const page of pages.slice(done)) await draft.put(page);
    await draft.put(losing(users('bob'), 'missing'));
    await draft.record(changes);
    await draft.commit(end);
  };
  const begin = async () => world.snapshots.begin(await world.take(connection), 'delta');
  const base = async () => {
    await commit(world, connection, [
      showing([person('ann', { title: 'clerk' }), person('bob'), team('staff'), team('board')], {
        members: [whole('staff', users('ann', 'bob'))],
      }),
    ]);
    return everything(world, connection);
  };
  /** Versions have gaps, so they are the one thing that may differ between two ways to the same end. */
  const withoutVersions = ({ head, changes: read, ...rest }: Awaited<ReturnType<typeof everything>>) => ({
    ...rest,
    head: { watermark: head.watermark, counts: head.counts },
    changes: read.map(({ sequence, change }) => ({ sequence, change })),
  });
  beforeEach(() => {
    connection = newConnection();
  });

  /** Where a run ends that nobody disturbs. */
  let undisturbed: ReturnType<typeof withoutVersions> | undefined;
  const expectTheEnd = async (): Promise<void> => {
    expect(withoutVersions(await everything(world, connection))).toEqual(undisturbed);
  };
  beforeAll(async () => {
    connection = newConnection();
    await base();
    await finish(await begin());
    undisturbed = withoutVersions(await everything(world, connection));
  });

  /** Every stop of a run: a site is passed several times, so the first and the second time count apart. */
  const stops = sites.flatMap((site): readonly Stop[] =>
    site === 'snapshot.staged' || site === 'snapshot.batch'
      ? [1, 2, 3].map((time) => ({ site, time }))
      : [{ site, time: 1 }],
  );
  const committed = (site: Site): boolean => site === 'snapshot.committed' || site === 'snapshot.rolled';

  const atTime = (site: Site, time: number, then: () => Promise<void>): void => {
    world.at(site, async () => {
      if (time === 1) return then();
      atTime(site, time - 1, then);
    });
  };

  describe('a worker that dies', () => {
    it.each(stops)(
      'after $site ($time) leaves the old version or the new one, and the next one finishes',
      async ({ site, time }) => {
        const before = await base();
        atTime(site, time, stop);
        await expect(finish(await begin())).rejects.toBeInstanceOf(Stopped);
        if (committed(site)) await expectTheEnd();
        else expect(await everything(world, connection)).toEqual(before);
        const next = await begin();
        if (committed(site)) {
          expect(next.resume).toBeNull();
          expect(await everythingIn(next)).toMatchObject({ touched: [], edges: [] });
          await next.discard();
        } else await finish(next);
        await expectTheEnd();
      },
    );

    it.each(stops)('after $site ($time), and again, leaves the same people and members', async ({ site, time }) => {
      await base();
      for (const again of [time, 1]) {
        atTime(site, again, stop);
        await finish(await begin()).catch((error: unknown) => expect(error).toBeInstanceOf(Stopped));
      }
      // What was committed before the second stop is now done twice, which must not matter.
      await finish(await begin());
      const { users: people, groups, members } = await everything(world, connection);
      expect({ users: people, groups, members }).toEqual({
        users: undisturbed?.users,
        groups: undisturbed?.groups,
        members: undisturbed?.members,
      });
    });
  });

  describe('a worker that comes back late', () => {
    /** Holds the first worker at a place, lets another do `meanwhile`, and then lets the first go on. */
    const late = async (site: Site, time: number, meanwhile: () => Promise<void>): Promise<unknown> => {
      const first = await begin();
      let failed: unknown = null;
      atTime(site, time, async () => {
        try {
          await meanwhile();
        } catch (error) {
          failed = error;
        }
      });
      const outcome = await finish(first).catch((error: unknown) => error);
      if (failed !== null) throw failed;
      return outcome;
    };

    it.each(stops)('at $site ($time) after another has committed changes nothing', async ({ site, time }) => {
      await base();
      let reached: Awaited<ReturnType<typeof everything>> | undefined;
      const outcome = await late(site, time, async () => {
        const second = await begin();
        await (committed(site) ? second.discard() : finish(second));
        reached = await everything(world, connection);
      });
      if (!committed(site)) expect(outcome).toBeInstanceOf(StaleFence);
      expect(await everything(world, connection)).toEqual(reached);
      await expectTheEnd();
    });

    it.each(stops.filter(({ site }) => !committed(site)))(
      'at $site ($time) while another is reading does not disturb it',
      async ({ site, time }) => {
        await base();
        let second: Draft | undefined;
        let view: Awaited<ReturnType<typeof everythingIn>> | undefined;
        const outcome = await late(site, time, async () => {
          second = await begin();
          view = await everythingIn(second);
        });
        expect(outcome).toBeInstanceOf(StaleFence);
        if (second === undefined) throw new Error('The second worker never came.');
        expect(await everythingIn(second)).toEqual(view);
        await finish(second);
        await expectTheEnd();
      },
    );

    it('has no say in a draft with another signature', async () => {
      await base();
      const first = await begin();
      await first.put(pages[0] ?? showing([]));
      const second = await world.snapshots.begin(await world.take(connection), 'full');
      await second.put(showing([person('eve')]));
      await expect(first.put(pages[1] ?? showing([]))).rejects.toBeInstanceOf(StaleFence);
      await first.record(changes).catch((error: unknown) => expect(error).toBeInstanceOf(StaleFence));
      await expect(first.commit(end)).rejects.toBeInstanceOf(StaleFence);
      expect(await everythingIn(second)).toMatchObject({ touched: ['user:eve'], edges: [] });
      await second.commit(end);
      expect((await all(world.snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id)).toEqual([
        'ann',
        'bob',
        'eve',
      ]);
      expect(await all(world.snapshots.groupsOf(connection, [id('cid')]))).toEqual([]);
    });

    it('cannot put, record or commit under a lease that was only just taken over', async () => {
      await base();
      const first = await begin();
      await world.take(connection);
      await expect(first.put(pages[0] ?? showing([]))).rejects.toBeInstanceOf(StaleFence);
      await expect(first.commit(end)).rejects.toBeInstanceOf(StaleFence);
      await expect(first.discard()).rejects.toBeInstanceOf(StaleFence);
    });

    it('cannot open a draft with a lease that is not the newest', async () => {
      const old = await world.take(connection);
      await world.take(connection);
      await expect(world.snapshots.begin(old, 'delta')).rejects.toBeInstanceOf(StaleFence);
    });
  });
};
