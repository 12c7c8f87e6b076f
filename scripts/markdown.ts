/** How figures stand in the documentation. */

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

export const number = (count: number): string => count.toLocaleString('en-US');
