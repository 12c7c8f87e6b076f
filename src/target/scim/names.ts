/**
 * The attributes of RFC 7643 §4 as it spells them. Servers take them in any case, and show them in any (§2.1); here they have one spelling, so that what is
 * mapped, told and shown is compared by it. Names of other schemas stay as they are.
 */

import { enterpriseSchema } from './paths.ts';

/** Of the core schema, and without parts: one value of a text or a boolean. */
const plain = [
  'id',
  'externalId',
  'userName',
  'displayName',
  'nickName',
  'profileUrl',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
  'active',
  'password',
];
const withParts = [
  'schemas',
  'meta',
  'name',
  'emails',
  'phoneNumbers',
  'ims',
  'photos',
  'addresses',
  'groups',
  'members',
  'entitlements',
  'roles',
  'x509Certificates',
];
const plainOfEnterprise = ['employeeNumber', 'costCenter', 'organization', 'division', 'department'];
const parts = [
  'value',
  'display',
  'displayName',
  'type',
  'primary',
  '$ref',
  'formatted',
  'familyName',
  'givenName',
  'middleName',
  'honorificPrefix',
  'honorificSuffix',
  'streetAddress',
  'locality',
  'region',
  'postalCode',
  'country',
];

const byLowerCase = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [name.toLowerCase(), name]));
const ofCore = byLowerCase([...plain, ...withParts]);
const ofEnterprise = byLowerCase([...plainOfEnterprise, 'manager']);
const ofParts = byLowerCase(parts);

/** `schema` null: the core schema. */
export const attributeName = (schema: string | null, name: string): string => {
  if (schema === null) return ofCore.get(name.toLowerCase()) ?? name;
  return schema === enterpriseSchema ? (ofEnterprise.get(name.toLowerCase()) ?? name) : name;
};

export const partName = (schema: string | null, name: string): string =>
  schema === null || schema === enterpriseSchema ? (ofParts.get(name.toLowerCase()) ?? name) : name;

/** Whether the RFC knows the attribute as one plain value. */
export const hasNoParts = (schema: string | null, name: string): boolean =>
  (schema === null ? plain : schema === enterpriseSchema ? plainOfEnterprise : []).includes(
    attributeName(schema, name),
  );
