/** By which scope the snapshot was read, that what is taken away is judged by: who is out of another scope is not out of this one. */

import { type Scope, scopeFrom, scopeKey } from '../model/scope.ts';
import { planOf } from './aim.ts';
import { acceptedBy } from './basis.ts';
import { refusePlan } from './begin-plan.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { newSyncRun, requestAgain, restOf } from './request-runs.ts';

/**
 * Asked before each few people lose something, right after it was found that the connection is as the turn read it (`as-read.ts`). Once somebody edits the
 * scope, nobody loses anything until the tenant was read by it: whoever is to leave by the former scope may be among those who are to stay by the new one.
 * Throws `RunRefused`.
 */
export const scopeOfSnapshot = async (work: Provisioning): Promise<Scope> => {
  const { engine, connection, record, rules } = work;
  const head = await engine.stores.snapshots.head(connection.id);
  const of = head.scope === null ? connection.scope : scopeFrom(head.scope);
  if (isDry(work)) return of;
  if (scopeKey(connection.scope) !== scopeKey(of)) {
    await requestAgain(engine, newSyncRun(connection, { ...restOf(engine, work.run), mode: 'full', scope: null }));
    const plan = planOf(work.aim);
    // What of it is done by now stays; nobody goes on with the rest of it.
    if (plan !== null) await refusePlan(work, plan, 'rules_changed');
    throw new RunRefused(scopeEdited);
  }
  if (acceptedBy(record, connection, head) !== rules) throw new RunRefused(scopeEdited);
  return of;
};

const scopeEdited = {
  code: 'scope_changed',
  message:
    'The scope of the connection was edited, and the tenant was not read by it yet. What the run wrote stays; nothing more is taken away until a full sync has read the new scope, which was asked for.',
  owner: 'your_team',
} as const;
