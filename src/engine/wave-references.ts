/** The second wave: managers and members, now that everybody who can be linked is. What points to someone without a link waits for them. */

import { batches } from '../core/batches.ts';
import { planMembers, planReferences } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link, Outcome, WaitingReference } from '../model/operation.ts';
import { group, type Ref, user } from '../model/source-object.ts';
import { carryOut } from './carry-out.ts';
import type { Gathered, Item } from './gather.ts';
import { notBack, notBackNow } from './not-back.ts';
import { notMended } from './not-mended.ts';
import { type Done, isFoundGone, type Pending } from './pending.ts';
import { isDry, linksOf, objectsOf, type Provisioning, passOf } from './provisioning.ts';
import { linksAsShown } from './sights.ts';
import { stagedMembers } from './stage.ts';
import { ahead, type Chunk, type Step } from './steps.ts';
import type { Tally } from './tally.ts';
import { maybeUnseen } from './unseen-members.ts';
import { contextFor, referred } from './wave-objects.ts';

/** Members handed to the target adapter at once; it cuts them further to what the target takes. */
const membersAtOnce = 1_000;
/** Where a group is replaced as a whole: as many as one operation on record holds. */
const replacedAtOnce = 20_000;
const operationsAtOnce = 100;

/** The next step's objects are read ahead; links are not, because what waited for one step may change the links of another. */
export async function* referenceSteps(
  work: Provisioning,
  gathered: Gathered,
  chunks: AsyncGenerator<Chunk>,
): AsyncGenerator<Step> {
  for await (const { items, last } of ahead(chunks))
    yield { last, carryOut: (tally) => provisionReferences(work, gathered, items, tally) };
}

const provisionReferences = async (
  work: Provisioning,
  gathered: Gathered,
  items: readonly Item[],
  tally: Tally,
): Promise<void> => {
  const { links } = await provisionManagers(work, items, tally);
  const linked = items.flatMap(({ ref }) => links.get(ref.id) ?? []);
  await provisionWaiting(
    work,
    gathered,
    linked.map(({ ref }) => ref.id),
    tally,
  );
  const groups = groupsIn(work, linked);
  await beginMembers(work, gathered, groups);
  await addAll(work, newMembers(work, gathered, groups), tally);
};

/** Before the first member is pushed: should the run break off, the next one knows that whoever leaves from now on may have to be removed. */
const beginMembers = async (work: Provisioning, { through }: Gathered, groups: readonly Link[]): Promise<void> => {
  const first = groups.filter(({ membersSince }) => membersSince === null).map(({ ref }) => ref);
  if (first.length > 0 && !isDry(work)) await work.engine.stores.ledger.membersStarted(work.lease, first, through);
};

/** Those that may be told who is in them: none where the target takes no groups. */
const groupsIn = ({ takesGroups }: Provisioning, links: Iterable<Link>): readonly Link[] =>
  takesGroups ? [...links].filter(({ ref }) => ref.type === 'group') : [];

/**
 * `links`: that it went by, of all items, also of who left the snapshot, and of those they refer to; without those that it found gone. `kept`: whose
 * reference was kept back, over a limit as it may be, or until they are switched on: it is not as wanted yet. `waiting`: what waits on.
 */
type Referring = {
  readonly links: ReadonlyMap<SourceId, Link>;
  readonly kept: ReadonlySet<SourceId>;
  readonly waiting: readonly WaitingReference[];
};

const provisionManagers = async (work: Provisioning, items: readonly Item[], tally: Tally): Promise<Referring> => {
  const objects = await objectsOf(
    work,
    items.filter(({ ref }) => ref.type === 'user'),
  );
  const links = await linksAsShown(
    work,
    [...items.map(({ ref }) => ref), ...referred(work, objects.values())],
    ({ ref }) => objects.has(ref.id),
  );
  const away = await notBack(
    work,
    [...objects.keys()].flatMap((id) => links.get(id) ?? []),
  );
  const pass = passOf(work);
  const plans = items.flatMap((item) => {
    const object = objects.get(item.ref.id);
    const link = links.get(item.ref.id);
    if (object === undefined || link === undefined || away.has(item.ref.id)) return [];
    return [{ link, plan: planReferences(object, link, contextFor(work, item, links, pass)) }];
  });
  const waiting = plans.flatMap(({ plan }) => ('waiting' in plan ? plan.waiting : []));
  await waitFor(work, waiting);
  const pending = plans.flatMap(({ link, plan }) =>
    plan.kind === 'do' ? plan.operations.map((planned) => ({ planned, link, step: 'references' as const })) : [],
  );
  const left = new Map(links);
  const kept = new Set(away);
  await carryOut(work, pending, async (done) => {
    countReferences(done, tally);
    for (const { outcome } of done) if (outcome.result === 'skipped') kept.add(outcome.ref.id);
    for (const { outcome } of done.filter(isFoundGone)) left.delete(outcome.ref.id);
  });
  return { links: left, kept, waiting };
};

