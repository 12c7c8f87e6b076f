/** Which leavings no run of a target has noticed: whoever left a protected group is protected through the run that notices it, and no longer. */

import type { SourceId } from '../model/ids.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Edge } from './gather.ts';

type Edges = ReadonlyMap<SourceId, readonly Edge[]>;

/**
 * A run that succeeded has noticed what changed up to its version, also one that found nothing to plan, and moves no position: as long as the target waits
 * for somebody to look, the changes that each run looks at go back to where it began to, and would protect for good.
 */
export const unnoticedLeavings = async (
  runs: Pick<RunStore, 'list'>,
  { id }: Pick<TargetInForce, 'id'>,
  edges: Edges,
): Promise<Edges> => {
  const leavings = narrowed(edges, ({ want }) => want === 'remove');
  if (leavings.size === 0) return leavings;
  const { items } = await runs.list({ target: id, kind: 'provision', state: 'succeeded', isWhole: true }, null, 1);
  const noticed = items[0]?.version ?? 0;
  return narrowed(leavings, ({ version }) => version > noticed);
};

const narrowed = (edges: Edges, keeps: (edge: Edge) => boolean): Edges =>
  new Map(
    [...edges].flatMap(([group, members]) => {
      const kept = members.filter(keeps);
      return kept.length === 0 ? [] : [[group, kept]];
    }),
  );
