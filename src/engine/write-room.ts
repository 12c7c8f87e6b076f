/** How much a turn may still create and update, as far as that is limited (`exceeded-now.ts`). */

import { type Amounts, type Base, nothing } from '../core/guard.ts';

/** What the day had taken when this turn first asked, and what the turn let pass since. */
export type WriteRoom = {
  before: { readonly taken: Amounts; readonly active: Base['active'] } | null;
  passed: Amounts;
};

export const roomForWrites = (): WriteRoom => ({ before: null, passed: nothing });
