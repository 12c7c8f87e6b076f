/**
 * The position of a target, and the rules it was let be written to by, kept in its head beside the lease, so that changing them and asking whether the lease is still ours is one write.
 * The lease's own fields belong to the leases.
 */

import type mongoose from 'mongoose';
import { StaleFence } from '../../model/errors.ts';
import type { TargetId } from '../../model/ids.ts';
import type { Lease } from '../leases.ts';
import { nothingOwed, nowhere, type Owed, type Reach } from '../ledger.ts';
import type { Db } from './connect.ts';
import { headsName } from './heads.ts';

type TargetHead = {
  readonly _id: string;
  readonly fence: number;
  readonly position?: number | null;
  readonly rules?: string | null;
  readonly reach?: Reach;
  readonly owed?: Owed;
  readonly noticed?: number;
};

export const createPositions = (db: Db) => {
  const heads = db.collection<TargetHead>(headsName);

  const assertHeld = async ({ key, fence }: Lease): Promise<void> => {
    const head = await heads.findOne({ _id: key }, { projection: { fence: 1 } });
    if (head?.fence !== fence) throw new StaleFence(`Another worker took ${key} over.`);
  };

  const note = async (lease: Lease, update: mongoose.mongo.UpdateFilter<TargetHead>): Promise<void> => {
    const { matchedCount } = await heads.updateOne({ _id: lease.key, fence: lease.fence }, update);
    if (matchedCount === 0) await assertHeld(lease);
  };

  return {
    assertHeld,
    of: async (target: TargetId): Promise<number | null> => {
      const head = await heads.findOne({ _id: target }, { projection: { position: 1 } });
      return head?.position ?? null;
    },
    advance: async (lease: Lease, version: number): Promise<void> => {
      await note(lease, { $max: { position: version } });
    },
    rules: async (target: TargetId): Promise<string | null> => {
      const head = await heads.findOne({ _id: target }, { projection: { rules: 1 } });
      return head?.rules ?? null;
    },
    acceptRules: async (lease: Lease, rules: string): Promise<void> => {
      await note(lease, { $set: { rules } });
    },
    reach: async (target: TargetId): Promise<Reach> => {
      const head = await heads.findOne({ _id: target }, { projection: { reach: 1 } });
      return head?.reach ?? nowhere;
    },
    noteReach: async (lease: Lease, reach: Reach): Promise<void> => {
      await note(lease, { $set: { reach } });
    },
    owed: async (target: TargetId): Promise<Owed> => {
      const head = await heads.findOne({ _id: target }, { projection: { owed: 1 } });
      return head?.owed ?? nothingOwed;
    },
    noteOwed: async (lease: Lease, owed: Owed): Promise<void> => {
      await note(lease, { $set: { owed } });
    },
    noticed: async (target: TargetId): Promise<number> => {
      const head = await heads.findOne({ _id: target }, { projection: { noticed: 1 } });
      return head?.noticed ?? 0;
    },
    noteNoticed: async (lease: Lease, version: number): Promise<void> => {
      await note(lease, { $max: { noticed: version } });
    },
    /** The fence stays, so that a late writer is still refused. */
    erase: async (target: TargetId): Promise<void> => {
      await heads.updateOne({ _id: target }, { $unset: { position: '', rules: '', reach: '', owed: '', noticed: '' } });
    },
  };
};
