import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newSyncRun } from '../../src/engine/request-runs.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import type { Turn } from '../../src/engine/turn.ts';
import { connectionId, organizationId, runId } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { type Log, silent } from '../../src/model/world.ts';
import { syncPayload } from '../../src/queue/payloads.ts';
import { workerConnection } from '../../src/queue/redis.ts';
import type { Source } from '../../src/source/source.ts';
import { turnProcessor } from '../../workers/processors.ts';
import { type Running, startWorker } from '../../workers/start-worker.ts';
import { type Corner, openCorner } from '../queue/corner.ts';
import { connection, story } from '../support/story.ts';

const contoso = connectionId('con_contoso');
const done: Turn = { next: 'done' };
const again = (ms: number): Turn => ({ next: 'again', at: new Date(Date.now() + ms) });

const hour = 3_600_000;
const asked = newSyncRun(
  { id: contoso, organization: organizationId('org_contoso') },
  { id: runId('run_1'), mode: 'full', scope: null, dryRun: false, trigger: 'api', at: new Date() },
);

/** Something that is waited for, and that a test lets happen. */
const event = <T = void>() => Promise.withResolvers<T>();

describe('a worker', () => {
  let corner: Corner;
  let running: Running[];
  let warnings: string[];
  let connections: ReturnType<typeof workerConnection>[];
  beforeEach(async () => {
    corner = await openCorner();
    running = [];
    warnings = [];
    connections = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((worker) => worker.stop()));
    for (const one of connections) one.disconnect();
    await corner.close();
    expect(warnings).toEqual([]);
  });

  const start = (
    turn: (data: unknown, signal: AbortSignal) => Promise<Turn>,
    {
      log = silent,
      concurrency = 1,
      now = () => new Date(),
      next = async () => null,
    }: { log?: Log; concurrency?: number; now?: () => Date; next?: () => Promise<Run | null> } = {},
  ) => {
    const worker = startWorker(
      {
        config: { queuePrefix: corner.prefix },
        times: { lockMs: 10_000 },
        log: { ...log, warn: (name, facts) => warnings.push(`${name}: ${facts?.['message']}`) },
        openWorkerConnection: () => {
          const one = workerConnection(corner.url);
          connections.push(one);
          return one;
        },
      },
      'sync',
      turnProcessor({ queue: corner.queues.sync, payload: z.unknown(), turn, next }, corner.wakeups, now),
      concurrency,
    );
    running.push(worker);
    return worker;
  };
  const states = async () =>
    Object.fromEntries(
      (await corner.queues.counts())
        .filter(({ queue, jobs }) => queue === 'sync' && jobs > 0)
        .map(({ state, jobs }) => [state, jobs]),
    );
  const eventually = (expected: Record<string, number>) =>
    expect.poll(states, { interval: 10, timeout: 10_000 }).toEqual(expected);

  it('leaves a job that a newer version wrote to a newer worker, and loses nothing of it', async () => {
    start(async (data) => {
      syncPayload.parse(data);
      return done;
    });
    await corner.queues.sync.add('sync', { v: 2, tenants: ['con_contoso'] });
    await eventually({ delayed: 1 });
    const [job] = await corner.jobs('sync');
    expect(job?.data).toEqual({ v: 2, tenants: ['con_contoso'] });
    expect(warnings.splice(0)).toEqual([expect.stringContaining('job.too_new: The job is of version 2')]);
  });

  it('is done with a job when nothing is left to do', async () => {
    const worked = event<unknown>();
    start(async (data) => {
      worked.resolve(data);
      return done;
    });
    await corner.wakeups.sync(contoso, 'delta');
    expect(await worked.promise).toEqual({ connection: contoso });
    await eventually({});
  });

  it('has another job follow when the next turn is due, and does not count that as a failure', async () => {
    const due = new Date(Date.now() + hour);
    start(async () => ({ next: 'again', at: due }));
    await corner.wakeups.sync(contoso, 'delta');
    await eventually({ delayed: 1 });
    const [, score] = await corner.look.zrange(`${corner.prefix}:sync:delayed`, '0', '0', 'WITHSCORES');
    const dueAt = Math.floor(Number(score) / 0x1000);
    expect(dueAt).toBeGreaterThanOrEqual(due.getTime());
    expect(dueAt).toBeLessThanOrEqual(Date.now() + hour);
    const [job] = await corner.jobs('sync');
    expect(job).toMatchObject({ attemptsMade: 0, data: { connection: contoso }, priority: 5 });
  });

  describe('that puts a job to rest', () => {
    /** Asked for while the worker makes up its mind to rest for an hour. */
    const rest = async (notBefore: Date | null) => {
      const looked = event();
      let turns = 0;
      const turn = async (): Promise<Turn> => {
        turns += 1;
        if (turns > 1) return done;
        await corner.wakeups.sync(contoso, 'person');
        return { next: 'rest', at: new Date(Date.now() + hour) };
      };
      const next = async (): Promise<Run> => {
        looked.resolve();
        return { ...asked, notBefore };
      };
      const worker = start(turn, { next });
      await corner.wakeups.sync(contoso, 'delta');
      await looked.promise;
      return worker;
    };

    it('does not let it sleep through what was asked for meanwhile', async () => {
      await rest(null);
      await eventually({});
    });

    it('lets it rest where what was asked for is due no sooner', async () => {
      const worker = await rest(new Date(Date.now() + 2 * hour));
      await worker.stop();
      expect(await states()).toEqual({ delayed: 1 });
    });
  });

  it('takes turn after turn of the same job, as many as there are', async () => {
    let turns = 0;
    start(async () => {
      turns += 1;
      return turns < 20 ? again(0) : done;
    });
    await corner.wakeups.sync(contoso, 'delta');
    await eventually({});
    expect(turns).toBe(20);
  });

  // BullMQ's worker keeps whose lock it renews by the id of the job, and forgets it once more after the next slot has taken the same job.
  it('a-lock-is-not-renewed: works on no job twice, for the end of one turn would end the watch over the lock of the next', async () => {
    let turns = 0;
    const turn = async (): Promise<Turn> => {
      turns += 1;
      if (turns >= 10) return done;
      if (turns % 2 === 0) return again(0);
      await corner.wakeups.sync(contoso, 'person');
      return { next: 'rest', at: new Date(Date.now() + hour) };
    };
    start(turn, { concurrency: 4, next: async () => asked });
    await corner.wakeups.sync(contoso, 'delta');
    await eventually({});
    const taken = await corner.taken('sync');
    expect(turns).toBeGreaterThanOrEqual(10);
    expect(new Set(taken).size).toBe(taken.length);
  });

  it('a-rest-is-said-and-its-worker-dies: leaves the job to who takes it up, and does not let it rest before it is known what goes next', async () => {
    const looks = event();
    const found = event<null>();
    start(async () => ({ next: 'rest', at: new Date(Date.now() + hour) }), {
      next: () => {
        looks.resolve();
        return found.promise;
      },
    });
    await corner.wakeups.sync(contoso, 'delta');
    await looks.promise;
    expect(await states()).toEqual({ active: 1 });
    found.resolve(null);
    await eventually({ delayed: 1 });
  });

  it('goes to the back of the line as urgent as somebody made it meanwhile', async () => {
    const order: string[] = [];
    for (const name of ['con_contoso', 'a', 'b']) await corner.wakeups.sync(connectionId(name), 'delta');
    start(async (data) => {
      order.push(syncPayload.parse(data).connection);
      if (order.length > 1) return done;
      await corner.wakeups.sync(contoso, 'person');
      return again(0);
    });
    await eventually({});
    expect(order).toEqual(['con_contoso', 'con_contoso', 'a', 'b']);
  });

  it('goes round all connections before one has its next turn', async () => {
    const order: string[] = [];
    const all = ['a', 'b', 'c'];
    for (const name of all) await corner.wakeups.sync(connectionId(name), 'delta');
    start(async (data) => {
      order.push(syncPayload.parse(data).connection);
      return order.length < 7 ? again(0) : done;
    });
    await eventually({});
    expect(order.slice(0, 6)).toEqual([...all, ...all]);
  });

  it('tries our own faults again, and says what they were without a word about people', async () => {
    const said: unknown[] = [];
    const log: Log = { ...silent, error: (name, facts) => said.push([name, facts]) };
    let attempts = 0;
    start(
      async () => {
        attempts += 1;
        if (attempts === 1) throw new Error('The database is away.');
        return done;
      },
      { log },
    );
    await corner.wakeups.sync(contoso, 'delta');
    await eventually({});
    expect(attempts).toBe(2);
    expect(said).toEqual([
      ['job.failed', { queue: 'sync', attempts: 1, name: 'Error', message: 'The database is away.' }],
    ]);
  });

  it('refuses a job of an unknown shape', async () => {
    const failed = event<unknown>();
    start(
      async (data) => {
        syncPayload.parse(data);
        return done;
      },
      { log: { ...silent, error: (_event, facts) => failed.resolve(facts?.['name']) } },
    );
    await corner.queues.sync.add('sync', { connection: 'con_1', displayName: 'Anna' }, { attempts: 1 });
    expect(await failed.promise).toBe('ZodError');
  });

  it('that is stopped tells the work under way, waits until it is at a safe place, and leaves the job to others', async () => {
    const begun = event();
    const aborted = event<unknown>();
    const mayEnd = event();
    const worker = start(async (_data, signal) => {
      begun.resolve();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      aborted.resolve(signal.reason);
      await mayEnd.promise;
      return again(0);
    });
    await corner.wakeups.sync(contoso, 'delta');
    await begun.promise;

    let hasStopped = false;
    const stopped = worker.stop().then(() => {
      hasStopped = true;
    });
    expect(await aborted.promise).toBe('stopping');
    expect(await states()).toEqual({ active: 1 });
    expect(hasStopped).toBe(false);
    mayEnd.resolve();
    await stopped;
    expect((await corner.jobs('sync')).map(({ data }) => data)).toEqual([{ connection: contoso }]);

    const taken = event<unknown>();
    start(async (data) => {
      taken.resolve(data);
      return done;
    });
    expect(await taken.promise).toEqual({ connection: contoso });
    await eventually({});
  });

  it('that is stopped begins nothing new', async () => {
    const worker = start(async () => done);
    await worker.stop();
    await corner.wakeups.sync(contoso, 'delta');
    expect(await states()).toEqual({ prioritized: 1 });
  });

  it('that is stopped while a job is on its way to it stops that one too', async () => {
    // The worker asks Redis for a job, and is told to stop before the answer is there: the job begins all the same.
    for (let round = 0; round < 10; round += 1) {
      const worker = start(async (_data, signal) => {
        if (!signal.aborted)
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        return done;
      });
      const added = corner.wakeups.sync(contoso, 'delta');
      if (round % 2 === 0) await added;
      // It would wait for ever for a job that never learns that it is to stop.
      await worker.stop();
      await added;
      const hand = corner.hand('sync');
      const left = await hand.take();
      if (left !== undefined) await hand.finish(left);
    }
  });

  it('that is stopped in the middle of a read puts the run back as it is', async () => {
    const reading = event();
    const blocked = (source: Source): Source => ({
      ...source,
      read: async function* (_ask, signal) {
        yield { type: 'page', messages: [], resume: '0:0' as never };
        reading.resolve();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
      },
    });
    const s = await story();
    const connectSource: typeof s.engine.connectSource = (...of) => blocked(s.engine.connectSource(...of));
    const run = await s.requestSync('full');
    const worker = start((data, signal) =>
      syncTurn({ ...s.engine, connectSource }, syncPayload.parse(data).connection, signal),
    );
    await corner.wakeups.sync(connection, 'person');
    await reading.promise;
    expect(await s.ended(run)).toMatchObject({ state: 'running' });
    await worker.stop();
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', faults: 0, problem: null, notBefore: s.now() });
    expect((await corner.jobs('sync')).map(({ data }) => data)).toEqual([{ connection }]);

    s.hire('anna');
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toEqual({ anna: 'on' });
  });
});
