/** What can be done to a tenant over HTTP: one verb each, with the body it takes. */

import { z } from 'zod';
import type { Json } from './json.ts';
import type { TenantControl } from './tenant-control.ts';

type Verb = (tenant: TenantControl, body: unknown) => Json | undefined;

function takes<T>(schema: z.ZodType<T>, act: (tenant: TenantControl, body: T) => Json | undefined): Verb {
  return (tenant, body) => act(tenant, schema.parse(body));
}

/** For verbs that only change something. */
const does =
  <T>(act: (tenant: TenantControl, body: T) => void) =>
  (tenant: TenantControl, body: T): undefined => {
    act(tenant, body);
  };

const text = z.string().exactOptional();
const properties = z.record(z.string(), z.json());
const who = z.strictObject({ who: z.string() });
const membership = z.strictObject({ group: z.string(), member: z.string() });
const person = z.strictObject({
  displayName: text,
  givenName: text,
  surname: text,
  userPrincipalName: text,
  department: text,
  manager: text,
  properties: properties.exactOptional(),
});
const name = z.strictObject({
  who: z.string(),
  displayName: text,
  givenName: text,
  surname: text,
  userPrincipalName: text,
});
const place = z.strictObject({
  who: z.string(),
  department: text,
  manager: z.string().nullable().exactOptional(),
  officeLocation: text,
  jobTitle: text,
});
const team = z.strictObject({
  displayName: z.string(),
  members: z.array(z.string()).exactOptional(),
  unified: z.boolean().exactOptional(),
  hidden: z.boolean().exactOptional(),
  rule: z.strictObject({ property: z.string(), equals: z.json() }).exactOptional(),
  properties: properties.exactOptional(),
});
const registration = z.strictObject({
  clientId: z.string(),
  roles: z.array(z.string()).exactOptional(),
  state: z.enum(['active', 'disabled', 'missing']).exactOptional(),
  /** Replaces all secrets by this one. */
  secret: z.strictObject({ value: z.string(), endsMs: z.number() }).exactOptional(),
  certificates: z.array(z.string()).exactOptional(),
});

export const tenantVerbs: Readonly<Record<string, Verb>> = {
  hire: takes(person, (tenant, body) => ({ id: tenant.hire(body) })),
  rename: takes(
    name,
    does((tenant, { who, ...to }) => tenant.rename(who, to)),
  ),
  move: takes(
    place,
    does((tenant, { who, ...to }) => tenant.move(who, to)),
  ),
  update: takes(
    z.strictObject({ who: z.string(), properties }),
    does((tenant, body) => tenant.update(body.who, body.properties)),
  ),
  disable: takes(
    who,
    does((tenant, body) => tenant.disable(body.who)),
  ),
  enable: takes(
    who,
    does((tenant, body) => tenant.enable(body.who)),
  ),
  'soft-delete': takes(
    who,
    does((tenant, body) => tenant.softDelete(body.who)),
  ),
  restore: takes(
    who,
    does((tenant, body) => tenant.restore(body.who)),
  ),
  'hard-delete': takes(
    who,
    does((tenant, body) => tenant.hardDelete(body.who)),
  ),
  'create-group': takes(team, (tenant, body) => ({ id: tenant.createGroup(body) })),
  'delete-group': takes(
    z.strictObject({ group: z.string() }),
    does((tenant, body) => tenant.deleteGroup(body.group)),
  ),
  join: takes(
    membership,
    does((tenant, body) => tenant.join(body.group, body.member)),
  ),
  leave: takes(
    membership,
    does((tenant, body) => tenant.leave(body.group, body.member)),
  ),
  'expire-delta-links': takes(
    z.strictObject({}),
    does((tenant) => tenant.expireDeltaLinks()),
  ),
  'expire-pages': takes(
    z.strictObject({}),
    does((tenant) => tenant.expirePages()),
  ),
  'set-app': takes(registration, does(setApp)),
};

function setApp(tenant: TenantControl, change: z.infer<typeof registration>): void {
  const app = tenant.apps().find(({ clientId }) => clientId === change.clientId.toLowerCase());
  if (app === undefined) throw new Error(`Tenant ${tenant.tenantId} has no registration ${change.clientId}.`);
  if (change.roles !== undefined) app.roles = [...change.roles];
  if (change.state !== undefined) app.state = change.state;
  if (change.secret !== undefined) app.secrets = [change.secret];
  if (change.certificates !== undefined) app.certificates = [...change.certificates];
}
