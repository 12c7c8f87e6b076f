/** A worker process: slots that take jobs and have the engine work a turn on each, and a reconciler. */

import { askForProvisioning, onTick, resume } from '../../src/engine/ask-for-runs.ts';
import type { Engine, Timing } from '../../src/engine/engine.ts';
import { unobserved } from '../../src/engine/engine.ts';
import { nextRun } from '../../src/engine/next-run.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { probeConnection, probeTarget } from '../../src/engine/quarantine.ts';
import { noticeRestore } from '../../src/engine/restore.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { tendPlans } from '../../src/engine/tend-plans.ts';
import type { Turn } from '../../src/engine/turn.ts';
import { witnessesAt } from '../../src/engine/witnesses.ts';
import type { ConnectionId } from '../../src/model/ids.ts';
import { type RunId, runId } from '../../src/model/ids.ts';
import type { Run, SyncMode } from '../../src/model/run.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import { reconcile } from '../../src/queue/reconcile.ts';
import { wakeIfSooner } from '../../src/queue/wake-for.ts';
import type { Source } from '../../src/source/source.ts';
import type { Marks } from '../../src/store/installation.ts';
import type { Stores } from '../../src/store/stores.ts';
import { connectedTargets } from '../../src/target/connected.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import type { Backend } from './directory.ts';
import type { Process, Stage } from './process.ts';
import { type Errand, type Held, type JobEnd, type Queue, QueueUnavailable } from './queue.ts';
import type { RemoteSystem } from './remote.ts';
import { StoreUnavailable } from './stores.ts';
import { surroundingsOf } from './surroundings.ts';

export type Surrounding = {
  readonly stage: Stage;
  readonly queue: Queue;
  readonly stores: (process: Process) => Stores;
  readonly backendOf: (connection: ConnectionId) => Backend;
  readonly remoteOf: (record: TargetRecord) => RemoteSystem;
  readonly timing: Timing;
  /** The tenant is asked about these again. */
  readonly onAsked: (ids: readonly string[]) => void;
  /** A read of the whole tenant begins. */
  readonly onFullRead: (connection: ConnectionId) => void;
  /** A read of it reached its end. */
  readonly onReadWhole: (connection: ConnectionId, by: Process, mode: SyncMode) => void;
  readonly slots: number;
  readonly reconcileMs: () => number;
  /** By which a worker sees that the database has gone back; null: it does not, and nobody looks. */
  readonly marks: Marks | null;
  /** Something that neither a tenant, a target nor our own infrastructure can be blamed for. */
  readonly onBug: (error: unknown) => void;
};

export const startWorker = (around: Surrounding, process: Process): void => {
  void work(around, process);
};

/** As a real one: it does nothing before it knows what time it is. */
const work = async (around: Surrounding, process: Process): Promise<void> => {
  while (!(await knowsTheTime(process))) await process.sleep(5_000, neverAborted());
  const engine = engineOf(around, process);
  while (around.marks !== null && !(await hasLooked(around, engine))) await process.sleep(5_000, neverAborted());
  for (let slot = 0; slot < around.slots; slot += 1) void workOff(around, process, engine);
  void keepReconciled(around, process, engine);
};

const knowsTheTime = (process: Process): Promise<boolean> =>
  process.clock.measure().then(
    () => true,
    () => false,
  );

/** Before the first turn, and then whenever the queue is looked at: whether the database is still the one it knows. */
const hasLooked = async (around: Surrounding, engine: Engine): Promise<boolean> => {
  if (around.marks === null) return true;
  try {
    await noticeRestore(engine, around.marks);
    return true;
  } catch (error) {
    onlyInfrastructure(around)(error);
    return false;
  }
};

export const engineOf = (around: Surrounding, process: Process): Engine => {
  const { stage } = around;
  const sources = new Map<ConnectionId, { readonly revision: number; readonly source: Source }>();
  const stores = around.stores(process);
  const targets = connectedTargets(
    (record, secrets) =>
      around.remoteOf(record).connect(process, record, secrets, witnessesAt(stores.ledger, record.id)),
    process.now,
  );
  const door = around.queue.doorFor(process);
  return {
    stores,
    world: surroundingsOf(stage, process),
    connectSource: (connection) => {
      const kept = sources.get(connection.id);
      if (kept?.revision === connection.revision) return kept.source;
      const source = askedAloud(around.backendOf(connection.id).connect(process), connection.id, process, around);
      sources.set(connection.id, { revision: connection.revision, source });
      return source;
    },
    connectTarget: targets.connect,
    wakeTarget: (target) => door.provision(target, 'delta').catch(onlyInfrastructure(around)),
    newRunId: () => newRunId(stage, process),
    targetPaths: () => scimPath,
    leastApprovals: 1,
    owner: process.name,
    timing: around.timing,
    observe: unobserved,
    failpoint: async () => {},
  };
};