/** References that waited for one of these to be linked. Their owners are planned again, from their state now. */
const provisionWaiting = async (
  work: Provisioning,
  gathered: Gathered,
  to: readonly SourceId[],
  tally: Tally,
): Promise<void> => {
  for await (const waiting of work.engine.stores.ledger.waitingOn(work.record.id, to)) {
    const owners = new Map(waiting.filter(({ want }) => want === 'add').map(({ owner }) => [owner.id, owner]));
    const links = await linksOf(work, [...owners.values()]);
    const users = [...owners.values()].filter(({ type }) => type === 'user');
    const { kept, waiting: waitsOn } = await provisionManagers(
      work,
      users.map((ref) => ({ ref, why: 'retry', object: null })),
      tally,
    );
    const groups = groupsIn(work, links.values());
    await beginMembers(work, gathered, groups);
    const unseen = await replacedUnseen(work, groups);
    const others = groups.filter(({ ref }) => !unseen.has(ref.id));
    await addAll(work, waitedMembers(work, others, waiting), tally);
    await addAll(
      work,
      allWaited(
        work,
        groups.filter(({ ref }) => unseen.has(ref.id)),
      ),
      tally,
    );
    await stopWaiting(
      work,
      waiting.filter((one) => one.owner.type === 'user' && !kept.has(one.owner.id) && !waitsOn.some(isSame(one))),
    );
  }
};

const isSame =
  ({ owner, path, to }: WaitingReference) =>
  (other: WaitingReference): boolean =>
    other.owner.id === owner.id && other.path === path && other.to === to;

type Additions = { readonly group: Link; readonly members: readonly Ref[] };

/** Whoever puts back what a reader that is behind shows, and some others, puts out who is not seen: so all who wait are put into such a group at once. */
const replacedUnseen = async (
  work: Provisioning,
  groups: readonly Link[],
): Promise<Pick<ReadonlySet<SourceId>, 'has'>> =>
  isReplaced(work)
    ? await maybeUnseen(
        work,
        groups.map(({ ref }) => ref),
      )
    : new Set();

const isReplaced = ({ target }: Provisioning): boolean => !Number.isFinite(target.capabilities.membersPerRequest);

/** Of each group everybody who waits and has an account, whoever they were found by. */
async function* allWaited(work: Provisioning, groups: readonly Link[]): AsyncIterable<Additions> {
  for (const group of groups) {
    const members = await atOnce(waitedOf(work, group));
    const links = await linksOf(work, members);
    yield { group, members: members.filter(({ id }) => links.has(id)) };
  }
}

/** Each of them once. */
const atOnce = async (
  ...additions: readonly (Iterable<Additions> | AsyncIterable<Additions>)[]
): Promise<readonly Ref[]> => {
  const all = new Map<SourceId, Ref>();
  for (const some of additions) for await (const { members } of some) for (const ref of members) all.set(ref.id, ref);
  return [...all.values()];
};

/** Whoever waits to be put into this group. */
async function* waitedOf(work: Provisioning, group: Link): AsyncIterable<Additions> {
  for await (const waiting of work.engine.stores.ledger.waitingFor(work.record.id, [group.ref]))
    yield* waitedMembers(work, [group], waiting);
}

async function* newMembers(work: Provisioning, gathered: Gathered, groups: readonly Link[]): AsyncIterable<Additions> {
  const unseen = await replacedUnseen(work, groups);
  for (const group of groups) {
    if (isPushedWhole(gathered, group)) {
      const pages = work.engine.stores.snapshots.members(work.run.connection, group.ref.id);
      for await (const members of isReplaced(work) ? thousandsOf(pages) : pages) yield { group, members };
      continue;
    }
    const told = (gathered.edges.get(group.ref.id) ?? []).filter(
      ({ want, version }) => want === 'add' && version > (group.membersAt ?? 0),
    );
    const added = await notMended(work, group, told);
    const joined = { group, members: added.map(({ member }) => member) };
    if (unseen.has(group.ref.id)) yield { group, members: await atOnce([joined], waitedOf(work, group)) };
    else {
      yield joined;
      const known = new Set(joined.members.map(({ id }) => id));
      for await (const { members } of waitedOf(work, group))
        yield { group, members: members.filter(({ id }) => !known.has(id)) };
    }
  }
}

