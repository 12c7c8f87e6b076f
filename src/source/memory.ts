/**
 * A source over a directory in memory, with every liberty the port gives: messages that come late, twice, in any order or in parts, and reads
 * that break off. For tests of whatever reads from a source.
 */

import { z } from 'zod';
import { merge } from '../core/attributes.ts';
import { namedBy } from '../core/names.ts';
import { type OffBy, ownSwitch } from '../core/switch.ts';
import type { Check } from '../model/check.ts';
import { ResumeExpired, SourceError, WatermarkExpired } from '../model/errors.ts';
import { type Resume, resume, type SourceId, sourceId, type Watermark, watermark } from '../model/ids.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Attributes, Ref, SourceObject } from '../model/source-object.ts';
import {
  type Entry,
  edges,
  entryOf,
  isLive,
  type Logged,
  type MemoryDirectory,
  membersNow,
  type Reach,
  type Reading,
  reachOf,
  refOf,
  type State,
  stateOf,
} from './memory-directory.ts';
import { type Ask, completed, type Source, type SourceEnd, type SourcePage, type Standing } from './source.ts';

export { type Liberties, type MemoryDirectory, memoryDirectory } from './memory-directory.ts';

/** Its directory id. */
const memoryTenant = '33333333-3333-4333-8333-333333333333';

/** Reads that directory. Several sources may read the same one. */
export const memorySource = (directory: MemoryDirectory): Source => {
  const state = stateOf(directory);
  return {
    check: async ({ scope }) => report(state, scope),
    tenant: async () => memoryTenant,
    credentialEnds: async () => null,
    read: (ask, signal) => read(state, ask, signal),
    confirm: async (refs, scope, _, by = null) =>
      new Map(refs.map((ref) => [ref.id, standingOf(state, ref, scope, by)])),
    lookUp: async (who, attributes) => lookUp(state, who, attributes),
    deletions: async (refs) =>
      new Set(
        refs
          .map(({ id }) => id)
          .filter((id) => state.liberties.confirms && state.entries.get(id)?.gone === 'soft_deleted'),
      ),
    everyoneIn: async (of) => everyoneIn(state, of),
    confirmMembers: async (of, members) =>
      state.liberties.confirms
        ? new Map(members.map(({ id }) => [id, isLive(state, id) && isLive(state, of) && edges(state, of).has(id)]))
        : new Map(),
  };
};

const report = (state: State, scope: Scope) => {
  const lost = lostOf(state, scope);
  const problem = state.liberties.problem ?? (lost === undefined ? null : `There is no group ${lost}.`);
  const name = 'Directory';
  const check: Check =
    problem === null
      ? { name, ok: true, detail: 'It can be read.' }
      : {
          name,
          ok: false,
          detail: problem,
          remedy: { code: 'source_forbidden', owner: 'customer_it', todo: 'Mend it, and check again.', link: null },
        };
  return { ok: check.ok, checks: [check] };
};

/** A group of the scope that does not exist (any more). */
const lostOf = (state: State, scope: Scope): SourceId | undefined =>
  scope.kind === 'groups' ? scope.groups.find((id) => !isLive(state, id)) : undefined;

const standingOf = (state: State, ref: Ref, scope: Scope, by: OffBy | null): Standing => {
  if (!state.liberties.confirms) return 'unsure';
  const entry = state.entries.get(ref.id);
  if (entry?.gone !== null) return 'gone';
  // Who is in a group that does not exist, nobody can say.
  if (scope.kind === 'groups' && !scope.groups.includes(ref.id) && lostOf(state, scope) !== undefined) return 'unsure';
  const reached = reachOf(state, scope);
  if (reached !== null && !reached.has(ref.id)) return 'out_of_scope';
  const { attributes } = entry;
  return (by?.isOff({ ref, attributes }) ?? attributes[ownSwitch] === false) ? 'disabled' : 'present';
};

const everyoneIn = (state: State, of: readonly SourceId[]): readonly Ref[] | null => {
  if (!state.liberties.confirms) throw new SourceError('incomplete', `Nobody says who is in ${of.join(', ')}.`);
  if (!of.every((id) => isLive(state, id))) return null;
  const everyone = new Map<SourceId, Ref>();
  const groups = new Set(of);
  for (const each of groups)
    for (const ref of membersNow(state, each)) {
      everyone.set(ref.id, ref);
      if (ref.type === 'group') groups.add(ref.id);
    }
  return [...everyone.values()];
};

