/**
 * A run that looked at everybody and found nothing to plan has noticed who left a protected group, though it moves no position: also where some could not be
 * planned. From now on they are protected no more, and another run says what is to be done about them: nobody else may ask for one until something changes.
 */

import { isUnsure } from '../core/protection.ts';
import type { Gathered } from './gather.ts';
import type { Provisioning } from './provisioning.ts';
import { newProvisionRun, restOf } from './request-runs.ts';
import { rememberGuarded } from './shield.ts';
import { unnoticedLeavings } from './unnoticed.ts';

/** The note comes last: whoever dies before it finds all of it again. */
export const noticeLeavings = async (work: Provisioning, { edges, through }: Gathered): Promise<void> => {
  const { engine, lease, run, record, shield } = work;
  // Where it is not known who is protected, nothing may be concluded from who seems to have left.
  if (record.protected.groups.length === 0 || isUnsure(shield)) return;
  const leavings = await unnoticedLeavings(engine.stores.ledger, record.id, edges);
  if (![...leavings.keys()].some((group) => shield.members.has(group))) return;
  await engine.stores.runs.request(newProvisionRun(record, run.id, { ...restOf(engine, run), mode: 'delta' }));
  await rememberGuarded(work, false);
  await engine.stores.ledger.noteNoticed(lease, through);
};
