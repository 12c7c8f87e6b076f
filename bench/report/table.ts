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
      distanceInSpread(result),
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

/**
 * Whether another round, or another day, might have said otherwise: the target lies between the least and the greatest that was measured, from round to
 * round and when the row was measured before.
 */
export const isWithinSpread = ({ ratio, target, spread, before }: Result): boolean => {
  const limit = Number(target.split(' ')[1]);
  const all = [ratio, ...before.map((one) => one.ratio), ...(spread === null ? [] : [spread.min, spread.max])];
  return (
    all.length > 1 && Math.min(...all) <= limit && limit <= Math.max(...all) && Math.min(...all) < Math.max(...all)
  );
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

/** The same, and whether the runs told the two apart. */
export const distanceInSpread = (result: Result): string => {
  const distance = distanceOf(result);
  return distance !== '' && isWithinSpread(result) ? `${distance}, within the spread` : distance;
};
