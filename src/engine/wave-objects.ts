/** The first wave: accounts and groups are matched, created and updated. Whatever takes something away waits for the last wave. */

import pLimit from 'p-limit';
import { attributeOf } from '../core/attributes.ts';
import { references } from '../core/mapping.ts';
import { type Context, keyOf, type Plan, planLinked, planUnlinked } from '../core/plan.ts';
import { TargetError } from '../model/errors.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { Escrow, Link } from '../model/operation.ts';
import { isDestructive } from '../model/operation.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import { carryOut, type Done, isToPlanAgain, type Pending } from './carry-out.ts';
import type { Item } from './gather.ts';
import { findMatch } from './look.ts';
import { linksOf, type Provisioning, passOf, rulesFor } from './provisioning.ts';
import type { Tally } from './tally.ts';

export const provisionObjects = async (work: Provisioning, items: readonly Item[], tally: Tally): Promise<void> => {
  const managed = items.filter(({ ref }) => ref.type === 'user' || work.target.capabilities.groups);
  if (managed.length < items.length) tally.skip('groups_not_supported', items.length - managed.length);
  let round: readonly Item[] = managed;
  // The second round is for objects whose link turned out stale or whose account was there before us.
  for (const nth of [1, 2]) {
    const again = await provisionRound(work, round, tally, nth);
    round = round.filter(({ ref }) => again.has(ref.id));
    if (round.length === 0) return;
  }
};

type Planned = { readonly item: Item; readonly plan: Plan; readonly link: Link | null };

const provisionRound = async (
  work: Provisioning,
  items: readonly Item[],
  tally: Tally,
  nth: number,
): Promise<ReadonlySet<SourceId>> => {
  const pass = passOf(work);
  const plans = await planAll(work, items, pass);
  await escrowUnplannable(work, plans);
  const pending = plans.flatMap((planned) => toPending(planned, pass));
  let again: ReadonlySet<SourceId> = new Set();
  await carryOut(work, pending, async (done) => {
    again = new Set(nth === 2 ? [] : done.filter(isToPlanAgain).map(({ outcome }) => outcome.ref.id));
    if (work.run.dryRun) pretend(work, done);
    countWritten(plans, done, again, tally);
  });
  countUnwritten(plans, tally);
  await releaseSettled(work, plans);
  return again;
};

/** So that the later waves of a dry run find the links it would have made. */
const pretend = (work: Provisioning, done: readonly Done[]): void => {
  for (const { outcome } of done)
    if (outcome.result === 'applied' && outcome.link !== undefined) work.pretended.set(outcome.ref.id, outcome.link);
};

const planAll = async (work: Provisioning, items: readonly Item[], pass: string): Promise<readonly Planned[]> => {
  const objects = await work.engine.stores.snapshots.find(
    work.run.connection,
    items.map(({ ref }) => ref),
  );
  const present = items.flatMap((item) => {
    const object = objects.get(item.ref.id);
    return object === undefined ? [] : [{ item, object }];
  });
  const links = await linksOf(work, [...present.map(({ object }) => object.ref), ...referred(work, objects.values())]);
  const limit = pLimit(work.target.capabilities.concurrency);
  return await Promise.all(
    present.map(({ item, object }) =>
      limit(async () => {
        const context = contextFor(work, item, links, pass);
        const link = links.get(item.ref.id) ?? null;
        if (link !== null) return { item, link, plan: planLinked(object, link, context) };
        return { item, link, plan: await planNew(work, object, context) };
      }),
    ),
  );
};

/** A target may refuse the question itself, for one object's value; that object waits, the others go on. */
const planNew = async (work: Provisioning, object: SourceObject, context: Context): Promise<Plan> => {
  try {
    return planUnlinked(object, await findMatch(work, object), context);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected')
      return { kind: 'escrow', reason: 'target_rejected', detail: error.message };
    throw error;
  }
};

