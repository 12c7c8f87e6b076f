/** Whoever approves: two people, and keys by which they come besides. Entrain is told who made a key; that a key is a person, nobody tells it. */

import { makersOf } from '../../src/core/approvals.ts';
import type { Approver } from '../../src/model/plan.ts';

export type ApprovingAs = {
  /** Who it is in truth. */
  readonly person: 'the operator' | 'the colleague';
  readonly by: string;
  readonly approver: Approver;
};

const person = (id: string): Approver => ({ kind: 'person', id, makers: [] });
const keyOf = (maker: Approver, id: string): Approver => ({ kind: 'api_key', id, makers: makersOf(maker) });

const operator = person('per_operator');
const ownKey = keyOf(operator, 'key_of_the_operator');

export const asOperator: ApprovingAs = { person: 'the operator', by: 'operator', approver: operator };
export const asColleague: ApprovingAs = { person: 'the colleague', by: 'colleague', approver: person('per_colleague') };

export const approvers: readonly ApprovingAs[] = [
  asOperator,
  asColleague,
  { person: 'the operator', by: 'a key', approver: ownKey },
  { person: 'the operator', by: 'a key that a key made', approver: keyOf(ownKey, 'key_of_a_key') },
  { person: 'the colleague', by: 'another key', approver: keyOf(asColleague.approver, 'key_of_the_colleague') },
];
