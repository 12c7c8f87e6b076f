/** Everything in a scope of kind `groups`: the groups, their members, and with `nested` the members of member groups. Nobody else is read. */

import { ResumeExpired, SourceError } from '../../model/errors.ts';
import type { Resume, SourceId } from '../../model/ids.ts';
import type { Scope } from '../../model/scope.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Ask, Known, SourceEnd, SourcePage } from '../source.ts';
import { batchesInFlight, batchSize } from './batch.ts';
import { getByIds, idsPerRequest, wholeUsers } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { expiryOf, incomplete } from './errors.ts';
import { grantedNow, stillGrantedNow } from './granted.ts';
import { hiddenGroup, isHiddenGroup, refuseHiddenGroups } from './hidden.ts';
import { type GroupMembers, membersOf, wholeMembers } from './members.ts';
import { mint } from './mint.ts';
import { type AllAsked, type AskedFor, askThrough, type Entity, proofOfAsked } from './pages.ts';
import {
  countOf,
  doneOf,
  nothingDone,
  readScopedPlace,
  type ScopedPlace,
  writePlace,
  writeWatermark,
} from './places.ts';
import { follow, type Step } from './steps.ts';
import { isShownWhole, type Selection, selectionOf, whetherShown, wholeGroup } from './to-source-object.ts';

export type GroupScope = Extract<Scope, { kind: 'groups' }>;

/**
 * Begins without a call that proves that users can be read, which would show others: every answer about the people in the groups proves it by itself.
 * Throws `SourceError` `forbidden` when a group of the scope does not exist: an empty scope would take everybody out.
 */
export async function* readScoped(
  client: GraphClient,
  ask: Ask,
  scope: GroupScope,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const selection = selectionOf(ask.attributes);
  let place = ask.resume === null ? null : readScopedPlace(ask.resume, key);
  if (place === null) {
    const granted = await grantedNow(client, ask, signal);
    // Nested groups are not known yet, and come and go: then all groups are followed.
    const only = scope.nested ? null : scope.groups;
    const minted = ask.watermark ? await mint(client, selection, only, signal) : null;
    place = { v: 3, read: 'scoped', key, granted, minted, groups: nothingDone, users: nothingDone };
    yield { type: 'page', messages: [], resume: writePlace(place) };
  }
  const from: Reached = { ...place, ends: null };
  try {
    const stream = (either: AbortSignal) => reach(client, scope, ask.known, selection, from, either);
    const { ends, granted, minted } = yield* follow(from, [stream], placeOf, signal);
    if (ends === null) throw incomplete('Not everybody was asked for.', 'NotAsked');
    const prove = (now: AbortSignal) => proveScope(client, scope, now);
    const complete = proofOfAsked(ask, scope, ends, await stillGrantedNow(client, ask, granted, prove, signal));
    const wholeAt = client.world.now().getTime();
    yield { type: 'end', complete, watermark: minted && writeWatermark(key, { links: minted, wholeAt, left: [] }) };
  } catch (error) {
    if (expiryOf(error) === null) throw error;
    throw new ResumeExpired('Graph does not continue a listing any more: the read starts over.', { cause: error });
  }
}

/** Shows that the groups of the scope can be read right now, and asks about nobody else. What is said of the people in them proves itself. */
const proveScope = async (client: GraphClient, { groups }: GroupScope, signal: AbortSignal): Promise<void> => {
  const found = await getByIds(client, 'group', groups.slice(0, idsPerRequest), whetherShown, signal);
  for (const [id, entity] of found) if (isHiddenGroup(entity)) throw hiddenGroup(id);
};

/** Where the read stands, and in the end that it came to its ends. */
type Reached = ScopedPlace & { readonly ends: Ends | null };
type Ends = { readonly groups: AllAsked; readonly users: AllAsked };

const placeOf = ({ ends: _, ...place }: Reached): Resume => writePlace(place);

/** Groups in the order in which they are reached, then the users in them by id. */
async function* reach(
  client: GraphClient,
  scope: GroupScope,
  known: Known,
  selection: Selection,
  from: ScopedPlace,
  signal: AbortSignal,
): AsyncGenerator<Step<Reached>> {
  const walk = walkFrom(scope.groups, scope.nested);
  // What was done before is stored: walking it again asks the snapshot, not Graph.
  while (walk.groups.length > walk.done && walk.done < from.groups.done) await walkKnown(walk, known);
  if (doneOf(walk.groups, from.groups) !== from.groups.done)
    throw new ResumeExpired('The groups that were read before are not stored any more.');

  const groups = yield* stepsOf(walkGroups(client, known, walk, new Set(scope.groups), selection, signal), (done) => ({
    groups: countOf(walk.groups, done),
  }));
  const ids = [...walk.users].sort();
  const users = yield* stepsOf(wholeUsers(client, ids, doneOf(ids, from.users), selection, signal), (done) => ({
    users: countOf(ids, done),
  }));
  yield { messages: [], place: { ends: { groups, users } } };
}

