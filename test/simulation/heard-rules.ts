/**
 * What a target is written to by is accepted once the ledger holds it. Whoever accepts it may die in that moment, and hears no answer; but whoever goes on for
 * them goes by it.
 */

import { type TargetId, targetId } from '../../src/model/ids.ts';
import type { Ledger } from '../../src/store/ledger.ts';

export const hearingRules = (ledger: Ledger, onAccepted: (target: TargetId, rules: string) => void): Ledger => ({
  ...ledger,
  acceptRules: async (lease, rules) => {
    const target = targetId(lease.key);
    const answer = ledger.acceptRules(lease, rules);
    if ((await ledger.rules(target)) === rules) onAccepted(target, rules);
    await answer;
  },
});
