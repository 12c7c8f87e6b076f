/**
 * What keeps many accounts from being taken away at once is set by nobody who may not decide about taking them: whoever may only configure could
 * otherwise lift a limit in place of approving a plan.
 */

import type { Caller } from '../../model/api-key.ts';
import { assertMayDo } from './admission.ts';

/** Fields of a target and of a connection that say how much may be taken away, from whom, and what waits for a look. */
const guards = ['limits', 'protected', 'deprovision', 'left_groups', 'shrink_limit'] as const;

export type Guarded = { readonly [Field in (typeof guards)[number]]?: unknown } & {
  /** False only makes more wait. */
  readonly auto_approve_first?: boolean | undefined;
  /** Two only make more wait. */
  readonly approvals?: 1 | 2 | undefined;
};

export const setsGuards = (body: Guarded): boolean =>
  body.auto_approve_first === true || body.approvals === 1 || guards.some((field) => body[field] !== undefined);

export const assertMaySetGuards = (caller: Caller, body: Guarded): void => {
  if (setsGuards(body)) assertMayDo(caller, 'approve');
};
