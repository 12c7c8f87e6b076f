/** What a table of growth shows, said in a sentence made from it. */

import type { Table } from '../growth/table.ts';
import { columnOf } from './plan-figures.ts';

export const growthNotesOf = (table: Table): readonly string[] => (table.id === 'users' ? tenfold(table) : []);

/** The two largest tenants beside each other, run by run. */
const tenfold = (table: Table): readonly string[] => {
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
    `From ${before.toLocaleString('en')} to ${largest.toLocaleString('en')} people, ${largest / before} times as many: ${grown.join('; ')}. Processor time is that of Entrain; what the time grows beyond it is spent waiting, for MongoDB or for a core that MongoDB or the simulator has, and how much for which was not taken apart. Each row is one run, so a delta of a second says less than R5, which compares medians.`,
    '',
  ];
};
