/** A measure and what it stands on. */

import type { Lab } from '../lab.ts';
import type { Options } from '../options.ts';
import type { Result } from '../result.ts';

export type Measure = {
  /** The ids of the results it gives. */
  readonly ids: readonly string[];
  readonly what: string;
  readonly run: (lab: Lab, options: Options) => Promise<readonly Result[]>;
};
