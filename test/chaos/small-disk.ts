/**
 * A disk that can be filled and emptied: a small file system in memory, which only root may mount. Where that is not possible, the processes may not
 * let their files grow any more, which to them is much the same.
 */

import { execFile } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FrailServer } from './servers.ts';

/** `mounted`: a file system of its own. `limited`: files may not grow. */
export type DiskMeans = 'mounted' | 'limited';

export type SmallDisk = {
  readonly folder: string;
  readonly means: DiskMeans;
  /** What is done, in words. */
  readonly how: string;
  /** From now on nothing more can be written. */
  fill(servers: readonly FrailServer[]): Promise<void>;
  /** There is room again. */
  empty(servers: readonly FrailServer[]): Promise<void>;
  remove(): Promise<void>;
};

const run = promisify(execFile);
const sizeMb = 160;

/** Throws when neither way is open on this machine. */
export const makeSmallDisk = async (folder: string): Promise<SmallDisk> => {
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder]);
    return mounted(folder);
  } catch (error) {
    return await limited(folder, error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : '');
  }
};

const mounted = (folder: string): SmallDisk => {
  const ballast = join(folder, 'ballast');
  return {
    folder,
    means: 'mounted',
    how: `the folders of MongoDB and Redis are on a file system of ${sizeMb} MB, which is filled`,
    fill: async () => {
      const file = await open(ballast, 'w');
      try {
        for (;;) await file.write(Buffer.alloc(64 * 1024));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast, { force: true }),
    remove: async () => {
      await run('umount', [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const limited = async (folder: string, why: string): Promise<SmallDisk> => {
  await run('prlimit', ['--version']).catch(() => {
    throw new Error(`A full disk cannot be tried here: nothing can be mounted (${why}), and there is no prlimit.`);
  });
  const limit = async (servers: readonly FrailServer[], bytes: string): Promise<void> => {
    for (const server of servers)
      for (const pid of await processesOf(server.present()?.group ?? 0))
        await run('prlimit', ['--pid', pid, `--fsize=${bytes}:`]);
  };
  return {
    folder,
    means: 'limited',
    how: `NO SMALL DISK CAN BE MOUNTED HERE (${why.trim()}): instead the processes of MongoDB and Redis may not write beyond the first kilobyte of a file`,
    fill: (servers) => limit(servers, '1024'),
    // A server that died of it is up again by itself, without a limit.
    empty: (servers) => limit(servers, 'unlimited'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};

/** The fifth field of a process's status is its group (proc(5)); the second may hold spaces. */
const processesOf = async (group: number): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[2]);
    }),
  );
  return group === 0 ? [] : pids.filter((_, at) => groups[at] === group);
};
