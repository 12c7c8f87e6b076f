/**
 * Writes the results down: the figures as they are, and the page and pictures made from what is written. A measure replaces its own figures and leaves
 * the others; small sizes are written beside, for they are no part of the page.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Table } from '../growth/table.ts';
import { tableIds } from '../growth/table.ts';
import { measureIds } from '../measures/measure.ts';
import { isForThePage, type Options } from '../options.ts';
import { type Detail, following, type Result } from '../result.ts';
import { type About, type Kept, pageOf, type TableKept, type Took } from './page.ts';
import { picturesOf } from './pictures.ts';

const results = join(import.meta.dirname, '../results');
const docs = join(import.meta.dirname, '../../docs');
/** Not in the repository. */
const quickResults = join(results, 'quick');

type Place = { readonly results: string; readonly docs: string };
export const placeOf = (options: Pick<Options, 'quick' | 'users' | 'runs'>): Place =>
  isForThePage(options) ? kept : { results: quickResults, docs: quickResults };
const kept: Place = { results, docs };

/** `ids`: of the measure, also of results that it did not give this time. */
export const writeResults = async (
  place: Place,
  ids: readonly string[],
  measured: readonly Result[],
  about: About,
): Promise<void> => {
  const { measured: before, abouts: told } = await readKept(place);
  const others = before.filter(({ id }) => !ids.includes(measureOf(id)));
  const abouts = told.filter((one) => !one.ids.some((id) => ids.includes(id)));
  const then = (id: string): About | undefined => told.find((about) => about.ids.includes(measureOf(id)));
  const followed = measured.map((result) =>
    following(result, rowBefore(result, before, measured), whenOf(then(result.id))),
  );
  await write(place, 'latest.json', [...others, ...followed].toSorted(byId));
  await write(place, 'about.json', [...abouts, { ids, ...about }]);
  await writePage(place);
};

/** The row that this one takes the place of: of the same name, or the only one of its id, whatever it is called now. */
const rowBefore = (result: Result, before: readonly Result[], measured: readonly Result[]): Result | undefined => {
  const old = before.filter(({ id }) => id === result.id);
  const isOnly = old.length === 1 && measured.filter(({ id }) => id === result.id).length === 1;
  return isOnly ? old[0] : old.find(({ name }) => name === result.name);
};

const whenOf = (about: About | undefined): { readonly at: string; readonly commit: string | null } | undefined =>
  about && { at: about.at, commit: about.commit };

export const writeTable = async (place: Place, table: Table, about: About): Promise<void> => {
  const { grown } = await readKept(place);
  const tables = [...grown.filter(({ id }) => id !== table.id), { ...table, measured: about }];
  await write(
    place,
    'growth.json',
    tableIds.flatMap((id) => tables.find((one) => one.id === id) ?? []),
  );
  await writePage(place);
};

/** A quick look measures nothing that the page could say, but how long it takes. */
export const writeQuickLook = async (about: Took): Promise<void> => await writeDuration('quick-look.json', about);

/** How long it took from the first measure to the last. The durations of single measures add up to something else. */
export const writeWholeRun = async (about: Took): Promise<void> => await writeDuration('whole-run.json', about);

const writeDuration = async (name: string, { seconds, machine, at, commit }: Took): Promise<void> => {
  await write(kept, name, { seconds, machine, at, commit });
  await writePage(kept);
};

/** R4g is measured with R4, and R2m by itself. */
const measureOf = (id: string): string => measureIds.find((known) => known === id) ?? id.replace(/[a-z]+$/, '');
const byId = (a: Result, b: Result): number => numberOf(a) - numberOf(b) || a.id.length - b.id.length;
const numberOf = ({ id }: Result): number => Number.parseInt(id.slice(1), 10);

const write = async (place: Place, name: string, content: unknown): Promise<void> => {
  await mkdir(place.results, { recursive: true });
  await writeFile(join(place.results, name), `${JSON.stringify(content, null, 2)}\n`);
};

export const writePage = async (place: Place): Promise<void> => {
  const { page, pictures } = await renderPage(place);
  await mkdir(join(place.docs, 'images'), { recursive: true });
  for (const { file, svg } of pictures) await writeFile(join(place.docs, 'images', file), svg);
  await writeFile(join(place.docs, 'performance.md'), page);
};

/** The page and its pictures as the kept results make them. */
export const renderPage = async (
  place: Place = kept,
): Promise<{ readonly page: string; readonly pictures: ReturnType<typeof picturesOf>; readonly kept: Kept }> => {
  const read = await readKept(place);
  const pictures = picturesOf(read.measured);
  return { page: pageOf(read, pictures), pictures, kept: read };
};

const readKept = async (place: Place): Promise<Kept> => ({
  measured: (await read(place, 'latest.json', measuredSchema)) ?? [],
  abouts: (await read(place, 'about.json', aboutsSchema)) ?? [],
  grown: (await read(place, 'growth.json', grownSchema)) ?? [],
  quick: await read(place, 'quick-look.json', tookSchema),
  whole: await read(place, 'whole-run.json', tookSchema),
});

const aboutSchema = z.object({
  machine: z.string(),
  servers: z.string(),
  at: z.string(),
  size: z.string(),
  seconds: z.number(),
  commit: z.string().nullable().default(null),
  flags: z.string().nullable().default(null),
  remark: z.string().nullable().default(null),
});
const aboutsSchema = z.array(aboutSchema.extend({ ids: z.array(z.string()) }));
const tookSchema = z.object({
  seconds: z.number(),
  machine: z.string(),
  at: z.string(),
  commit: z.string().nullable().default(null),
});
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
    spread: z.object({ min: z.number(), max: z.number() }).nullable().default(null),
    before: z.array(z.object({ ratio: z.number(), at: z.string(), commit: z.string().nullable() })).default([]),
    detail: detailSchema,
  }),
);
const cellSchema = z.union([z.number(), z.string(), z.null()]);
const grownSchema: z.ZodType<readonly TableKept[]> = z.array(
  z.object({
    id: z.enum(tableIds),
    title: z.string(),
    about: z.string(),
    columns: z.array(z.string()),
    rows: z.array(z.array(cellSchema)),
    measured: aboutSchema,
  }),
);

/** Null when nothing of it was measured yet. */
const read = async <T>(place: Place, name: string, schema: z.ZodType<T>): Promise<T | null> => {
  const text = await readFile(join(place.results, name), 'utf8').catch(() => null);
  return text === null ? null : schema.parse(JSON.parse(text));
};
