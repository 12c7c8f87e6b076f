/** What a table of growth shows, said in a sentence made from it. */

import type { Table, TableId } from '../growth/table.ts';
import type { Result } from '../result.ts';
import { numberIn } from './detail.ts';
import { columnOf } from './rows.ts';

type Told = { readonly at: string; readonly flags: string | null };
type TableTold = Table & { readonly measured: Told };
type Abouts = readonly (Told & { readonly ids: readonly string[] })[];

export const growthNotesOf = (table: TableTold, measured: readonly Result[], abouts: Abouts): readonly string[] => [
  ...(table.id === 'users' ? tenfold(table, besideMemory(table, measured, abouts)) : []),
  ...(withoutQueue.has(table.id)
    ? [
        'These syncs go past the queue: what Redis holds of one is in R11, and of many in “Tenants” and “Schedules”.',
        '',
      ]
    : []),
];

const withoutQueue: ReadonlySet<TableId> = new Set(['users', 'members']);

/** R6 has syncs of the same sizes too, and what is different about them. */
const besideMemory = (table: TableTold, measured: readonly Result[], abouts: Abouts): string => {
  const detail = measured.find(({ id }) => id === 'R6')?.detail;
  const about = abouts.find(({ ids }) => ids.includes('R6'));
  const grown = (sync: string): number => {
    const told = numberIn(detail, sync, 'times the time');
    if (Number.isFinite(told)) return told;
    return numberIn(detail, sync, '1000000 users, ms') / numberIn(detail, sync, '100000 users, ms');
  };
  const [first, unchanged] = [grown('firstSync'), grown('unchangedSync')];
  if (about === undefined || !Number.isFinite(first) || !Number.isFinite(unchanged)) return '';
  const { at, flags } = table.measured;
  const differences = [
    'this table reads managers, in five times as many pages',
    ...(flags === about.flags
      ? []
      : [flags === null ? 'with flags that nobody wrote down' : `with \`${flags}\` in place of \`${about.flags}\``]),
    ...(at === about.at ? [] : [`on another day (${at}, R6 ${about.at})`]),
  ];
  return ` R6 found less: ${first.toFixed(1)} times the time of a first and ${unchanged.toFixed(1)} times that of an unchanged sync. What is different: ${differences.join('; ')}.`;
};

/** The two largest tenants beside each other, run by run. */
const tenfold = (table: TableTold, more: string): readonly string[] => {
  const [users, seconds, cpu] = ['users', 's', 'CPU s'].map((name) => columnOf([table], 'users', name));
  const largest = Math.max(...(users ?? []));
  const before = Math.max(...(users ?? []).filter((size) => size < largest));
  const runs = table.rows.map((row) => row[table.columns.indexOf('run')]);
  const rowOf = (size: number, run: unknown): number =>
    runs.findIndex((one, at) => one === run && users?.[at] === size);
  const grown = ['first full', 'unchanged full', 'delta'].flatMap((run) => {
    const [from, to] = [rowOf(before, run), rowOf(largest, run)];
    if (from === -1 || to === -1) return [];
    const times = (column: readonly number[] | undefined): string =>
      ((column?.[to] ?? Number.NaN) / (column?.[from] ?? Number.NaN)).toFixed(1);
    return [`${run} ${times(seconds)} times the time and ${times(cpu)} times the processor time`];
  });
  if (grown.length === 0) return [];
  return [
    `From ${before.toLocaleString('en')} to ${largest.toLocaleString('en')} people, ${largest / before} times as many: ${grown.join('; ')}. Processor time is that of Entrain; what the time grows beyond it is spent waiting, for MongoDB or for a core that MongoDB or the simulator has, and how much for which was not taken apart. Each row is one run, so a delta of a second says less than R5, which compares medians.${more}`,
    '',
  ];
};
