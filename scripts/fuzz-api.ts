// `npm run fuzz`: sends what Schemathesis makes up from the OpenAPI document to a whole Entrain that is started for it, as each role, and fails on whatever
// the document does not promise. Takes some minutes, and needs Python 3.10 or newer; Schemathesis is installed from PyPI into .cache.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startGraph } from '../simulator/graph/index.ts';
import { startScim } from '../simulator/scim/index.ts';
import { type Stack, startStack } from './demo/stack.ts';
import { type Connected, connect, fullSync, tourTenant, waitingPlan } from './demo/tour.ts';
import { cacheFolder, startServices } from './services.ts';

const schemathesis = 'schemathesis==4.32.5';
const roles = ['read', 'sync', 'configure', 'approve', 'admin', 'stranger', 'nobody'] as const;
type Role = (typeof roles)[number];

const help = `Usage: npm run fuzz -- [--role read,admin] [--examples 50] [--seed 1]

  --role      as whom: ${roles.join(', ')} (default: each). A stranger's key is limited to another organization; nobody has none.
  --examples  made-up calls for each operation and phase (default 30)
  --seed      which calls are made up (default: another one each time)
  --help      this text`;

const { values } = parseArgs({
  options: {
    role: { type: 'string' },
    examples: { type: 'string', default: '30' },
    seed: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(help);
  process.exit(0);
}
const chosen = z.array(z.enum(roles)).parse(values.role?.split(',') ?? roles);

const parameters = z.array(z.looseObject({ name: z.string() }));
const openApi = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ parameters: parameters.optional() }))),
});

/** A body that is too large is refused by its size, whatever else is wrong with it. */
const expected = '[checks]\nnegative_data_rejection.expected-statuses = ["4xx"]\n';

/** What would call somebody outside of this machine, never comes to its end, or ends the very key that it is called with. */
const left = ['checkNewConnection', 'watchRun', 'revokeApiKey'];

const cleanUp: (() => Promise<void>)[] = [];
try {
  const tool = await installed();
  const services = await startServices({ log: (line) => console.log(`  ${line}`) });
  cleanUp.unshift(() => services.stop());
  const graph = await startGraph({ tenants: [tourTenant(50)] });
  cleanUp.unshift(() => graph.close());
  const scim = await startScim();
  cleanUp.unshift(() => scim.close());
  const stack = await startStack({
    services,
    name: `fuzz_${process.pid}`,
    cloud: { origin: graph.origin, caPem: graph.caPem },
    // Whatever connections are made up, nobody is to read them.
    workers: [],
  });
  cleanUp.unshift(() => stack.stop());
  const worker = await stack.startWorker();
  const tour = { stack, graph, scim };
  const connected = await connect(tour);
  await fullSync(tour, connected);
  const plan = await waitingPlan(tour, connected);
  await worker.stop();
  const document = await documentOf(stack);
  const failed: Role[] = [];
  for (const role of chosen) {
    console.log(`\n=== as ${role}`);
    if (!(await holds(tool, stack, document, role, { ...connected, plan: plan.id }))) failed.push(role);
  }
  console.log(failed.length === 0 ? '\nNothing was found.' : `\nSomething was found as: ${failed.join(', ')}.`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const stop of cleanUp) await stop();
}

/** The program, in an environment of its own. */
async function installed(): Promise<string> {
  const folder = join(cacheFolder(), schemathesis.replaceAll('=', '-'));
  const program = join(folder, 'bin/st');
  if (existsSync(program)) return program;
  const made = (await run('python3', ['-m', 'venv', folder])) === 0;
  if (!made || (await run(join(folder, 'bin/pip'), ['install', '--quiet', schemathesis])) !== 0)
    throw new Error(`${schemathesis} could not be installed. It needs Python 3.10 or newer with venv, and PyPI.`);
  return program;
}

async function holds(
  tool: string,
  stack: Stack,
  document: unknown,
  role: Role,
  { connection, target, plan }: Connected & { readonly plan: string },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'entrain-fuzz-'));
  try {
    const config = join(folder, 'made-up.toml');
    const withIds = join(folder, 'with-ids.toml');
    const openapi = join(folder, 'openapi.json');
    await writeFile(openapi, JSON.stringify(document));
    const runs = await stack.api.ask(
      'GET',
      '/v1/runs?limit=1',
      z.object({ data: z.array(z.object({ id: z.string() })) }),
    );
    // Made-up ids are of nobody; what is there must be asked for, too.
    const ids = { connection_id: connection, target_id: target, plan_id: plan, run_id: runs.data[0]?.id ?? '' };
    await writeFile(config, expected);
    await writeFile(
      withIds,
      [expected, '[parameters]', ...Object.entries(ids).map(([name, id]) => `"path.${name}" = "${id}"`), ''].join('\n'),
    );
    const key = await keyOf(stack, role);
    const given = [
      'run',
      openapi,
      ...['--url', stack.apiUrl],
      ...['--phases', 'examples,coverage,fuzzing'],
      ...['--max-examples', values.examples],
      // Several threads at once break the Python that makes the calls up.
      ...['--workers', '1'],
      // What fits the document may be refused all the same: by rules about several fields, or by what was done before.
      ...['--exclude-checks', 'positive_data_acceptance'],
      ...(values.seed === undefined ? [] : ['--seed', values.seed]),
      ...(key === null ? [] : ['--header', `Authorization: Bearer ${key}`]),
      ...left.flatMap((id) => ['--exclude-operation-id', id]),
    ];
    const madeUp = await run(tool, ['--config-file', config, ...given], folder);
    const real = await run(tool, ['--config-file', withIds, ...given], folder);
    return madeUp === 0 && real === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As it is served, but for cursors: nobody can make one up, so each is refused. */
async function documentOf({ api }: Stack): Promise<unknown> {
  const served = await api.ask('GET', '/v1/openapi.json', openApi);
  for (const operation of Object.values(served.paths).flatMap((methods) => Object.values(methods)))
    operation.parameters = operation.parameters?.filter(({ name }) => name !== 'cursor');
  return served;
}

async function keyOf(stack: Stack, role: Role): Promise<string | null> {
  if (role === 'nobody') return null;
  const made = z.object({ key: z.string() });
  const body =
    role === 'stranger'
      ? { name: role, scopes: ['read', 'sync', 'configure', 'approve'], organization_ids: ['another-customer'] }
      : { name: role, scopes: [role] };
  return (await stack.api.ask('POST', '/v1/api-keys', made, body)).key;
}

function run(program: string, given: readonly string[], folder = tmpdir()): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, given, { cwd: folder, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
