/** Which leavings no run of a target has noticed: whoever left a protected group is protected through the run that notices it, and no longer. */

import type { SourceId, TargetId } from '../model/ids.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Edge } from './gather.ts';

type Edges = ReadonlyMap<SourceId, readonly Edge[]>;

/**
 * As long as the target waits for somebody to look, the changes that each run looks at go back to where it began to, and would protect for good: so a run
 * that plans nothing notes what it has noticed (`notice-leavings.ts`).
 */
export const unnoticedLeavings = async (
  ledger: Pick<Ledger, 'noticed'>,
  target: TargetId,
  edges: Edges,
): Promise<Edges> => {
  const leavings = narrowed(edges, ({ want }) => want === 'remove');
  if (leavings.size === 0) return leavings;
  const noticed = await ledger.noticed(target);
  return narrowed(leavings, ({ version }) => version > noticed);
};

const narrowed = (edges: Edges, keeps: (edge: Edge) => boolean): Edges =>
  new Map(
    [...edges].flatMap(([group, members]) => {
      const kept = members.filter(keeps);
      return kept.length === 0 ? [] : [[group, kept]];
    }),
  );
