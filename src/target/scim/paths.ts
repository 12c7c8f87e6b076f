/** Target paths of a SCIM target, as an attribute mapping names them: attribute paths and value paths of RFC 7644 §3.5.2. */

import { TargetError } from '../../model/errors.ts';
import type { ObjectType } from '../../model/source-object.ts';

export type Path = {
  /** The URN of the extension; null: the core schema. */
  readonly schema: string | null;
  readonly attribute: string;
  /** Which element of a multi-valued attribute is meant. */
  readonly filter: { readonly attribute: string; readonly value: string | boolean } | null;
  readonly sub: string | null;
};

export const coreSchemas: Readonly<Record<ObjectType, string>> = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
};
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** The multi-valued attributes of RFC 7643 §4.1.2 whose values are objects with a `value`. */
const plural = ['emails', 'phonenumbers', 'ims', 'photos', 'entitlements', 'roles', 'x509certificates'];
export const isPlural = (path: Path): boolean => path.schema === null && plural.includes(path.attribute.toLowerCase());

/** The enterprise manager is an object with the manager's id as its `value` (RFC 7643 §4.3); the mapping names the attribute alone. */
export const isManager = (path: Path): boolean =>
  path.schema === enterpriseSchema && path.attribute.toLowerCase() === 'manager' && path.sub === null;

/** Throws `TargetError` rejected with the code `invalid_path`. A mapping has the same few paths for everybody: each is parsed once. */
export const parsePath = (text: string): Path => {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const path = parseText(text);
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(text, path);
  return path;
};
const parsed = new Map<string, Path>();
const mostParsed = 1_000;

const parseText = (text: string): Path => {
  const { schema, rest } = splitUrn(text);
  const groups = grammar.exec(rest)?.groups;
  const attribute = groups?.['attribute'];
  if (attribute === undefined) throw invalidPath(text);
  const filter = filterOf(text, groups?.['key'], groups?.['literal']);
  return { schema, attribute, filter, sub: groups?.['sub'] ?? (filter === null ? null : 'value') };
};

const invalidPath = (text: string, cause?: unknown): TargetError =>
  new TargetError('rejected', `"${text}" is not a SCIM attribute path.`, { code: 'invalid_path', cause });

/** How a PATCH names the element of a multi-valued attribute. */
export const elementText = ({ schema, attribute, filter }: Path): string =>
  `${schema === null ? '' : `${schema}:`}${attribute}${filter === null ? '' : `[${filter.attribute} eq ${JSON.stringify(filter.value)}]`}`;

/** How a PATCH names the path. */
export const pathText = (path: Path): string => `${elementText(path)}${path.sub === null ? '' : `.${path.sub}`}`;

/**
 * How a filter names the path: without the value filter, because `emails[type eq "work"].value eq "x"` is not in the grammar of RFC 7644 §3.4.2.2
 * and finds nothing on many servers. It may claim more than is meant, and who asked verifies.
 */
export const filterText = (path: Path): string =>
  pathText({ ...path, filter: null, sub: path.sub ?? (isManager(path) || isPlural(path) ? 'value' : null) });

const grammar =
  /^(?<attribute>[A-Za-z][\w$-]*)(?:\[(?<key>[A-Za-z][\w$-]*) +[eE][qQ] +(?<literal>"(?:[^"\\]|\\.)*"|true|false)\])?(?:\.(?<sub>\$?[A-Za-z][\w$-]*))?$/;

/** A URN has colons and dots of its own; the attribute follows its last colon. A value filter may hold colons too. */
const splitUrn = (text: string): { readonly schema: string | null; readonly rest: string } => {
  if (!/^urn:/i.test(text)) return { schema: null, rest: text };
  const bracket = text.indexOf('[');
  const colon = text.slice(0, bracket === -1 ? undefined : bracket).lastIndexOf(':');
  return { schema: canonical(text.slice(0, colon)), rest: text.slice(colon + 1) };
};

/** URNs are case-insensitive (RFC 7643 §2.1). A path may spell out the core schema; on the wire it goes without. */
const canonical = (urn: string): string | null => {
  const lower = urn.toLowerCase();
  if (Object.values(coreSchemas).some((core) => core.toLowerCase() === lower)) return null;
  return lower === enterpriseSchema.toLowerCase() ? enterpriseSchema : urn;
};

const filterOf = (text: string, attribute: string | undefined, literal: string | undefined): Path['filter'] => {
  if (attribute === undefined || literal === undefined) return null;
  const value = literalOf(text, literal);
  return typeof value === 'boolean' ? { attribute, value } : { attribute, value: String(value) };
};

/** A JSON literal (RFC 7644 §3.4.2.2), which the grammar above knows only by its quotes. */
const literalOf = (text: string, literal: string): unknown => {
  try {
    return JSON.parse(literal);
  } catch (error) {
    throw invalidPath(text, error);
  }
};
