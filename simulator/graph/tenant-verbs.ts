/** What can be done to a tenant over HTTP: one verb each, with what it does, the body it takes, and an example of it. */

import { z } from 'zod';
import type { Json } from './json.ts';
import type { TenantControl } from './tenant-control.ts';

/** Whom the example of a verb names: people and groups that are there, so that it works as it stands. */
export type Cast = {
  readonly people: readonly [string, string, string];
  /** Of the second of them: whoever is deleted is found by that alone. */
  readonly secondId: string;
  readonly groups: readonly [string, string];
  readonly domain: string;
  readonly clientId: string;
};

export type Verb = {
  readonly does: string;
  readonly takes: z.ZodType;
  readonly example: (cast: Cast) => Json;
  readonly act: (tenant: TenantControl, body: unknown) => Json | undefined;
};

/** `act` may give what is answered; what only changes something is answered with `{"ok":true}`. */
function verb<T>(
  does: string,
  takes: z.ZodType<T>,
  example: (cast: Cast) => Json,
  act: (tenant: TenantControl, body: T) => Json | undefined,
): Verb {
  return { does, takes, example, act: (tenant, body) => act(tenant, takes.parse(body)) };
}

/** For verbs that only change something. */
const changes =
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

const one = ({ people }: Cast): Json => ({ who: people[0] });

export const tenantVerbs: Readonly<Record<string, Verb>> = {
  hire: verb(
    'hires somebody; whatever is left out is made up',
    person,
    ({ domain, people }) => ({
      displayName: 'Ada Lovelace',
      userPrincipalName: `ada.lovelace@${domain}`,
      department: 'Engineering',
      manager: people[0],
      properties: { jobTitle: 'Analyst' },
    }),
    (tenant, body) => ({ id: tenant.hire(body) }),
  ),
  rename: verb(
    'gives somebody another name; another principal name brings the mail address along',
    name,
    ({ people }) => ({ who: people[0], displayName: 'Ada King', surname: 'King' }),
    changes((tenant, { who, ...to }) => tenant.rename(who, to)),
  ),
  move: verb(
    'moves somebody to another department, place or manager; null: to no manager',
    place,
    ({ people }) => ({ who: people[0], department: 'Legal', jobTitle: 'Counsel', manager: people[1] }),
    changes((tenant, { who, ...to }) => tenant.move(who, to)),
  ),
  update: verb(
    'sets any properties of a user or group',
    z.strictObject({ who: z.string(), properties }),
    ({ people }) => ({ who: people[0], properties: { mobilePhone: null, city: 'Lisbon' } }),
    changes((tenant, body) => tenant.update(body.who, body.properties)),
  ),
  disable: verb(
    'switches an account off',
    who,
    one,
    changes((tenant, body) => tenant.disable(body.who)),
  ),
  enable: verb(
    'switches it on again',
    who,
    one,
    changes((tenant, body) => tenant.enable(body.who)),
  ),
  'soft-delete': verb(
    'deletes a user or group; for 30 days it can be restored, by its id',
    who,
    ({ secondId }) => ({ who: secondId }),
    changes((tenant, body) => tenant.softDelete(body.who)),
  ),
  restore: verb(
    'brings back what was soft-deleted',
    who,
    ({ secondId }) => ({ who: secondId }),
    changes((tenant, body) => tenant.restore(body.who)),
  ),
  'hard-delete': verb(
    'deletes for good',
    who,
    ({ people }) => ({ who: people[2] }),
    changes((tenant, body) => tenant.hardDelete(body.who)),
  ),
  'create-group': verb(
    'makes a group; with a rule, of whoever fits it',
    team,
    ({ people }) => ({ displayName: 'Night shift', members: [people[0]] }),
    (tenant, body) => ({ id: tenant.createGroup(body) }),
  ),
  'delete-group': verb(
    'soft-deletes a group',
    z.strictObject({ group: z.string() }),
    ({ groups }) => ({ group: groups[1] }),
    changes((tenant, body) => tenant.deleteGroup(body.group)),
  ),
  join: verb(
    'puts a user or group into a group',
    membership,
    ({ groups, people }) => ({ group: groups[0], member: people[0] }),
    changes((tenant, body) => tenant.join(body.group, body.member)),
  ),
  leave: verb(
    'takes one out of a group',
    membership,
    ({ groups, people }) => ({ group: groups[0], member: people[0] }),
    changes((tenant, body) => tenant.leave(body.group, body.member)),
  ),
  'expire-delta-links': verb(
    'refuses every delta link that was handed out: the next sync is a full one',
    z.strictObject({}),
    () => ({}),
    changes((tenant) => tenant.expireDeltaLinks()),
  ),
  'expire-pages': verb(
    'refuses every next link that was handed out',
    z.strictObject({}),
    () => ({}),
    changes((tenant) => tenant.expirePages()),
  ),
  'set-app': verb(
    'changes a registration: its permissions, its state, its secrets and certificates',
    registration,
    ({ clientId }) => ({ clientId, roles: ['User.Read.All', 'GroupMember.Read.All'] }),
    changes(setApp),
  ),
};

function setApp(tenant: TenantControl, change: z.infer<typeof registration>): void {
  const app = tenant.apps().find(({ clientId }) => clientId === change.clientId.toLowerCase());
  if (app === undefined) throw new Error(`Tenant ${tenant.tenantId} has no registration ${change.clientId}.`);
  if (change.roles !== undefined) app.roles = [...change.roles];
  if (change.state !== undefined) app.state = change.state;
  if (change.secret !== undefined) app.secrets = [change.secret];
  if (change.certificates !== undefined) app.certificates = [...change.certificates];
}
