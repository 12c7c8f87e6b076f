/** Which run of a connection or target is to be worked on now. Those that wait for their connection are passed over, wherever they stand in the line. */

import { isAtRest } from '../core/at-rest.ts';
import { underWay } from '../core/run-queue.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';
import { isOfTarget, type Run } from '../model/run.ts';
import type { Engine } from './engine.ts';

export const nextRun = async (
  { stores, world }: Pick<Engine, 'stores' | 'world'>,
  of: { readonly connection: ConnectionId } | { readonly target: TargetId },
): Promise<Run | null> => {
  const next = await stores.runs.next(of, world.now());
  if (next === null) return null;
  const state = (await stores.connections.get(next.connection))?.state;
  if (state === undefined || !isAtRest(next, state)) return next;
  for (const standing of [...underWay, 'queued'] as const) {
    const { items } = await stores.runs.list({ ...of, state: standing }, null, mostAtRest);
    // What is asked for of a connection lists the runs of its targets, too.
    const goesOn = items.findLast((run) => isOfTarget(run) === isOfTarget(next) && !isAtRest(run, state));
    if (goesOn !== undefined) return goesOn;
  }
  return null;
};

/** More than wait for one connection with all its targets: requests that do the same are one run. */
const mostAtRest = 500;
