/** What is counted, for Prometheus. Labels come from closed lists: never an id, never anything of a person. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Observe } from '../engine/engine.ts';
import type { DecidedKind } from '../model/plan.ts';
import type { CredentialsEnding } from './credentials-ending.ts';

type QueueJobs = { readonly queue: string; readonly state: string; readonly jobs: number };
/** Asked at every scrape. */
type Sources = {
  readonly queueJobs?: () => Promise<readonly QueueJobs[]>;
  /** Seconds since the connection that is furthest behind was last in step. */
  readonly syncLagSecs?: () => Promise<number>;
  readonly plansWaiting?: () => Promise<Readonly<Record<DecidedKind, number>>>;
  readonly credentialsEnding?: () => Promise<CredentialsEnding>;
  /** How far the clock of this machine is ahead of the database's; null: not known. */
  readonly clockAheadSecs?: () => number | null;
  /** Whether calls are counted over all processes. */
  readonly areLimitsShared?: () => boolean;
};

export type Metrics = {
  readonly contentType: string;
  readonly text: () => Promise<string>;
  /** For the engine. */
  readonly observe: Observe;
  readonly graphAnswered: (status: number, resourceUnits: number) => void;
  readonly graphThrottled: (waitMs: number) => void;
  readonly reconcilerRepaired: (wakeups: number) => void;
};

export const createMetrics = (sources: Sources = {}): Metrics => {
  const { queueJobs, syncLagSecs, plansWaiting, credentialsEnding, clockAheadSecs, areLimitsShared } = sources;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'entrain_' });

  const runs = new Counter({
    name: 'entrain_runs_total',
    help: 'Runs that ended, by kind and state.',
    labelNames: ['kind', 'state'],
    registers,
  });
  const operations = new Counter({
    name: 'entrain_operations_total',
    help: 'Operations at targets, by action and result.',
    labelNames: ['action', 'result'],
    registers,
  });
  const commits = new Counter({
    name: 'entrain_commits_total',
    help: 'Snapshot versions that were committed.',
    registers,
  });
  const holds = new Counter({
    name: 'entrain_guard_holds_total',
    help: 'How often the guard kept everything of a kind back, by the limit that was passed; `protection`: because it is not known who is protected.',
    labelNames: ['limit'],
    registers,
  });
  const givenUp = new Counter({
    name: 'entrain_escrows_given_up_total',
    help: 'Objects that failed for so long that they are not tried by themselves any more.',
    registers,
  });
  const discrepancies = new Counter({
    name: 'entrain_discrepancies_total',
    help: 'Where reconcile runs found a target not to be what our links say, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const quarantines = new Counter({
    name: 'entrain_quarantines_total',
    help: 'Connections and targets that were held back.',
    labelNames: ['kind'],
    registers,
  });
  const probes = new Counter({
    name: 'entrain_quarantine_probes_total',
    help: 'Checks of what is held back; one that passes lets it go.',
    labelNames: ['kind', 'result'],
    registers,
  });
  const restores = new Counter({
    name: 'entrain_restores_total',
    help: 'How often the database was found, or said, to be put back from a backup.',
    labelNames: ['how'],
    registers,
  });
  const renewals = new Counter({
    name: 'entrain_secrets_renewed_total',
    help: 'Stored secrets that were brought under another key-encryption key, or encrypted anew by another data key.',
    registers,
  });
  const graphRequests = new Counter({
    name: 'entrain_graph_requests_total',
    help: 'Answers of Microsoft Graph, by status.',
    labelNames: ['status'],
    registers,
  });
  const graphUnits = new Counter({
    name: 'entrain_graph_resource_units_total',
    help: 'Resource units that Microsoft Graph charged; its limits per application and tenant are counted in them.',
    registers,
  });
  const graphThrottled = new Counter({
    name: 'entrain_graph_throttled_seconds_total',
    help: 'Seconds that Microsoft Graph told us to wait.',
    registers,
  });
  const repairs = new Counter({
    name: 'entrain_reconciler_repairs_total',
    help: 'Schedules and wake-ups that had to be made again, also where a job rests and missed one; anything but 0 means that Redis lost something, or could not be reached when it was asked for.',
    registers,
  });
  if (queueJobs !== undefined) gaugeOfQueues(registers, queueJobs);
  if (syncLagSecs !== undefined) gaugeOfLag(registers, syncLagSecs);
  if (plansWaiting !== undefined) gaugeOfPlans(registers, plansWaiting);
  if (credentialsEnding !== undefined) gaugeOfCredentials(registers, credentialsEnding);
  if (clockAheadSecs !== undefined) gaugeOfClock(registers, clockAheadSecs);
  if (areLimitsShared !== undefined) gaugeOfLimits(registers, areLimitsShared);

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe: {
      runEnded: ({ kind, state }) => runs.inc({ kind, state }),
      operation: (action, result) => operations.inc({ action, result }),
      committed: () => commits.inc(),
      held: (limit) => holds.inc({ limit: limit.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) }),
      givenUp: (objects) => givenUp.inc(objects),
      reconciled: (found) => {
        for (const [kind, objects] of Object.entries(found)) if (objects > 0) discrepancies.inc({ kind }, objects);
      },
      quarantined: (kind) => quarantines.inc({ kind }),
      probed: (kind, result) => probes.inc({ kind, result }),
      renewed: (secrets) => renewals.inc(secrets),
      restored: (how) => restores.inc({ how }),
    },
    graphAnswered: (status, resourceUnits) => {
      graphRequests.inc({ status: String(status) });
      graphUnits.inc(resourceUnits);
    },
    graphThrottled: (waitMs) => graphThrottled.inc(waitMs / 1_000),
    reconcilerRepaired: (wakeups) => repairs.inc(wakeups),
  };
};

