/** What of a mapping's paths a SCIM target takes, and the one spelling of each: servers take many for the same attribute (RFC 7643 §2.1, RFC 7644 §3.10). */

import { TargetError } from '../../model/errors.ts';
import { type PathOf, switchPath, type TargetPath } from '../../model/mapping.ts';
import { attributeName, hasNoParts, partName } from './names.ts';
import { coreSchemas, enterpriseSchema, type Path, parsePath, pathText } from './paths.ts';

export const scimPath: PathOf = (_type, text, use) => {
  const path = parsed(text);
  if (path === null) return { refused: 'is no path of a SCIM attribute (RFC 7644, 3.5.2)' };
  const spelled = spelledOf(path);
  return refusedSchema(spelled) ?? refusedName(spelled, use) ?? refusedPart(spelled) ?? taken(spelled);
};

const parsed = (text: string): Path | null => {
  try {
    return parsePath(text);
  } catch (error) {
    if (error instanceof TargetError) return null;
    throw error;
  }
};

const spelledOf = ({ schema, attribute, filter, sub }: Path): Path => ({
  schema,
  attribute: attributeName(schema, attribute),
  filter: filter === null ? null : { ...filter, attribute: partName(schema, filter.attribute) },
  sub: sub === null ? null : partName(schema, sub),
});

/**
 * The core schema was taken off by the parser where it is named as SCIM 2.0 names it. Whatever else looks like a core schema, or is a part of the name of a
 * schema, some server may take for it.
 */
const refusedSchema = ({ schema }: Path): TargetPath | null => {
  if (schema === null) return null;
  if (!/^urn:[\w.:/~+-]+$/i.test(schema)) return { refused: 'has a schema that is no URN' };
  if (/schemas:core(:|$)/i.test(schema) || isPartOfKnown(schema))
    return { refused: 'names no attribute of a schema of SCIM 2.0; an attribute of the core schema goes without one' };
  return null;
};
const known = [...Object.values(coreSchemas), enterpriseSchema].map((urn) => urn.toLowerCase());
const isPartOfKnown = (schema: string): boolean =>
  known.some((urn) => urn.startsWith(`${schema.toLowerCase()}:`) || schema.toLowerCase().startsWith(`${urn}:`));

/** Entrain's own work, or the target's: who is a member is counted, confirmed and written apart from the mapping. */
const reserved = ['id', 'meta', 'schemas', 'members', 'groups'];
const notToBeFoundBy = ['meta', 'schemas', 'members', 'groups', 'password', switchPath];

const refusedName = ({ schema, attribute }: Path, use: 'mapping' | 'matching'): TargetPath | null => {
  // A server that knows no schemas switches the account by it, and it would be counted as an update.
  if (schema !== null && attribute.toLowerCase() === switchPath)
    return { refused: `is taken by some targets for the switch of the account: name ${switchPath} without a schema` };
  if (schema !== null) return null;
  if (use === 'mapping' && reserved.includes(attribute))
    return { refused: 'belongs to Entrain or the target itself, and cannot be mapped' };
  if (use === 'matching' && notToBeFoundBy.includes(attribute)) return { refused: 'tells nobody from others' };
  return null;
};

const refusedPart = ({ schema, attribute, filter, sub }: Path): TargetPath | null =>
  (filter !== null || sub !== null) && hasNoParts(schema, attribute)
    ? { refused: `names a part of ${attribute}, which has none` }
    : null;

/** A password that is set again locks out whoever has changed theirs. */
const taken = (path: Path): TargetPath => ({
  path: pathText(path),
  writable: path.schema === null && path.attribute === 'password' ? 'only_on_create' : 'always',
});
