import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newProvisionRun, newSyncRun } from '../../src/engine/request-runs.ts';
import type { Connection } from '../../src/model/connection.ts';
import {
  type ConnectionId,
  connectionId,
  type RunId,
  runId,
  sourceId,
  type TargetId,
  targetId,
} from '../../src/model/ids.ts';
import {
  type Amends,
  type EndedState,
  noCounters,
  type Run,
  type SyncMode,
  type Trigger,
} from '../../src/model/run.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import { followUp, type Wait } from '../../src/queue/follow-up.ts';
import { schedulerId } from '../../src/queue/names.ts';
import { type Reconciled, reconcile } from '../../src/queue/reconcile.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { plainConnection, plainTarget } from '../support/story.ts';
import { type Corner, openCorner } from './corner.ts';

const minute = 60_000;
const contoso = connectionId('con_contoso');
const helpdesk = targetId('tgt_helpdesk');
const nothing: Reconciled = { schedules: 0, wakeups: 0, requested: 0 };

describe('the reconciler', () => {
  let corner: Corner;
  let world: ReturnType<typeof open>;
  beforeEach(async () => {
    corner = await openCorner();
    world = open(corner);
  });
  afterEach(async () => {
    await corner.close();
  });

  const schedules = async (): Promise<readonly string[]> =>
    (await corner.queues.tick.getJobSchedulers()).map(({ key }) => key).sort();
  const waiting = async (queue: 'sync' | 'provision' | 'maintenance') =>
    (await corner.jobs(queue)).map(({ data }) => data).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const bothOf = (...connections: readonly string[]) =>
    connections.flatMap((id) => (['delta', 'full'] as const).map((mode) => schedulerId(connectionId(id), mode))).sort();

  it('finds nothing to do where there is nothing', async () => {
    expect(await world.reconcile()).toEqual(nothing);
    expect(await corner.queues.counts().then((all) => all.filter(({ jobs }) => jobs > 0))).toEqual([]);
  });

  it('restores schedules and wake-ups after Redis lost everything, counts them, and then counts none', async () => {
    await world.addConnection('con_contoso');
    await world.addConnection('con_fabrikam');
    await world.addTarget('tgt_helpdesk', 'con_contoso');
    await world.requestSync('con_contoso', 'delta');
    await world.requestSync('con_fabrikam', 'full');
    await world.requestProvision('tgt_helpdesk');
    expect(await world.reconcile()).toEqual({ schedules: 2, wakeups: 3, requested: 0 });
    expect(await world.reconcile()).toEqual(nothing);
    const before = [await schedules(), await waiting('sync'), await waiting('provision')];
    expect(before).toEqual([
      bothOf('con_contoso', 'con_fabrikam'),
      [{ connection: 'con_contoso' }, { connection: 'con_fabrikam' }],
      [{ target: 'tgt_helpdesk' }],
    ]);

    await corner.lose();
    expect(await schedules()).toEqual([]);
    expect(await world.reconcile()).toEqual({ schedules: 2, wakeups: 3, requested: 0 });
    expect([await schedules(), await waiting('sync'), await waiting('provision')]).toEqual(before);
    expect(await world.reconcile()).toEqual(nothing);
  });

  it('may run on many schedulers at once', async () => {
    await world.addConnection('con_contoso');
    await world.requestSync('con_contoso', 'delta');
    await Promise.all([1, 2, 3, 4].map(() => world.reconcile()));
    expect(await schedules()).toEqual(bothOf('con_contoso'));
    expect(await waiting('sync')).toEqual([{ connection: 'con_contoso' }]);
    expect(await corner.queues.tick.getDelayedCount()).toBe(2);
  });

  it('finds one schedule of two that is lost, and one that ticks at the wrong time', async () => {
    await world.addConnection('con_contoso');
    await world.reconcile();
    await corner.queues.tick.removeJobScheduler(schedulerId(contoso, 'full'));
    expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    const id = schedulerId(contoso, 'delta');
    await corner.queues.tick.upsertJobScheduler(id, { every: 14_400_000, offset: 1 }, { name: 'tick' });
    expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    await world.edit(contoso, { refreshIntervalSecs: 600 });
    expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    expect(await world.reconcile()).toEqual(nothing);
    const every = (await corner.queues.tick.getJobSchedulers()).map((one) => Number(one.every));
    expect(every.sort((a, b) => a - b)).toEqual([600_000, 604_800_000]);
  });

  it('removes the schedules of who is paused, held back, removed or gone, and of nobody else', async () => {
    for (const name of ['con_contoso', 'con_paused', 'con_held', 'con_removed', 'con_gone'])
      await world.addConnection(name);
    await world.reconcile();
    await world.edit(connectionId('con_paused'), { state: 'paused' });
    await world.stores.connections.hold(connectionId('con_held'), { code: 'x', message: 'x', owner: 'customer_it' });
    await world.edit(connectionId('con_removed'), { state: 'deleting' });
    await world.stores.connections.remove(connectionId('con_gone'));
    // Nothing was lost, so nothing is counted as repaired.
    expect(await world.reconcile()).toEqual(nothing);
    expect(await schedules()).toEqual(bothOf('con_contoso'));
    expect(await corner.queues.tick.getDelayedCount()).toBe(2);
    expect(await world.reconcile()).toEqual(nothing);
  });

  it('wakes nobody for what waits for a connection that is paused or held back, and everybody once it goes on', async () => {
    for (const name of ['con_paused', 'con_held']) await world.addConnection(name);
    await world.addTarget('tgt_paused', 'con_paused');
    await world.addTarget('tgt_undone', 'con_paused');
    await world.addTarget('tgt_held', 'con_held');
    await world.requestSync('con_paused', 'delta');
    await world.requestSync('con_held', 'delta');
    await world.requestProvision('tgt_paused');
    await world.requestProvision('tgt_undone');
    await world.requestProvision('tgt_undone', { kind: 'undo', run: runId('run_0') });
    await world.requestProvision('tgt_held');
    await world.edit(connectionId('con_paused'), { state: 'paused' });
    await world.stores.connections.hold(connectionId('con_held'), { code: 'x', message: 'x', owner: 'customer_it' });
    expect(await world.reconcile()).toEqual({ ...nothing, wakeups: 2 });
    expect([await waiting('sync'), await waiting('provision')]).toEqual([
      [],
      [{ target: 'tgt_held' }, { target: 'tgt_undone' }],
    ]);
    expect(await world.reconcile()).toEqual(nothing);
    await world.edit(connectionId('con_paused'), { state: 'active' });
    await world.stores.connections.hold(connectionId('con_held'), null);
    expect(await world.reconcile()).toMatchObject({ wakeups: 3 });
    expect(await waiting('sync')).toEqual([{ connection: 'con_held' }, { connection: 'con_paused' }]);
  });

  it('asks once for the purge of a connection that is removed', async () => {
    await world.addConnection('con_removed', { state: 'deleting' });
    await world.addConnection('con_contoso');
    await world.reconcile();
    await world.reconcile();
    expect(await waiting('maintenance')).toEqual([{ what: 'purge', connection: 'con_removed' }]);
  });

  it('asks once for the purge of a target that is removed, though its connection stays', async () => {
    await world.addConnection('con_contoso');
    await world.addTarget('tgt_removed', 'con_contoso', { state: 'deleting' });
    await world.reconcile();
    await world.reconcile();
    expect(await waiting('maintenance')).toEqual([{ what: 'purge', connection: 'con_contoso' }]);
  });

  it('asks once for a probe of who is held back, when its time has come, and calls it no repair', async () => {
    await world.addConnection('con_contoso');
    await world.addTarget('tgt_helpdesk', 'con_contoso');
    await world.reconcile();
    const problem = { code: 'x', message: 'x', owner: 'customer_it' } as const;
    const quarantine = { since: world.now(), probes: 0, nextProbeAt: new Date(world.now().getTime() + 5 * minute) };
    await world.stores.connections.hold(contoso, problem, quarantine);
    await world.stores.targets.hold(helpdesk, problem, quarantine);
    expect(await world.reconcile()).toEqual(nothing);
    expect(await waiting('maintenance')).toEqual([]);
    world.pass(5 * minute);
    expect(await world.reconcile()).toEqual(nothing);
    await world.reconcile();
    expect(await waiting('maintenance')).toEqual([
      { what: 'probe_connection', connection: 'con_contoso' },
      { what: 'probe_target', target: 'tgt_helpdesk' },
    ]);
  });

  it('wakes nobody for a run whose time has not come, and whoever it has', async () => {
    await world.addConnection('con_contoso');
    const run = await world.requestSync('con_contoso', 'delta');
    await world.stores.runs.start(run.id, world.now());
    await world.stores.runs.postpone(run.id, new Date(world.now().getTime() + 30 * minute), null);
    expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    expect(await waiting('sync')).toEqual([]);
    world.pass(31 * minute);
    expect(await world.reconcile()).toEqual({ ...nothing, wakeups: 1 });
    expect(await waiting('sync')).toEqual([{ connection: 'con_contoso' }]);
  });

  describe('where a job rests until its run may go on', () => {
    /** A run of contoso waits for an hour, and its job as long as said. */
    const waits = async (wait: Wait) => {
      await world.addConnection('con_contoso');
      const run = await world.requestSync('con_contoso', 'delta');
      await world.reconcile();
      const hand = corner.hand('sync');
      const job = await hand.take();
      if (job === undefined) throw new Error('There is no job.');
      await world.stores.runs.start(run.id, world.now());
      await world.stores.runs.postpone(run.id, new Date(world.now().getTime() + 60 * minute), null);
      await followUp(corner.queues.sync, job, wait);
      await hand.finish(job);
      expect(await world.reconcile()).toEqual(nothing);
      expect(await hand.take()).toBeUndefined();
      return { hand, run };
    };
    const inAnHour: Wait = { kind: 'rest', ms: 60 * minute };

    it('a-wake-up-is-lost-while-the-job-rests: wakes it for what a person asked for, once', async () => {
      const { hand } = await waits(inAnHour);
      await world.requestSync('con_contoso', 'full', 'api');
      expect(await world.reconcile()).toEqual({ ...nothing, wakeups: 1 });
      expect(await world.reconcile()).toEqual(nothing);
      expect((await hand.take())?.data).toEqual({ connection: 'con_contoso' });
      expect(await hand.take()).toBeUndefined();
    });

    it('lets it rest for what waits behind the run', async () => {
      await waits(inAnHour);
      await world.requestSync('con_contoso', 'full');
      expect(await world.reconcile()).toEqual(nothing);
    });

    it('wakes nobody who comes within a minute, or would have come if a worker were free', async () => {
      await waits({ kind: 'rest', ms: minute });
      await world.requestSync('con_contoso', 'full', 'api');
      expect(await world.reconcile()).toEqual(nothing);
    });

    it('wakes nobody who waits for the lease of another worker, however long that is', async () => {
      await waits({ kind: 'again', ms: 60 * minute });
      await world.requestSync('con_contoso', 'full', 'api');
      expect(await world.reconcile()).toEqual(nothing);
    });

    it('wakes nobody once the job is worked on', async () => {
      const { hand } = await waits(inAnHour);
      await corner.wakeups.sync(contoso, 'delta');
      await hand.take();
      await world.requestSync('con_contoso', 'full', 'api');
      expect(await world.reconcile()).toEqual(nothing);
    });
  });

  it('wakes somebody for a run whose worker died together with Redis', async () => {
    await world.addConnection('con_contoso');
    const run = await world.requestSync('con_contoso', 'full');
    await world.stores.runs.start(run.id, world.now());
    expect(await world.reconcile()).toMatchObject({ wakeups: 1 });
  });

  it('wakes with the urgency of what waits', async () => {
    await world.addConnection('con_contoso');
    await world.addConnection('con_fabrikam');
    await world.addConnection('con_person');
    await world.requestSync('con_fabrikam', 'full');
    await world.requestSync('con_contoso', 'delta');
    await world.requestSync('con_person', 'full', 'api');
    await world.reconcile();
    const hand = corner.hand('sync');
    const order = [await hand.take(), await hand.take(), await hand.take()].map((job) => job?.data.connection);
    expect(order).toEqual(['con_person', 'con_contoso', 'con_fabrikam']);
  });

  it('takes a key without its job for what it is: nothing', async () => {
    await world.addConnection('con_contoso');
    await world.requestSync('con_contoso', 'delta');
    await world.reconcile();
    const [job] = await corner.jobs('sync');
    await corner.look.unlink(`${corner.prefix}:sync:${job?.id}`, `${corner.prefix}:sync:prioritized`);
    expect(await world.reconcile()).toEqual({ ...nothing, wakeups: 1 });
    expect(await waiting('sync')).toEqual([{ connection: 'con_contoso' }]);
  });

  describe('of a target that is behind', () => {
    const committed = async (position: number | null, changes: Partial<TargetRecord> = {}) => {
      await world.addConnection('con_contoso');
      await world.addTarget('tgt_helpdesk', 'con_contoso', changes);
      await world.commit(contoso);
      if (position !== null) await world.advance(helpdesk, position);
      await world.reconcile();
    };
    const requested = async (): Promise<number> =>
      (await world.stores.runs.list({ target: helpdesk }, null, 10)).items.length;

    it('asks for a provision run, once', async () => {
      await committed(null);
      expect(await requested()).toBe(1);
      expect(await waiting('provision')).toEqual([{ target: helpdesk }]);
      expect(await world.reconcile()).toEqual(nothing);
      expect(await requested()).toBe(1);
    });

    it('asks for none where it is not behind, or nothing was ever committed', async () => {
      await committed(1);
      expect(await requested()).toBe(0);
      await world.addConnection('con_empty');
      await world.addTarget('tgt_empty', 'con_empty');
      expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    });

    it('asks for none while it is paused, held back or being removed', async () => {
      await world.addConnection('con_contoso');
      await world.commit(contoso);
      for (const state of ['paused', 'quarantined', 'deleting'] as const)
        await world.addTarget(`tgt_${state}`, 'con_contoso', { state });
      expect(await world.reconcile()).toEqual({ ...nothing, schedules: 1 });
    });

    it('asks for none while its last run is held for a person, however long', async () => {
      await committed(null);
      await world.end(helpdesk, 'held');
      world.pass(1_000 * minute);
      expect(await world.reconcile()).toEqual(nothing);
      expect(await requested()).toBe(1);
    });

    it.each(['failed', 'canceled'] as const)(
      'leaves it alone for ten minutes after its last run: %s',
      async (state) => {
        await committed(null);
        await world.end(helpdesk, state);
        world.pass(10 * minute);
        expect(await world.reconcile()).toEqual(nothing);
        world.pass(1);
        expect(await world.reconcile()).toEqual({ ...nothing, requested: 1 });
        expect(await requested()).toBe(2);
      },
    );

    it.each([{ dryRun: true }, { scope: { group: sourceId('g'), nested: false } }])(
      'a-look-is-not-carried-out: asks for none because somebody asked for %o',
      async (asked) => {
        await world.addConnection('con_contoso');
        await world.addTarget('tgt_helpdesk', 'con_contoso');
        await world.commit(contoso);
        const wanted = {
          id: runId('run_look'),
          mode: 'delta',
          scope: null,
          dryRun: false,
          trigger: 'commit',
          at: new Date(),
          ...asked,
        } as const;
        await world.stores.runs.request(
          newProvisionRun({ ...plainTarget(new Date()), id: helpdesk, connection: contoso }, null, wanted),
        );
        await world.reconcile();
        await world.end(helpdesk, 'succeeded');
        world.pass(1_000 * minute);
        expect(await world.reconcile()).toEqual(nothing);
        expect(await requested()).toBe(1);
      },
    );

    it('an-empty-plan-is-not-made-for-ever: asks for none at a version that a run found nothing at to let anybody decide on', async () => {
      await committed(null);
      const { version } = await world.stores.snapshots.head(contoso);
      await world.end(helpdesk, 'succeeded', version);
      world.pass(1_000 * minute);
      expect(await world.reconcile()).toEqual(nothing);
      await world.commit(contoso);
      expect(await world.reconcile()).toEqual({ ...nothing, requested: 1 });
    });

    it('asks at once after a run that succeeded for an older version', async () => {
      await committed(null);
      await world.advance(helpdesk, 1);
      await world.end(helpdesk, 'succeeded');
      expect(await world.reconcile()).toEqual(nothing);
      await world.commit(contoso);
      expect(await world.reconcile()).toEqual({ ...nothing, requested: 1 });
    });
  });
});

