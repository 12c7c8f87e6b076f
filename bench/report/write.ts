/** Writes the results down: the figures as they are, and the page and pictures made from them. */

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../options.ts';
import type { Result } from '../result.ts';
import { pageOf } from './page.ts';
import { picturesOf } from './pictures.ts';

const results = join(import.meta.dirname, '../results');
const docs = join(import.meta.dirname, '../../docs');

export const writeResults = async (all: readonly Result[], options: Options): Promise<void> => {
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'latest.json'), `${JSON.stringify(all, null, 2)}\n`);
  // A part of the measures is no page.
  if (options.only !== null) return;
  const pictures = picturesOf(all);
  await mkdir(join(docs, 'images'), { recursive: true });
  for (const { file, svg } of pictures) await writeFile(join(docs, 'images', file), svg);
  const about = { machine: machine(), at: new Date().toISOString().slice(0, 10), size: sizeOf(options) };
  await writeFile(join(docs, 'performance.md'), pageOf(all, about, pictures));
};

const sizeOf = ({ quick, users, runs }: Options): string =>
  `${quick ? 'Small sizes (`--quick`), good for a first look only: ' : ''}${users.toLocaleString('en')} users in the ordinary tenant, ${runs} rounds.`;

export const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
