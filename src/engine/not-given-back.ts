/**
 * Of whom an undo has not taken back all that the run did. An account that the run took over is not let go of then: what is still to be taken back goes by
 * its link, and whoever has the account next would be in the groups that it is left in.
 */

import { stepsOf, type Trace } from '../core/undo.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Pending } from './pending.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import { entriesOf } from './undo-trail.ts';
import { isUndone } from './undone-members.ts';

/**
 * Of whom something of this was refused, put off or left out. What an earlier turn did is asked of the record; of a plan that is only made nothing is left
 * out yet.
 */
export const notGivenBack = async (
  work: Provisioning,
  wanted: readonly Pending[],
  traces: ReadonlyMap<SourceId, Trace>,
): Promise<ReadonlySet<SourceId>> => {
  if (isDry(work) || wanted.length === 0) return new Set();
  const done = new Set<string>();
  for await (const entries of entriesOf(work, work.run.id))
    for (const { operation, outcome } of entries)
      if (outcome !== null && isUndone(operation, outcome))
        for (const step of stepsOf(operation, outcome)) done.add(step);
  const isOpen = (operation: Operation): boolean => stepsOf(operation, null).some((step) => !done.has(step));
  return new Set(
    wanted
      .map(({ planned }) => planned.operation)
      .filter(isOpen)
      .flatMap((operation) => [operation.ref.id, ...membersLeft(operation, traces, isOpen)]),
  );
};

/** Who stays in a group, or out of it. A group that the run made is to go with whom it put into it. */
const membersLeft = (
  operation: Operation,
  traces: ReadonlyMap<SourceId, Trace>,
  isOpen: (operation: Operation) => boolean,
): readonly SourceId[] => {
  if ('members' in operation)
    return operation.members.filter((member) => isOpen({ ...operation, members: [member] })).map(({ ref }) => ref.id);
  return operation.action === 'delete' ? [...(traces.get(operation.ref.id)?.added.keys() ?? [])] : [];
};
