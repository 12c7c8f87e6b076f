/**
 * Whom an account is switched on for is asked about right before, as whom it is switched off for is: what was read of the tenant may be older than what it
 * said when it was asked last, and somebody who left would be let in again until the next read. Whom the source cannot tell of goes by what was read; where
 * it cannot be asked at all they wait, and nobody else does.
 */

import type { ObjectPlan } from '../core/plan.ts';
import { isToStayOff, offBy, switchOf } from '../core/switch.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceId } from '../model/ids.ts';
import { switchesOn } from '../model/operation.ts';
import type { SourceObject, Standing } from '../model/source-object.ts';
import type { Item } from './gather.ts';
import { isDry, type Provisioning, rulesFor } from './provisioning.ts';

type Planned = { readonly item: Item; readonly object: SourceObject; readonly plan: ObjectPlan };

/** With whoever the source says is away, or disabled, in escrow until snapshot and source agree; and everybody to be switched on while it is out of reach. */
export const onlyWhoIsBack = async <P extends Planned>(
  work: Provisioning,
  plans: readonly P[],
): Promise<readonly P[]> => {
  const back = plans.filter(({ plan }) => isSwitchedOn(plan));
  if (back.length === 0 || isDry(work)) return plans;
  const standings = await standingsOf(work, back);
  return plans.map((planned) => {
    if (!isSwitchedOn(planned.plan)) return planned;
    if (standings === null) return { ...planned, plan: unsure(notAsked) };
    const standing = standings.get(planned.item.ref.id) ?? 'unsure';
    return contradictions.has(standing) ? { ...planned, plan: unsure(contradicted) } : planned;
  });
};

/** Null: the source cannot be asked now, which is its own trouble and no reason to write nothing of anybody. */
const standingsOf = async (
  work: Provisioning,
  back: readonly Planned[],
): Promise<ReadonlyMap<SourceId, Standing> | null> => {
  try {
    const rules = rulesFor(work, 'user');
    // An attribute that says nothing of any of them may be one that nobody may read.
    const by = back.some(({ object }) => switchOf(object, rules) !== null) ? offBy(rules, isToStayOff) : null;
    const refs = back.map(({ item }) => item.ref);
    return await work.source().confirm(refs, work.connection.scope, work.watch.signal, by);
  } catch (error) {
    if (error instanceof SourceError) return null;
    throw error;
  }
};

/** A mapping may have somebody on who is disabled in the source: they are asked about by what it takes for the switch. */
const contradictions: ReadonlySet<Standing> = new Set<Standing>(['gone', 'out_of_scope', 'disabled']);

const isSwitchedOn = (plan: ObjectPlan): boolean =>
  plan.kind === 'do' && plan.operations.some(({ operation }) => switchesOn(operation));

const contradicted =
  'the snapshot has them as they are to be switched on, and the source, asked now, does not; nobody is switched on until both agree';
const notAsked = 'the source cannot be asked now whether they are back; nobody is switched on before it was';

const unsure = (detail: string): ObjectPlan => ({ kind: 'escrow', reason: 'source_unsure', detail });
