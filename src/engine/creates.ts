/**
 * Creates under way. A look-up that finds an account while others are being made may have found one of those: whose it is, is known once they are
 * over. So two people never come to share an account, however their requests cross.
 */

import type { SourceId } from '../model/ids.ts';

export type Creates = {
  /** A create begins; call what is returned when it is known what became of it. */
  begin(id: SourceId): () => void;
  /** Until every create is over that is under way now; of those, for an object that is itself being created, only the ones that began before it. */
  over(id: SourceId): Promise<void>;
};

export const createsUnderWay = (): Creates => {
  const underWay = new Map<SourceId, Promise<void>>();
  return {
    begin: (id) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      underWay.set(id, promise);
      return () => {
        underWay.delete(id);
        resolve();
      };
    },
    over: async (id) => {
      const before: Promise<void>[] = [];
      for (const [other, ended] of underWay) {
        // Waiting for those that began later as well, two of them could wait for each other.
        if (other === id) break;
        before.push(ended);
      }
      await Promise.all(before);
    },
  };
};
