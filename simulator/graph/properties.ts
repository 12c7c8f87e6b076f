/** Reading properties of any directory object: what it was born with under what was set since. */

import type { GroupSeed } from './group-seeds.ts';
import type { Json, JsonObject } from './json.ts';
import { indexOf, type Kind, kindOf } from './object-ids.ts';
import { personAt } from './people.ts';
import { groupAt, idOf, type Tenant } from './tenant.ts';
import { defaultUserProperties, userProperties } from './user-properties.ts';

/** `undefined`: the property was never set. */
export type Reader = (name: string) => Json | undefined;

/** Reads one object; made once per object, so that a page of many properties computes a person only once. */
export function readerOf(tenant: Tenant, object: number): Reader {
  const born = bornReader(tenant, object);
  const overrides = tenant.overrides.get(object);
  const deletedMs = tenant.deleted.get(object);
  return (name) => {
    if (name === 'deletedDateTime') return deletedMs === undefined ? undefined : new Date(deletedMs).toISOString();
    const given = overrides?.get(name);
    return given === undefined ? born(name) : given;
  };
}

/** The named properties in this order. A list shows a never-set property as null, delta leaves it out. */
export function view(tenant: Tenant, object: number, names: readonly string[], neverSet: 'null' | 'omit'): JsonObject {
  const read = readerOf(tenant, object);
  const shown: Record<string, Json> = {};
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) shown[name] = value;
    else if (neverSet === 'null') shown[name] = null;
  }
  return shown;
}

/** Whether the property may be selected. User and group are open types: extension properties may always be. */
export function isProperty(kind: Kind, name: string): boolean {
  return name.startsWith('extension_') || Object.hasOwn(propertiesOf[kind], name);
}

export const defaultProperties = (kind: Kind): readonly string[] =>
  kind === 'user' ? defaultUserProperties : Object.keys(propertiesOf[kind]);

type GroupProperty = (group: GroupSeed, tenant: Tenant, object: number) => Json | undefined;

const never = (): undefined => undefined;
const isoOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const nickname = (group: GroupSeed, object: number): string =>
  `${group.name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .toLowerCase()}${indexOf(object)}`;
const mailOf: GroupProperty = (group, tenant, object) =>
  group.sort === 'unified' ? `${nickname(group, object)}@${tenant.domain}` : undefined;

const groupProperties: Readonly<Record<string, GroupProperty>> = {
  id: (_, tenant, object) => idOf(tenant, object),
  deletedDateTime: never,
  classification: never,
  createdDateTime: (_, tenant) => isoOf(tenant.createdMs),
  description: (group) =>
    group.rule === null ? undefined : `Everybody whose ${group.rule.property} is ${group.rule.equals}`,
  displayName: (group) => group.name,
  expirationDateTime: never,
  groupTypes: (group) => [
    ...(group.sort === 'unified' ? ['Unified'] : []),
    ...(group.rule === null ? [] : ['DynamicMembership']),
  ],
  isAssignableToRole: never,
  mail: mailOf,
  mailEnabled: (group) => group.sort === 'unified',
  mailNickname: (group, _, object) => nickname(group, object),
  membershipRule: (group) =>
    group.rule === null ? undefined : `user.${group.rule.property} -eq ${JSON.stringify(group.rule.equals)}`,
  membershipRuleProcessingState: (group) => (group.rule === null ? undefined : 'On'),
  onPremisesDomainName: never,
  onPremisesLastSyncDateTime: never,
  onPremisesNetBiosName: never,
  onPremisesProvisioningErrors: () => [],
  onPremisesSamAccountName: never,
  onPremisesSecurityIdentifier: never,
  onPremisesSyncEnabled: never,
  preferredDataLocation: never,
  preferredLanguage: never,
  proxyAddresses: (group, tenant, object) => {
    const mail = mailOf(group, tenant, object);
    return mail === undefined ? [] : [`SMTP:${mail}`];
  },
  renewedDateTime: (_, tenant) => isoOf(tenant.createdMs),
  resourceBehaviorOptions: () => [],
  resourceProvisioningOptions: (group) => (group.sort === 'unified' && group.rule === null ? ['Team'] : []),
  securityEnabled: (group) => group.sort === 'security',
  securityIdentifier: (_group, _tenant, object) => `S-1-12-1-${indexOf(object)}-1215752192-2415919104-2`,
  serviceProvisioningErrors: () => [],
  theme: never,
  uniqueName: never,
  visibility: (group) => (group.hidden ? 'HiddenMembership' : group.sort === 'unified' ? 'Private' : undefined),
};

type OtherProperty = (tenant: Tenant, object: number) => Json | undefined;
const otherProperties = (name: string): Readonly<Record<string, OtherProperty>> => ({
  id: (tenant, object) => idOf(tenant, object),
  deletedDateTime: never,
  accountEnabled: () => true,
  displayName: (_, object) => `${name} ${indexOf(object) + 1}`,
});
const deviceProperties = { ...otherProperties('Laptop'), operatingSystem: (): Json => 'Windows' };
const servicePrincipalProperties = { ...otherProperties('Robot'), appId: idOf };

const propertiesOf = {
  user: userProperties,
  group: groupProperties,
  device: deviceProperties,
  servicePrincipal: servicePrincipalProperties,
};

function bornReader(tenant: Tenant, object: number): Reader {
  const kind = kindOf(object);
  if (kind === 'user') return userReader(tenant, object);
  if (kind === 'group') {
    const group = groupAt(tenant, object);
    return (name) => groupProperties[name]?.(group, tenant, object);
  }
  const table: Readonly<Record<string, OtherProperty>> = propertiesOf[kind];
  return (name) => table[name]?.(tenant, object);
}

/** Users that came later were not born from the seed: all they have was set. */
function userReader(tenant: Tenant, object: number): Reader {
  if (object >= tenant.people.count) return (name) => (name === 'id' ? idOf(tenant, object) : undefined);
  const person = personAt(tenant.people, object);
  return (name) => userProperties[name]?.(person, tenant.people);
}
