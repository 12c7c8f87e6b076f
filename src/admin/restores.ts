/** Commands on the database itself: a person says that it was put back from a backup. */

import type { Restore } from '../store/installation.ts';
import type { Word } from './plans.ts';
import type { OperatorRoom } from './room.ts';

export const restoreCommands = ({ engine, reach, operator }: OperatorRoom) => ({
  declareRestore(word: Word): Promise<Restore> {
    return engine.declareRestore(reach, word);
  },

  listRestores(): Promise<readonly Restore[]> {
    return operator.installation.restores();
  },
});
