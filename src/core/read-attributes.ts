/** Which attributes are read of a tenant, and of whom in the snapshot they were. What was not read may have any value. */

import type { ObjectType, Remembered } from '../model/source-object.ts';
import type { Protection, TargetRecord } from '../model/target-record.ts';
import { nameAttributes } from './names.ts';
import { attributeNamed, typesWith } from './source-attributes.ts';

/** Names of attributes, by the type of the objects that have them. */
export type AttributeNames = Readonly<Record<ObjectType, readonly string[]>>;

/** The attributes that were read of everybody in a snapshot, each with the version since which that is so. */
export type ReadSince = Readonly<Record<ObjectType, ReadonlyMap<string, number>>>;
export const nothingRead: ReadSince = { user: new Map(), group: new Map() };

const each = <T>(make: (type: ObjectType) => T): Readonly<Record<ObjectType, T>> => ({
  user: make('user'),
  group: make('group'),
});

/**
 * After a read of these was committed as `version`. `full`: it was of everybody; any other keeps only what both have. In the first version there is
 * nobody who was not read with them.
 */
export const readAfter = (
  base: { readonly version: number; readonly attributes: ReadSince },
  asked: AttributeNames,
  full: boolean,
  version: number,
): ReadSince => {
  const isFirst = base.version === 0;
  return each(
    (type) =>
      new Map(
        asked[type].flatMap((name): readonly (readonly [string, number])[] => {
          const since = base.attributes[type].get(name);
          if (since !== undefined) return [[name, since]];
          return full || isFirst ? [[name, isFirst ? 0 : version]] : [];
        }),
      ),
  );
};

export const areRead = (asked: AttributeNames, read: ReadSince): boolean =>
  (['user', 'group'] as const).every((type) => asked[type].every((name) => read[type].has(name)));

/** `never`: it left before it was read with all of them, and nobody can read it any more. */
export const wasRead = (
  asked: AttributeNames,
  read: ReadSince,
  { object, gone, version }: Remembered,
): 'yes' | 'not_yet' | 'never' => {
  const { type } = object.ref;
  const sinces = asked[type].map((name) => read[type].get(name));
  if (sinces.some((since) => since === undefined)) return 'not_yet';
  return gone !== null && sinces.some((since = 0) => version <= since) ? 'never' : 'yes';
};

/** What must be known of an object to say whether it is protected: the attributes that protect, and the names by which somebody was named. */
export const attributesNeeded = ({ ids, attributes }: Protection): AttributeNames => {
  const byName = ids.some(isName);
  const protecting = attributes.map(({ attribute }) => attributeNamed(attribute, []) ?? attribute);
  return each((type) => [
    ...new Set([...protecting.filter((name) => typesWith(name).includes(type)), ...(byName ? namesOf[type] : [])]),
  ]);
};

/** An id that is a user principal name or a mail address. */
export const isName = (id: string): boolean => id.includes('@');
const namesOf: AttributeNames = {
  user: [nameAttributes.user_principal_name, nameAttributes.mail],
  group: [nameAttributes.mail],
};

/** What the connection asks for, and what any of its targets protects somebody by. */
export const attributesToRead = (
  asked: AttributeNames,
  targets: readonly Pick<TargetRecord, 'state' | 'protected'>[],
): AttributeNames => {
  const needed = targets
    .filter(({ state }) => state !== 'deleting')
    .map((target) => attributesNeeded(target.protected));
  return each((type) => {
    const more = new Set(needed.flatMap((one) => one[type]));
    return [...asked[type], ...[...more].filter((name) => !asked[type].includes(name)).toSorted()];
  });
};