const open = (corner: Corner) => {
  let clock = Date.parse('2026-03-02T08:00:00Z');
  let runs = 0;
  const now = () => new Date(clock);
  const stores = createMemoryStores({ now, vault: createVault(randomBytes(32)) });
  const newRunId = (): RunId => {
    runs += 1;
    return runId(`run_${String(runs).padStart(6, '0')}`);
  };
  const wanted = (mode: SyncMode, trigger: Trigger) =>
    ({ id: newRunId(), mode, scope: null, dryRun: false, trigger, at: now() }) as const;
  const requestProvision = async (target: TargetRecord): Promise<void> => {
    await stores.runs.request(newProvisionRun(target, null, wanted('delta', 'retry')));
    await corner.wakeups.provision(target.id, 'delta');
  };
  const found = async <T>(record: Promise<T | null>): Promise<T> => {
    const one = await record;
    if (one === null) throw new Error('There is no such record.');
    return one;
  };
  const underLease = async (key: ConnectionId | TargetId) => {
    const lease = await stores.leases.take(key, 'worker', 1_000);
    if (!('fence' in lease)) throw new Error('The lease is taken.');
    return lease;
  };
  return {
    stores,
    now,
    pass: (ms: number) => {
      clock += ms;
    },
    reconcile: () =>
      reconcile({
        stores,
        queues: corner.queues,
        wakeups: corner.wakeups,
        now,
        machineNow: Date.now,
        next: (of) => stores.runs.next(of, now()),
        requestProvision,
      }),
    addConnection: (name: string, changes: Partial<Connection> = {}) =>
      stores.connections.add({ ...plainConnection(now()), id: connectionId(name), ...changes }, {}),
    addTarget: (name: string, of: string, changes: Partial<TargetRecord> = {}) =>
      stores.targets.add({ ...plainTarget(now()), id: targetId(name), connection: connectionId(of), ...changes }, {}),
    edit: async (id: ConnectionId, edit: Parameters<typeof stores.connections.edit>[2]) => {
      const { revision } = await found(stores.connections.get(id));
      await stores.connections.edit(id, revision, edit);
    },
    requestSync: async (name: string, mode: SyncMode, trigger: Trigger = 'schedule'): Promise<Run> => {
      const connection = await found(stores.connections.get(connectionId(name)));
      return (await stores.runs.request(newSyncRun(connection, wanted(mode, trigger)))).run;
    },
    requestProvision: async (name: string, amends: Amends | null = null): Promise<Run> => {
      const target = await found(stores.targets.get(targetId(name)));
      return (await stores.runs.request(newProvisionRun(target, null, { ...wanted('delta', 'commit'), amends }))).run;
    },
    commit: async (id: ConnectionId): Promise<void> => {
      const lease = await underLease(id);
      const draft = await stores.snapshots.begin(lease, 'any');
      await draft.commit({ watermark: null, counts: { user: 0, group: 0 }, full: true });
      await stores.leases.release(lease);
    },
    advance: async (id: TargetId, version: number): Promise<void> => {
      const lease = await underLease(id);
      await stores.ledger.advance(lease, version);
      await stores.leases.release(lease);
    },
    /** Ends the newest run of a target; its job is done. */
    end: async (id: TargetId, state: EndedState, version: number | null = null): Promise<void> => {
      const [run] = (await stores.runs.list({ target: id }, null, 1)).items;
      if (run === undefined) throw new Error('There is no run.');
      await stores.runs.start(run.id, now());
      await stores.runs.finish(run.id, state, now(), { counters: noCounters, version, problem: null });
      const hand = corner.hand('provision');
      const job = await hand.take();
      if (job !== undefined) await hand.finish(job);
    },
  };
};
