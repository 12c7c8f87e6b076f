/**
 * Whom an account is switched on for is asked about right before, as whom it is switched off for is: what was read of the tenant may be older than what it
 * said when it was asked last, and somebody who left would be let in again until the next read. Who cannot be told goes by what was read.
 */

import { attributeOf, own } from '../core/attributes.ts';
import type { ObjectPlan } from '../core/plan.ts';
import type { SourceObject, Standing } from '../model/source-object.ts';
import type { Item } from './gather.ts';
import { isDry, type Provisioning } from './provisioning.ts';

type Planned = { readonly item: Item; readonly object: SourceObject; readonly plan: ObjectPlan };

/** With whoever the source says is away, or disabled, in escrow until snapshot and source agree. */
export const onlyWhoIsBack = async <P extends Planned>(
  work: Provisioning,
  plans: readonly P[],
): Promise<readonly P[]> => {
  const back = plans.filter(({ plan }) => switchesOn(plan)).map(({ item }) => item.ref);
  if (back.length === 0 || isDry(work)) return plans;
  const standings = await work.source().confirm(back, work.connection.scope, work.watch.signal);
  return plans.map((planned) =>
    switchesOn(planned.plan) && isContradicted(planned.object, standings.get(planned.item.ref.id) ?? 'unsure')
      ? { ...planned, plan: unsure }
      : planned,
  );
};

/** A mapping may have somebody on who is disabled, as the snapshot has them. */
const isContradicted = (object: SourceObject, standing: Standing): boolean =>
  standing === 'gone' ||
  standing === 'out_of_scope' ||
  (standing === 'disabled' && attributeOf(object, 'accountEnabled') !== false);

const switchesOn = (plan: ObjectPlan): boolean =>
  plan.kind === 'do' &&
  plan.operations.some(
    ({ operation }) => operation.action === 'update' && own(operation.attributes, 'active') === true,
  );

const unsure: ObjectPlan = {
  kind: 'escrow',
  reason: 'source_unsure',
  detail:
    'the snapshot has them as they are to be switched on, and the source, asked now, does not; nobody is switched on until both agree',
};