/** Passes on the end of what is asked through. */
async function* stepsOf(
  answers: AsyncGenerator<AskedFor<readonly ObjectMessage[]>, AllAsked>,
  placeAt: (done: number) => Partial<ScopedPlace>,
): AsyncGenerator<Step<Reached>, AllAsked> {
  for (;;) {
    const next = await answers.next();
    if (next.done === true) return next.value;
    yield { messages: next.value.answer, place: placeAt(next.value.done) };
  }
}

/** A walk through groups, breadth first. `groups` are all that were reached; the first `done` of them have been read. */
export type Walk = {
  readonly groups: SourceId[];
  readonly reached: Set<SourceId>;
  readonly users: Set<SourceId>;
  readonly nested: boolean;
  done: number;
};

/** `before`: groups that another walk has reached, and that this one does not go through once more. */
export const walkFrom = (
  groups: readonly SourceId[],
  nested: boolean,
  before: ReadonlySet<SourceId> = new Set(),
): Walk => {
  const start = [...new Set(groups)];
  return { groups: start, reached: new Set([...before, ...start]), users: new Set(), nested, done: 0 };
};

/** One more group of the walk, as it is stored. */
export const walkKnown = async (walk: Walk, known: Known): Promise<void> => {
  const next = walk.groups[walk.done];
  if (next === undefined) return;
  const members: Ref[] = [];
  for await (const some of known.members(next)) members.push(...some);
  enter(walk, members);
};

const groupsAtOnce = batchSize * batchesInFlight;

/**
 * Reads the groups of the walk that are not done, and those they lead to: the objects, then their members. `required` are groups that must
 * exist and show who is in them; any other may have gone since its edge was read. Of one that is there and does not show it, or has no list at a replica that
 * is behind, those are read who are stored in it.
 */
export const walkGroups = (
  client: GraphClient,
  known: Known,
  walk: Walk,
  required: ReadonlySet<SourceId>,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<AskedFor<readonly ObjectMessage[]>, AllAsked> =>
  askThrough(walk.groups, walk.done, groupsAtOnce, async function* (next) {
    const found = await getByIds(client, 'group', next, selection.select.group, signal);
    refuseHiddenGroups([...found.values()]);
    for await (const some of membersOf(client, next, signal)) {
      for (const one of some) {
        const entity = found.get(one.group);
        if (required.has(one.group)) requireReadable(one, entity);
        if (entity !== undefined && (one.members === null || !isShownWhole(one.members, entity)))
          await walkKnown(walk, known);
        else enter(walk, one.members ?? []);
      }
      const answer = some.flatMap((one): readonly ObjectMessage[] => {
        const entity = found.get(one.group);
        return entity === undefined ? [] : [wholeGroup(selection, entity), ...wholeMembers(one, entity)];
      });
      yield { about: some.map((one) => one.group), answer };
    }
  });

const requireReadable = ({ group: id, members }: GroupMembers, entity: Entity | undefined): void => {
  if (members === null || entity === undefined) throw missingGroup(id);
  requireShown(id, members, entity);
};

/** Throws `SourceError` `forbidden` when a list of members is not to be believed. */
export const requireShown = (id: SourceId, members: readonly Ref[], entity: Entity): void => {
  if (!isShownWhole(members, entity)) throw isHiddenGroup(entity) ? hiddenGroup(id) : hiddenMembers(id);
};

/** Files the members of the group the walk is at. Member groups are sorted, so that a resumed walk takes the same way. */
const enter = (walk: Walk, members: readonly Ref[]): void => {
  walk.done += 1;
  for (const { id } of members.filter(({ type }) => type === 'user')) walk.users.add(id);
  if (!walk.nested) return;
  const inner = members.filter(({ type, id }) => type === 'group' && !walk.reached.has(id)).map(({ id }) => id);
  for (const id of inner.sort()) {
    walk.reached.add(id);
    walk.groups.push(id);
  }
};

export const hiddenMembers = (id: SourceId): SourceError =>
  new SourceError(
    'forbidden',
    `The members of the group ${id} are hidden: the application permission Member.Read.Hidden is missing.`,
    { code: 'MembersHidden' },
  );

export const missingGroup = (id: SourceId): SourceError =>
  new SourceError(
    'forbidden',
    `The scope names the group ${id}, but the tenant has no such group. Choose another scope.`,
    {
      code: 'ScopeGroupNotFound',
      mend: { owner: 'your_team', todo: 'Choose another scope, or ask the customer for the group.' },
    },
  );
