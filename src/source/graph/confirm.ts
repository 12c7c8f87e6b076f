/**
 * Asks again before something is taken away. An absence in a list is no evidence here: who is not in the answer of getByIds is asked for alone,
 * and only "does not exist" counts. Whatever fails leaves its objects unsure.
 */

import { type OffBy, ownSwitch } from '../../core/switch.ts';
import { SourceError, type SourceFault } from '../../model/errors.ts';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { Scope } from '../../model/scope.ts';
import { type ObjectType, type Ref, user } from '../../model/source-object.ts';
import type { Log } from '../../model/world.ts';
import type { Standing } from '../source.ts';
import { batches, type SubAnswer, slices } from './batch.ts';
import { getByIds, idsPerRequest } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { directMembership, inAny, reachesAny } from './membership.ts';
import { type Entity, EntitySchema } from './pages.ts';
import type { GroupScope } from './scoped.ts';
import { selectionOf } from './to-source-object.ts';

/** Every asked id is in the answer. */
export const confirmStandings = async (
  client: GraphClient,
  refs: readonly Ref[],
  scope: Scope,
  by: OffBy | null,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, Standing>> => {
  const questions = { user: questionBy(by), group: ofGroup };
  const standings = new Map<SourceId, Standing>(refs.map(({ id }) => [id, 'unsure']));
  for (const type of ['user', 'group'] as const)
    for (const some of slices(
      refs.filter((ref) => ref.type === type),
      idsPerRequest,
    ))
      await orUnsure(client.world.log, signal, async () => {
        for (const [id, standing] of await standingsOf(client, type, some, questions[type], signal))
          standings.set(id, standing);
      });
  if (scope.kind === 'groups') await markOutOfScope(client, refs, scope, standings, signal);
  return standings;
};

/** Who is among the deleted items (kept for 30 days). A refusal is no evidence: groups, for example, may not be readable there. */
export const confirmDeletions = async (
  client: GraphClient,
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlySet<SourceId>> => {
  const found = new Set<SourceId>();
  await orUnsure(client.world.log, signal, async () => {
    const questions = refs.map(({ id }) => ({
      method: 'GET' as const,
      at: `/directory/deletedItems/${id}?$select=id`,
    }));
    const answers: SubAnswer[] = [];
    for await (const some of batches(client, questions, signal)) answers.push(...some);
    for (const [index, { id }] of refs.entries()) if (answers[index]?.ok === true) found.add(id);
  });
  return found;
};

/** Direct membership of one group; who is not in the answer was not answered for. */
export const confirmMembership = async (
  client: GraphClient,
  group: SourceId,
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> =>
  (await orUnsure(client.world.log, signal, () => directMembership(client, group, members, signal))) ?? new Map();

/** The same within a read: an answer that broke off breaks the read off, which asks again from its place. Nothing else would. */
export const readMembership = async (
  client: GraphClient,
  group: SourceId,
  members: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> =>
  (await orUnsure(client.world.log, signal, () => directMembership(client, group, members, signal), ofTheRead)) ??
  new Map();

const standingsOf = async (
  client: GraphClient,
  type: ObjectType,
  refs: readonly Ref[],
  question: Question,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, Standing>> => {
  const ids = refs.map(({ id }) => id);
  const found = await getByIds(client, type, ids, question.select, signal);
  const absent = ids.filter((id) => !found.has(id));
  return new Map([
    ...[...found].map(([id, entity]): [SourceId, Standing] => [id, question.standingOf(entity)]),
    ...(await askAlone(client, type, absent, question, signal)),
  ]);
};

/** What is asked of each object of a type, and what its answer means. */
type Question = { readonly select: string; readonly standingOf: (shown: Entity) => Standing };

const ofGroup: Question = { select: 'id', standingOf: () => 'present' };

/** A user whose own switch is not shown (a lost permission) is neither enabled nor disabled, and nothing else that is shown of them says anything. */
const questionBy = (by: OffBy | null): Question => {
  const asked = selectionOf({ user: by?.attribute == null ? [ownSwitch] : [ownSwitch, by.attribute], group: [] });
  return {
    select: by?.attribute == null ? `id,${ownSwitch}` : asked.select.user,
    standingOf: (shown) => {
      const isOn = shown[ownSwitch];
      if (typeof isOn !== 'boolean') return 'unsure';
      const now = { ref: user(sourceId(shown.id)), attributes: asked.whole('user', shown) };
      return (by?.isOff(now) ?? !isOn) ? 'disabled' : 'present';
    },
  };
};

const askAlone = async (
  client: GraphClient,
  type: ObjectType,
  ids: readonly SourceId[],
  question: Question,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, Standing>> => {
  const questions = ids.map((id) => ({ method: 'GET' as const, at: `/${type}s/${id}?$select=${question.select}` }));
  const answers: SubAnswer[] = [];
  for await (const some of batches(client, questions, signal)) answers.push(...some);
  return new Map(
    ids.map((id, index): [SourceId, Standing] => {
      const answer = answers[index];
      if (answer === undefined) return [id, 'unsure'];
      if (!answer.ok) return [id, answer.refusal.codes.includes('request_resourcenotfound') ? 'gone' : 'unsure'];
      const entity = EntitySchema.safeParse(answer.body);
      return [id, entity.success ? question.standingOf(entity.data) : 'unsure'];
    }),
  );
};

/**
 * Objects that exist but are not in the scope's groups any more. A group of the scope that does not exist says nothing about its members.
 */
const markOutOfScope = async (
  client: GraphClient,
  refs: readonly Ref[],
  scope: GroupScope,
  standings: Map<SourceId, Standing>,
  signal: AbortSignal,
): Promise<void> => {
  const there = refs.filter(({ id }) => standings.get(id) === 'present' || standings.get(id) === 'disabled');
  const asked = there.filter(({ id }) => !scope.groups.includes(id));
  const inside = await orUnsure(client.world.log, signal, () => membershipIn(client, scope, asked, signal));
  for (const { id } of asked) {
    const member = inside?.get(id);
    if (member === undefined) standings.set(id, 'unsure');
    else if (!member) standings.set(id, 'out_of_scope');
  }
};

/** Without nesting a member group is an edge, not an object of the scope. */
const membershipIn = async (
  client: GraphClient,
  scope: GroupScope,
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, boolean>> => {
  if (scope.nested) return reachesAny(client, scope.groups, refs, signal);
  const users = refs.filter(({ type }) => type === 'user');
  const said: (readonly (readonly [SourceId, boolean | null])[])[] = [
    refs.filter(({ type }) => type === 'group').map(({ id }) => [id, false]),
  ];
  for (const group of scope.groups) {
    const members = await directMembership(client, group, users, signal);
    said.push(users.map(({ id }) => [id, members.get(id) ?? null]));
  }
  return inAny(said);
};

/**
 * A failure is no evidence. The caller's own end is not a failure; and being told to wait, or who we are being doubted, is about the tenant as a whole
 * and not about these people: the caller waits, or holds the connection back.
 */
const orUnsure = async <T>(
  log: Log,
  signal: AbortSignal,
  ask: () => Promise<T>,
  thrown: readonly SourceFault[] = ofTheTenant,
): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError && thrown.includes(error.fault)) throw error;
    log.warn('confirm.unsure', { error: error instanceof Error ? error.message : 'unknown' });
    return null;
  }
};

const ofTheTenant: readonly SourceFault[] = ['throttled', 'unavailable', 'unauthorized'];
const ofTheRead: readonly SourceFault[] = [...ofTheTenant, 'incomplete'];
