/** A target as it is guarded at this moment. */

import { inForce, type Kept } from '../core/safeguards.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Engine } from './engine.ts';

/** What says which safeguards are in force. */
export type Forcing = Pick<Engine, 'leastApprovals'> & { readonly world: Pick<Engine['world'], 'now'> };

export const inForceNow = <T extends Kept>(
  { leastApprovals, world }: Forcing,
  record: T,
): T & Pick<TargetInForce, 'looserFrom'> => inForce(record, { least: leastApprovals, now: world.now() });
