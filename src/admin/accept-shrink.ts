/** What a person accepts who lets a held read pass: exactly what they were shown, and nothing that was found since. */

import { beyondAccepted } from '../core/shrink.ts';
import type { Connection } from '../model/connection.ts';
import type { RunId } from '../model/ids.ts';
import type { Run, Shrink, SyncRun } from '../model/run.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';

/** What the run was held for. Refused where a later sync has found something else. */
export const acceptableShrink = async (
  { stores: { runs } }: Pick<Room, 'stores'>,
  { id: connection, shrinkLimit }: Pick<Connection, 'id' | 'shrinkLimit'>,
  held: RunId,
): Promise<Shrink> => {
  const run = found(await runs.get(held), 'run');
  if (run.kind !== 'sync' || run.connection !== connection) throw found(null, 'run of this connection');
  if (run.shrink === null)
    throw new Refused('shrink_not_held', `The run ${held} is ${run.state}; it was not held for what is missing.`);
  for (const later of await syncsSince(runs, run)) {
    if (later.state === 'succeeded' && isOfSame(later, run))
      throw new Refused('shrink_changed', `The run ${later.id} has read the tenant since, and was not held.`);
    if (later.shrink === null || !isOfSame(later, run)) continue;
    const beyond = beyondAccepted(later.shrink, run.shrink, shrinkLimit);
    if (beyond.length > 0)
      throw new Refused('shrink_changed', `The run ${later.id} has found more since: ${beyond.join(', and ')}.`);
  }
  return run.shrink;
};

/** A full sync finds again what it found; who is missing in it is found by no other. */
const isOfSame = (later: SyncRun, run: SyncRun): boolean =>
  later.mode === run.mode && later.scope?.group === run.scope?.group && !later.dryRun;

const mostLooked = 200;

const syncsSince = async (runs: Room['stores']['runs'], run: SyncRun): Promise<readonly SyncRun[]> => {
  const since: SyncRun[] = [];
  let after: string | null = null;
  do {
    const page: { readonly items: readonly Run[]; readonly next: string | null } = await runs.list(
      { connection: run.connection, kind: 'sync' },
      after,
      50,
    );
    for (const one of page.items) {
      if (one.id === run.id || since.length >= mostLooked) return since;
      if (one.kind === 'sync') since.push(one);
    }
    after = page.next;
  } while (after !== null);
  return since;
};
