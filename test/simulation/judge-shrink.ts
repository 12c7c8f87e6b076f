/**
 * `shrink`: a read that lost more than its connection lets it lose is kept only where somebody saw that it, or one like it, was held. Of losses that are
 * plain: people and groups that are missing, a group of the scope that is emptied of people who are all still there, values that are gone.
 */

import { z } from 'zod';
import type { Change } from '../../src/model/change.ts';
import type { ConnectionId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import { scopeFrom } from '../../src/model/scope.ts';
import type { SourceObject, Value } from '../../src/model/source-object.ts';
import type { Draft, SnapshotStore } from '../../src/store/snapshot-store.ts';
import type { Customer } from './customer.ts';
import type { Directory } from './directory.ts';
import { since } from './since.ts';
import { isDraft } from './stores.ts';

export type Shrinks = {
  /** Of what a store was asked and answered: what is wrong with it. */
  readonly judge: (site: string, asked: readonly unknown[], answer: unknown) => readonly string[];
  /** When the tenant last changed after a version, as far as it was committed; null: it did not. */
  readonly changedAfter: (connection: ConnectionId, version: number) => number | null;
  /** The database shows another day: what was committed since is not in it. */
  readonly forget: () => void;
};

/** What the snapshot of a connection holds. `members`: effective ones. */
type Kept = {
  readonly objects: Map<string, SourceObject>;
  readonly members: Map<string, Set<string>>;
};

/** A customer, as far as it matters here. */
export type Shrinking = {
  readonly connection: Pick<Customer['connection'], 'id' | 'shrinkLimit'>;
  readonly directory: Pick<Directory, 'history'>;
};

type Snapshots = Pick<SnapshotStore, 'scan' | 'members'>;

/** `snapshots`: as they are, where nothing fails. */
export const shrinksSeen = (
  now: () => number,
  customers: () => readonly Shrinking[],
  snapshots: Snapshots,
): Shrinks => {
  /** What each draft began from. Read when it first writes anything down, since whoever dies while they commit tells nobody what they did. */
  const bases = new WeakMap<Draft, Kept>();
  /** Written down by each draft. */
  const recorded = new WeakMap<Draft, readonly Change[]>();
  /** When the read of each draft began, and the last one of a connection: one that goes on where it stopped began with that. */
  const began = new WeakMap<Draft, number>();
  const lastBegan = new Map<ConnectionId, number>();
  const accepting = new Set<ConnectionId>();
  /** Of runs that accept a loss: whoever stands still right after they committed hears of it when the next run is under way. */
  const accepted = new WeakSet<Draft>();
  const changed = new Map<ConnectionId, { readonly version: number; readonly at: number }[]>();

  const noteBegin = (draft: Draft): void => {
    const { connection } = draft.base;
    const at = (draft.resume === null ? undefined : lastBegan.get(connection)) ?? now();
    lastBegan.set(connection, at);
    began.set(draft, at);
  };

  const judgeCommit = (draft: Draft, scope: string | undefined): readonly string[] => {
    const { connection, version } = draft.base;
    const changes = recorded.get(draft) ?? [];
    if (changes.length > 0)
      changed.set(connection, [...(changed.get(connection) ?? []), { version: version + 1, at: now() }]);
    const before = bases.get(draft);
    const customer = customers().find((each) => each.connection.id === connection);
    if (before === undefined || customer === undefined || version === 0 || accepted.has(draft)) return [];
    const next = after(before, changes);
    const limit = customer.connection.shrinkLimit;
    return [
      ...missing(before, changes, limit),
      ...cleared(before, changes, limit),
      ...(scope === undefined
        ? []
        : emptied(before, next, changes, scope, limit, customer.directory, began.get(draft) ?? now())),
    ].map((what) => `a read of ${connection} was kept that nobody had accepted: ${what}`);
  };

  return {
    judge: (site, asked, answer) => {
      if (site === 'runs.start') noteStart(accepting, answer);
      if (site === 'snapshots.begin' && isDraft(answer)) noteBegin(answer);
      const draft = asked.find(isDraft);
      if (draft === undefined) return [];
      if (site === 'draft.record' && Array.isArray(asked[0])) {
        if (accepting.has(draft.base.connection)) accepted.add(draft);
        if (!recorded.has(draft)) void keptIn(snapshots, draft.base.connection).then((kept) => bases.set(draft, kept));
        recorded.set(draft, [...(recorded.get(draft) ?? []), ...(asked[0] as readonly Change[])]);
      }
      return site === 'draft.commit' ? judgeCommit(draft, Committed.parse(asked[0]).scope) : [];
    },
    changedAfter: (connection, version) =>
      (changed.get(connection) ?? []).find((each) => each.version > version)?.at ?? null,
    forget: () => {
      changed.clear();
    },
  };
};

const Committed = z.object({ scope: z.string().optional() });
const Started = z.object({ kind: z.literal('sync'), connection: z.custom<ConnectionId>(), acceptShrink: z.unknown() });

const noteStart = (accepting: Set<ConnectionId>, run: unknown): void => {
  const { data } = Started.safeParse(run);
  if (data === undefined) return;
  if (data.acceptShrink === null) accepting.delete(data.connection);
  else accepting.add(data.connection);
};

/** In memory it is read before anything else can happen. */
const keptIn = async (snapshots: Snapshots, connection: ConnectionId): Promise<Kept> => {
  const kept = { objects: new Map<string, SourceObject>(), members: new Map<string, Set<string>>() };
  for (const type of ['user', 'group'] as const)
    for await (const objects of snapshots.scan(connection, type))
      for (const object of objects) kept.objects.set(object.ref.id, object);
  for (const { ref } of kept.objects.values()) {
    if (ref.type !== 'group') continue;
    const members = new Set<string>();
    for await (const some of snapshots.members(connection, ref.id)) for (const { id } of some) members.add(id);
    kept.members.set(ref.id, members);
  }
  return kept;
};

const after = ({ objects, members }: Kept, changes: readonly Change[]): Kept => {
  const next = { objects: new Map(objects), members: new Map(members) };
  for (const change of changes)
    switch (change.kind) {
      case 'created':
      case 'updated':
        next.objects.set(change.after.ref.id, change.after);
        break;
      case 'removed':
        next.objects.delete(change.before.ref.id);
        break;
      case 'members': {
        const of = new Set(next.members.get(change.group.id));
        for (const { id } of change.added) of.add(id);
        for (const { id } of change.removed) of.delete(id);
        next.members.set(change.group.id, of);
      }
    }
  return next;
};

const allowed = ({ count, percent, floor }: Limit, of: number): number =>
  Math.max(floor, Math.min(count, Math.floor((of * percent) / 100)));

/** Nobody said of them that they left: they were not seen, or are not in the scope. */
const missing = ({ objects }: Kept, changes: readonly Change[], limit: Limit): readonly string[] =>
  (['user', 'group'] as const).flatMap((type) => {
    const known = [...objects.values()].filter(({ ref }) => ref.type === type).length;
    const lost = changes.filter(
      (change) =>
        change.kind === 'removed' &&
        change.before.ref.type === type &&
        (change.why === 'missing' || change.why === 'out_of_scope'),
    ).length;
    return lost > allowed(limit, known) ? [`${lost} of ${known} ${type}s are missing`] : [];
  });

const isSet = (value: Value | undefined): boolean => value !== undefined && value !== null && value !== '';

/** Whoever reported to somebody who left has no manager either: that one is left out. */
const cleared = ({ objects }: Kept, changes: readonly Change[], limit: Limit): readonly string[] => {
  const lost = new Map<string, number>();
  for (const change of changes)
    if (change.kind === 'updated')
      for (const [name, value] of Object.entries(change.before.attributes))
        if (name !== 'manager' && isSet(value) && !isSet(change.after.attributes[name])) {
          const key = `${change.before.ref.type} ${name}`;
          lost.set(key, (lost.get(key) ?? 0) + 1);
        }
  return [...lost].flatMap(([key, count]) => {
    const known = [...objects.values()].filter(
      ({ ref, attributes }) => key.startsWith(`${ref.type} `) && isSet(attributes[key.slice(ref.type.length + 1)]),
    ).length;
    return count > allowed(limit, known) ? [`${count} of ${known} lost a value: ${key}`] : [];
  });
};

/** Groups that had people, and have none: those the scope names, and those inside them where that takes more people out than the floor. */
const emptied = (
  before: Kept,
  { objects, members }: Kept,
  changes: readonly Change[],
  scope: string,
  limit: Limit,
  directory: Shrinking['directory'],
  began: number,
): readonly string[] => {
  const within = scopeFrom(scope);
  if (within.kind === 'all') return [];
  const named = new Set<string>(within.groups);
  // A group that is taken out of another goes with all that is below it, which is counted as a whole.
  const isMoved = changes.some(
    (change) => change.kind === 'members' && change.removed.some(({ type }) => type === 'group'),
  );
  const missed = new Set<string>(
    changes.flatMap((change) => (change.kind === 'removed' && change.why === 'missing' ? [change.before.ref.id] : [])),
  );
  return [...before.members].flatMap(([group, had]) => {
    const isEmptied = had.size > 0 && members.get(group)?.size === 0 && objects.has(group);
    if (!isEmptied || !isPlain(directory, group)) return [];
    // Who came to it, and could not be read yet, is in it all the same; also where they left after its list was read.
    if (hasOthers(directory, group, had, began)) return [];
    // Nor did whoever is missing leave it, who is out of the scope otherwise: how many may be missing is judged above. But then most others may have.
    const left = had.difference(missed).size;
    if (left < had.size)
      return named.has(group) && left * 2 > had.size && left > allowed(limit, had.size)
        ? [`${left} of ${had.size} are not in ${group} any more`]
        : [];
    if (named.has(group)) return [`nobody is in ${group} any more`];
    const lost = [...had].filter((id) => !objects.has(id)).length;
    const isMost = lost === had.size || (lost * 2 > had.size && lost > allowed(limit, had.size));
    return within.nested && !isMoved && isMost && lost > limit.floor
      ? [`${lost} of ${had.size} are out of scope by ${group}`]
      : [];
  });
};

const hasOthers = (
  { history }: Shrinking['directory'],
  group: string,
  had: ReadonlySet<string>,
  began: number,
): boolean =>
  since(history, began).some(({ truth }) => [...(truth.groups.get(group)?.members ?? [])].some((id) => !had.has(id)));

/** The group, and everybody who ever was in it, was there all along. */
const isPlain = ({ history }: Shrinking['directory'], group: string): boolean => {
  const ever = new Set(history.flatMap(({ truth }) => [...(truth.groups.get(group)?.members ?? [])]));
  return history.every(
    ({ truth: { groups, people } }) =>
      (groups.get(group)?.standing ?? 'there') === 'there' &&
      [...ever].every((id) => !groups.has(id) && ['enabled', 'disabled', undefined].includes(people.get(id)?.standing)),
  );
};
