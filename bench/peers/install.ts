/** Brings in Backstage's reader, 100 MB that nobody but the bench needs; without it the bench goes on. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = import.meta.dirname;
const name = '@backstage/plugin-catalog-backend-module-msgraph';

/** What keeps it from being compared; null when it is there. */
export const installPeers = async (say: (line: string) => void): Promise<string | null> => {
  if (existsSync(join(folder, 'node_modules', name))) return null;
  say('  installing what is compared (bench/peers), once');
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts'], { cwd: folder, timeout: 180_000 });
    return null;
  } catch (error) {
    return `it could not be installed: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
};