/** Each request carries the whole group, and of whoever is not in it must be shown that they are there: so it is filled by one where that holds all. */
async function* thousandsOf(pages: AsyncIterable<readonly Ref[]>): AsyncIterable<readonly Ref[]> {
  let some: Ref[] = [];
  for await (const page of pages) {
    if (some.length + page.length > replacedAtOnce) {
      yield some;
      some = [];
    }
    some.push(...page);
  }
  yield some;
}

/** A group whose members were never pushed gets all of them, whatever the changes say. */
const isPushedWhole = (gathered: Gathered, group: Link): boolean =>
  group.membersAt === null || gathered.members === 'all';

async function* waitedMembers(
  work: Provisioning,
  groups: readonly Link[],
  waiting: readonly WaitingReference[],
): AsyncIterable<Additions> {
  for (const group of groups) {
    const waited = waiting.filter(
      ({ owner, path, want }) => owner.id === group.ref.id && path === 'members' && want === 'add',
    );
    const members = await stillIn(
      work,
      group.ref.id,
      waited.map(({ to }) => to),
    );
    await stopWaiting(
      work,
      waited.filter(({ to }) => !members.has(to)),
    );
    yield { group, members: await refsOf(work, [...members]) };
  }
}

/** Whoever waited to become a member may have left the group since, which told nobody to stop waiting for them. */
const stillIn = async (work: Provisioning, of: SourceId, ids: readonly SourceId[]): Promise<ReadonlySet<SourceId>> => {
  const still = new Set<SourceId>();
  if (ids.length === 0) return still;
  for await (const memberships of work.engine.stores.snapshots.groupsOf(work.run.connection, ids))
    for (const { group: each, member } of memberships) if (each === of) still.add(member.id);
  // Who left altogether may still be listed in the group.
  const refs = [...still].flatMap((id) => [user(id), group(id)]);
  const present = await work.engine.stores.snapshots.find(work.run.connection, refs);
  return new Set([...still].filter((id) => present.has(id)));
};

/** Of who waits to be put out of a group those who are not in it: the others are back, or only an undo wanted them out. */
export const stillOut = async (
  work: Provisioning,
  waiting: readonly WaitingReference[],
): Promise<readonly WaitingReference[]> => {
  const back: WaitingReference[] = [];
  for (const [of, some] of Map.groupBy(waiting, ({ owner }) => owner.id)) {
    const members = await stillIn(
      work,
      of,
      some.map(({ to }) => to),
    );
    back.push(...some.filter(({ to }) => members.has(to)));
  }
  await stopWaiting(work, back);
  return waiting.filter((one) => !back.includes(one));
};

/** What kind of object an id is: a reference keeps only the id, the link knows. Without a link it waits on, as whatever it is. */
export const refsOf = async (work: Provisioning, ids: readonly SourceId[]): Promise<readonly Ref[]> => {
  const links = await linksOf(work, [...ids.map(user), ...ids.map(group)]);
  return ids.map((id) => links.get(id)?.ref ?? user(id));
};

/** Carries additions out, many groups at once, in batches of bounded size. */
const addAll = async (work: Provisioning, additions: AsyncIterable<Additions>, tally: Tally): Promise<void> => {
  let batch: Pending[] = [];
  const flush = async (): Promise<void> => {
    const pending = batch;
    batch = [];
    await carryOut(work, pending, (done) => settleMembers(work, done, tally));
  };
  for await (const { group, members } of isDry(work) ? unstaged(work, additions) : additions) {
    for (const some of batches(members, isReplaced(work) ? replacedAtOnce : membersAtOnce)) {
      const pending = await planAdditions(work, group, some, tally);
      if (pending !== null) batch.push(pending);
      if (batch.length >= operationsAtOnce) await flush();
    }
  }
  await flush();
};

/**
 * Without those whom the plan puts into the group already: where nothing is written nobody stops waiting, so who was met by their account is met again with
 * the group, in other pieces. Asked once where a group begins; nobody is met twice from there to the next.
 */
async function* unstaged(work: Provisioning, additions: AsyncIterable<Additions>): AsyncIterable<Additions> {
  let of: SourceId | null = null;
  let staged: ReadonlySet<SourceId> = new Set();
  for await (const { group, members } of additions) {
    if (group.ref.id !== of) staged = await stagedMembers(work, group.ref);
    of = group.ref.id;
    const known = staged;
    yield { group, members: members.filter(({ id }) => !known.has(id)) };
  }
}

