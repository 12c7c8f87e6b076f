/** A measure and what it stands on. */

import type { Lab } from '../lab.ts';
import type { Options } from '../options.ts';
import type { Result } from '../result.ts';

export const measureIds = ['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9', 'R10', 'R11', 'R2m', 'R10m'] as const;
export type MeasureId = (typeof measureIds)[number];

/** What a page takes a region away, and a continent away. */
export const pageLatencies = [20, 80] as const;

export type Measure = {
  /** The ids of the results it gives. */
  readonly ids: readonly MeasureId[];
  readonly what: string;
  readonly run: (lab: Lab, options: Options) => Promise<readonly Result[]>;
};