export const contextFor = (
  work: Provisioning,
  item: Item,
  links: ReadonlyMap<SourceId, Link>,
  pass: string,
): Context => ({
  pass,
  rules: rulesFor(work, item.ref.type),
  resolve: (id) => links.get(id)?.remoteId,
  why: item.why,
  now: work.engine.world.now(),
});

/** The objects these refer to by the mapping's references (their managers). */
export const referred = (work: Provisioning, objects: Iterable<SourceObject>): readonly Ref[] =>
  [...objects].flatMap((object) =>
    references(rulesFor(work, object.ref.type)).flatMap((rule) => {
      const to = rule.kind === 'reference' ? attributeOf(object, rule.from) : null;
      return typeof to === 'string' ? [{ type: 'user' as const, id: sourceId(to) }] : [];
    }),
  );

/** A match that already is as wanted still becomes a link, by an update that asks for nothing. */
const toPending = ({ item, plan, link }: Planned, pass: string): readonly Pending[] => {
  if (plan.kind !== 'do') return [];
  const from = plan.adopt ?? link;
  const operations = plan.operations.filter(({ operation }) => !isDestructive(operation.action));
  if (plan.adopt !== null && operations.length === 0) {
    const { ref, remoteId } = plan.adopt;
    return [
      {
        planned: {
          operation: { key: keyOf(pass, ref, 'adopt'), ref, action: 'update', remoteId, attributes: {}, before: {} },
          why: item.why,
        },
        link: from,
      },
    ];
  }
  return operations.map((planned) => ({ planned, link: from }));
};

const escrowUnplannable = async (work: Provisioning, plans: readonly Planned[]): Promise<void> => {
  const failures = plans.flatMap(({ item, plan }) =>
    plan.kind === 'escrow'
      ? [{ ref: item.ref, reason: plan.reason satisfies Escrow['reason'], detail: plan.detail }]
      : [],
  );
  if (failures.length > 0 && !work.run.dryRun) await work.engine.stores.ledger.escrow(work.lease, failures);
};

/** An account that needs nothing, or is rightly left alone, needs no more care either. Groups are let go at the end, when no member waits. */
const releaseSettled = async (work: Provisioning, plans: readonly Planned[]): Promise<void> => {
  const settled = plans.filter(
    ({ item, plan }) =>
      item.why === 'retry' && item.ref.type === 'user' && (plan.kind === 'unchanged' || plan.kind === 'skip'),
  );
  if (settled.length === 0 || work.run.dryRun) return;
  await work.engine.stores.ledger.release(
    work.lease,
    settled.map(({ item }) => item.ref),
  );
};

/** Every object lands in exactly one counter. One that will be disabled is counted by the last wave. */
const countWritten = (
  plans: readonly Planned[],
  done: readonly Done[],
  again: ReadonlySet<SourceId>,
  tally: Tally,
): void => {
  const written = new Map(plans.map(({ item, plan }) => [item.ref.id, plan]));
  for (const { outcome } of done) {
    const plan = written.get(outcome.ref.id);
    if (plan?.kind !== 'do' || again.has(outcome.ref.id) || isToDisable(plan)) continue;
    if (outcome.result === 'skipped') continue;
    if (outcome.result === 'escrowed') tally.fail(outcome.reason);
    else tally.add(outcome.action === 'create' ? 'created' : plan.operations.length === 0 ? 'unchanged' : 'updated');
    tally.done(outcome.ref.id);
  }
};

const countUnwritten = (plans: readonly Planned[], tally: Tally): void => {
  for (const { plan } of plans) {
    if (plan.kind === 'escrow') tally.fail(plan.reason);
    if (plan.kind === 'skip') tally.skip(plan.reason);
    if (plan.kind === 'unchanged') tally.add('unchanged');
  }
};

const isToDisable = (plan: Extract<Plan, { kind: 'do' }>): boolean =>
  plan.operations.some(({ operation }) => operation.action === 'disable');
