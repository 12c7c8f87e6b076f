/**
 * Two people of one turn who are called alike, as the snapshot has them: the tenant gave a user name from one to the other while it was read. Each is looked
 * for before the other is made, and a target that refuses no second account of a name would make both.
 */

import { isBlank, own } from '../core/attributes.ts';
import type { ObjectPlan } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';

/** By name, whose account is made by it in this turn. */
export type Names = Map<string, SourceId>;
type Naming = { readonly names: Names; readonly record: Pick<TargetRecord, 'matching'> };

/** Of those who would be made by one name in this turn the first is; whoever comes after waits, until one of them is called otherwise. */
export const firstOfName = ({ names: made, record }: Naming, plan: ObjectPlan): ObjectPlan => {
  const create =
    plan.kind === 'do' ? plan.operations.find(({ operation }) => operation.action === 'create') : undefined;
  if (create?.operation.action !== 'create') return plan;
  const names = namesIn(record, create.operation);
  const { id } = create.operation.ref;
  const taken = names.find(({ key }) => (made.get(key) ?? id) !== id);
  if (taken !== undefined)
    return {
      kind: 'escrow',
      reason: 'linked_elsewhere',
      detail: `somebody else of the tenant has the same ${taken.path}, as it was read last, and is given an account by it`,
    };
  for (const { key } of names) made.set(key, id);
  return plan;
};

type Create = Extract<Operation, { readonly action: 'create' }>;

/** What an account is found by, but for the id of its owner. */
const namesIn = ({ matching }: Naming['record'], { ref, attributes }: Create) =>
  matching[ref.type].flatMap(({ from, to, ignoreCase }) => {
    const value = own(attributes, to);
    if (from === 'id' || isBlank(value)) return [];
    const text = JSON.stringify(value);
    return [{ path: to, key: JSON.stringify([ref.type, to, ignoreCase ? text.toLowerCase() : text]) }];
  });
