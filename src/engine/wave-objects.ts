/** The first wave: accounts and groups are matched, created and updated. Whatever takes something away waits for the last wave. */

import pLimit, { type LimitFunction } from 'p-limit';
import { attributeOf } from '../core/attributes.ts';
import { references } from '../core/mapping.ts';
import { type Context, keyOf, type Met, type ObjectPlan, planLinked, planUnlinked, whyAdopted } from '../core/plan.ts';
import { accountOf } from '../core/told.ts';
import { TargetError } from '../model/errors.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { Escrow, Link, Operation, Outcome } from '../model/operation.ts';
import { isDestructive } from '../model/operation.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import { noteSeen } from './as-shown.ts';
import { carryOut, isToPlanAgain } from './carry-out.ts';
import { escrowObjects } from './escrow.ts';
import { letGo } from './first-looks.ts';
import type { Item } from './gather.ts';
import { type Found, findMatch } from './look.ts';
import { metAgain } from './met-again.ts';
import { type Done, isFoundGone, type Pending } from './pending.ts';
import { isDry, isUntouchable, linksNow, objectsOf, type Provisioning, passOf, rulesFor } from './provisioning.ts';
import { firstsOfNames } from './same-names.ts';
import { passing } from './sift.ts';
import { isNews, sighted } from './sights.ts';
import { ahead, allOf, type Chunk, prepared, type Step } from './steps.ts';
import { onlyWhoIsBack } from './switch-on.ts';
import type { Tally } from './tally.ts';

/** Objects of one step: a few rounds of requests at the target's concurrency, so that little is lost when a worker dies or its slice ends. */
const roundsAtOnce = 4;
const fewestAtOnce = 50;
/** Steps looked up beyond the one that is carried out, so that neither its last answers nor the database keep the other connections idle. */
const stepsAhead = 4;

export const atOnce = ({ target }: Pick<Provisioning, 'target'>): number =>
  Math.max(fewestAtOnce, roundsAtOnce * target.capabilities.concurrency);

export const objectSteps = (work: Provisioning, chunks: AsyncGenerator<Chunk>): AsyncGenerator<Step> => {
  const left = new AbortController();
  const limit = pLimit(work.target.capabilities.concurrency);
  const toStep = async ({ chunk, known, links }: Reading): Promise<Step> => {
    const sighted = await lookUp(work, known, limit, left.signal);
    return { last: chunk.last, carryOut: (tally) => provisionObjects(work, chunk.items, { sighted, links }, tally) };
  };
  return prepared(ahead(read(work, chunks)), stepsAhead, toStep, () => left.abort());
};

/** What is known of each object before the target is asked. */
type Known = {
  readonly item: Item;
  readonly object: SourceObject;
  readonly link: Link | null;
  readonly isProtected: boolean;
  /** The link is not what is on record: it is written down also when nothing is wanted. */
  readonly isNews: boolean;
};
type Reading = { readonly chunk: Chunk; readonly known: readonly Known[]; readonly links: ReadonlyMap<SourceId, Link> };
/** `match`: what the target answered about an object without a link; null for one that has its link, or that nobody touches. `met`: what is known of it. */
type Sighted = Known & { readonly match: Found | Refused | null; readonly met: Met };
/** A target may refuse the question itself, for one object's value; that object waits, the others go on. */
type Refused = { readonly kind: 'refused'; readonly detail: string };

async function* read(work: Provisioning, chunks: AsyncGenerator<Chunk>): AsyncGenerator<Reading> {
  for await (const chunk of chunks) yield { chunk, ...(await readLinks(work, managedOf(work, chunk.items))) };
}

const managedOf = (work: Provisioning, items: readonly Item[]): readonly Item[] =>
  items.filter(({ ref }) => ref.type === 'user' || work.takesGroups);

const readLinks = async (work: Provisioning, items: readonly Item[]): Promise<Omit<Reading, 'chunk'>> => {
  const objects = await objectsOf(work, items);
  // What a plan holds of these objects is what is being planned here, maybe for the second time.
  const recorded = await linksNow(work, [
    ...[...objects.values()].map(({ ref }) => ref),
    // A plan names references in a step of their own.
    ...(isDry(work) ? [] : referred(work, objects.values())),
  ]);
  const links = await sighted(work, recorded, ({ ref }) => objects.has(ref.id));
  const known = items.flatMap((item) => {
    const object = objects.get(item.ref.id);
    if (object === undefined) return [];
    const link = links.get(item.ref.id) ?? null;
    const isProtected = isUntouchable(work, object, link?.remoteId ?? null);
    return [{ item, object, link, isProtected, isNews: isNews(work, item.ref.id) }];
  });
  return { known, links };
};

