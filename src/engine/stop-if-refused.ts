/** Looked at after each batch that was sent: sending the rest as well would only fill the escrows. */

import { massFailure } from '../core/quarantine.ts';
import type { Provisioning } from './provisioning.ts';
import { TargetRefusesMost } from './reactions.ts';
import type { Tally } from './tally.ts';

/** Throws `TargetRefusesMost`. */
export const stopIfRefused = ({ objects }: Pick<Provisioning, 'objects'>, tally: Tally): void => {
  const problem = massFailure(tally.counters(), { refused: tally.refusedInTurn(), objects });
  if (problem !== null) throw new TargetRefusesMost(problem);
};
