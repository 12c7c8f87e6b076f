/** A target as it is guarded at this moment, and its rules by the names its paths have. */

import { inForce, type Kept } from '../core/safeguards.ts';
import { type RuleRefused, rulesByPath } from '../core/target-paths.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Engine } from './engine.ts';
import { RunRefused } from './reactions.ts';

/** What says which safeguards are in force. */
export type Guarding = Pick<Engine, 'leastApprovals'> & { readonly world: Pick<Engine['world'], 'now'> };
/** What says how a target is gone by. */
export type Forcing = Guarding & Pick<Engine, 'targetPaths'>;

export const guardedNow = <T extends Kept>(
  { leastApprovals, world }: Guarding,
  record: T,
): T & Pick<TargetInForce, 'looserFrom'> => inForce(record, { least: leastApprovals, now: world.now() });

/** Also of a mapping that was kept before its paths were looked at. Rules that are refused by now stand in it as they were written, for whoever looks. */
export const inForceNow = <T extends TargetRecord>(forcing: Forcing, record: T): T & TargetInForce =>
  ruled(forcing, record).record;

/** The same for a run, which goes by no rule that is refused. Throws `RunRefused`. */
export const inForceForRun = <T extends TargetRecord>(forcing: Forcing, record: T): T & TargetInForce => {
  const { record: now, refused } = ruled(forcing, record);
  const [first, ...others] = refused;
  if (first === undefined) return now;
  const more = others.length === 0 ? '' : ` ${others.length} more rules are refused, too.`;
  throw new RunRefused({
    code: 'mapping_refused',
    message: `The mapping of the target ${record.name} cannot be gone by, ${first.pointer}: ${first.detail}.${more} Nothing is written to it until that is mended.`,
    owner: 'your_team',
  });
};

const ruled = <T extends TargetRecord>(
  forcing: Forcing,
  record: T,
): { readonly record: T & TargetInForce; readonly refused: readonly RuleRefused[] } => {
  const { rules, refused } = rulesByPath(record, forcing.targetPaths(record.kind));
  return { record: { ...guardedNow(forcing, record), ...rules }, refused };
};
