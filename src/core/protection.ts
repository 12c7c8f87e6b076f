/** Decides who is protected: accounts and groups that no operation ever touches. */

import type { RemoteId, SourceId } from '../model/ids.ts';
import type { Ref, SourceObject, Value } from '../model/source-object.ts';
import type { Protection } from '../model/target-record.ts';
import { attributeOf } from './attributes.ts';

/** A protection whose groups were looked up: `members` holds the groups themselves and everybody in them. */
export type Shield = {
  readonly ids: ReadonlySet<string>;
  readonly attributes: Protection['attributes'];
  readonly members: ReadonlySet<SourceId>;
};

export const shield = ({ ids, attributes }: Protection, members: ReadonlySet<SourceId>): Shield => ({
  ids: new Set(ids.map(normal)),
  attributes,
  members,
});

export const isOpen = ({ ids, attributes, members }: Shield): boolean =>
  ids.size + attributes.length + members.size === 0;

/** `object`: as it is in the snapshot, or as it last was. */
export const isProtected = (
  { ids, attributes, members }: Shield,
  who: { readonly ref: Ref; readonly remoteId: RemoteId | null; readonly object: SourceObject | undefined },
): boolean => {
  const { ref, remoteId, object } = who;
  if (members.has(ref.id) || ids.has(normal(ref.id)) || (remoteId !== null && ids.has(normal(remoteId)))) return true;
  return (
    object !== undefined && attributes.some(({ attribute, value }) => holds(attributeOf(object, attribute), value))
  );
};

const holds = (value: Value, wanted: string): boolean =>
  Array.isArray(value)
    ? value.some((one) => holds(one, wanted))
    : value !== null && normal(String(value)) === normal(wanted);

/** Protecting one account too many does no harm; missing one that is written in another case does. */
const normal = (text: string): string => text.trim().toLowerCase();
