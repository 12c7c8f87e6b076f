/**
 * Folds the messages of a read into the snapshot: what each object is after them. Messages may be partial, repeated and in any order within a
 * page; the last word on an object wins.
 */

import type { MembersPatch } from '../model/draft.ts';
import type { SourceId } from '../model/ids.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Attributes, Gone, ObjectType, Ref, SourceObject } from '../model/source-object.ts';
import { isGone } from '../model/source-object.ts';
import { merge, sameAttributes } from './attributes.ts';

export type Folded = {
  /** Only objects that differ from the base. Their attributes may hold unassigned ones as null. */
  readonly objects: readonly { readonly ref: Ref; readonly next: SourceObject | Gone }[];
  readonly members: readonly MembersPatch[];
  /** Objects the source showed, changed or not; strangers are none of them. */
  readonly seen: readonly Ref[];
  /** How many upserts were about objects we do not know, and did not say enough to know them by. */
  readonly strangers: number;
};

/** Which attributes are read; an object that is shown whole keeps no others. */
export type Asked = Readonly<Record<ObjectType, readonly string[]>>;

type Upsert = Extract<ObjectMessage, { readonly type: 'upsert' }>;

/** `base`: what is stored of the objects the messages name. */
export const fold = (
  base: ReadonlyMap<SourceId, SourceObject>,
  messages: readonly ObjectMessage[],
  asked: Asked,
): Folded => {
  const states = new Map<SourceId, { ref: Ref; next: SourceObject | Gone }>();
  const seen = new Map<SourceId, Ref>();
  const members: MembersPatch[] = [];
  let strangers = 0;
  for (const message of messages) {
    if (message.type === 'members') {
      members.push({ group: message.group.id, ...message.members });
      continue;
    }
    const { ref } = message;
    if (message.type === 'remove') {
      seen.delete(ref.id);
      states.set(ref.id, { ref, next: { gone: message.why } });
      continue;
    }
    const known = current(states, base, ref.id);
    if (known === null && !isIntroduced(message, asked.user)) {
      strangers += 1;
      continue;
    }
    seen.set(ref.id, ref);
    const attributes = known === null ? message.attributes : merged(known.attributes, message, asked[ref.type]);
    states.set(ref.id, { ref, next: { ref, attributes } });
  }
  return {
    objects: [...states.values()].filter((state) => differs(base.get(state.ref.id), state.next)),
    members,
    seen: [...seen.values()],
    strangers,
  };
};

/** Whole; and a user of whom it is asked whether they are switched on, and not said, is nobody to make an account for. */
const isIntroduced = ({ ref, attributes, whole }: Upsert, asked: readonly string[]): boolean =>
  whole && (ref.type === 'group' || !asked.includes('accountEnabled') || attributes['accountEnabled'] !== undefined);

const merged = (known: Attributes, { attributes, whole }: Upsert, names: readonly string[]): Attributes =>
  merge(whole ? only(known, names) : known, attributes);

/** What is not read any more would never change again. */
const only = (attributes: Attributes, names: readonly string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));

const current = (
  states: ReadonlyMap<SourceId, { next: SourceObject | Gone }>,
  base: ReadonlyMap<SourceId, SourceObject>,
  id: SourceId,
): SourceObject | null => {
  const state = states.get(id);
  if (state === undefined) return base.get(id) ?? null;
  return isGone(state.next) ? null : state.next;
};

const differs = (before: SourceObject | undefined, next: SourceObject | Gone): boolean => {
  if (isGone(next)) return before !== undefined;
  return before === undefined || !sameAttributes(before.attributes, next.attributes);
};
