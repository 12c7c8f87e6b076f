/**
 * The attributes by which users and groups of Microsoft Entra ID can be told apart: properties of Graph v1.0 that hold texts, numbers, switches or lists of
 * texts, and that lists and delta queries give without more permissions than a sync has. Graph refuses a whole read for one name that it does not know.
 */

import type { ObjectType } from '../model/source-object.ts';

const ofUsers = [
  'accountEnabled',
  'ageGroup',
  'businessPhones',
  'city',
  'companyName',
  'consentProvidedForMinor',
  'country',
  'createdDateTime',
  'creationType',
  'department',
  'displayName',
  'employeeHireDate',
  'employeeId',
  'employeeOrgData.costCenter',
  'employeeOrgData.division',
  'employeeType',
  'externalUserState',
  'faxNumber',
  'givenName',
  'imAddresses',
  'isResourceAccount',
  'jobTitle',
  'legalAgeGroupClassification',
  'mail',
  'mailNickname',
  'manager',
  'mobilePhone',
  'officeLocation',
  'onPremisesDistinguishedName',
  'onPremisesDomainName',
  ...Array.from({ length: 15 }, (_, nth) => `onPremisesExtensionAttributes.extensionAttribute${nth + 1}`),
  'onPremisesImmutableId',
  'onPremisesSamAccountName',
  'onPremisesSecurityIdentifier',
  'onPremisesSyncEnabled',
  'onPremisesUserPrincipalName',
  'otherMails',
  'passwordPolicies',
  'postalCode',
  'preferredDataLocation',
  'preferredLanguage',
  'proxyAddresses',
  'securityIdentifier',
  'state',
  'streetAddress',
  'surname',
  'usageLocation',
  'userPrincipalName',
  'userType',
] as const;

const ofGroups = [
  'classification',
  'createdDateTime',
  'description',
  'displayName',
  'groupTypes',
  'isAssignableToRole',
  'mail',
  'mailEnabled',
  'mailNickname',
  'membershipRule',
  'membershipRuleProcessingState',
  'onPremisesDomainName',
  'onPremisesNetBiosName',
  'onPremisesSamAccountName',
  'onPremisesSecurityIdentifier',
  'onPremisesSyncEnabled',
  'preferredDataLocation',
  'preferredLanguage',
  'proxyAddresses',
  'securityEnabled',
  'securityIdentifier',
  'theme',
  'visibility',
] as const;

const lowerCase = (name: string): string => name.trim().toLowerCase();
const known: ReadonlyMap<string, string> = new Map([...ofUsers, ...ofGroups].map((name) => [lowerCase(name), name]));
const names: Readonly<Record<ObjectType, ReadonlySet<string>>> = { user: new Set(ofUsers), group: new Set(ofGroups) };

/** An extension of the directory: the application that registered it, without dashes, and a name (Graph, "Directory extensions"). */
const extension = /^extension_(?<app>[0-9a-f]{32})_(?<name>\w{1,100})$/i;

/**
 * The attribute as the source spells it, in whatever case it was given; null when nobody knows it. `others`: attributes of users that somebody has read
 * by name.
 */
export const attributeNamed = (given: string, others: readonly string[]): string | null => {
  const asked = lowerCase(given);
  const found = known.get(asked) ?? others.find((name) => lowerCase(name) === asked);
  if (found !== undefined) return found;
  const parts = extension.exec(given.trim())?.groups;
  return parts === undefined ? null : `extension_${lowerCase(parts['app'] ?? '')}_${parts['name']}`;
};

/** Which objects have it. What is not in the list is an attribute of users. */
export const typesWith = (name: string): readonly ObjectType[] => {
  const types = (['user', 'group'] as const).filter((type) => names[type].has(name));
  return types.length === 0 ? ['user'] : types;
};

const mostNear = 3;

/** The known ones that are spelled most like it, or that hold it. */
export const nearestAttributes = (given: string): readonly string[] => {
  const asked = lowerCase(given).slice(0, longest);
  return [...known]
    .map(([key, name]) => ({ name, far: distance(asked, key) - (asked.length > 3 && key.includes(asked) ? 100 : 0) }))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, mostNear)
    .map(({ name }) => name);
};

/** No known name is longer. */
const longest = 60;

/** How many letters are to be put in, left out or changed to make one of the other (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, nth) => nth);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1)
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === b.charAt(j) ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
};
