/** Commands on the database itself: a person says that it was put back from a backup. */

import { declareRestore } from '../engine/restore.ts';
import { runId } from '../model/ids.ts';
import { newId } from '../store/ids.ts';
import type { Restore } from '../store/installation.ts';
import type { Word } from './plans.ts';
import type { Room } from './room.ts';

export const restoreCommands = ({ stores, world, observe }: Room) => ({
  declareRestore(word: Word): Promise<Restore> {
    return declareRestore({ stores, world, newRunId: () => runId(newId('run')), observe }, word);
  },

  listRestores(): Promise<readonly Restore[]> {
    return stores.installation.restores();
  },
});
