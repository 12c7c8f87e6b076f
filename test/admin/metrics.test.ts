import { expect, it } from 'vitest';
import { createMetrics } from '../../src/admin/metrics.ts';
import { newSyncRun } from '../../src/engine/request-runs.ts';
import { connectionId, organizationId, runId } from '../../src/model/ids.ts';

const run = newSyncRun(
  { id: connectionId('con_1'), organization: organizationId('acme') },
  {
    mode: 'delta',
    id: runId('run_1'),
    scope: null,
    dryRun: false,
    trigger: 'api',
    at: new Date(0),
  },
);

it('counts what the engine, the source and the reconciler tell it', async () => {
  const metrics = createMetrics();
  metrics.observe.runEnded({ ...run, state: 'succeeded' });
  metrics.observe.runEnded({ ...run, state: 'succeeded' });
  metrics.observe.operation('disable', 'applied');
  metrics.observe.committed(run.connection, new Date());
  metrics.graphAnswered(429, 0);
  metrics.graphThrottled(1_500);
  const text = await metrics.text();
  for (const line of [
    'entrain_runs_total{kind="sync",state="succeeded"} 2',
    'entrain_operations_total{action="disable",result="applied"} 1',
    'entrain_commits_total 1',
    'entrain_graph_requests_total{status="429"} 1',
    'entrain_graph_throttled_seconds_total 1.5',
    'entrain_reconciler_repairs_total 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('entrain_process_cpu_seconds_total');
});

it('has no label that could hold an id or a person', async () => {
  const metrics = createMetrics({ queueJobs: async () => [{ queue: 'sync', state: 'waiting', jobs: 1 }] });
  metrics.observe.runEnded({ ...run, state: 'failed' });
  metrics.observe.operation('create', 'escrowed');
  metrics.graphAnswered(200, 3);
  const labels = [...(await metrics.text()).matchAll(/^entrain_(?!process|nodejs)\w+\{([^}]*)\}/gm)].flatMap(
    ([, text = '']) => [...text.matchAll(/(\w+)="/g)].map(([, name]) => name),
  );
  expect(new Set(labels)).toEqual(new Set(['kind', 'state', 'action', 'result', 'status', 'queue']));
});

it('asks for queues and lag at every scrape, and stands when they cannot be asked', async () => {
  let jobs = 3;
  let down = false;
  const ask = <T>(value: T): Promise<T> => (down ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve(value));
  const metrics = createMetrics({
    queueJobs: () => ask([{ queue: 'sync', state: 'waiting', jobs }]),
    syncLagSecs: () => ask(42),
  });
  expect(await metrics.text()).toContain('entrain_queue_jobs{queue="sync",state="waiting"} 3');
  jobs = 0;
  expect(await metrics.text()).toContain('entrain_queue_jobs{queue="sync",state="waiting"} 0');
  expect(await metrics.text()).toContain('entrain_sync_lag_seconds 42');
  down = true;
  const text = await metrics.text();
  expect(text).toContain('entrain_runs_total');
  expect(text).not.toMatch(/^entrain_(queue_jobs\{|sync_lag_seconds )/m);
});

it('shows how wrong the clock of the machine is, as far as that is known', async () => {
  let ahead: number | null = null;
  const metrics = createMetrics({ clockAheadSecs: () => ahead });
  expect(await metrics.text()).not.toMatch(/^entrain_clock_ahead_seconds /m);
  ahead = -86_400.25;
  expect(await metrics.text()).toContain('entrain_clock_ahead_seconds -86400.25');
});

it('shows whether calls are counted over all processes', async () => {
  let areShared = true;
  const metrics = createMetrics({ areLimitsShared: () => areShared });
  expect(await metrics.text()).toContain('entrain_rate_limits_shared 1');
  areShared = false;
  expect(await metrics.text()).toContain('entrain_rate_limits_shared 0');
});

it('counts the credentials that end, by how near that is', async () => {
  const none = { '60_days': 0, '30_days': 0, '14_days': 0, '7_days': 0, '1_day': 0, ended: 0 };
  const metrics = createMetrics({ credentialsEnding: async () => ({ ...none, '7_days': 3 }) });
  const text = await metrics.text();
  expect(text).toContain('entrain_credentials_ending{stage="7_days"} 3');
  expect(text).toContain('entrain_credentials_ending{stage="ended"} 0');
});
