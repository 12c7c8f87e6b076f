// `npm run demo`: the whole path on this machine, from a simulated Entra tenant to a simulated SCIM target, then a summary. Ends by itself.

import { askedBy, nothing } from '../src/command-line.ts';
import type { OneRun, SyncedRun } from './demo/client.ts';
import type { Connected, Tour, WaitingPlan } from './demo/tour.ts';

askedBy({
  name: 'demo',
  usage: `Usage: make demo, or npm run demo

Starts Redis, MongoDB, a simulated Entra tenant, a simulated SCIM target and Entrain on this machine, takes the whole path
(full sync, delta sync, a run of one test group), prints what happened, and stops everything. To keep it up: make dev.`,
  read: nothing,
});

// Loaded once it is known that it is needed: whoever asks how this is used need not wait for all of it.
const { Listr } = await import('listr2');
const { startGraph } = await import('../simulator/graph/index.ts');
const { startScim } = await import('../simulator/scim/index.ts');
const { startStack } = await import('./demo/stack.ts');
const {
  approve,
  changeTenant,
  connect,
  deltaSync,
  disagreements,
  fullSync,
  groupSync,
  prepareTestGroup,
  tourTenant,
  waitingPlan,
} = await import('./demo/tour.ts');
const { startServices } = await import('./services.ts');

const people = 200;
const cleanUp: (() => Promise<void>)[] = [];
const rows: Row[] = [];
type Row = {
  readonly step: string;
  readonly graphRequests: number;
  readonly run: SyncedRun;
  readonly scimWrites: number;
  readonly seconds: number;
};

type Context = {
  tour: Tour;
  connected: Connected;
  plan: WaitingPlan;
  test: ReturnType<typeof prepareTestGroup>;
  wrong: readonly string[];
  outsiderKept: boolean;
};

const tasks = new Listr<Context>(
  [
    {
      title: 'Start Redis and MongoDB',
      task: async (context, task) => {
        const services = await startServices({
          log: (line) => {
            task.output = line;
          },
        });
        cleanUp.unshift(() => services.stop());
        task.title = 'Simulate an Entra tenant and a helpdesk with SCIM, start Entrain';
        const graph = await startGraph({ tenants: [tourTenant(people)] });
        cleanUp.unshift(() => graph.close());
        const scim = await startScim();
        cleanUp.unshift(() => scim.close());
        const stack = await startStack({
          services,
          name: `demo_${process.pid}`,
          cloud: { origin: graph.origin, caPem: graph.caPem },
        });
        cleanUp.unshift(() => stack.stop());
        context.tour = { stack, graph, scim };
        task.title = `Started: Redis, MongoDB, a tenant of ${people} people behind HTTPS, a SCIM server, Entrain's API and worker`;
      },
    },
    {
      title: 'Connect the tenant to the helpdesk',
      task: async (context) => {
        context.connected = await connect(context.tour);
      },
    },
    {
      title: 'Full sync',
      task: async (context, task) => {
        await measured(context, 'Full sync', task, (say) => fullSync(context.tour, context.connected, say));
        context.plan = await waitingPlan(context.tour, context.connected);
      },
    },
    {
      title: 'A plan to look at, before the first thing is written',
      task: (context, task) => {
        const { create = 0, update = 0, add_members: members = 0 } = context.plan.counts;
        task.title = `A plan to look at, before the first thing is written: ${create} to create, ${update} managers to set, ${members} memberships to add`;
      },
    },
    {
      title: 'Approve the plan; it is carried out as it is',
      task: (context, task) =>
        measured(context, 'The plan, approved', task, (say) => approve(context.tour, context.plan, say)),
    },
    {
      title: 'The same again: nothing changed, so nothing is written',
      task: (context, task) =>
        measured(context, 'Full sync, again', task, (say) => fullSync(context.tour, context.connected, say)),
    },
    {
      title: 'A day in the tenant',
      task: (context, task) => {
        task.title = `A day in the tenant: ${changeTenant(context.tour).join(', ')}`;
      },
    },
    {
      title: 'Delta sync',
      task: (context, task) =>
        measured(context, 'Delta sync', task, (say) => deltaSync(context.tour, context.connected, say)),
    },
    {
      title: 'Another day in the tenant',
      task: (context, task) => {
        context.test = prepareTestGroup(context.tour);
        const { members } = context.test;
        task.title = `Another day: a test group of ${members.length} is made; they and somebody outside it get another job title`;
      },
    },
    {
      title: 'A run scoped to one test group',
      task: async (context, task) => {
        const { group, outsider } = context.test;
        const before = titleOf(context.tour, outsider);
        await measured(context, 'One test group', task, (say) =>
          groupSync(context.tour, context.connected, group, say),
        );
        context.outsiderKept = titleOf(context.tour, outsider) === before;
      },
    },
    {
      title: 'Delta sync for everybody else',
      task: (context, task) =>
        measured(context, 'Delta sync', task, (say) => deltaSync(context.tour, context.connected, say)),
    },
    {
      title: 'Compare the target with the tenant',
      task: (context, task) => {
        context.wrong = disagreements(context.tour);
        task.title =
          context.wrong.length === 0
            ? 'Compared: the target holds exactly who is in the tenant'
            : `Compared: ${context.wrong.length} differences`;
      },
    },
  ],
  { rendererOptions: { collapseSubtasks: false }, fallbackRendererCondition: () => !process.stdout.isTTY },
);