const lookUp = (state: State, who: string, asked: Ask['attributes']): readonly SourceObject[] => {
  const id = sourceId(who);
  const live = [...state.entries.values()].filter(({ gone }) => gone === null);
  const meant = live.filter(
    ({ ref, attributes }) => ref.id === id || (ref.type === 'user' && namedBy({ ref, attributes }, who) !== null),
  );
  return meant.map(({ ref, attributes }) => {
    const names = asked[ref.type].filter((name) => name !== 'manager');
    return { ref, attributes: merge({}, shownOf(state, attributes, names)) };
  });
};

async function* read(state: State, ask: Ask, signal: AbortSignal): AsyncGenerator<SourcePage | SourceEnd> {
  const { number, reading, from } = ask.resume === null ? begin(state, ask) : resumed(state, ask, ask.resume);
  for (let told = from, next = from; told < reading.messages.length; told = next) {
    signal.throwIfAborted();
    breakOff(state);
    // Pages may become larger in the midst of a read.
    next = told + state.liberties.pageSize;
    yield {
      type: 'page',
      messages: arranged(state, ask, reading.messages.slice(told, next)),
      resume: resume(`${number}:${next}`),
    };
  }
  breakOff(state);
  const mark: Mark = { key: reading.key, epoch: state.epochs.watermark, at: reading.end };
  yield { type: 'end', complete: completed(ask), watermark: ask.watermark ? watermark(JSON.stringify(mark)) : null };
}

type Place = { readonly number: number; readonly reading: Reading; readonly from: number };

/** What a read tells is fixed when it begins, so that a place in it means the same when it is resumed. */
const begin = (state: State, ask: Ask): Place => {
  const key = keyOf(ask);
  const full = ask.read.mode === 'full';
  const at = ask.read.mode === 'full' ? state.log.length : placeOf(state, ask.read.from, key);
  const end = full ? at : Math.max(at, state.log.length - state.liberties.lag);
  const messages = full ? everything(state, ask, requireReach(state, ask.scope)) : changes(state, ask, at, end);
  const reading = { key, mode: ask.read.mode, messages, end, epoch: state.epochs.resume };
  return { number: state.readings.push(reading) - 1, reading, from: 0 };
};

const resumed = (state: State, ask: Ask, text: Resume): Place => {
  const [number = -1, from = 0] = text.split(':').map(Number);
  const reading = state.readings[number];
  const fits = reading?.key === keyOf(ask) && reading.mode === ask.read.mode && reading.epoch === state.epochs.resume;
  if (reading === undefined || !fits) throw new ResumeExpired('The place is not accepted any more.');
  return { number, reading, from };
};

const keyOf = ({ scope, attributes }: Ask): string =>
  [scopeKey(scope), [...attributes.user].sort().join(), [...attributes.group].sort().join()].join('|');

const MarkSchema = z.object({ key: z.string(), epoch: z.number(), at: z.number() });
type Mark = z.infer<typeof MarkSchema>;

const placeOf = (state: State, from: Watermark, key: string): number => {
  const mark = MarkSchema.parse(JSON.parse(from));
  if (mark.key !== key || mark.epoch !== state.epochs.watermark)
    throw new WatermarkExpired('The watermark is not accepted any more.');
  return mark.at;
};

const requireReach = (state: State, scope: Scope): Reach => {
  const lost = lostOf(state, scope);
  if (lost !== undefined)
    throw new SourceError('forbidden', `There is no group ${lost}.`, { code: 'ScopeGroupNotFound' });
  return reachOf(state, scope);
};

const everything = (state: State, ask: Ask, reach: Reach): readonly ObjectMessage[] => {
  const listed = [...state.entries.values()].filter(({ ref }) => !state.liberties.unlisted.has(ref.id));
  const entries = listed.filter(({ ref, gone }) => gone === null && (reach?.has(ref.id) ?? true));
  const groups = entries.filter(({ ref }) => ref.type === 'group');
  return [...entries.map((entry) => whole(state, entry, ask)), ...groups.map(({ ref }) => membersOf(state, ref))];
};

const membersOf = (state: State, ref: Ref): ObjectMessage => ({
  type: 'members',
  group: ref,
  members: { whole: membersNow(state, ref.id) },
});