const gaugeOfQueues = (registers: Registry[], queueJobs: () => Promise<readonly QueueJobs[]>): Gauge =>
  new Gauge({
    name: 'entrain_queue_jobs',
    help: 'Jobs in the queues, by queue and state.',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const { queue, state, jobs } of await unlessDown(queueJobs, [])) this.set({ queue, state }, jobs);
    },
  });

const gaugeOfLag = (registers: Registry[], syncLagSecs: () => Promise<number>): Gauge =>
  new Gauge({
    name: 'entrain_sync_lag_seconds',
    help: 'Seconds since the connection that is furthest behind was last in step.',
    registers,
    async collect() {
      const secs = await unlessDown<number | null>(syncLagSecs, null);
      if (secs === null) this.remove();
      else this.set(secs);
    },
  });

const gaugeOfPlans = (registers: Registry[], plansWaiting: NonNullable<Sources['plansWaiting']>): Gauge =>
  new Gauge({
    name: 'entrain_plans_waiting',
    help: 'Plans that wait for somebody to decide, by kind.',
    labelNames: ['kind'],
    registers,
    async collect() {
      this.reset();
      const waiting = await unlessDown<Readonly<Record<DecidedKind, number>> | null>(plansWaiting, null);
      for (const [kind, plans] of Object.entries(waiting ?? {})) this.set({ kind }, plans);
    },
  });

const gaugeOfCredentials = (registers: Registry[], credentialsEnding: NonNullable<Sources['credentialsEnding']>) =>
  new Gauge({
    name: 'entrain_credentials_ending',
    help: 'Credentials of connections that end soon or have ended, by how many days are left at most.',
    labelNames: ['stage'],
    registers,
    async collect() {
      this.reset();
      const ending = await unlessDown<CredentialsEnding | null>(credentialsEnding, null);
      for (const [stage, credentials] of Object.entries(ending ?? {})) this.set({ stage }, credentials);
    },
  });

const gaugeOfClock = (registers: Registry[], clockAheadSecs: () => number | null): Gauge =>
  new Gauge({
    name: 'entrain_clock_ahead_seconds',
    help: "How far the clock of this machine is ahead of the database's, which everything goes by; negative: behind it.",
    registers,
    collect() {
      const secs = clockAheadSecs();
      if (secs === null) this.remove();
      else this.set(secs);
    },
  });

const gaugeOfLimits = (registers: Registry[], areShared: () => boolean): Gauge =>
  new Gauge({
    name: 'entrain_rate_limits_shared',
    help: '1: how many calls somebody makes is counted over all processes. 0: Redis gives no answer, and each counts by itself.',
    registers,
    collect() {
      this.set(areShared() ? 1 : 0);
    },
  });

/** A store that is down takes its own gauge away, not the whole page; /readyz says what is down. */
const unlessDown = async <T>(ask: () => Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
};
