/** Which version of the sources a result is of. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const unknown = 'unknown';
/** So many name a version, however large the repository grows. */
const digits = 7;

/** `unknown` where there is no repository. */
export const commitOf = (): string => git('rev-parse', `--short=${digits}`, 'HEAD') ?? unknown;

/** The last commit that changed what a simulation is made of; what was written of results changed nothing. With a `+` where it was edited since. */
export const commitOfSources = (): string => {
  const paths = ['--', 'src', 'simulator', 'test/simulation', ':(exclude)test/simulation/results'];
  const commit = git('log', '-1', `--abbrev=${digits}`, '--format=%h', ...paths);
  if (commit === null || commit === '') return unknown;
  return git('status', '--porcelain', ...paths) === '' ? commit : `${commit}+`;
};

/** Whether what was found in these sources can be found in them again. */
export const isExact = (commit: string): boolean => commit !== unknown && !commit.endsWith('+');

const git = (...args: readonly string[]): string | null => {
  try {
    return execFileSync('git', args, {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
};