const whole = (state: State, { ref, attributes }: Entry, ask: Ask): Extract<ObjectMessage, { type: 'upsert' }> => ({
  type: 'upsert',
  ref,
  attributes: shownOf(state, attributes, ask.attributes[ref.type]),
  whole: true,
});

const shownOf = ({ liberties }: State, attributes: Attributes, names: readonly string[]): Attributes =>
  Object.fromEntries(names.map((name) => [name, liberties.hidden.has(name) ? null : (attributes[name] ?? null)]));

const changes = (state: State, ask: Ask, after: number, upTo: number): readonly ObjectMessage[] => {
  const reach = requireReach(state, ask.scope);
  return state.log
    .slice(after, upTo)
    .flatMap((logged) =>
      logged.kind === 'object' ? objectChange(state, ask, reach, logged) : memberChange(state, ask, reach, logged),
    );
};

const objectChange = (
  state: State,
  ask: Ask,
  reach: Reach,
  { id, changed }: Extract<Logged, { kind: 'object' }>,
): readonly ObjectMessage[] => {
  const entry = entryOf(state, id);
  if (entry.gone !== null) return [{ type: 'remove', ref: entry.ref, why: entry.gone }];
  const inScope = reach?.has(id) ?? true;
  const shown: ObjectMessage = { ...whole(state, entry, ask), whole: inScope };
  if (changed === 'all') return inScope ? [shown, ...around(state, ask, reach, entry.ref)] : [shown];
  if (!state.liberties.partial) return [shown];
  const names = changed.filter((name) => ask.attributes[entry.ref.type].includes(name));
  return [{ type: 'upsert', ref: entry.ref, attributes: shownOf(state, entry.attributes, names), whole: false }];
};

/** Who is new, or back, comes with the groups that hold them, and a group with everybody in it: of these edges none changed. */
const around = (state: State, ask: Ask, reach: Reach, ref: Ref): readonly ObjectMessage[] => {
  const holding = [...state.members]
    .filter(([id, held]) => held.has(ref.id) && isLive(state, id) && (reach?.has(id) ?? true))
    .map(
      ([id]): ObjectMessage => ({ type: 'members', group: refOf(state, id), members: { added: [ref], removed: [] } }),
    );
  if (ref.type === 'user') return holding;
  if (ask.scope.kind === 'all') return [membersOf(state, ref), ...holding];
  return [...everything(state, ask, reachOf(state, { ...ask.scope, groups: [ref.id] })), ...holding];
};

/** Tells what the edge is now; who joins a scope is told whole before, with everybody in it if it is a group. */
const memberChange = (
  state: State,
  ask: Ask,
  reach: Reach,
  logged: Extract<Logged, { kind: 'member' }>,
): readonly ObjectMessage[] => {
  if (reach !== null && !reach.has(logged.group)) return [];
  const member = refOf(state, logged.member);
  const isMember = edges(state, logged.group).has(member.id);
  const edge: ObjectMessage = {
    type: 'members',
    group: refOf(state, logged.group),
    members: { added: isMember ? [member] : [], removed: isMember ? [] : [member] },
  };
  if (!isMember || reach === null) return [edge];
  return [...joiner(state, ask, reach, member), edge];
};

const joiner = (state: State, ask: Ask, reach: ReadonlySet<SourceId>, member: Ref): readonly ObjectMessage[] => {
  if (!isLive(state, member.id) || !reach.has(member.id)) return [];
  if (member.type === 'user') return [whole(state, entryOf(state, member.id), ask)];
  return everything(state, ask, reachOf(state, { kind: 'groups', groups: [member.id], nested: true }));
};

const breakOff = ({ liberties }: State): void => {
  if (liberties.fault === null) return;
  const { afterPages, error } = liberties.fault;
  liberties.fault = afterPages > 0 ? { afterPages: afterPages - 1, error } : null;
  if (afterPages === 0) throw error;
};

const arranged = ({ liberties }: State, ask: Ask, messages: readonly ObjectMessage[]): readonly ObjectMessage[] => {
  if (ask.read.mode === 'full') return messages;
  const told = liberties.duplicate ? [...messages, ...messages] : messages;
  return liberties.shuffle === null ? told : liberties.shuffle(told);
};