/** Runs one sync and notes what it took, as counted by the simulators on the other side. */
async function measured(
  context: Context,
  step: string,
  task: { output: string },
  sync: (say: (line: string) => void) => Promise<SyncedRun>,
): Promise<void> {
  const { graph, scim } = context.tour;
  graph.control.resetRequests();
  scim.control.clearRequests();
  const started = performance.now();
  let last = '';
  const run = await sync((line) => {
    if (line !== last && process.stdout.isTTY) task.output = line;
    last = line;
  });
  const seconds = (performance.now() - started) / 1_000;
  const scimWrites = scim.control.requests().filter(({ method }) => method !== 'GET').length;
  rows.push({ step, run, seconds, scimWrites, graphRequests: graph.control.requests().length });
  const isAsItShould = ({ state, problem }: OneRun): boolean =>
    state === 'succeeded' || (state === 'held' && problem?.code === 'plan_waits');
  const failed = [run, ...run.provision_runs].find((one) => !isAsItShould(one));
  if (failed !== undefined)
    throw new Error(
      `${step}: the ${failed.kind} run is ${failed.state}: ${failed.problem?.message ?? JSON.stringify(failed.counters.failed)}`,
    );
}

const titleOf = ({ scim }: Tour, id: string): unknown =>
  scim.control.accounts().users.find((account) => account['externalId'] === id)?.['title'];

const summary = (context: Context): string => {
  const header = [
    '',
    'created',
    'updated',
    'managers',
    'disabled',
    'members',
    'Graph requests',
    'SCIM writes',
    'seconds',
  ];
  const lines = rows.map(({ step, run, graphRequests, scimWrites, seconds }) => {
    const at = run.provision_runs[0]?.counters ?? run.counters;
    const members = `+${at.members_added} -${at.members_removed}`;
    const counted = [at.created, at.updated, at.managers_set, at.disabled, members];
    return [step, ...counted, graphRequests, scimWrites, seconds.toFixed(1)].map(String);
  });
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => (line[column] ?? '').length)));
  const table = [header, ...lines].map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const { graph, scim } = context.tour;
  const accounts = scim.control.accounts();
  return [
    '',
    'What the helpdesk got, run by run:',
    '',
    ...table.map((line) => `  ${line}`),
    '',
    `  In the tenant: ${graph.control.tenant().users().length} people, ${graph.control.tenant().groups().length} groups.`,
    `  At the helpdesk: ${accounts.users.filter(({ active }) => active === true).length} accounts on, ${accounts.users.filter(({ active }) => active === false).length} off, ${accounts.groups.length} groups. Disabled people who never had an account get none.`,
    context.outsiderKept
      ? '  The run of one test group left everyone outside it as they were.'
      : '  The run of one test group changed somebody outside it!',
    '',
    'Where to look next:',
    '  make dev              keeps all of this up, with the API for you to play',
    '  README.md             five more minutes of use',
    '  docs/architecture.md  how it works, and why nobody is disabled by accident',
    '',
  ].join('\n');
};

try {
  const context = await tasks.run();
  console.log(summary(context));
  for (const line of context.wrong.slice(0, 10)) console.log(`  ✗ ${line}`);
  if (context.wrong.length > 0 || !context.outsiderKept) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const stop of cleanUp) await stop();
}
