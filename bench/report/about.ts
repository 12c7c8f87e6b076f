/** When, where and on what something was measured. */

import { cpus, totalmem } from 'node:os';
import { z } from 'zod';
import type { Lab } from '../lab.ts';
import type { Options } from '../options.ts';
import type { About } from './page.ts';

export const aboutOf = async (
  lab: Pick<Lab, 'mongo' | 'redis'>,
  options: Options,
  startedAt: number,
): Promise<About> => ({
  machine: machine(),
  servers: await servers(lab),
  at: new Date().toISOString().slice(0, 10),
  size: sizeOf(options),
  seconds: Math.round((performance.now() - startedAt) / 1_000),
});

const sizeOf = ({ quick, users, runs }: Options): string =>
  `${users.toLocaleString('en')} users in the ordinary tenant, ${runs} rounds${quick ? ' (small sizes, good for a first look only)' : ''}`;

const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;

const build = z.object({ version: z.string() });

const servers = async ({ mongo, redis }: Pick<Lab, 'mongo' | 'redis'>): Promise<string> => {
  const { version } = build.parse(await mongo.db('admin').command({ buildInfo: 1 }));
  const [, cache = ''] = /redis_version:(\S+)/.exec(await redis.info('server')) ?? [];
  return `MongoDB ${version}, Redis ${cache}, both beside it on the same machine`;
};
