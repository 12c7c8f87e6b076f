// `npm test`: types, style, then every test; the last line is the count. `npm test -- test/core` runs those tests alone.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askedBy } from '../src/command-line.ts';
import { checkSources, runTool } from './check-sources.ts';
import { countTests, sayCount } from './count-tests.ts';
import { cacheFolder } from './services.ts';

const usage = `Usage: make test [ARGS="test/core"], or npm test -- [files or folders]

Checks types and style, then runs every test; the last line is the count. Named files and folders are run alone, without these checks.

  -t WORDS   only tests whose names hold these words
  --help     this text

Whatever else vitest can do: npx vitest --help`;
const chosen = askedBy({
  name: 'test',
  usage,
  read: (args) => {
    const options = { named: { type: 'string', short: 't' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    return [...positionals, ...(values.named === undefined ? [] : ['-t', values.named])];
  },
});
// What Node compiled of the packages for one test file serves the others.
const env = { ...process.env, NODE_COMPILE_CACHE: join(cacheFolder(), 'compiled') };

process.on('SIGINT', () => undefined); // Ctrl-C reaches the tools too; they end first, and say how

const scratch = await mkdtemp(join(tmpdir(), 'entrain-test-'));
try {
  const failedChecks = chosen.length === 0 ? await checkSources() : 0;
  const reportFile = join(scratch, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const exitCode = await runTool('vitest', ['run', ...reporters, ...chosen], env);
  const count = countTests({ json: await readReport(reportFile), exitCode, failedChecks });
  process.exitCode = count.failed > 0 || count.ranNone ? 1 : exitCode;
  console.log(sayCount(count));
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function readReport(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  return JSON.parse(text);
}
