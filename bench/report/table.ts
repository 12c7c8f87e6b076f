/** The results as a table for the terminal. */

import type { Result } from '../result.ts';

export const tableOf = (results: readonly Result[]): string => {
  const rows = [
    ['', 'id', 'what', 'measured', 'target', ''],
    ...results.map((result) => [
      result.ok ? '✓' : '✗',
      result.id,
      result.name,
      measuredOf(result),
      result.target,
      distanceOf(result),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const numberOf = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** With a digit more where two do not tell it from its target. */
export const measuredOf = ({ ratio, target }: Result): string => {
  const limit = Number(target.split(' ')[1]);
  return numberOf(ratio) === numberOf(limit) && ratio !== limit && ratio < 10 ? ratio.toFixed(3) : numberOf(ratio);
};

/** How far it is from its target, in per cent of it. */
export const distanceOf = ({ ratio, target, ok }: Result): string => {
  const [sign = '<=', limit = 'NaN'] = target.split(' ');
  const share = (sign === '<=' ? ratio / Number(limit) - 1 : 1 - ratio / Number(limit)) * 100;
  if (!Number.isFinite(share)) return '';
  const percent = `${Math.abs(share).toFixed(share !== 0 && Math.abs(share) < 1 ? 1 : 0)} %`;
  if (ok) return `${percent} to spare`;
  return `${percent} ${sign === '<=' ? 'over' : 'short'}`;
};
