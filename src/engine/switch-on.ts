/**
 * Whom an account is switched on for, or made once more, is asked about right before, as whom it is taken from is: what was read of the tenant may be older
 * than what it said when it was asked last, and somebody who left would be let in again until the next read. Whom the source cannot tell of goes by what was
 * read; where it cannot be asked at all they wait, and nobody else does.
 */

import type { ObjectPlan } from '../core/plan.ts';
import { isToStayOff, offBy, switchOf } from '../core/switch.ts';
import type { SourceId } from '../model/ids.ts';
import { type Operation, switchesOn } from '../model/operation.ts';
import type { SourceObject, Standing } from '../model/source-object.ts';
import type { Item } from './gather.ts';
import { standingsNow } from './not-back.ts';
import { isDry, type Provisioning, rulesFor } from './provisioning.ts';

type Planned = { readonly item: Item; readonly object: SourceObject; readonly plan: ObjectPlan };

/** With whoever the source says is away, or disabled, in escrow until snapshot and source agree; and everybody to be let in again while it is out of reach. */
export const onlyWhoIsBack = async <P extends Planned>(
  work: Provisioning,
  plans: readonly P[],
): Promise<readonly P[]> => {
  if (isDry(work)) return plans;
  const madeAgain = await hadAccounts(work, plans);
  const isLetIn = ({ item, plan }: Planned): boolean => isSwitchedOn(plan) || madeAgain.has(item.ref.id);
  const back = plans.filter(isLetIn);
  if (back.length === 0) return plans;
  const standings = await standingsOf(work, back);
  return plans.map((planned) => {
    if (!isLetIn(planned)) return planned;
    if (standings === null) return { ...planned, plan: unsure(notAsked) };
    const standing = standings.get(planned.item.ref.id) ?? 'unsure';
    return contradictions.has(standing) ? { ...planned, plan: unsure(contradicted) } : planned;
  });
};

/** Of whom an account is to be made for those who had one, as far as it is on record: nobody at a first sync, and of whoever is new. */
const hadAccounts = async (work: Provisioning, plans: readonly Planned[]): Promise<ReadonlySet<SourceId>> => {
  const refs = plans.flatMap(({ item: { ref }, plan }) => (ref.type === 'user' && isMade(plan) ? [ref] : []));
  if (refs.length === 0) return new Set();
  const about = await work.engine.stores.ledger.about(work.record.id, refs);
  return new Set(refs.flatMap(({ id }) => ((about.get(id)?.former ?? null) === null ? [] : [id])));
};

const standingsOf = async (
  work: Provisioning,
  back: readonly Planned[],
): Promise<ReadonlyMap<SourceId, Standing> | null> => {
  const rules = rulesFor(work, 'user');
  // An attribute that says nothing of any of them may be one that nobody may read.
  const by = back.some(({ object }) => switchOf(object, rules) !== null) ? offBy(rules, isToStayOff) : null;
  const refs = back.map(({ item }) => item.ref);
  return await standingsNow(work, refs, by);
};

/** A mapping may have somebody on who is disabled in the source: they are asked about by what it takes for the switch. */
const contradictions: ReadonlySet<Standing> = new Set<Standing>(['gone', 'out_of_scope', 'disabled']);

const isSwitchedOn = (plan: ObjectPlan): boolean => holds(plan, switchesOn);
const isMade = (plan: ObjectPlan): boolean => holds(plan, ({ action }) => action === 'create');
const holds = (plan: ObjectPlan, is: (operation: Operation) => boolean): boolean =>
  plan.kind === 'do' && plan.operations.some(({ operation }) => is(operation));

const contradicted =
  'the snapshot has them as they are to have an account that is on, and the source, asked now, does not; nobody is let in again until both agree';
const notAsked = 'the source cannot be asked now whether they are back; nobody is let in again before it was';

const unsure = (detail: string): ObjectPlan => ({ kind: 'escrow', reason: 'source_unsure', detail });
