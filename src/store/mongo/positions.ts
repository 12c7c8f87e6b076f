/**
 * The position of a target, kept in its head beside the lease, so that moving it and asking whether the lease is still ours is one write.
 * The lease's own fields belong to the leases.
 */

import { StaleFence } from '../../model/errors.ts';
import type { TargetId } from '../../model/ids.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';
import { headsName } from './heads.ts';

type TargetHead = {
  readonly _id: string;
  readonly fence: number;
  readonly position?: number | null;
  /** The fence under which the position was set back: what that holder still says about it is void. */
  readonly rewoundUnder?: number;
};

export const createPositions = (db: Db) => {
  const heads = db.collection<TargetHead>(headsName);

  const assertHeld = async ({ key, fence }: Lease): Promise<void> => {
    const head = await heads.findOne({ _id: key }, { projection: { fence: 1 } });
    if (head?.fence !== fence) throw new StaleFence(`Another worker took ${key} over.`);
  };

  return {
    assertHeld,
    of: async (target: TargetId): Promise<number | null> => {
      const head = await heads.findOne({ _id: target }, { projection: { position: 1 } });
      return head?.position ?? null;
    },
    advance: async (lease: Lease, version: number): Promise<void> => {
      const ours = { _id: lease.key, fence: lease.fence, rewoundUnder: { $ne: lease.fence } };
      const { matchedCount } = await heads.updateOne(ours, { $max: { position: version } });
      if (matchedCount === 0) await assertHeld(lease);
    },
    /** Compares and sets until no lease was taken in between; a target nobody ever worked on is at its beginning anyway. */
    rewind: async (target: TargetId): Promise<void> => {
      for (;;) {
        const head = await heads.findOne({ _id: target }, { projection: { fence: 1 } });
        if (!head) return;
        const { fence } = head;
        const set = { position: null, rewoundUnder: fence };
        const { matchedCount } = await heads.updateOne({ _id: target, fence }, { $set: set });
        if (matchedCount === 1) return;
      }
    },
    /** The fence stays, so that a late writer is still refused. */
    erase: async (target: TargetId): Promise<void> => {
      await heads.updateOne({ _id: target }, { $unset: { position: '', rewoundUnder: '' } });
    },
  };
};
