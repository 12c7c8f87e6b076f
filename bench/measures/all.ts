/** Every measure, in the order of the report. */

import type { Measure } from './measure.ts';
import { reading } from './reading.ts';
import { unchanged } from './unchanged.ts';

export const measures: readonly Measure[] = [reading, unchanged];
