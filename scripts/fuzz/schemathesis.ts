// Schemathesis, which makes calls up from an OpenAPI document and checks the answers against it: installed into .cache, run, and its verdict read.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../services.ts';
import type { Given, Planted } from './plant.ts';
import type { Headers } from './roles.ts';

const schemathesis = 'schemathesis==4.32.5';

export type MakingUp = {
  readonly document: unknown;
  readonly url: string;
  readonly headers: Headers;
  /** Null: ids are made up, too. */
  readonly planted: Planted | null;
  readonly phases: readonly ('coverage' | 'fuzzing')[];
  readonly examples: number;
  readonly seed: string | null;
  /** Operations that are not called. */
  readonly left: readonly string[];
  readonly withoutChecks: readonly string[];
};

const verdict = z.looseObject({
  complete: z.boolean(),
  test_cases: z.looseObject({ unique_failures: z.number(), errored: z.number() }),
  errors: z.array(z.unknown()),
});

/** The program, in an environment of its own. */
export const installed = async (): Promise<string> => {
  const folder = join(cacheFolder(), schemathesis.replaceAll('=', '-'));
  const program = join(folder, 'bin/st');
  if (existsSync(program)) return program;
  const made = (await run('python3', ['-m', 'venv', folder], tmpdir()).catch(() => 1)) === 0;
  if (!made || (await run(join(folder, 'bin/pip'), ['install', '--quiet', schemathesis], tmpdir())) !== 0)
    throw new Error(`${schemathesis} could not be installed. It needs Python 3.10 or newer with venv, and PyPI.`);
  return program;
};

/** How many faults it found. Throws when it did not come to its end. */
export const makeUp = async (program: string, asked: MakingUp): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'entrain-fuzz-'));
  try {
    const document = join(folder, 'openapi.json');
    const config = join(folder, 'schemathesis.toml');
    const report = join(folder, 'report.json');
    await writeFile(document, JSON.stringify(asked.document));
    await writeFile(config, settingsOf(asked.planted));
    const code = await run(program, ['--config-file', config, ...argumentsOf(document, report, asked)], folder);
    if (!existsSync(report)) throw new Error(`Schemathesis ended with ${code}, and without a report.`);
    const { complete, test_cases, errors } = verdict.parse(JSON.parse(await readFile(report, 'utf8')));
    if (!complete) throw new Error(`Schemathesis was broken off, and ended with ${code}.`);
    const faults = test_cases.unique_failures + Math.max(test_cases.errored, errors.length);
    return Math.max(faults, code === 0 ? 0 : 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const argumentsOf = (document: string, report: string, asked: MakingUp): readonly string[] => [
  'run',
  document,
  ...['--url', asked.url],
  ...['--phases', asked.phases.join(',')],
  ...['--max-examples', String(asked.examples)],
  // Several threads at once break the Python that makes the calls up.
  ...['--workers', '1'],
  // What fits the document may be refused all the same: by rules about several fields, or by what was done before.
  ...['--exclude-checks', ['positive_data_acceptance', ...asked.withoutChecks].join(',')],
  ...(asked.seed === null ? [] : ['--seed', asked.seed]),
  ...Object.entries(asked.headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
  // What lets in is given; what was made up in its place would be refused, and nothing behind it be reached.
  ...['--generation-with-security-parameters', 'false'],
  ...asked.left.flatMap((id) => ['--exclude-operation-id', id]),
  ...['--report', 'json', '--report-json-path', report],
];

/** A body that is too large is refused by its size, whatever else is wrong with it. */
const checks = '[checks]\nnegative_data_rejection.expected-statuses = ["4xx"]\n';

const settingsOf = (planted: Planted | null): string =>
  planted === null
    ? checks
    : [
        checks,
        '[parameters]',
        ...pairsOf(planted.ofAll),
        ...Object.entries(planted.of).flatMap(([id, given]) => [
          '',
          '[[operations]]',
          `include-operation-id = ${JSON.stringify(id)}`,
          `parameters = { ${pairsOf(given).join(', ')} }`,
        ]),
        '',
      ].join('\n');

const pairsOf = (given: Given): readonly string[] =>
  Object.entries(given).map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`);

const run = (program: string, given: readonly string[], folder: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, given, { cwd: folder, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
