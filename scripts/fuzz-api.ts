// `npm run fuzz`: sends what Schemathesis makes up from the OpenAPI document to a whole Entrain that is started for it, as each role, and fails on whatever
// the document does not promise. Takes some minutes a role, and needs Python 3.10 or newer; Schemathesis is installed from PyPI into .cache.

import { parseArgs } from 'node:util';
import { z } from 'zod';
import { askedBy, someOf, wholeNumber } from '../src/command-line.ts';
import type { Operation } from './fuzz/calls.ts';
import type { FuzzResult } from './fuzz/results.ts';
import { type Role, roles } from './fuzz/role-names.ts';
import type { MakingUp } from './fuzz/schemathesis.ts';
import type { Services } from './services.ts';

const usage = `Usage: npm run fuzz -- [--role read,admin] [--examples 50] [--seed 1] [--write]

  --role      as whom: ${roles.join(', ')} (default: each).
              limited and stranger have every scope but admin, for the organization that is there, and for another one; nobody has no key.
  --examples  made-up calls for each operation and phase (default 30)
  --seed      which calls are made up (default: another one each time)
  --write     keeps what came of it for docs/security.md; then: npm run docs
  --help      this text

Needs Python 3.10 or newer with venv and pip; Schemathesis is installed from PyPI into .cache. Ends with 0: nothing was found; 1: something was, or it could not be looked for.`;

const asked = askedBy({
  name: 'fuzz',
  usage,
  read: (args) => {
    const { role, examples, seed, write } = parseArgs({
      args: [...args],
      options: {
        role: { type: 'string' },
        examples: { type: 'string', default: '30' },
        seed: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    }).values;
    return {
      roles: role === undefined ? roles : someOf('role', role, roles),
      examples: wholeNumber('examples', examples, 1, 100_000),
      seed: seed === undefined ? null : String(wholeNumber('seed', seed, 0, Number.MAX_SAFE_INTEGER)),
      write,
    };
  },
});

// Loaded once it is known that it is needed: whoever asks how this is used need not wait for all of it.
const { callCounter } = await import('./fuzz/calls.ts');
const { startInstallation } = await import('./fuzz/installation.ts');
const { plant } = await import('./fuzz/plant.ts');
const { keepFuzzResult } = await import('./fuzz/results.ts');
const { headersOf } = await import('./fuzz/roles.ts');
const { installed, makeUp } = await import('./fuzz/schemathesis.ts');
const { startServices } = await import('./services.ts');
const { commitOf } = await import('./simulate/commit.ts');

const parameters = z.array(z.looseObject({ name: z.string() }));
const openApi = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ operationId: z.string(), parameters: parameters.optional() })),
  ),
});

/** What would end the key or session that it is called with, or call an address that was made up, if it took whichever id it saw. */
const ofOwnIdsAlone = [
  'revokeApiKey',
  'endOpenSession',
  'checkConnection',
  'checkTarget',
  'testWebhook',
  'resendWebhookDelivery',
];

/** After it nothing is approved, undone or compared before everybody was read, and no worker is there to do it: so it comes when all else was called. */
const lastOfAll = ['declareRestore'];

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const program = await installed();
  const services = await startServices({ log: (line) => console.log(`  ${line}`) });
  try {
    const found: Role[] = [];
    for (const role of asked.roles) {
      console.log(`\n=== as ${role}`);
      const result = await letLoose(role, services, program);
      console.log(`\n${JSON.stringify(result)}`);
      if (asked.write) keepFuzzResult(result);
      if (result.faults > 0) found.push(role);
    }
    console.log(found.length === 0 ? '\nNothing was found.' : `\nSomething was found as: ${found.join(', ')}.`);
    return found.length === 0 ? 0 : 1;
  } finally {
    await services.stop();
  }
}

/** On an installation of its own, so that no role finds what another one left. */
async function letLoose(role: Role, services: Services, program: string): Promise<FuzzResult> {
  const counter = callCounter();
  const left = leftBy(role);
  const installation = await startInstallation(services, `fuzz_${process.pid}_${role}`, counter.hear);
  try {
    const planted = await plant(installation);
    const { document, operations } = await documentOf(installation.stack.apiUrl);
    const making: MakingUp = {
      document,
      url: installation.stack.apiUrl,
      headers: await headersOf(role, installation),
      planted,
      phases: ['coverage', 'fuzzing'],
      examples: asked.examples,
      seed: asked.seed,
      left: [...left, ...lastOfAll],
      // To see whether a call is let in without it, the tool would have to take the cookie away, and cannot: whoever has none is nobody.
      withoutChecks: role === 'session' ? ['ignored_auth'] : [],
    };
    counter.forget();
    const faults = await makeUp(program, making);
    // Here the ids themselves are what is tried. Those that were in answers are among them, so it comes last.
    const ofAnyIds = [...left, ...ofOwnIdsAlone];
    const more = await makeUp(program, { ...making, planted: null, phases: ['fuzzing'], left: ofAnyIds });
    const called = operations.filter(({ id }) => !left.includes(id));
    const { calls, reached, unreached } = counter.count(called);
    return {
      role,
      date: new Date().toISOString().slice(0, 10),
      commit: commitOf(),
      calls,
      reached: reached.length,
      operations: called.length,
      unreached: [...unreached],
      faults: faults + more,
    };
  } finally {
    await installation.stop();
  }
}

/** What would call somebody outside of this machine, never comes to its end, or ends the very session that it is called with. */
function leftBy(role: Role): readonly string[] {
  return ['checkNewConnection', 'checkNewTarget', 'watchRun', ...(role === 'session' ? ['endSession'] : [])];
}

/** As it is served, but for cursors: nobody can make one up, so each is refused. */
async function documentOf(apiUrl: string): Promise<{ document: unknown; operations: readonly Operation[] }> {
  const answer = await fetch(`${apiUrl}/v1/openapi.json`);
  const document = openApi.parse(await answer.json());
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
    operation.parameters = operation.parameters?.filter(({ name }) => name !== 'cursor');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id }]) => ({ id, method, path })),
  );
  return { document, operations };
}
