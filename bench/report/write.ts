/** Writes the results down: the figures as they are, and the page made from them. */

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../options.ts';
import type { Result } from '../result.ts';

const folder = join(import.meta.dirname, '../results');

export const writeResults = async (results: readonly Result[], _options: Options): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
};

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
