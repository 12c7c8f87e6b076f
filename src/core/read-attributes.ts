/** Which attributes are read of a tenant, and of whom in the snapshot they were. What was not read may have any value. */

import type { Mapping, MappingRule } from '../model/mapping.ts';
import type { ObjectType, Remembered } from '../model/source-object.ts';
import type { Protection, TargetRecord } from '../model/target-record.ts';
import { isUnassigned, own } from './attributes.ts';
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

/**
 * `never`: it left before it was read with all of them, and nobody can read it any more. What it holds a value of it was read with, also where that was
 * not read of anybody for a while after it left: whoever is shown whole meanwhile keeps no value. Of whom the source says nothing but that they are there,
 * what is known stays, of this as of everything else: they count as they were last shown, and not as they were when they left.
 */
export const wasRead = (
  asked: AttributeNames,
  read: ReadSince,
  { object, gone, version }: Remembered,
): 'yes' | 'not_yet' | 'never' => {
  const { type } = object.ref;
  const isKnown = (name: string): boolean =>
    gone === null || version > (read[type].get(name) ?? 0) || !isUnassigned(own(object.attributes, name));
  if (!asked[type].every((name) => read[type].has(name))) return 'not_yet';
  return asked[type].every(isKnown) ? 'yes' : 'never';
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

/** What is said of a target that decides what has to be read for it. */
type Reads = Pick<TargetRecord, 'mapping' | 'matching'>;

/** What the rules of a target take from the source. The id of an object is known of everybody. */
export const attributesMapped = ({ mapping, matching }: Reads): AttributeNames =>
  each((type) => [
    ...new Set(
      [
        ...mapping[type].flatMap((rule) => ('from' in rule ? [rule.from] : [])),
        ...matching[type].map(({ from }) => from),
      ]
        .map(attributeIn)
        .filter((name) => name !== 'id'),
    ),
  ]);

/** The attribute of which a rule takes a value: `businessPhones` of `businessPhones[0]`. */
export const attributeIn = (from: string): string => from.replace(/\[\d+\]$/, '');

/** What the rules of a target take of what its connection may read; the rest of them stays without a value. */
export const attributesOfRules = (asked: AttributeNames, target: Reads): AttributeNames => {
  const mapped = attributesMapped(target);
  return each((type) => asked[type].filter((name) => mapped[type].includes(name)));
};

/** By these somebody is found and shown, and it is told who is switched off, whatever is mapped. */
const ofOurs: AttributeNames = {
  user: ['accountEnabled', 'displayName', ...Object.values(nameAttributes)],
  group: ['displayName', nameAttributes.mail],
};

/**
 * Of what the connection may read, what the rules of its targets take, and what people are known by; and what any of the targets protects somebody by. As
 * long as a connection has no target there are no rules that say what it is read for, and it is all.
 */
export const attributesToRead = (
  asked: AttributeNames,
  targets: readonly (Reads & Pick<TargetRecord, 'state' | 'protected'>)[],
): AttributeNames => {
  const theirs = targets.filter(({ state }) => state !== 'deleting');
  if (theirs.length === 0) return asked;
  const ruling = theirs.map((target) => attributesOfRules(asked, target));
  const protecting = theirs.map((target) => attributesNeeded(target.protected));
  return each((type) => {
    const wanted = new Set([...ofOurs[type], ...ruling.flatMap((one) => one[type])]);
    const more = new Set(protecting.flatMap((one) => one[type]));
    const may = asked[type].filter((name) => wanted.has(name) || more.has(name));
    return [...may, ...[...more].filter((name) => !may.includes(name)).toSorted()];
  });
};

/** What of these was not read of everybody. */
export const unreadOf = (asked: AttributeNames, read: ReadSince): AttributeNames =>
  each((type) => asked[type].filter((name) => !read[type].has(name)));

/**
 * A mapping that says nothing of what was not read: of whom the source was not asked it is not known that they have no value. What stands at the target may be
 * right, so it is not cleared; and nobody is made with the default, which is for those who have none.
 */
export const sayingOnlyRead = (mapping: Mapping, read: ReadSince): Mapping =>
  each((type) =>
    mapping[type].map((rule): MappingRule => {
      if (rule.kind === 'constant') return rule;
      const name = attributeIn(rule.from);
      return name === 'id' || read[type].has(name) ? rule : { ...rule, whenNull: 'keep', default: null };
    }),
  );
