/** Decides who is protected: accounts and groups that no operation ever touches. Of whom that is not known nothing is taken away. */

import type { RemoteId, SourceId } from '../model/ids.ts';
import type { Ref, Remembered, SourceObject, Value } from '../model/source-object.ts';
import type { Protection } from '../model/target-record.ts';
import { attributeOf, own } from './attributes.ts';
import { nameAttributes } from './names.ts';
import {
  type AttributeNames,
  areRead,
  attributesNeeded,
  isName,
  nothingRead,
  type ReadSince,
  wasRead,
} from './read-attributes.ts';
import { attributeNamed } from './source-attributes.ts';

/** A protection whose groups were looked up: `members` holds the groups themselves and everybody in them. */
export type Shield = {
  readonly ids: ReadonlySet<string>;
  /** As the source spells them. */
  readonly attributes: Protection['attributes'];
  readonly members: ReadonlySet<SourceId>;
  /** What an object must have been read with, and what was read. */
  readonly needed: AttributeNames;
  readonly read: ReadSince;
  /** Groups of which nobody can say who is in them. */
  readonly unreadable: readonly Unreadable[];
};
export type Unreadable = { readonly group: SourceId; readonly why: string };

/** What is known of the source. Unless said otherwise nothing was read. */
type Knowledge = { readonly read: ReadSince; readonly unreadable: readonly Unreadable[] };

export const shield = (
  protection: Protection,
  members: ReadonlySet<SourceId>,
  { read, unreadable }: Knowledge = { read: nothingRead, unreadable: [] },
): Shield => ({
  ids: new Set(protection.ids.map(normal)),
  attributes: protection.attributes.map(({ attribute, value }) => ({
    attribute: attributeNamed(attribute, []) ?? attribute,
    value,
  })),
  members,
  needed: attributesNeeded(protection),
  read,
  unreadable,
});

export const isOpen = ({ ids, attributes, members, unreadable }: Shield): boolean =>
  ids.size + attributes.length + members.size + unreadable.length === 0;

/** Whether anybody could be protected by what they look like. */
export const isByLooks = ({ needed }: Shield): boolean => needed.user.length + needed.group.length > 0;

/** Whether of those who are in the snapshot it is not known who is protected. It will be once that is read, or mended. */
export const isUnsure = ({ needed, read, unreadable }: Shield): boolean =>
  unreadable.length > 0 || !areRead(needed, read);

/** `unknown`: not yet. `never_known`: it left before it was read with what protects. */
export type Cover = 'protected' | 'unknown' | 'never_known' | 'none';

/** `seen`: as it is in the snapshot, or as it last was. */
export const coverOf = (
  shield: Shield,
  who: { readonly ref: Ref; readonly remoteId: RemoteId | null; readonly seen: Remembered | undefined },
): Cover => {
  const { ids, members, needed, read, unreadable } = shield;
  const { ref, remoteId, seen } = who;
  if (members.has(ref.id) || ids.has(normal(ref.id)) || (remoteId !== null && ids.has(normal(remoteId))))
    return 'protected';
  if (seen !== undefined && isByItsLooks(shield, seen.object)) return 'protected';
  if (unreadable.length > 0) return 'unknown';
  if (needed[ref.type].length === 0) return 'none';
  const known = seen === undefined ? 'not_yet' : wasRead(needed, read, seen);
  return covers[known];
};

const covers = { yes: 'none', not_yet: 'unknown', never: 'never_known' } as const;

const isByItsLooks = ({ ids, attributes }: Shield, object: SourceObject): boolean =>
  attributes.some(({ attribute, value }) => holds(attributeOf(object, attribute), value)) ||
  [nameAttributes.user_principal_name, nameAttributes.mail].some((name) => {
    const value = own(object.attributes, name);
    return typeof value === 'string' && isName(value) && ids.has(normal(value));
  });

const holds = (value: Value, wanted: string): boolean =>
  Array.isArray(value)
    ? value.some((one) => holds(one, wanted))
    : value !== null && normal(String(value)) === normal(wanted);

/** Protecting one account too many does no harm; missing one that is written in another case does. */
const normal = (text: string): string => text.trim().toLowerCase();
