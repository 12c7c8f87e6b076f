/** Asks for a provision run of what changed and what is due, for a person who waits for it. */

import { newProvisionRun } from '../engine/request-runs.ts';
import { runId } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import type { Within } from './reached.ts';
import { type Room, wake } from './room.ts';

export const provisionNow = async (room: Room, target: Within<TargetRecord>): Promise<Run> => {
  const asked = { id: runId(newId('run')), trigger: 'api', at: room.world.now() } as const;
  const wanted = { ...asked, mode: 'delta', scope: null, dryRun: false } as const;
  const { run } = await room.stores.runs.request(newProvisionRun(target, null, wanted));
  await wake(room, 'provision', () => room.wakeups.provision(target.id, 'person'));
  return run;
};
