// Programs and libraries out of Debian packages, unpacked into a folder of their own: no root, nothing installed,
// no system service started, nothing of the machine changed.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './programs.ts';

const run = promisify(execFile);
const archiveKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Whether this machine is a Debian whose packages `unpackDebian` can fetch. */
export async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release) && existsSync(archiveKeyring) && ['apt-get', 'dpkg-deb'].every(findProgram);
}

/**
 * Unpacks packages below `folder`, verified by apt against Debian's keys, and answers with the root they form. Does
 * nothing when they are there.
 *
 * `suite: null` takes the machine's own suite and adds the dependencies that the machine lacks. Another suite's
 * packages are taken as named, without dependencies.
 */
export async function unpackDebian(folder: string, packages: readonly string[], suite: string | null): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(join(folder, '..'), { recursive: true });
  // Unpacked beside its place and moved there whole, so that an interrupted run leaves no half a root behind.
  const scratch = await mkdtemp(`${folder}-`);
  try {
    const apt = await privateApt(scratch, suite);
    await apt('update');
    const wanted = suite === null ? ['--download-only', 'install'] : ['download'];
    await apt('--yes', '--no-install-recommends', ...wanted, ...packages);
    const root = join(scratch, 'root');
    for (const archive of await findArchives(scratch)) await run('dpkg-deb', ['-x', archive, root]);
    await rename(root, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another process was quicker with the same packages
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}

/** An apt-get with state of its own, below `scratch`. It takes the locks there as well, so it needs no root. */
async function privateApt(scratch: string, suite: string | null) {
  for (const path of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(scratch, path), { recursive: true });
  const status = join(scratch, 'status');
  const options = [
    `Dir::State=${join(scratch, 'state')}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${join(scratch, 'cache')}`,
    'APT::Sandbox::User=root', // apt's own user may not write into a private folder
    'Acquire::Languages=none',
  ];
  if (suite === null) {
    await copyFile('/var/lib/dpkg/status', status);
  } else {
    const sources = join(scratch, 'sources.list');
    await writeFile(status, '');
    await writeFile(sources, `deb [signed-by=${archiveKeyring}] ${await debianMirror()} ${suite} main\n`);
    options.push(`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=-');
  }
  const flags = options.flatMap((option) => ['-o', option]);
  return (...args: string[]) => run('apt-get', ['-qq', ...flags, ...args], { cwd: join(scratch, 'cache/archives') });
}

/** The mirror that the machine itself takes its Debian from. */
async function debianMirror(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? 'stable';
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const uri = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .find(([from, component]) => (from === codename || from === 'stable') && component === 'main')?.[2];
  if (uri === undefined) throw new Error(`apt's sources name no Debian mirror for ${codename}`);
  return uri;
}

async function findArchives(scratch: string): Promise<string[]> {
  const archives = join(scratch, 'cache/archives');
  const names = await readdir(archives);
  return names.filter((name) => name.endsWith('.deb')).map((name) => join(archives, name));
}
