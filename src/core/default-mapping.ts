/**
 * The attribute mapping a SCIM target starts with: Entra's own default for SCIM applications, with two corrections. `externalId` is the Entra object
 * id, because Entra's default (mailNickname) can change and is not unique; and every reference, also the manager, is late-bound.
 */

import type { Mapping, MappingRule, Matching } from '../model/mapping.ts';
import type { Value } from '../model/source-object.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const direct = (
  from: string,
  to: string,
  options: Partial<Pick<MappingRule, 'apply' | 'whenNull'>> & { default?: Value } = {},
): MappingRule => ({
  kind: 'direct',
  from,
  to,
  apply: options.apply ?? 'always',
  whenNull: options.whenNull ?? 'clear',
  default: options.default ?? null,
});

export const defaultMapping: Mapping = {
  user: [
    direct('id', 'externalId'),
    direct('userPrincipalName', 'userName', { whenNull: 'keep' }),
    direct('accountEnabled', 'active', { whenNull: 'keep', default: true }),
    direct('displayName', 'displayName'),
    direct('givenName', 'name.givenName'),
    direct('surname', 'name.familyName'),
    direct('jobTitle', 'title'),
    direct('userType', 'userType'),
    direct('preferredLanguage', 'preferredLanguage'),
    direct('mail', 'emails[type eq "work"].value'),
    direct('businessPhones[0]', 'phoneNumbers[type eq "work"].value'),
    direct('mobilePhone', 'phoneNumbers[type eq "mobile"].value'),
    direct('streetAddress', 'addresses[type eq "work"].streetAddress'),
    direct('city', 'addresses[type eq "work"].locality'),
    direct('state', 'addresses[type eq "work"].region'),
    direct('postalCode', 'addresses[type eq "work"].postalCode'),
    direct('country', 'addresses[type eq "work"].country'),
    direct('officeLocation', 'addresses[type eq "other"].formatted'),
    direct('employeeId', `${enterprise}:employeeNumber`),
    direct('department', `${enterprise}:department`),
    direct('companyName', `${enterprise}:organization`),
    {
      kind: 'reference',
      from: 'manager',
      to: `${enterprise}:manager`,
      apply: 'always',
      whenNull: 'clear',
      default: null,
    },
  ],
  group: [direct('id', 'externalId'), direct('displayName', 'displayName', { whenNull: 'keep' })],
};

export const defaultMatching: Matching = {
  user: [
    { from: 'id', to: 'externalId', ignoreCase: true },
    { from: 'userPrincipalName', to: 'userName', ignoreCase: true },
  ],
  group: [
    { from: 'id', to: 'externalId', ignoreCase: true },
    { from: 'displayName', to: 'displayName', ignoreCase: false },
  ],
};
