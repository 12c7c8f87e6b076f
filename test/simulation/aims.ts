/** What chance never brought about is aimed at: each fault that could have struck somewhere, and did not, strikes there once. */

import type { FaultName } from './faults.ts';
import type { Summary } from './summary.ts';

/** A seed, and the one fault that strikes in it whatever chance says. */
export type Aimed = { readonly seed: number; readonly aimed: FaultName };

/** Up to that call the seed runs as it ran before, so that the call comes. */
export const aimsAt = ({ pairs, places }: Summary): readonly Aimed[] =>
  Object.entries(pairs).flatMap(([pair, seeds]) => {
    const at = places[pair];
    return seeds > 0 || at === undefined ? [] : [{ seed: at.seed, aimed: `${pair}#${at.nth}` }];
  });
