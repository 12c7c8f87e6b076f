/** What a run is to try again: what was due as it began. What comes due while it is under way may lie behind the place where it is, and is the next one's. */

import type { Escrow } from '../model/operation.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { Ledger } from '../store/ledger.ts';

export async function* dueEscrows(ledger: Ledger, run: ProvisionRun): AsyncGenerator<readonly Escrow[]> {
  const { startedAt } = run;
  for await (const escrows of ledger.dueEscrows(run.target))
    yield escrows.filter(({ dueAt }) => startedAt === null || (dueAt !== null && dueAt <= startedAt));
}
