/** A target as it is guarded at this moment, and its rules by the names its paths have. */

import { inForce, type Kept } from '../core/safeguards.ts';
import { type RuleRefused, type RulesOfTarget, rulesByPath } from '../core/target-paths.ts';
import type { Problem } from '../model/connection.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Engine } from './engine.ts';

/** What says which safeguards are in force. */
export type Guarding = Pick<Engine, 'leastApprovals'> & { readonly world: Pick<Engine['world'], 'now'> };
/** What says how a target is gone by. */
export type Forcing = Guarding & Pick<Engine, 'targetPaths'>;

export const guardedNow = <T extends Kept>(
  { leastApprovals, world }: Guarding,
  record: T,
): T & Pick<TargetInForce, 'looserFrom'> => inForce(record, { least: leastApprovals, now: world.now() });

/**
 * Also of a mapping that was kept before its paths were looked at. Rules that are refused by now stand in it as they were written, for whoever looks, and
 * the target says so as its problem.
 */
export const inForceNow = <T extends TargetRecord>(forcing: Forcing, record: T): T & TargetInForce =>
  inForceForRun(forcing, record).record;

/** Nothing is written by a mapping with refused rules. `standing`: what is left of it, which says only what is to be taken away. */
export type MappingRefused = { readonly problem: Problem; readonly standing: RulesOfTarget };

/** The same for a run. */
export const inForceForRun = <T extends TargetRecord>(
  forcing: Forcing,
  record: T,
): { readonly record: T & TargetInForce; readonly refused: MappingRefused | null } => {
  const { rules, refused, standing } = rulesByPath(record, forcing.targetPaths(record.kind));
  const now = { ...guardedNow(forcing, record), ...rules };
  const problem = problemOf(record, refused);
  if (problem === null) return { record: now, refused: null };
  return { record: { ...now, problem: record.problem ?? problem }, refused: { problem, standing } };
};

const problemOf = ({ name }: TargetRecord, [first, ...others]: readonly RuleRefused[]): Problem | null => {
  if (first === undefined) return null;
  const more = others.length === 0 ? '' : ` ${others.length} more rules are refused, too.`;
  return {
    code: 'mapping_refused',
    message: `The mapping of the target ${name} cannot be gone by, ${first.pointer}: ${first.detail}.${more} Until that is mended nobody is made or changed there; who left is still switched off.`,
    owner: 'your_team',
  };
};
