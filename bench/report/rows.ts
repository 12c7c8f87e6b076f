/** Looks into the tables of growth. */

import type { Cell, Table, TableId } from '../growth/table.ts';

/** `at`: the number in a column, NaN where there is none. */
export type Row = { readonly run: Cell; readonly at: (column: string) => number };

export const rowsOf = (tables: readonly Table[], id: TableId): readonly Row[] => {
  const table = tables.find((one) => one.id === id);
  return (table?.rows ?? []).map((cells) => {
    const cell = (column: string): Cell => cells[table?.columns.indexOf(column) ?? -1] ?? null;
    const at = (column: string): number => {
      const value = cell(column);
      return typeof value === 'number' ? value : Number.NaN;
    };
    return { run: cell('run'), at };
  });
};

/** The numbers of a column, from top to bottom. */
export const columnOf = (tables: readonly Table[], id: TableId, column: string): readonly number[] =>
  rowsOf(tables, id).map((row) => row.at(column));
