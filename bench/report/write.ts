/** Writes the results down: the figures as they are, and the page and pictures made from what is written. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Table } from '../growth/table.ts';
import type { Options } from '../options.ts';
import type { Detail, Result } from '../result.ts';
import { type About, pageOf } from './page.ts';
import { picturesOf } from './pictures.ts';

const results = join(import.meta.dirname, '../results');
const docs = join(import.meta.dirname, '../../docs');

/** A part of the measures is no page: its figures are kept, and the page stays as it was. */
export const writeResults = async (all: readonly Result[], options: Options): Promise<void> => {
  await write('latest.json', all);
  if (options.only !== null) return;
  await write('about.json', aboutOf(options));
  await writePage();
};

export const writeGrowth = async (tables: readonly Table[], options: Options): Promise<void> => {
  await write('growth.json', { about: aboutOf(options), tables });
  if (options.only === null) await writePage();
};

const write = async (name: string, content: unknown): Promise<void> => {
  await mkdir(results, { recursive: true });
  await writeFile(join(results, name), `${JSON.stringify(content, null, 2)}\n`);
};

const aboutOf = (options: Options): About => ({
  machine: machine(),
  at: new Date().toISOString().slice(0, 10),
  size: sizeOf(options),
});

const sizeOf = ({ quick, users, runs }: Options): string =>
  `${quick ? 'Small sizes (`--quick`), good for a first look only: ' : ''}${users.toLocaleString('en')} users in the ordinary tenant, ${runs} rounds.`;

const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;

const writePage = async (): Promise<void> => {
  const { page, pictures } = await renderPage();
  await mkdir(join(docs, 'images'), { recursive: true });
  for (const { file, svg } of pictures) await writeFile(join(docs, 'images', file), svg);
  await writeFile(join(docs, 'performance.md'), page);
};

/** The page and its pictures as the kept results make them. */
export const renderPage = async (): Promise<{
  readonly page: string;
  readonly pictures: ReturnType<typeof picturesOf>;
}> => {
  const measured = await read('latest.json', measuredSchema);
  const about = await read('about.json', aboutSchema);
  const grown = await read('growth.json', grownSchema);
  const pictures = picturesOf(measured ?? []);
  return { page: pageOf({ measured: measured ?? [], about, grown, pictures }), pictures };
};

const aboutSchema = z.object({ machine: z.string(), at: z.string(), size: z.string() });
const detailSchema: z.ZodType<Detail> = z.record(
  z.string(),
  z.union([z.number(), z.string(), z.boolean(), z.null(), z.lazy(() => detailSchema)]),
);
const measuredSchema = z.array(
  z.object({
    id: z.string(),
    name: z.string(),
    // JSON has no NaN: what could not be measured is null there.
    ratio: z
      .number()
      .nullable()
      .transform((ratio) => ratio ?? Number.NaN),
    target: z.string(),
    ok: z.boolean(),
    detail: detailSchema,
  }),
);
const cellSchema = z.union([z.number(), z.string(), z.null()]);
const grownSchema = z.object({
  about: aboutSchema,
  tables: z.array(
    z.object({
      id: z.enum(['users', 'tenants', 'members', 'beside', 'schedules']),
      title: z.string(),
      about: z.string(),
      columns: z.array(z.string()),
      rows: z.array(z.array(cellSchema)),
    }),
  ),
});

/** Null when nothing of it was measured yet. */
const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T | null> => {
  const text = await readFile(join(results, name), 'utf8').catch(() => null);
  return text === null ? null : schema.parse(JSON.parse(text));
};
