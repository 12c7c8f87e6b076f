/**
 * Puts one bug after the other into a copy of the stores of MongoDB, and says which of their tests turn red there. A real MongoDB is started once for all
 * of them; the sources themselves stay as they are.
 */

import { spawn } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Edit } from '../../test/simulation/mutants/mutant.ts';
import { edited, root } from '../../test/simulation/mutants/plant.ts';
import type { StoreMutant } from '../../test/store/mongo/mutants.ts';
import { startServices } from '../services.ts';
import { commitOfSources } from './commit.ts';
import type { StoreResult } from './results.ts';

/** Inside the repository: from here packages are found as ever. */
const copy = join(root, '.cache/planted');
const copied = ['src', 'test', 'scripts', 'simulator', 'workers', 'package.json', 'tsconfig.json', 'vitest.config.ts'];

/** `found`: called with each as it comes. Answers what is wrong: tests that are red without a bug, and bugs that none of them sees. */
export const huntInStores = async (
  mutants: readonly StoreMutant[],
  found: (result: StoreResult) => void,
): Promise<readonly string[]> => {
  const services = await startServices({ log: console.error });
  const env = { ...process.env, MONGODB_URI: services.mongoUri, REDIS_URL: services.redisUrl };
  try {
    await rm(copy, { recursive: true, force: true });
    for (const name of copied) await cp(join(root, name), join(copy, name), { recursive: true });
    const commit = commitOfSources();
    const wrong: string[] = [];
    for (const [tests, some] of Map.groupBy(mutants, (mutant) => mutant.tests)) {
      const named = [...new Set(some.map((mutant) => mutant.named))].join('|');
      const { red, ran } = await testsRed({ tests, named }, env);
      if (red.length > 0 || ran === 0)
        wrong.push(`${tests}: of ${ran} tests these are red without a bug: ${red.join('; ')}`);
    }
    for (const mutant of mutants) {
      const { red, ran } = await whilePlanted(mutant.edits, () => testsRed(mutant, env));
      found({ name: mutant.name, commit, tests: mutant.tests, ran, red: [...red] });
      if (red.length === 0) wrong.push(`${mutant.name}: not seen`);
    }
    return wrong;
  } finally {
    await services.stop();
    await rm(copy, { recursive: true, force: true });
  }
};

const whilePlanted = async <T>(edits: readonly Edit[], work: () => Promise<T>): Promise<T> => {
  const files = [...new Set(edits.map(({ file }) => file))];
  for (const edit of edits)
    await writeFile(join(copy, edit.file), edited(await readFile(join(copy, edit.file), 'utf8'), edit));
  try {
    return await work();
  } finally {
    for (const file of files) await cp(join(root, file), join(copy, file));
  }
};

type Tested = { readonly ran: number; readonly red: readonly string[] };

const ReportSchema = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).default([]) }),
      ),
    }),
  ),
});

/** What is red because the planted text does not even run is no bug that was seen. */
const testsRed = async (
  { tests, named }: Pick<StoreMutant, 'tests' | 'named'>,
  env: NodeJS.ProcessEnv,
): Promise<Tested> => {
  const report = join(copy, 'report.json');
  await rm(report, { force: true });
  const file = `test/store/mongo/${tests}`;
  const asked = ['run', '--project', 'integration', file, '-t', named, '--reporter=json', `--outputFile=${report}`];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...asked], {
      cwd: copy,
      env,
      stdio: 'ignore',
    });
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
  const { testResults } = ReportSchema.parse(JSON.parse(await readFile(report, 'utf8')));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const red = results.filter(
    ({ status, failureMessages }) => status === 'failed' && !failureMessages.some((text) => crash.test(text)),
  );
  const ran = results.filter(({ status }) => status === 'failed' || status === 'passed').length;
  return { ran, red: red.map(({ fullName }) => fullName) };
};

const crash = /^(Reference|Type|Syntax)Error\b/;
