/** Looks into the detail of a result. */

import type { Detail } from '../result.ts';

export const within = (detail: Detail | undefined, ...path: readonly string[]): Detail[string] | undefined => {
  let at: Detail[string] | undefined = detail;
  for (const name of path) at = typeof at === 'object' && at !== null ? at[name] : undefined;
  return at;
};

/** NaN where there is none. */
export const numberIn = (detail: Detail | undefined, ...path: readonly string[]): number => {
  const found = within(detail, ...path);
  return typeof found === 'number' ? found : Number.NaN;
};

export const medianIn = (detail: Detail | undefined, ...path: readonly string[]): number =>
  numberIn(detail, ...path, 'median');
