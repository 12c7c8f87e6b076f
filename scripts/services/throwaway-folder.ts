import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type ThrowawayFolder = { readonly path: string; readonly remove: () => Promise<void> };

/** A folder that goes when it is removed, or some seconds after this process has died without doing so. */
export async function throwawayFolder(prefix: string): Promise<ThrowawayFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  // `cat` ends with our end of the pipe; the servers have the same signal to stop by, and need a moment.
  const script = 'cat >/dev/null; sleep 3; rm -rf "$1"';
  const broom = spawn('sh', ['-c', script, 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  broom.unref();
  const remove = async () => {
    broom.kill();
    broom.stdin.destroy();
    await rm(path, { recursive: true, force: true });
  };
  return { path, remove };
}