const planAdditions = async (
  work: Provisioning,
  group: Link,
  members: readonly Ref[],
  tally: Tally,
): Promise<Pending | null> => {
  const links = await linksOf(work, members);
  for (const id of await notBackNow(work, [...links.values()])) links.delete(id);
  const planned = planMembers(group, { add: members, remove: [] }, (id) => links.get(id), passOf(work));
  await waitFor(work, planned.waiting);
  if (planned.waiting.length > 0) tally.skip('member_not_linked', planned.waiting.length);
  return planned.add === null ? null : { planned: planned.add, link: group };
};

/** Members that were written wait no longer; members the target refused wait, with the group in escrow. */
export const settleMembers = async (work: Provisioning, done: readonly Done[], tally: Tally): Promise<void> => {
  const { written, refused } = countMembers(done, tally);
  await stopWaiting(
    work,
    written.filter(({ want, to }) => want === 'remove' || !isLost(work, to)),
  );
  await waitFor(work, refused);
};

/** Whose account was found gone, maybe in the moment they were put in: for the one that is made anew they wait (engine/wait-for-another.ts). */
const isLost = ({ remoteIds }: Provisioning, id: SourceId): boolean => remoteIds.get(id) === null;

type Members = { readonly written: readonly WaitingReference[]; readonly refused: readonly WaitingReference[] };

export const countMembers = (done: readonly Done[], tally: Tally): Members => {
  const written: WaitingReference[] = [];
  const refused: WaitingReference[] = [];
  for (const { pending, outcome } of done) {
    const { operation } = pending.planned;
    if (operation.action !== 'add_members' && operation.action !== 'remove_members') continue;
    const want = operation.action === 'add_members' ? 'add' : 'remove';
    const members = operation.members.map(({ ref }) => ref);
    const references =
      want === 'remove'
        ? removalsOf(operation.ref, members, pending.told)
        : members.map(({ id }): WaitingReference => ({ owner: operation.ref, path: 'members', to: id, want }));
    if (outcome.result === 'skipped') {
      if (outcome.reason !== 'postponed') tally.skip(outcome.reason, references.length);
      // Should the protection end one day, they are to be put in then.
      if (outcome.reason === 'protected' && want === 'add') refused.push(...references);
      continue;
    }
    if (isFoundGone({ outcome }) && want === 'remove') {
      // They went with the group.
      written.push(...references);
      tally.fail('target_rejected', operation.ref.id);
      continue;
    }
    const left = leftBy(outcome);
    const gone = references.filter(({ to }) => !left(to));
    tally.add(want === 'add' ? 'membersAdded' : 'membersRemoved', gone.length);
    written.push(...gone);
    if (outcome.result === 'applied') continue;
    tally.fail(outcome.reason, operation.ref.id);
    refused.push(...references.filter(({ to }) => left(to)));
  }
  return { written, refused };
};

/** Members who are still to be removed, with what is known of how it came. */
export const removalsOf = (owner: Ref, members: readonly Ref[], told: Pending['told']): readonly WaitingReference[] =>
  members.map(({ id }) => {
    const version = told?.get(id);
    return { owner, path: 'members', to: id, want: 'remove', ...(version === undefined ? {} : { version }) };
  });

/** Whose membership is still as it was. */
const leftBy = (outcome: Exclude<Outcome, { readonly result: 'skipped' }>): ((member: SourceId) => boolean) => {
  if (outcome.result !== 'partly_applied') return () => outcome.result === 'escrowed';
  const refused = new Set(outcome.refused);
  return (member) => refused.has(member);
};

export const waitFor = async (work: Provisioning, references: readonly WaitingReference[]): Promise<void> => {
  if (references.length > 0 && !isDry(work)) await work.engine.stores.ledger.wait(work.lease, references);
};

const stopWaiting = async (work: Provisioning, references: readonly WaitingReference[]): Promise<void> => {
  if (references.length > 0 && !isDry(work)) await work.engine.stores.ledger.stopWaiting(work.lease, references);
};

const countReferences = (done: readonly Done[], tally: Tally): void => {
  for (const { outcome } of done) {
    if (outcome.result === 'applied') tally.add('managersSet');
    if (outcome.result === 'escrowed') tally.fail(outcome.reason, outcome.ref.id);
    // Its object was counted by the first wave; but what a plan left out must not be forgotten.
    if (outcome.result === 'skipped' && outcome.reason === 'not_in_plan') tally.skip('not_in_plan');
  }
};
