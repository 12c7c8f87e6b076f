/** Commands on escrows: objects that could not be written to a target, and when they are tried again. */

import { type SourceId, sourceId, type TargetId } from '../model/ids.ts';
import type { Escrow, EscrowReason } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { EscrowState } from '../store/ledger.ts';
import type { Page } from '../store/snapshot-store.ts';
import { provisionNow } from './provision-now.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';
import { refusePaused } from './runs.ts';

export const escrowCommands = (room: Room) => {
  const { connections, ledger, targets } = room.stores;

  const written = async (id: TargetId): Promise<Within<TargetRecord>> => {
    const target = found(await targets.get(id), 'target');
    if (target.state !== 'active')
      throw new Refused('target_not_active', `The target is ${target.state}; nothing is tried there now.`);
    refusePaused(found(await connections.get(target.connection), 'connection'));
    return target;
  };

  return {
    async listEscrows(
      id: TargetId,
      state: EscrowState | null,
      after: string | null,
      limit: number,
    ): Promise<Page<Escrow>> {
      const target = found(await targets.get(id), 'target');
      return ledger.escrows(target.id, after, limit, state ?? undefined);
    },

    /** Tries one object at once, also one that was given up. */
    async retryEscrow(id: TargetId, object: string): Promise<Escrow> {
      const target = await written(id);
      const ids: readonly SourceId[] = [sourceId(object)];
      await ledger.retry(target.id, { ids });
      const [escrow] = await ledger.escrowsOf(target.id, ids);
      const due = found(escrow, 'escrow');
      const run = await provisionNow(room, target);
      room.world.log.info('escrow.retried', { target: id, run: run.id, objects: 1 });
      return due;
    },

    /** Tries everybody, or everybody who is in escrow for one reason. How many there are. */
    async retryEscrows(id: TargetId, reason: EscrowReason | null): Promise<number> {
      const target = await written(id);
      const objects = await ledger.retry(target.id, { reason });
      if (objects === 0) return 0;
      const run = await provisionNow(room, target);
      room.world.log.info('escrow.retried', { target: id, run: run.id, objects });
      return objects;
    },
  };
};
