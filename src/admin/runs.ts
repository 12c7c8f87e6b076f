/** Commands on runs: asking for one, watching it, stopping it. */

import { planOfRun, planToMake } from '../engine/aim.ts';
import { newestRuns } from '../engine/newest-runs.ts';
import { unseenProblems } from '../engine/plan-problems.ts';
import { newProvisionRun, newSyncRun } from '../engine/request-runs.ts';
import type { Connection } from '../model/connection.ts';
import type { Reconciliation } from '../model/discrepancy.ts';
import { type ConnectionId, type PlanId, type RunId, runId, type TargetId } from '../model/ids.ts';
import { type Amends, isEnded, type Run, type RunScope, type SyncMode, type TargetRun } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { wakeFor } from '../queue/wake-for.ts';
import { newId } from '../store/ids.ts';
import type { Entry } from '../store/ledger.ts';
import type { RunFilter } from '../store/run-store.ts';
import type { Page } from '../store/snapshot-store.ts';
import { acceptableShrink } from './accept-shrink.ts';
import { type Named, namedIn } from './named.ts';
import type { Reached, Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';
import type { FilterWithin, New } from './stores-within.ts';

export type SyncRequest = {
  readonly mode: SyncMode;
  readonly scope: RunScope | null;
  readonly dryRun: boolean;
  /** The held sync run whose shrink a person has seen, and lets this run commit. */
  readonly acceptShrink?: RunId | null;
};
/** `full` looks at every object again instead of what changed since the target's position. */
/** What a run did, and to whom. */
export type EntryOf = Named & { readonly entry: Entry };
export type ProvisionRequest = { readonly full: boolean; readonly dryRun: boolean };
/** `alreadyQueued`: one that does the same waits already; this is it. */
export type Requested = { readonly run: Run; readonly alreadyQueued: boolean };

/** With the plan that it made, or is there to make. */
export type ShownRun = { readonly run: Run; readonly madePlan: PlanId | null };

export const runCommands = (room: Room) => {
  const { connections, targets, runs, ledger } = room.stores;

  const get = async (id: RunId): Promise<Within<Run>> => found(await runs.get(id), 'run');

  /** What a run made is asked for once it has ended, all at once. */
  const shown = async (these: readonly Within<Run>[]): Promise<readonly ShownRun[]> => {
    const ended = these.filter(({ state }) => isEnded(state));
    const made = await room.stores.plans.madeBy(ended.filter((run) => run.kind === 'provision'));
    const planIn = (run: Run): PlanId | null => {
      if (run.kind !== 'provision' || !made.has(planOfRun(run))) return planToMake(run);
      return planOfRun(run);
    };
    return these.map((run) => ({ run, madePlan: planIn(run) }));
  };
  const shownRun = async (run: Within<Run>): Promise<ShownRun> => {
    const [only] = await shown([run]);
    return only ?? { run, madePlan: null };
  };

  return {
    async requestSync(id: ConnectionId, { acceptShrink: held = null, ...request }: SyncRequest): Promise<Requested> {
      const connection = found(await connections.get(id), 'connection');
      refuseInactive(connection);
      const acceptShrink = held === null ? null : await acceptableShrink(room, connection, held);
      const wanted = { ...request, id: runId(newId('run')), trigger: 'api', at: room.world.now() } as const;
      const requested = await runs.request(newSyncRun(connection, { ...wanted, acceptShrink }));
      await wake(room, 'sync', () => room.wakeups.sync(id, 'person'));
      logRequest(room, requested);
      return requested;
    },

    async requestProvision(id: TargetId, { full, dryRun }: ProvisionRequest): Promise<Requested> {
      const target = found(await targets.get(id), 'target');
      refuseInactiveTarget(target);
      const connection = found(await connections.get(target.connection), 'connection');
      if (connection.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      refusePaused(connection);
      const mode = full ? 'full' : 'delta';
      const wanted = {
        id: runId(newId('run')),
        mode,
        scope: null,
        dryRun,
        trigger: 'api',
        at: room.world.now(),
      } as const;
      return await requestOfTarget(room, newProvisionRun(target, null, wanted));
    },

    /** A run; a sync run with the provision runs it led to, a reconcile run with what it came to. */
    async getRun(id: RunId): Promise<
      ShownRun & {
        readonly provisionRuns: readonly ShownRun[];
        readonly reconciliation: Reconciliation | null;
      }
    > {
      const run = await get(id);
      const plain = { ...(await shownRun(run)), provisionRuns: [], reconciliation: null };
      if (run.kind === 'provision') return plain;
      if (run.kind === 'reconcile') return { ...plain, reconciliation: await room.stores.discrepancies.get(run.id) };
      const caused = await runs.list({ causedBy: id, kind: 'provision' }, null, mostProvisionRuns);
      return { ...plain, provisionRuns: await shown(caused.items) };
    },

    async listRuns(filter: FilterWithin<RunFilter>, after: string | null, limit: number): Promise<Page<ShownRun>> {
      const { items, next } = await runs.list(filter, after, limit);
      return { items: await shown(items), next };
    },

    /** A run that was seen a moment ago, and may be gone by now. */
    async showRun(run: Run): Promise<ShownRun> {
      const ended = run.kind === 'provision' && isEnded(run.state) ? await runs.get(run.id) : null;
      return { run, madePlan: ended === null ? planToMake(run) : (await shownRun(ended)).madePlan };
    },

    /** Ends a run that waits at once, and asks one that is under way to stop at the next safe place. */
    async cancelRun(id: RunId): Promise<ShownRun> {
      const run = await get(id);
      if (isEnded(run.state) && run.state !== 'canceled') {
        throw new Refused('run_ended', `The run has ended already: ${run.state}.`);
      }
      const canceled = found(await runs.cancel(run.id, room.world.now()), 'run');
      room.world.log.info('run.cancel_requested', { run: id, state: canceled.state });
      // What stood behind it need not wait for its time.
      if (run.state !== 'canceled' && canceled.state === 'canceled')
        await wake(room, canceled.kind, () => wakeFor(room.wakeups, canceled));
      return await shownRun(canceled);
    },

    async listOperations(id: RunId, after: string | null, limit: number): Promise<Page<EntryOf>> {
      const run = await get(id);
      if (run.kind !== 'provision') throw new Refused('not_a_provision_run', wroteNothing[run.kind]);
      const { items, next } = await ledger.entries(run.target, run.id, after, limit);
      const named = await namedIn(
        room,
        run.connection,
        items.map(({ operation }) => operation),
      );
      return { items: items.map((entry) => ({ entry, ...named(entry.operation) })), next };
    },
  };
};

/** Writes down that somebody wants this run of a target, and wakes a worker. */
export const requestOfTarget = async (room: Room, run: New<TargetRun>): Promise<Requested> => {
  const requested = await room.stores.runs.request(run);
  await wake(room, 'provision', () => room.wakeups.provision(run.target, 'person'));
  logRequest(room, requested);
  return requested;
};

/** What is on record of the target is older than it is, until somebody has approved the plan of all of it. */
export const refuseUnseen = async (room: Room, record: Within<TargetRecord>): Promise<void> => {
  const unseen = await room.engine.unseenIn(record);
  if (unseen !== null) throw new Refused(refusalsOfUnseen[unseen], unseenProblems[unseen].message);
};

const refusalsOfUnseen = { restored: 'database_restored', unproved: 'target_unproved' } as const;

/** Has a plan made of what puts right what a run found, or takes back what it did. Nothing of it is done before somebody approves it. */
export const requestAmending = async (
  room: Room,
  newRunId: () => RunId,
  target: TargetId,
  amends: Amends,
): Promise<Requested> => {
  const record = found(await room.stores.targets.get(target), 'target');
  refuseInactiveTarget(record);
  if (amends.kind === 'repair') refusePaused(found(await room.stores.connections.get(record.connection), 'connection'));
  await refuseUnseen(room, record);
  const wanted = { mode: 'delta', scope: null, dryRun: true, trigger: 'api' } as const;
  const run = newProvisionRun(record, amends.run, { ...wanted, id: newRunId(), at: room.world.now(), amends });
  return await requestOfTarget(room, run);
};

const logRequest = ({ world }: Room, { run, alreadyQueued }: Requested): void => {
  world.log.info('run.requested', {
    run: run.id,
    kind: run.kind,
    connection: run.connection,
    already_queued: alreadyQueued,
  });
};

/** Stops everything that is queued or under way for a connection or target that is taken out of service. */
export const cancelAll = async (
  room: Room,
  of: { readonly connection: Reached<ConnectionId> } | { readonly target: Reached<TargetId> },
): Promise<void> => {
  const { runs } = room.stores;
  for await (const run of newestRuns(runs, { ...of, isUnfinished: true as const }, 200))
    await runs.cancel(run.id, room.world.now());
};

/** More than the targets of any connection. */
const mostProvisionRuns = 200;

const wroteNothing = {
  sync: 'A sync run writes to no target. Ask for the operations of its provision runs.',
  preview: 'A preview writes to no target. Ask for the operations of its plans.',
  reconcile: 'A reconcile run writes nothing to its target. Ask for what it found.',
} as const;

export const refuseInactiveTarget = ({ id, state }: TargetRecord): void => {
  if (state === 'active') return;
  const remedy =
    state === 'quarantined'
      ? `See its problem for what is wrong, mend it, check it, and release it with POST /v1/targets/${id}/release.`
      : remedies[state];
  throw new Refused('target_not_active', `The target is ${state}. ${remedy}`);
};

export const refuseInactive = (connection: Connection): void => {
  if (connection.state === 'active') return;
  throw new Refused('connection_not_active', `The connection is ${connection.state}. ${remedies[connection.state]}`);
};

/** What goes to a target by the word of its tenant, while somebody wants nothing written on it. */
export const refusePaused = (connection: Connection): void => {
  if (connection.state === 'paused') refuseInactive(connection);
};

const remedies = {
  pending: 'Give it credentials first.',
  paused: 'Set its state to active first.',
  quarantined: 'See its health for what is wrong, mend it, then set its state to active.',
  deleting: 'It cannot be used any more.',
} as const;
