/** What the operator may do, who has a key without limits. */

import type { CommandsWithin } from '../../src/admin/commands.ts';
import type { Parts } from '../../src/compose.ts';
import { reachOf } from '../../src/core/access.ts';

export const asOperator = ({ commands }: Pick<Parts, 'commands'>): CommandsWithin =>
  commands.within(reachOf({ organizations: null }));
