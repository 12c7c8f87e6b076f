/**
 * Two people, or groups, of one turn who are called alike, as the snapshot has them: the tenant gave a user name from one to the other while it was read, or
 * a group the name of another. Each is looked for before the other is made or renamed, and a target that refuses no second account of a name would have both.
 */

import { isBlank, own } from '../core/attributes.ts';
import type { ObjectPlan } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';

/** By name, whose account is made by it, or given it, in this turn. */
export type Names = Map<string, SourceId>;
type Naming = { readonly names: Names; readonly record: Pick<TargetRecord, 'matching'> };

/**
 * Of those who would be made by one name in this turn the first is; whoever comes after waits, until one of them is called otherwise. Who has an account and
 * is given the name goes before all who would be made by it in the same step. `passing`: whose renaming would be done as things stand; for one that is held
 * nobody is to wait.
 */
export const firstsOfNames = async <P extends { readonly plan: ObjectPlan }>(
  naming: Naming,
  plans: readonly P[],
  passing: (renamed: readonly P[]) => Promise<ReadonlySet<SourceId>>,
): Promise<readonly P[]> => {
  const renamed = plans.filter(({ plan }) => namesIn(naming, plan, 'update').length > 0);
  const given = renamed.length === 0 ? new Set() : await passing(renamed);
  for (const { plan } of renamed)
    for (const { key, id } of namesIn(naming, plan, 'update'))
      if (given.has(id) && !naming.names.has(key)) naming.names.set(key, id);
  return plans.map((planned) => ({ ...planned, plan: firstOfName(naming, planned.plan) }));
};

const firstOfName = (naming: Naming, plan: ObjectPlan): ObjectPlan => {
  const names = namesIn(naming, plan, 'create');
  const taken = names.find(({ key, id }) => (naming.names.get(key) ?? id) !== id);
  if (taken !== undefined)
    return {
      kind: 'escrow',
      reason: 'linked_elsewhere',
      detail: `somebody else of the tenant has the same ${taken.path}, as it was read last, and is to be given it`,
    };
  for (const { key, id } of names) naming.names.set(key, id);
  return plan;
};

/** What an account is found by, but for the id of its owner, as far as the plan writes it. */
const namesIn = ({ record: { matching } }: Naming, plan: ObjectPlan, action: 'create' | 'update') => {
  if (plan.kind !== 'do') return [];
  return plan.operations.flatMap(({ operation }) => {
    if (operation.action !== action) return [];
    const { ref, attributes } = operation;
    return matching[ref.type].flatMap(({ from, to, ignoreCase }) => {
      const value = own(attributes, to);
      if (from === 'id' || isBlank(value)) return [];
      const text = JSON.stringify(value);
      return [{ id: ref.id, path: to, key: JSON.stringify([ref.type, to, ignoreCase ? text.toLowerCase() : text]) }];
    });
  });
};
