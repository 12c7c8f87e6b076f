/** The schemas this service provider knows: User, its enterprise extension, and Group (RFC 7643 §4 and §8.7). */

import { type Attribute, type Attributes, complex, plural, simple } from './attribute.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export type Schema = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: Attributes;
};

export type ResourceType = {
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly core: Schema;
  readonly extensions: readonly Schema[];
  /** Everything a path may start with: common attributes, core attributes, and each extension as one complex attribute named by its URN. */
  readonly attributes: Attributes;
};

const user: Schema = {
  id: USER,
  name: 'User',
  description: 'User Account',
  attributes: [
    simple('userName', 'string', 'The name the user signs in with.', { required: true, uniqueness: 'server' }),
    complex('name', 'The parts of the real name.', [
      simple('formatted', 'string', 'The full name, ready to show.'),
      simple('familyName', 'string', 'The family name.'),
      simple('givenName', 'string', 'The given name.'),
      simple('middleName', 'string', 'The middle names.'),
      simple('honorificPrefix', 'string', 'The title before the name.'),
      simple('honorificSuffix', 'string', 'The suffix behind the name.'),
    ]),
    simple('displayName', 'string', 'The name to show.'),
    simple('nickName', 'string', 'The casual name.'),
    simple('profileUrl', 'reference', 'The page of the user.', { referenceTypes: ['external'], caseExact: true }),
    simple('title', 'string', 'The job title.'),
    simple('userType', 'string', 'How the user relates to the organization.'),
    simple('preferredLanguage', 'string', 'The preferred languages, as in Accept-Language.'),
    simple('locale', 'string', 'The locale for numbers and dates.'),
    simple('timezone', 'string', 'The time zone, as in the tz database.'),
    simple('active', 'boolean', 'Whether the user may sign in.'),
    simple('password', 'string', 'The clear-text password, never returned.', {
      mutability: 'writeOnly',
      returned: 'never',
    }),
    plural('emails', 'E-mail addresses.', ['work', 'home', 'other']),
    plural('phoneNumbers', 'Telephone numbers.', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
    plural('ims', 'Instant messaging addresses.', ['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo']),
    plural('photos', 'Pictures.', ['photo', 'thumbnail'], { referenceTypes: ['external'], caseExact: true }),
    complex(
      'addresses',
      'Postal addresses.',
      [
        simple('formatted', 'string', 'The full address, ready to show.'),
        simple('streetAddress', 'string', 'Street and house number.'),
        simple('locality', 'string', 'The city.'),
        simple('region', 'string', 'The state or region.'),
        simple('postalCode', 'string', 'The postal code.'),
        simple('country', 'string', 'The country.'),
        simple('type', 'string', 'What the address is for.', { canonicalValues: ['work', 'home', 'other'] }),
        simple('primary', 'boolean', 'Whether this address is the preferred one; at most one is.'),
      ],
      { multiValued: true },
    ),
    complex(
      'groups',
      'The groups the user is a direct member of.',
      [
        simple('value', 'string', 'The id of the group.', { mutability: 'readOnly' }),
        simple('$ref', 'reference', 'The URI of the group.', { mutability: 'readOnly', referenceTypes: ['Group'] }),
        simple('display', 'string', 'The name of the group.', { mutability: 'readOnly' }),
        simple('type', 'string', 'How the membership came about.', {
          mutability: 'readOnly',
          canonicalValues: ['direct'],
        }),
      ],
      { multiValued: true, mutability: 'readOnly' },
    ),
    plural('entitlements', 'Entitlements.', []),
    plural('roles', 'Roles.', []),
    plural('x509Certificates', 'Certificates.', [], { caseExact: true }),
  ],
};

const enterprise: Schema = {
  id: ENTERPRISE,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    simple('employeeNumber', 'string', 'The number the organization gave the person.'),
    simple('costCenter', 'string', 'The cost center.'),
    simple('organization', 'string', 'The organization.'),
    simple('division', 'string', 'The division.'),
    simple('department', 'string', 'The department.'),
    complex('manager', "The user's manager.", [
      simple('value', 'string', "The id of the manager's User resource.", { caseExact: true }),
      simple('$ref', 'reference', "The URI of the manager's User resource.", {
        mutability: 'readOnly',
        referenceTypes: ['User'],
      }),
      simple('displayName', 'string', 'The name of the manager.', { mutability: 'readOnly' }),
    ]),
  ],
};

const group: Schema = {
  id: GROUP,
  name: 'Group',
  description: 'Group',
  attributes: [
    simple('displayName', 'string', 'The name of the group.', { required: true }),
    complex(
      'members',
      'The members of the group.',
      [
        simple('value', 'string', 'The id of the member.', { mutability: 'immutable', caseExact: true }),
        simple('$ref', 'reference', 'The URI of the member.', {
          mutability: 'readOnly',
          referenceTypes: ['User', 'Group'],
        }),
        simple('type', 'string', 'User or Group.', { mutability: 'immutable', canonicalValues: ['User', 'Group'] }),
        simple('display', 'string', 'The name of the member.', { mutability: 'immutable' }),
      ],
      { multiValued: true },
    ),
  ],
};

/** Every resource has these, in whatever schema (RFC 7643 §3.1); they are not part of any schema's list. */
const common: Attributes = [
  simple('schemas', 'reference', 'The schemas of the resource.', {
    multiValued: true,
    returned: 'always',
    caseExact: true,
  }),
  simple('id', 'string', 'The id the service provider issued.', {
    mutability: 'readOnly',
    returned: 'always',
    caseExact: true,
  }),
  simple('externalId', 'string', 'The id the client issued.', { caseExact: true }),
  complex(
    'meta',
    'What the service provider keeps about the resource.',
    [
      simple('resourceType', 'string', 'The resource type.', { mutability: 'readOnly', caseExact: true }),
      simple('created', 'dateTime', 'When it was created.', { mutability: 'readOnly' }),
      simple('lastModified', 'dateTime', 'When it last changed.', { mutability: 'readOnly' }),
      simple('location', 'reference', 'Its URI.', { mutability: 'readOnly', caseExact: true }),
      simple('version', 'string', 'Its version.', { mutability: 'readOnly', caseExact: true }),
    ],
    { mutability: 'readOnly' },
  ),
];

const asAttribute = (extension: Schema): Attribute =>
  complex(extension.id, extension.description, extension.attributes);

export const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  core: user,
  extensions: [enterprise],
  attributes: [...common, ...user.attributes, asAttribute(enterprise)],
};

export const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  core: group,
  extensions: [],
  attributes: [...common, ...group.attributes],
};

export const resourceTypes: readonly ResourceType[] = [userType, groupType];
export const schemas: readonly Schema[] = [user, enterprise, group];
