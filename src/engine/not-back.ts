/**
 * Who is switched off, and of whom the source says otherwise than the snapshot, or could not be asked: they wait in escrow to be switched on (decision 91),
 * and nothing else is given to them meanwhile. What was read of them may be older than their leaving.
 */

import type { SourceId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import { isDry, type Provisioning } from './provisioning.ts';

/** A plan that is made has them switched on, and is asked about when it is carried out. */
export const notBack = async (work: Provisioning, links: Iterable<Link>): Promise<ReadonlySet<SourceId>> => {
  const off = [...links].filter(({ ref, state }) => ref.type === 'user' && state === 'disabled');
  if (off.length === 0 || isDry(work)) return new Set();
  const escrows = await work.engine.stores.ledger.escrowsOf(
    work.record.id,
    off.map(({ ref }) => ref.id),
  );
  return new Set(escrows.flatMap(({ ref, reason }) => (reason === 'source_unsure' ? [ref.id] : [])));
};
