/** When, where and on what something was measured. */

import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { z } from 'zod';
import type { Lab } from '../lab.ts';
import type { Options } from '../options.ts';
import type { About } from './page.ts';

/** When something began, and of what. */
export type Begun = { readonly startedAt: number; readonly commit: string | null };

/** Called before the first process starts: what is edited or committed while something is measured is not what was measured. */
export const begun = (): Begun => ({ startedAt: performance.now(), commit: commitOf() });

export const aboutOf = async (
  lab: Pick<Lab, 'mongo' | 'redis' | 'services' | 'workerFlags'>,
  options: Options,
  { startedAt, commit }: Begun,
  size = sizeOf(options),
): Promise<About> => ({
  machine: machine(),
  servers: await servers(lab),
  at: new Date().toISOString().slice(0, 10),
  size,
  commit,
  flags: lab.workerFlags.join(' '),
  remark: null,
  seconds: Math.round((performance.now() - startedAt) / 1_000),
});

const sizeOf = ({ quick, users, runs }: Options): string =>
  `${users.toLocaleString('en')} users in the ordinary tenant, ${runs} rounds${quick ? ' (small sizes, good for a first look only)' : ''}`;

const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;

const build = z.object({ version: z.string() });

const servers = async ({ mongo, redis, services }: Pick<Lab, 'mongo' | 'redis' | 'services'>): Promise<string> => {
  const { version } = build.parse(await mongo.db('admin').command({ buildInfo: 1 }));
  const [, cache = ''] = /redis_version:(\S+)/.exec(await redis.info('server')) ?? [];
  return `MongoDB ${version}${whereIs(services.mongoUri)}, Redis ${cache}${whereIs(services.redisUrl)}`;
};

/** Whether a server shares the machine is half of what its figures say. `%2F`: a socket in the file system. */
export const whereIs = (url: string): string =>
  /^[a-z+]+:\/\/(?:[^@/]*@)?(?:%2F[^/]*|(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?)(?:[/?]|$)/.test(url)
    ? ' beside it on the same machine'
    : ' elsewhere';

/** What a result depends on. Not what is made of it: results are written while the next measure is made. */
const measuredCode = [
  ':/src',
  ':/workers',
  ':/simulator',
  ':/scripts',
  ':/bench',
  ':/package.json',
  ':/package-lock.json',
  ':(exclude,top)bench/results',
];

/** Null outside of a repository. */
const commitOf = (): string | null => {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=all', '--', ...measuredCode);
    return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ' with changes'}`;
  } catch {
    return null;
  }
};
