/** The directory behind the source in memory: what can happen in it, its change log, and the liberties its source takes. */

import { type SourceId, sourceId } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import { type Attributes, group, type Ref, user } from '../model/source-object.ts';
import type { Ask } from './source.ts';

/** How the source behaves. All of it can be changed at any time. */
export type Liberties = {
  /** Messages per page. */
  pageSize: number;
  /** How many of the latest changes a delta read does not show yet. */
  lag: number;
  /** Every message of a delta read comes twice. */
  duplicate: boolean;
  /** Messages of a page come in the order this gives. */
  shuffle: ((messages: readonly ObjectMessage[]) => readonly ObjectMessage[]) | null;
  /** Changes of objects show only what changed, as upserts that are not whole. */
  partial: boolean;
  /** Thrown once, when this many further pages have been told. */
  fault: { readonly afterPages: number; readonly error: Error } | null;
  /** Objects that full reads leave out, as if they were not there. */
  unlisted: ReadonlySet<string>;
  /** Attributes that are shown of nobody, as to an application that may not read them. */
  hidden: ReadonlySet<string>;
  /** Whether questions about single objects get an answer. */
  confirms: boolean;
  /** A connection test that fails, with this as the reason. */
  problem: string | null;
};

export type MemoryDirectory = {
  readonly liberties: Liberties;
  /** Makes a user or changes it: `null` clears an attribute. Somebody deleted comes back. */
  setUser(id: string, attributes: Attributes): void;
  setGroup(id: string, attributes: Attributes): void;
  remove(id: string, why: 'soft_deleted' | 'deleted'): void;
  /** Undoes a soft deletion; memberships are back as they were. */
  restore(id: string): void;
  join(group: string, member: string): void;
  leave(group: string, member: string): void;
  /** From now on no watermark, or no place inside a read, is accepted that was given before. */
  expireWatermarks(): void;
  expireResumes(): void;
};

export type Entry = { readonly ref: Ref; attributes: Attributes; gone: 'soft_deleted' | 'deleted' | null };
export type Logged =
  | { readonly kind: 'object'; readonly id: SourceId; readonly changed: readonly string[] | 'all' }
  | { readonly kind: 'member'; readonly group: SourceId; readonly member: SourceId };
export type State = {
  readonly entries: Map<SourceId, Entry>;
  readonly members: Map<SourceId, Set<SourceId>>;
  readonly log: Logged[];
  readonly readings: Reading[];
  readonly liberties: Liberties;
  readonly epochs: { watermark: number; resume: number };
};

/** One read, from its beginning to wherever it was left. */
export type Reading = {
  readonly key: string;
  readonly mode: Ask['read']['mode'];
  readonly messages: readonly ObjectMessage[];
  /** Where the next delta read continues, as a place in the log. */
  readonly end: number;
  readonly epoch: number;
};
/** What a scope reaches; null for everything. */
export type Reach = ReadonlySet<SourceId> | null;

const states = new WeakMap<MemoryDirectory, State>();

export const stateOf = (directory: MemoryDirectory): State => {
  const state = states.get(directory);
  if (state === undefined) throw new TypeError('The directory was not made by memoryDirectory.');
  return state;
};

/** An empty directory. */
export const memoryDirectory = (liberties: Partial<Liberties> = {}): MemoryDirectory => {
  const state: State = {
    entries: new Map(),
    members: new Map(),
    log: [],
    readings: [],
    liberties: { ...everyday, ...liberties },
    epochs: { watermark: 0, resume: 0 },
  };
  const directory: MemoryDirectory = {
    liberties: state.liberties,
    setUser: (id, attributes) => set(state, user(sourceId(id)), attributes),
    setGroup: (id, attributes) => set(state, group(sourceId(id)), attributes),
    remove: (id, why) => remove(state, sourceId(id), why),
    restore: (id) => restore(state, sourceId(id)),
    join: (of, member) => join(state, sourceId(of), sourceId(member)),
    leave: (of, member) => leave(state, sourceId(of), sourceId(member)),
    expireWatermarks: () => {
      state.epochs.watermark += 1;
    },
    expireResumes: () => {
      state.epochs.resume += 1;
    },
  };
  states.set(directory, state);
  return directory;
};

const everyday: Liberties = {
  pageSize: 100,
  lag: 0,
  duplicate: false,
  shuffle: null,
  partial: false,
  fault: null,
  unlisted: new Set(),
  hidden: new Set(),
  confirms: true,
  problem: null,
};

const set = (state: State, ref: Ref, attributes: Attributes): void => {
  const entry = state.entries.get(ref.id);
  if (entry === undefined || entry.gone !== null) {
    state.entries.set(ref.id, { ref, attributes, gone: null });
    state.log.push({ kind: 'object', id: ref.id, changed: 'all' });
    return;
  }
  entry.attributes = { ...entry.attributes, ...attributes };
  state.log.push({ kind: 'object', id: ref.id, changed: Object.keys(attributes) });
};

const remove = (state: State, id: SourceId, why: 'soft_deleted' | 'deleted'): void => {
  if (why === 'deleted') leaveReports(state, id);
  entryOf(state, id).gone = why;
  state.log.push({ kind: 'object', id, changed: 'all' });
  if (why === 'soft_deleted') return;
  for (const of of state.members.keys()) leave(state, of, id);
};

/** Nobody reports any more to whoever is gone for good, nor will whoever comes back from the recycle bin. */
const leaveReports = (state: State, manager: SourceId): void => {
  for (const { ref, attributes, gone } of state.entries.values())
    if (attributes['manager'] === manager && gone !== 'deleted') {
      entryOf(state, ref.id).attributes = { ...attributes, manager: null };
      if (gone === null) state.log.push({ kind: 'object', id: ref.id, changed: ['manager'] });
    }
};

const restore = (state: State, id: SourceId): void => {
  const entry = entryOf(state, id);
  if (entry.gone !== 'soft_deleted') throw new Error(`${id} is not in the recycle bin.`);
  entry.gone = null;
  state.log.push({ kind: 'object', id, changed: 'all' });
};

const join = (state: State, of: SourceId, member: SourceId): void => {
  entryOf(state, member);
  if (edges(state, of).has(member)) return;
  state.members.set(of, new Set([...edges(state, of), member]));
  state.log.push({ kind: 'member', group: entryOf(state, of).ref.id, member });
};

const leave = (state: State, of: SourceId, member: SourceId): void => {
  if (edges(state, of).delete(member)) state.log.push({ kind: 'member', group: of, member });
};

export const entryOf = (state: State, id: SourceId): Entry => {
  const entry = state.entries.get(id);
  if (entry === undefined) throw new Error(`The directory does not know ${id}.`);
  return entry;
};

export const isLive = (state: State, id: SourceId): boolean => state.entries.get(id)?.gone === null;
export const edges = (state: State, of: SourceId): Set<SourceId> => state.members.get(of) ?? new Set();
export const refOf = (state: State, id: SourceId): Ref => entryOf(state, id).ref;
export const membersNow = (state: State, of: SourceId): readonly Ref[] =>
  [...edges(state, of)].filter((id) => isLive(state, id)).map((id) => refOf(state, id));

export const reachOf = (state: State, scope: Scope): Reach => {
  if (scope.kind === 'all') return null;
  const groups = [...scope.groups];
  const reached = new Set<SourceId>(groups);
  for (const of of groups)
    for (const { id, type } of membersNow(state, of)) {
      if (type === 'group' && !scope.nested) continue;
      if (type === 'group' && !reached.has(id)) groups.push(id);
      reached.add(id);
    }
  return reached;
};
