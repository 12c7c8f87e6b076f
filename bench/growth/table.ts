/** One table of growth. */

import type { Lab } from '../lab.ts';
import type { Options } from '../options.ts';

export type Cell = number | string | null;
/** Tables by what they are about; the plan for many tenants reads its figures out of them. */
export const tableIds = ['users', 'tenants', 'members', 'schedules', 'runs'] as const;
export type TableId = (typeof tableIds)[number];
export type Table = {
  readonly id: TableId;
  readonly title: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};
export type Growth = (lab: Lab, options: Options) => Promise<Table>;

export const markdownOf = ({ title, about, columns, rows }: Table, heading: '##' | '###' = '##'): string =>
  [
    `${heading} ${title}`,
    '',
    about,
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map(shown).join(' | ')} |`),
    '',
  ].join('\n');

const shown = (cell: Cell): string => {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  return Math.abs(cell) >= 100 || Number.isInteger(cell) ? Math.round(cell).toLocaleString('en') : cell.toPrecision(3);
};
