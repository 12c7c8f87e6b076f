/**
 * Whose account is gone from the target gets another one, with another id. The groups they are in, and whoever reports to them, were told of the first:
 * they wait for the other as for one that never was, so that the run that makes it tells them.
 */

import { attributeOf } from '../core/attributes.ts';
import { references } from '../core/mapping.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { WaitingReference } from '../model/operation.ts';
import { group } from '../model/source-object.ts';
import { type Done, isFoundGone } from './pending.ts';
import type { Provisioning } from './provisioning.ts';

/** Before the link goes: whoever finds none any more does not know that there was one. */
export const waitForAnother = async (work: Provisioning, done: readonly Done[]): Promise<void> => {
  const gone = done.filter(isLost);
  if (gone.length === 0) return;
  const { ledger, snapshots } = work.engine.stores;
  const refs = gone.map(({ outcome }) => outcome.ref);
  const present = await snapshots.find(work.run.connection, refs);
  const ids = [...present.keys()];
  if (ids.length === 0) return;
  for await (const memberships of snapshots.groupsOf(work.run.connection, ids))
    await ledger.wait(
      work.lease,
      memberships.map(({ group: of, member }) => ({ owner: group(of), path: 'members', to: member.id, want: 'add' })),
    );
  // Managers are told once all accounts are there, by a run that looks at everybody to all of them. After an undo that is the next one.
  if (gone.every(isUndone)) return;
  if (work.looksAtAll && gone.every(({ pending }) => pending.step === undefined)) return;
  const people = [...present.values()].flatMap(({ ref }) => (ref.type === 'user' ? [ref.id] : []));
  if (people.length === 0) return;
  for await (const reports of reportsTo(work, people)) await ledger.wait(work.lease, reports);
};

/** Gone at the target, also where an undo has taken it away. What an undo lets go of is still there. */
const isLost = (one: Done): boolean => (isFoundGone(one) && one.pending.planned.why !== 'unlinked') || isUndone(one);

const isUndone = ({ pending: { planned }, outcome }: Done): boolean =>
  planned.why === 'undo' && outcome.action === 'delete' && outcome.result === 'applied';

/** Nothing names the reports of somebody, so all people are looked through: an account that is gone is rare. */
export async function* reportsTo(
  { engine, run, mapping, watch }: Pick<Provisioning, 'engine' | 'run' | 'mapping' | 'watch'>,
  ids: readonly SourceId[],
): AsyncGenerator<readonly WaitingReference[]> {
  const to = new Set(ids);
  const rules = references(mapping.user).flatMap((rule) => (rule.kind === 'reference' ? [rule] : []));
  if (rules.length === 0) return;
  for await (const people of engine.stores.snapshots.scan(run.connection, 'user')) {
    watch.signal.throwIfAborted();
    const found = people.flatMap((person) =>
      rules.flatMap((rule): readonly WaitingReference[] => {
        const value = attributeOf(person, rule.from);
        const points = typeof value === 'string' && to.has(sourceId(value));
        return points ? [{ owner: person.ref, path: rule.to, to: sourceId(value), want: 'add' }] : [];
      }),
    );
    if (found.length > 0) yield found;
  }
}
