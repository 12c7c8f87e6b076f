/** Asks for a provision run of what changed and what is due, for a person who waits for it. */

import { askForProvisioning } from '../engine/ask-for-runs.ts';
import { runId } from '../model/ids.ts';
import type { Run } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import { type Room, wake } from './room.ts';

export const provisionNow = (room: Room, target: TargetRecord): Promise<Run> => {
  const { stores, wakeups, world } = room;
  const patient = {
    ...wakeups,
    provision: (...asked: Parameters<typeof wakeups.provision>) =>
      wake(room, 'provision', () => wakeups.provision(...asked)),
  };
  const asking = { stores, now: world.now, newRunId: () => runId(newId('run')), wakeups: patient };
  return askForProvisioning(asking, target, 'api');
};