const askedAloud = (
  source: Source,
  connection: ConnectionId,
  by: Process,
  { onAsked, onFullRead, onReadWhole }: Pick<Surrounding, 'onAsked' | 'onFullRead' | 'onReadWhole'>,
): Source => ({
  ...source,
  read: async function* (ask, signal) {
    if (ask.read.mode === 'full' && ask.resume === null) onFullRead(connection);
    for await (const part of source.read(ask, signal)) {
      if (part.type === 'end') onReadWhole(connection, by, ask.read.mode);
      yield part;
    }
  },
  confirm: (refs, ...ask) => {
    onAsked(refs.map(({ id }) => id));
    return source.confirm(refs, ...ask);
  },
});

const minted = new WeakMap<Stage, number>();

/** Sorts by the time it was made, by the clock of whoever made it. */
export const newRunId = (stage: Stage, process: Process): RunId => {
  const nth = (minted.get(stage) ?? 0) + 1;
  minted.set(stage, nth);
  return runId(`run_${process.now().getTime()}_${String(nth).padStart(5, '0')}`);
};

/** One for each who waits: a signal keeps whoever listens to it, and a world that is over is to be forgotten. */
const neverAborted = (): AbortSignal => new AbortController().signal;

const workOff = async (around: Surrounding, process: Process, engine: Engine): Promise<void> => {
  while (process.isAlive()) {
    const held = await around.queue.take(process);
    try {
      await around.queue.end(process, held, await workOne(around, process, engine, held));
    } catch (error) {
      onlyInfrastructure(around)(error);
    }
  }
};

const workOne = async (around: Surrounding, process: Process, engine: Engine, held: Held): Promise<JobEnd> => {
  try {
    const end = await turnFor(around, process, engine, held.errand);
    if (end.next === 'done') return 'done';
    await around.queue.followUp(process, held, end.next, end.at);
    if (end.next === 'rest')
      await wakeIfSooner(around.queue.doorFor(process), await nextOf(engine, held.errand), end.at);
    return 'done';
  } catch (error) {
    onlyInfrastructure(around)(error);
    return 'failed';
  }
};

const nextOf = async (engine: Engine, errand: Errand): Promise<Run | null> =>
  errand.kind === 'sync' || errand.kind === 'provision' ? await nextRun(engine, errand) : null;

const turnFor = async (around: Surrounding, process: Process, engine: Engine, errand: Errand): Promise<Turn> => {
  switch (errand.kind) {
    case 'tick':
      await onTick(askingOf(around, process, engine), errand.connection, errand.mode);
      return { next: 'done' };
    case 'sync':
      return await syncTurn(engine, errand.connection, neverAborted());
    case 'provision':
      return await provisionTurn(engine, errand.target, neverAborted());
    case 'probe_connection': {
      const released = await probeConnection(engine, errand.connection, neverAborted());
      if (released !== null) await resume(askingOf(around, process, engine), released);
      return { next: 'done' };
    }
    case 'probe_target': {
      const released = await probeTarget(engine, errand.target, neverAborted());
      if (released !== null) await askForProvisioning(askingOf(around, process, engine), released, 'retry');
      return { next: 'done' };
    }
  }
};

const askingOf = ({ stage, queue }: Surrounding, process: Process, { stores }: Engine) => ({
  stores,
  now: process.now,
  newRunId: () => newRunId(stage, process),
  wakeups: queue.doorFor(process),
});

export const usual = { scope: null, dryRun: false } as const;

const keepReconciled = async (around: Surrounding, process: Process, engine: Engine): Promise<void> => {
  const door = around.queue.doorFor(process);
  while (process.isAlive()) {
    if (around.marks !== null) await hasLooked(around, engine);
    await reconcile({
      stores: engine.stores,
      queues: door.jobs,
      wakeups: door,
      now: process.now,
      machineNow: around.stage.scheduler.now,
      next: (of) => nextRun(engine, of),
      requestProvision: async (target) => {
        await askForProvisioning(askingOf(around, process, engine), target, 'retry');
      },
    })
      .then(() => tendPlans(engine))
      .catch(onlyInfrastructure(around));
    await process.sleep(around.reconcileMs(), neverAborted());
    await knowsTheTime(process);
  }
};

/** Whoever cannot reach the database or the queue has done nothing wrong. */
export const onlyInfrastructure =
  ({ onBug }: Pick<Surrounding, 'onBug'>) =>
  (error: unknown): void => {
    if (!(error instanceof StoreUnavailable || error instanceof QueueUnavailable)) onBug(error);
  };
