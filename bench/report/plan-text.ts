/** How the plan writes its numbers. */

export const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
export const head = (...cells: readonly string[]): readonly string[] => [
  row(...cells),
  `|${cells.map(() => '---|').join('')}`,
];
export const num = (value: number): string => value.toLocaleString('en');
export const shown = (value: number): string =>
  value >= 100 ? num(Math.round(value)) : String(Number(value.toPrecision(2)));
export const percent = (share: number): string => `${shown(share * 100)} %`;
export const gigabytes = (bytes: number): string => `${shown(bytes / 2 ** 30)} GB`;

export const time = (seconds: number): string => {
  if (seconds < 120) return `${shown(seconds)} s`;
  return seconds < 7_200 ? `${shown(seconds / 60)} minutes` : `${shown(seconds / 3_600)} hours`;
};
