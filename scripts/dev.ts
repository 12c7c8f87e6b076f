// `npm run dev`: everything of the demo, kept up for you to play with, until Ctrl-C.

import { parseArgs } from 'node:util';
import { askedBy, wholeNumber } from '../src/command-line.ts';

const usage = `Usage: make dev [ARGS="--users 200 --port 8080"], or npm run dev -- [options]

Starts Redis, MongoDB, a simulated Entra tenant, a simulated SCIM target, and Entrain's API and worker,
connects the tenant, runs a first full sync whose plan waits for you to approve it, and keeps everything up until Ctrl-C.

  --users N   people in the simulated tenant (default 200)
  --port N    the API's port (default: any that is free)
  --help      this text`;

const asked = askedBy({
  name: 'dev',
  usage,
  read: (args) => {
    const options = { users: { type: 'string', default: '200' }, port: { type: 'string' } } as const;
    const { users, port } = parseArgs({ args: [...args], options }).values;
    return {
      users: wholeNumber('users', users, 10, 1_000_000),
      port: port === undefined ? null : wholeNumber('port', port, 1, 65_535),
    };
  },
});

// Loaded once it is known that it is needed: whoever asks how this is used need not wait for all of it.
const { startGraph } = await import('../simulator/graph/index.ts');
const { startScim } = await import('../simulator/scim/index.ts');
const { freePort } = await import('./services/child.ts');
const { ourAppAt } = await import('./demo/our-app.ts');
const { startStack } = await import('./demo/stack.ts');
const { connect, fullSync, tourTenant, waitingPlan } = await import('./demo/tour.ts');
const { startServices } = await import('./services.ts');
const { stopAsked } = await import('./services/stop-asked.ts');

const stopped = stopAsked();
const cleanUp: (() => Promise<void>)[] = [];
try {
  const services = await startServices({ log: (line) => console.log(`  ${line}`) });
  cleanUp.unshift(() => services.stop());
  const port = asked.port ?? (await freePort());
  const ours = ourAppAt(port);
  const tenant = tourTenant(asked.users);
  const graph = await startGraph({ tenants: [{ ...tenant, apps: [...tenant.apps, ours.registration] }] });
  cleanUp.unshift(() => graph.close());
  const scim = await startScim();
  cleanUp.unshift(() => scim.close());
  const stack = await startStack({
    services,
    name: `dev_${process.pid}`,
    cloud: { origin: graph.origin, caPem: graph.caPem },
    port,
    env: ours.env,
  });
  cleanUp.unshift(() => stack.stop());
  const tour = { stack, graph, scim };
  const connected = await connect(tour);
  console.log('  First full sync …');
  const run = await fullSync(tour, connected);
  const plan = await waitingPlan(tour, connected);
  const group = graph.control
    .tenant()
    .groups()
    .find(({ members }) => members > 3);
  console.log(`
Entrain is up. The first full sync ${run.state}. Nothing was written to the helpdesk yet: what it would get, ${plan.counts['create'] ?? 0} accounts
and groups, waits as a plan for you to approve.

  API           ${stack.apiUrl}
  OpenAPI       ${stack.apiUrl}/v1/openapi.json
  Metrics       ${stack.apiUrl}/metrics (open to everybody, as calls are without limits: here alone)
  Queues        ${stack.apiUrl}/admin/queues (with the key, as below; a browser would have to sign in, which nobody can here)
  Graph         ${graph.origin}
    its control ${graph.origin}/control
    its CA      ${stack.caFile}
  SCIM          ${scim.baseUrl}
    its control ${scim.origin}/control

For the calls of README.md, "Five more minutes":
  export API=${stack.apiUrl} JSON='Content-Type: application/json'
  export AUTH='Authorization: Bearer ${stack.apiKey}'
  export CONNECTION=${connected.connection}
  export TARGET=${connected.target}
  export PLAN=${plan.id}
  export HASH=${plan.hash}
  export GROUP=${group?.id ?? ''}
  export SCIM=${scim.baseUrl} SCIM_AUTH='Authorization: Bearer ${scim.token}'
  export CA=${stack.caFile}
  export CONTROL=${graph.origin}/control
  export TENANT=${graph.control.tenant().tenantId}

Try:
  curl -sH "$AUTH" "$API/v1/plans/$PLAN"
  curl -sH "$AUTH" "$API/v1/plans/$PLAN/operations?limit=3"
  curl -sH "$AUTH" -H "$JSON" -d "{\\"hash\\":\\"$HASH\\",\\"reason\\":\\"It is what I expect.\\"}" "$API/v1/plans/$PLAN/approve"
  curl -sH "$AUTH" "$API/v1/connections/$CONNECTION/users?limit=3"
  curl -s --cacert "$CA" -d '{"displayName":"Ada Lovelace","department":"Engineering"}' "$CONTROL/tenants/$TENANT/hire"
  curl -sH "$AUTH" -H "$JSON" -d '{"mode":"delta"}' "$API/v1/connections/$CONNECTION/sync"
  curl -sH "$AUTH" "$API/v1/runs?limit=5"

Connect the tenant once more, as its administrator would, by the link that is answered (oauth2_authorize_url), or by a page that leads through it:
  curl -sH "$AUTH" -H "$JSON" "$API/v1/connections" \\
    -d '{"vendor":"MS_ENTRA","organization_id":"demo-customer","name":"By consent","cloud":"custom"}'
  curl -sH "$AUTH" -H "$JSON" -d '{"given_to":"Contoso IT"}' "$API/v1/connections/<its id>/setup-link"

Ctrl-C stops everything.`);
  await stopped;
  console.log('\nStopping …');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const stop of cleanUp) await stop();
}
