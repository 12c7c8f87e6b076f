/** The properties of a user in Graph v1.0, and how a generated person has them. `undefined` is a property that was never set. */

import type { Json } from './json.ts';
import type { People, Person } from './people.ts';

type Property = (person: Person, people: People) => Json | undefined;

/** People are hired on a few thousand days, so every date is written once. */
const dates = new Map<number, string>();
function iso(ms: number): string {
  const known = dates.get(ms);
  if (known !== undefined) return known;
  const written = `${new Date(ms).toISOString().slice(0, 19)}Z`;
  dates.set(ms, written);
  return written;
}
const never: Property = () => undefined;
const none: Property = () => [];
const ofStaff =
  (property: Property): Property =>
  (person, people) =>
    person.guest ? undefined : property(person, people);

/** Properties of the main directory store. Names and types follow the v1.0 metadata. */
export const userProperties: Readonly<Record<string, Property>> = {
  id: (person) => person.id,
  accountEnabled: (person) => person.enabled,
  ageGroup: never,
  assignedLicenses: none,
  assignedPlans: none,
  businessPhones: (person) =>
    person.guest ? [] : [`${person.office.dial} ${String(person.place % 10_000).padStart(4, '0')}`],
  city: ofStaff((person) => person.office.city),
  companyName: (person) => (person.guest ? person.mail?.split('@')[1] : 'Contoso'),
  consentProvidedForMinor: never,
  country: ofStaff((person) => person.office.country),
  createdDateTime: (person) => iso(person.hiredMs),
  creationType: (person) => (person.guest ? 'Invitation' : undefined),
  deletedDateTime: never,
  department: ofStaff((person) => person.department.name),
  displayName: (person) => `${person.given.native} ${person.family.native}`,
  employeeHireDate: ofStaff((person) => iso(person.hiredMs)),
  employeeId: (person) => (person.hasEmployeeId ? `E${String(person.place + 1).padStart(7, '0')}` : undefined),
  employeeLeaveDateTime: never,
  employeeOrgData: ofStaff((person) => ({
    costCenter: person.department.costCenter,
    division: person.department.name,
  })),
  employeeType: ofStaff((person) => (person.contractor ? 'Contractor' : 'Employee')),
  externalUserState: (person) => (person.guest ? 'Accepted' : undefined),
  externalUserStateChangeDateTime: (person) => (person.guest ? iso(person.hiredMs) : undefined),
  faxNumber: never,
  givenName: (person) => person.given.native,
  identities: (person, people) => [
    person.guest
      ? { signInType: 'federated', issuer: 'ExternalAzureAD', issuerAssignedId: null }
      : { signInType: 'userPrincipalName', issuer: people.initialDomain, issuerAssignedId: person.userPrincipalName },
  ],
  imAddresses: (person) => (person.mail === null ? [] : [person.mail]),
  isResourceAccount: never,
  jobTitle: ofStaff((person) => person.title),
  lastPasswordChangeDateTime: (person) => iso(person.hiredMs),
  legalAgeGroupClassification: never,
  mail: (person) => person.mail ?? undefined,
  mailNickname: (person) => (person.guest ? `${person.localPart}_ext` : person.localPart),
  mobilePhone: (person) =>
    person.hasMobile ? `${person.office.dial.split(' ')[0]} 7${String(person.place).padStart(8, '0')}` : undefined,
  officeLocation: ofStaff((person) => person.office.name),
  onPremisesDistinguishedName: never,
  onPremisesDomainName: never,
  onPremisesExtensionAttributes: () =>
    Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`extensionAttribute${index + 1}`, null])),
  onPremisesImmutableId: never,
  onPremisesLastSyncDateTime: never,
  onPremisesProvisioningErrors: none,
  onPremisesSamAccountName: never,
  onPremisesSecurityIdentifier: never,
  onPremisesSyncEnabled: never,
  onPremisesUserPrincipalName: never,
  otherMails: (person) => (person.guest && person.mail !== null ? [person.mail] : []),
  passwordPolicies: never,
  passwordProfile: never,
  postalCode: ofStaff((person) => person.office.postalCode),
  preferredDataLocation: never,
  preferredLanguage: ofStaff((person) => person.office.language),
  provisionedPlans: none,
  proxyAddresses: (person) => (person.mail === null ? [] : [`SMTP:${person.mail}`]),
  securityIdentifier: (person) => `S-1-12-1-${person.place + 1}-1118438271-2415919104-1`,
  serviceProvisioningErrors: none,
  showInAddressList: never,
  signInSessionsValidFromDateTime: (person) => iso(person.hiredMs),
  state: ofStaff((person) => person.office.state ?? undefined),
  streetAddress: ofStaff((person) => person.office.street),
  surname: (person) => person.family.native,
  usageLocation: (person) => (person.guest ? undefined : person.office.code),
  userPrincipalName: (person) => person.userPrincipalName,
  userType: (person) => (person.guest ? 'Guest' : 'Member'),
};

/** What a list returns when nothing is selected (user-list page of the Graph reference). */
export const defaultUserProperties: readonly string[] = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
];

/** Kept outside the main directory store: selecting one on a collection is answered with 501 (delta-query-overview page). */
export const elsewhereUserProperties: ReadonlySet<string> = new Set([
  'aboutMe',
  'birthday',
  'hireDate',
  'interests',
  'mySite',
  'pastProjects',
  'preferredName',
  'responsibilities',
  'schools',
  'skills',
  'mailboxSettings',
]);
