/** Settles and escrows by the ladder of the target, and says how many objects nobody will try any more by himself. */

import type { Outcome } from '../model/operation.ts';
import type { Escrowed, Ledger } from '../store/ledger.ts';
import type { Provisioning } from './provisioning.ts';

export const settleOutcomes = async (work: Provisioning, outcomes: readonly Outcome[]): Promise<void> =>
  tell(work, await work.engine.stores.ledger.settle(work.lease, outcomes, work.record.escrow));

type Of = Parameters<Ledger['escrow']>;

export const escrowObjects = async (work: Provisioning, failures: Of[1], ladder: Of[3] = 'as_before'): Promise<void> =>
  tell(work, await work.engine.stores.ledger.escrow(work.lease, failures, work.record.escrow, ladder));

const tell = ({ engine, record, run }: Provisioning, { givenUp }: Escrowed): void => {
  if (givenUp.length === 0) return;
  engine.observe.givenUp(givenUp.length);
  engine.world.log.warn('escrow.given_up', { target: record.id, run: run.id, objects: givenUp.length });
};
