// What `make check` and `make test` do before any test runs: types and style. Each tool says itself what it found.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** How many of the two checks failed. */
export const checkSources = async (): Promise<number> => {
  const types = await runTool('tsc', ['--noEmit']);
  const style = await runTool('biome', ['check', '.']);
  return [types, style].filter((code) => code !== 0).length;
};

/** Resolves with the exit code of a tool that the packages bring. */
export const runTool = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> =>
  new Promise((resolve, reject) => {
    const tool = spawn(join(root, 'node_modules/.bin', name), args, { cwd: root, env, stdio: 'inherit' });
    tool.once('error', reject);
    tool.once('exit', (code) => resolve(code ?? 1));
  });