/** Mostly everybody has a link, and nothing is asked. */
const lookUp = async (
  work: Provisioning,
  known: readonly Known[],
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<readonly Sighted[]> => {
  signal.throwIfAborted();
  const unlinked = known.filter(({ link, isProtected }) => link === null && !isProtected);
  const matches = await allOf(unlinked, limit, signal, ({ object }) => matchOf(work, object));
  const matchBy = new Map(unlinked.map((one, nth) => [one, matches[nth] ?? null]));
  const before = await metAgain(
    work,
    unlinked.flatMap(({ item: { ref } }, nth) => {
      const match = matches[nth];
      return match?.kind === 'match' ? [{ ref, remote: match.remote }] : [];
    }),
  );
  return known.map((one) => ({
    ...one,
    match: matchBy.get(one) ?? null,
    met: { mark: markOf(matchBy.get(one)), before: before.get(one.item.ref.id) ?? null },
  }));
};

const markOf = (match: Found | Refused | null | undefined): Met['mark'] =>
  match?.kind === 'match' ? match.mark : 'none';

const matchOf = async (work: Provisioning, object: SourceObject): Promise<Found | Refused> => {
  try {
    return await findMatch(work, object);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return { kind: 'refused', detail: error.message };
    throw error;
  }
};

type Sight = { readonly sighted: readonly Sighted[]; readonly links: ReadonlyMap<SourceId, Link> };

const provisionObjects = async (
  work: Provisioning,
  items: readonly Item[],
  first: Sight,
  tally: Tally,
): Promise<void> => {
  const managed = managedOf(work, items);
  if (managed.length < items.length) tally.skip('groups_not_supported', items.length - managed.length);
  const again = await provisionRound(work, first, tally, 1);
  if (again.size === 0) return;
  // The second round is for objects whose link turned out stale, whose account was there before us, or who were refused along with a reference.
  const { known, links } = await readLinks(
    work,
    managed.filter(({ ref }) => again.has(ref.id)),
  );
  const limit = pLimit(work.target.capabilities.concurrency);
  await provisionRound(work, { sighted: await lookUp(work, known, limit, work.watch.signal), links }, tally, 2);
};

/** What this wave would write of these objects. */
export const wouldWrite = async (work: Provisioning, items: readonly Item[]): Promise<readonly Pending[]> => {
  const { known, links } = await readLinks(work, managedOf(work, items));
  const sighted = await lookUp(work, known, pLimit(work.target.capabilities.concurrency), work.watch.signal);
  const pass = passOf(work);
  return sighted.flatMap((one) => toPending(planOne(one, objectContext(work, one, links, pass, 1)), pass));
};

type Planned = {
  readonly item: Item;
  readonly object: SourceObject;
  readonly plan: ObjectPlan;
  readonly link: Link | null;
  readonly met: Met;
};

const provisionRound = async (
  work: Provisioning,
  { sighted, links }: Sight,
  tally: Tally,
  nth: 1 | 2,
): Promise<ReadonlySet<SourceId>> => {
  const pass = passOf(work);
  const backed = await onlyWhoIsBack(
    work,
    sighted.map((one) => planOne(one, objectContext(work, one, links, pass, nth))),
  );
  const plans = await firstsOfNames(work, backed, async (renamed) => {
    const renames = renamed.flatMap((planned) => toPending(planned, pass));
    return new Set((await passing(work, renames)).map(({ planned }) => planned.operation.ref.id));
  });
  await escrowUnplannable(work, plans);
  const pending = plans.flatMap((planned) => toPending(planned, pass));
  let again: ReadonlySet<SourceId> = new Set();
  await carryOut(work, pending, async (done) => {
    const isAgain = (one: Done): boolean => isToPlanAgain(one) || isRefusedWithReferences(work, one);
    again = new Set(nth === 2 ? [] : done.filter(isAgain).map(({ outcome }) => outcome.ref.id));
    countWritten(work, plans, done, again, tally);
  });
  countUnwritten(plans, tally);
  await releaseSettled(work, plans);
  return again;
};

const planOne = (
  { item, object, link, isProtected, isNews: isToNote, match, met }: Sighted,
  context: Context,
): Planned => {
  if (isProtected) return { item, object, link, met, plan: { kind: 'skip', reason: 'protected' } };
  if (link !== null) {
    const plan = planLinked(object, link, context);
    const noted: ObjectPlan = {
      kind: 'do',
      operations: [],
      adopt: link,
      waiting: plan.kind === 'unchanged' ? plan.waiting : [],
    };
    return { item, object, link, met, plan: isToNote && plan.kind === 'unchanged' ? noted : plan };
  }
  if (match === null) throw new Error('An object without a link was not looked up.');
  return {
    item,
    object,
    link,
    met,
    plan: match.kind === 'refused' ? refused(match) : planUnlinked(object, match, context, met),
  };
};

const refused = ({ detail }: Refused): ObjectPlan => ({ kind: 'escrow', reason: 'target_rejected', detail });

export const contextFor = (
  work: Provisioning,
  item: Item,
  links: ReadonlyMap<SourceId, Link>,
  pass: string,
): Context => ({
  pass,
  rules: rulesFor(work, item.ref.type),
  required: work.target.capabilities.required[item.ref.type],
  resolve: (id) => {
    const settled = work.remoteIds.get(id);
    return settled === undefined ? accountOf(links.get(id)) : (settled ?? undefined);
  },
  why: item.why,
  now: work.engine.world.now(),
});

/**
 * A plan names references in a step of their own, always: whose account is there already when another is made depends on where steps were cut. So does the
 * second round, for what was refused may have been so for a reference alone.
 */
const objectContext = (
  work: Provisioning,
  one: Sighted,
  links: ReadonlyMap<SourceId, Link>,
  pass: string,
  nth: 1 | 2,
): Context => {
  const context = contextFor(work, one.item, links, pass);
  return nth === 2 || isDry(work) || mayBeHeld(work, one) ? { ...context, resolve: () => undefined } : context;
};

/**
 * Many targets take nothing at all of somebody whose manager they do not know, or do not want, and each says so in its own way. By itself the rest may be
 * taken; the second wave names the reference once more, alone, and what it is told then stands.
 */
const isRefusedWithReferences = (work: Provisioning, { pending, outcome }: Done): boolean => {
  if (outcome.result !== 'escrowed' || !isRefused(outcome)) return false;
  const { attributes, managers } = writtenIn(work, pending.planned.operation);
  return attributes && managers;
};

/** An account that was made, and is not shown yet, is not made a second time. */
const isRefused = ({ action, reason }: Extract<Outcome, { readonly result: 'escrowed' }>): boolean =>
  reason === 'target_rejected' || (reason === 'not_applied' && action !== 'create');

/** By the time somebody approves it more accounts are there. Of who has one the plan holds the references, too. */
const mayBeHeld = ({ aim, record: { limits } }: Provisioning, { link, match }: Sighted): boolean =>
  aim.kind === 'provision' &&
  link === null &&
  (match?.kind === 'match' ? (limits.adoptions ?? limits.updates) : limits.creates) !== null;

/** The objects these refer to by the mapping's references (their managers). */
export const referred = (work: Provisioning, objects: Iterable<SourceObject>): readonly Ref[] =>
  [...objects].flatMap((object) =>
    references(rulesFor(work, object.ref.type)).flatMap((rule) => {
      const to = rule.kind === 'reference' ? attributeOf(object, rule.from) : null;
      return typeof to === 'string' ? [{ type: 'user' as const, id: sourceId(to) }] : [];
    }),
  );

/** A match that already is as wanted still becomes a link, by an update that asks for nothing. */
const toPending = ({ item, plan, link, met }: Planned, pass: string): readonly Pending[] => {
  if (plan.kind !== 'do') return [];
  const from = plan.adopt ?? link;
  const operations = plan.operations.filter(({ operation }) => !isDestructive(operation.action));
  if (plan.adopt !== null && operations.length === 0) {
    const { ref, remoteId } = plan.adopt;
    return [
      {
        planned: {
          operation: { key: keyOf(pass, ref, 'adopt'), ref, action: 'update', remoteId, attributes: {}, before: {} },
          why: link === null ? whyAdopted(plan.adopt, met.mark, item.why) : item.why,
        },
        link: from,
      },
    ];
  }
  return operations.map((planned) => ({ planned, link: from }));
};

const escrowUnplannable = async (work: Provisioning, plans: readonly Planned[]): Promise<void> => {
  const failures = plans.flatMap(({ item: { ref }, plan }) =>
    plan.kind === 'escrow' ? [{ ref, reason: plan.reason satisfies Escrow['reason'], detail: plan.detail }] : [],
  );
  if (failures.length === 0 || isDry(work)) return;
  await noteSeen(
    work,
    failures.map(({ ref }) => ref),
  );
  await escrowObjects(work, failures);
};

/** An account that needs nothing, or is rightly left alone, needs no more care either. Groups are let go at the end, when no member waits. */
const releaseSettled = async (work: Provisioning, plans: readonly Planned[]): Promise<void> => {
  const settled = plans.filter(
    ({ item, plan }) =>
      item.why === 'retry' && item.ref.type === 'user' && (plan.kind === 'unchanged' || plan.kind === 'skip'),
  );
  if (settled.length === 0 || isDry(work)) return;
  await letGo(
    work,
    settled.map(({ item }) => item.ref),
  );
};

/**
 * Every object lands in exactly one counter. One that will be disabled is counted by the last wave. A manager who has an account already is written
 * along with the rest, and counted apart all the same, as in a plan and in the second wave: how many there are is not to depend on who came first.
 */
const countWritten = (
  work: Provisioning,
  plans: readonly Planned[],
  done: readonly Done[],
  again: ReadonlySet<SourceId>,
  tally: Tally,
): void => {
  tally.gone(done.filter(isFoundGone).map(({ outcome }) => outcome.ref.id));
  const written = new Map(plans.map(({ item, plan }) => [item.ref.id, plan]));
  for (const { pending, outcome } of done) {
    const plan = written.get(outcome.ref.id);
    if (plan?.kind !== 'do' || again.has(outcome.ref.id)) continue;
    // The last wave does not come by whoever has no link yet, and what a plan left out must not be forgotten.
    const isLeftOut = outcome.result === 'skipped' && outcome.reason === 'not_in_plan';
    if (isToDisable(plan) && !isLeftOut) continue;
    if (outcome.result === 'skipped' && outcome.reason === 'postponed') continue;
    if (outcome.result === 'skipped') tally.skip(outcome.reason);
    else if (outcome.result === 'escrowed') {
      if (isRefusedName(work, pending, outcome)) tally.failByName(outcome.reason);
      else tally.fail(outcome.reason, outcome.ref.id);
    } else {
      const { attributes, managers } = writtenIn(work, pending.planned.operation);
      tally.add(outcome.action === 'create' ? 'created' : attributes ? 'updated' : 'unchanged');
      if (managers) tally.add('managersSet');
    }
    tally.done(outcome.ref.id);
  }
};

/** Whoever has an account is to be called as somebody else at the target is. */
const isRefusedName = (
  { record: { matching } }: Provisioning,
  { link, planned: { operation } }: Pending,
  { reason }: Extract<Outcome, { readonly result: 'escrowed' }>,
): boolean =>
  reason === 'target_conflict' &&
  link !== null &&
  operation.action === 'update' &&
  matching[operation.ref.type].some(({ from, to }) => from !== 'id' && Object.hasOwn(operation.attributes, to));

const writtenIn = (
  work: Provisioning,
  operation: Operation,
): { readonly attributes: boolean; readonly managers: boolean } => {
  const ofReferences = references(rulesFor(work, operation.ref.type)).map(({ to }) => to);
  const paths = 'attributes' in operation ? Object.keys(operation.attributes) : [];
  const found = paths.filter((path) => ofReferences.includes(path));
  return { attributes: paths.length > found.length, managers: found.length > 0 };
};

const countUnwritten = (plans: readonly Planned[], tally: Tally): void => {
  for (const { item, plan } of plans) {
    if (plan.kind === 'escrow') tally.fail(plan.reason, item.ref.id);
    if (plan.kind === 'skip') tally.skip(plan.reason);
    if (plan.kind === 'unchanged') tally.add('unchanged');
  }
};

const isToDisable = (plan: Extract<ObjectPlan, { kind: 'do' }>): boolean =>
  plan.operations.some(({ operation }) => operation.action === 'disable');
