/**
 * Somebody said of what may be another system that it is the one. Before anything is written there, it is asked for everybody who is linked, and a link that
 * it does not show as ours ends: the same id may be somebody else's there, or become so by the first account that is made. Nothing is sent for that. From
 * then on the record holds only what is of this system, also for who left, who is protected, and who is switched off.
 */

import { batches } from '../core/batches.ts';
import { letGo } from '../core/undo.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { Link, Outcome } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import type { ObjectType } from '../model/source-object.ts';
import { assertAsRead } from './as-read.ts';
import { settleOutcomes } from './escrow.ts';
import { placeOf } from './gather.ts';
import { causeOf, type Provisioning, passOf, placeAt } from './provisioning.ts';
import { shownAsOurs } from './sights.ts';
import type { Place, Tally } from './tally.ts';
import { atOnce } from './wave-objects.ts';

export const endLinks = async (work: Provisioning, from: Place, tally: Tally): Promise<'done' | 'slice'> => {
  for await (const links of onRecord(work, from.after)) {
    await assertAsRead(work);
    await endUnshown(work, links, tally);
    const last = links.at(-1);
    if (last !== undefined) await tally.checkpoint('gather', { ...placeAt(work, 'links'), after: placeOf(last.ref) });
    await work.engine.failpoint('provision.links');
    if (work.watch.sliceOver()) return 'slice';
  }
  return 'done';
};

async function* onRecord(work: Provisioning, after: string | null): AsyncGenerator<readonly Link[]> {
  const types: readonly ObjectType[] = after?.startsWith('group|') ? ['group'] : ['user', 'group'];
  for (const type of types) {
    const from = after?.startsWith(`${type}|`) ? sourceId(after.slice(type.length + 1)) : undefined;
    for await (const links of work.engine.stores.ledger.scanLinks(work.record.id, type, from))
      yield* batches(links, atOnce(work));
  }
}

const endUnshown = async (work: Provisioning, links: readonly Link[], tally: Tally): Promise<void> => {
  const made = await madeByPlan(work, links);
  const others = links.filter(({ ref }) => !made.has(ref.id));
  const shown = await shownAsOurs(work, new Map(others.map((link) => [link.ref.id, link])));
  const unshown = others.filter(({ ref }) => !shown.has(ref.id));
  if (unshown.length === 0) return;
  const pass = passOf(work);
  const ends = unshown.map((link) => letGo(link, pass));
  await work.engine.stores.ledger.intend(
    work.lease,
    ends.map((planned) => ({ operation: planned.operation, cause: { ...causeOf(work, { planned }), limited: false } })),
  );
  const at = work.engine.world.now();
  await settleOutcomes(
    work,
    ends.map(
      ({ operation: { key, ref, action } }): Outcome => ({
        ...{ key, ref, action, at },
        ...{ result: 'skipped', reason: 'not_managed', link: null },
      }),
    ),
  );
  await countLeavers(work, unshown, tally);
};

/** Who is in the snapshot is counted by what becomes of them. */
const countLeavers = async (work: Provisioning, ended: readonly Link[], tally: Tally): Promise<void> => {
  const refs = ended.map(({ ref }) => ref);
  const present = await work.engine.stores.snapshots.find(work.run.connection, refs);
  const leavers = refs.filter(({ id }) => !present.has(id));
  if (leavers.length > 0) tally.skip('not_managed', leavers.length);
};

/** What an earlier run did in the name of this plan is of this system, though one of its readers may not show it yet. */
const madeByPlan = async (work: Provisioning, links: readonly Link[]): Promise<ReadonlySet<SourceId>> => {
  const plan = planIn(work);
  const { ledger } = work.engine.stores;
  const young = links.filter(({ since }) => since >= plan.createdAt).map(({ ref }) => ref);
  const made = new Set<SourceId>();
  if (young.length === 0) return made;
  const about = await ledger.about(work.record.id, young);
  for (const { id } of young) {
    const by = about.get(id)?.linkedBy ?? null;
    if (by !== null && (await ledger.entry(work.record.id, by))?.cause.plan === plan.id) made.add(id);
  }
  return made;
};

const planIn = ({ aim }: Provisioning): Plan => {
  if (aim.kind !== 'apply') throw new Error('Only a plan that was approved says which system it is.');
  return aim.plan;
};
