/** What a change of the snapshot means to whoever follows it. */

import type { Change } from '../model/change.ts';
import type { Attributes, SourceObject } from '../model/source-object.ts';
import { isUnassigned, own, sameValue } from './attributes.ts';

export const changeKinds = [
  'person.created',
  'person.updated',
  'person.disabled',
  'person.removed',
  'group.created',
  'group.updated',
  'group.removed',
  'group.members_changed',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Who is switched off is told as that, whatever else changed with it. */
export const changeKindOf = (change: Change): ChangeKind => {
  switch (change.kind) {
    case 'created':
      return isPerson(change.after) ? 'person.created' : 'group.created';
    case 'updated':
      if (!isPerson(change.after)) return 'group.updated';
      return isOff(change.after) && !isOff(change.before) ? 'person.disabled' : 'person.updated';
    case 'removed':
      return isPerson(change.before) ? 'person.removed' : 'group.removed';
    case 'members':
      return 'group.members_changed';
  }
};

const isPerson = ({ ref }: SourceObject): boolean => ref.type === 'user';
const isOff = ({ attributes }: SourceObject): boolean => own(attributes, 'accountEnabled') === false;

/** The names of the attributes that have another value now, in order; of somebody new those that have one. */
export const changedAttributes = (change: Change): readonly string[] => {
  if (change.kind === 'members' || change.kind === 'removed') return [];
  const before: Attributes = change.kind === 'updated' ? change.before.attributes : {};
  const after = change.after.attributes;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) =>
      change.kind === 'created' ? !isUnassigned(own(after, name)) : !sameValue(own(before, name), own(after, name)),
    )
    .toSorted();
};
