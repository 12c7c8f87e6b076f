/** Attribute characteristics (RFC 7643 §2.2 and §7), and how an attribute is found by name. */

export type Attribute = {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'binary' | 'reference' | 'complex';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  readonly returned: 'always' | 'never' | 'default' | 'request';
  readonly uniqueness: 'none' | 'server' | 'global';
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
};

export type Attributes = readonly Attribute[];
type Traits = Partial<Omit<Attribute, 'name' | 'type' | 'description' | 'subAttributes'>>;

/** The defaults are those of RFC 7643 §2.2. */
export const simple = (
  name: string,
  type: Exclude<Attribute['type'], 'complex'>,
  description: string,
  traits: Traits = {},
): Attribute => ({ ...defaults, name, type, description, ...traits });

export const complex = (
  name: string,
  description: string,
  subAttributes: Attributes,
  traits: Traits = {},
): Attribute => ({
  ...defaults,
  name,
  type: 'complex',
  description,
  subAttributes,
  ...traits,
});

/** A multi-valued attribute with the sub-attributes that RFC 7643 §2.4 gives all of them. */
export const plural = (name: string, description: string, types: readonly string[], value: Traits = {}): Attribute =>
  complex(
    name,
    description,
    [
      simple('value', value.referenceTypes ? 'reference' : 'string', `The value of one of the ${name}.`, value),
      simple('display', 'string', 'A name to show.'),
      simple('type', 'string', 'What the value is for.', types.length > 0 ? { canonicalValues: types } : {}),
      simple('primary', 'boolean', 'Whether this value is the preferred one; at most one is.'),
    ],
    { multiValued: true },
  );

/** Attribute names are case-insensitive (RFC 7643 §2.1). */
export function attributeNamed(attributes: Attributes, name: string): Attribute | undefined {
  let byName = namesOf.get(attributes);
  if (byName === undefined) {
    byName = new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]));
    namesOf.set(attributes, byName);
  }
  return byName.get(name.toLowerCase());
}

export const subAttributesOf = (attribute: Attribute): Attributes => attribute.subAttributes ?? none;

const none: Attributes = [];
const namesOf = new WeakMap<Attributes, ReadonlyMap<string, Attribute>>();

const defaults = {
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
} as const;
