/** What `GET /control` answers: every call, what it does, the body it takes, and an example that works in the first tenant as it stands. */

import { z } from 'zod';
import type { Control } from './control.ts';
import { faultSchema } from './faults.ts';
import type { Json } from './json.ts';
import { knobsSchema } from './knobs.ts';
import type { TenantControl } from './tenant-control.ts';
import { type Cast, tenantVerbs } from './tenant-verbs.ts';

export type Call = {
  readonly call: string;
  readonly does: string;
  /** The fields of the body, an optional one with `?`; null: it takes none. */
  readonly takes: string | null;
  readonly example: { readonly method: string; readonly path: string; readonly body: Json };
};

export const newTenant = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  domain: z.string().optional(),
  users: z.number().int().min(1).optional(),
  groups: z.number().int().min(0).optional(),
  seed: z.number().int().optional(),
});

export function controlHelp(control: Control): readonly Call[] {
  const tenant = control.tenant();
  const cast = castOf(tenant);
  const at = `/control/tenants/${tenant.tenantId}`;
  const { groups, people } = cast;
  return [
    look('/control/tenants', 'lists the tenants, with their registrations and secrets'),
    sends('POST', '/control/tenants', 'adds a tenant', newTenant, { users: 20, name: 'Fabrikam' }),
    look('/control/tenants/{tenant}/counts', 'counts users, groups and changes', `${at}/counts`),
    look('/control/tenants/{tenant}/users', 'lists the ids of users', `${at}/users`),
    look('/control/tenants/{tenant}/users/{who}', 'shows a user', `${at}/users/${encodeURIComponent(people[0])}`),
    look('/control/tenants/{tenant}/groups', 'lists groups', `${at}/groups`),
    ...['', '/members', '/effective-members'].map((what) =>
      look(
        `/control/tenants/{tenant}/groups/{group}${what}`,
        what === '' ? 'shows a group' : `lists the ids of its ${what === '/members' ? 'direct members' : 'users'}`,
        `${at}/groups/${encodeURIComponent(groups[0])}${what}`,
      ),
    ),
    look('/control/tenants/{tenant}/apps', 'shows the registrations of a tenant', `${at}/apps`),
    ...Object.entries(tenantVerbs).map(([name, { does, takes, example }]) =>
      sends('POST', `/control/tenants/{tenant}/${name}`, does, takes, example(cast), `${at}/${name}`),
    ),
    look('/control/knobs', 'shows how the service behaves'),
    sends('POST', '/control/knobs', 'sets any of it', knobsSchema, { lagMs: 1_000, listPageSize: 50 }),
    clears('/control/knobs', 'sets it as it was'),
    look('/control/faults', 'lists scripted faults, and how often each was met'),
    sends('POST', '/control/faults', 'scripts a fault: which requests it befalls, and what is answered', faultSchema, {
      path: '/users',
      times: 2,
      fault: { answer: 'throttled', retryAfter: { seconds: 5 } },
    }),
    clears('/control/faults', 'ends all faults'),
    look('/control/requests', 'lists the requests that came'),
    look('/control/counters', 'counts them'),
    clears('/control/requests', 'forgets both, and empties the throttling buckets'),
  ];
}

/** Somebody may be named by id, principal name or display name. */
function castOf(tenant: TenantControl): Cast {
  const ids = tenant.first('user', 3);
  const names = ids.map((id) => String(tenant.user(id)['userPrincipalName']));
  const [first = 'somebody', second = first, third = second] = names;
  const [team = 'a group', other = team] = tenant
    .first('group', 2)
    .map((id) => String(tenant.group(id)['displayName']));
  return {
    people: [first, second, third],
    secondId: ids[1] ?? second,
    groups: [team, other],
    domain: tenant.domain,
    clientId: tenant.apps()[0]?.clientId ?? 'a registration',
  };
}

const look = (path: string, does: string, example = path): Call => bare('GET', path, does, example);
const clears = (path: string, does: string): Call => bare('DELETE', path, does, path);

function bare(method: string, path: string, does: string, example: string): Call {
  return { call: `${method} ${path}`, does, takes: null, example: { method, path: example, body: null } };
}

function sends(method: string, path: string, does: string, takes: z.ZodType, body: Json, example = path): Call {
  const words = wordsOf(z.toJSONSchema(takes, { io: 'input' }));
  return { call: `${method} ${path}`, does, takes: words, example: { method, path: example, body } };
}

type Schema = z.core.JSONSchema._JSONSchema;

/** A schema in short: `{ who: string, manager?: string | null }`. */
function wordsOf(schema: Schema): string {
  if (typeof schema === 'boolean') return 'any';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.join(' | ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return [...new Set(either.map(wordsOf))].join(' | ');
  if (schema.properties !== undefined) return fieldsOf(schema.properties, new Set(schema.required));
  if (Array.isArray(schema.items) || schema.items === undefined)
    return typeof schema.type === 'string' ? schema.type : 'any';
  return `[${wordsOf(schema.items)}, …]`;
}

function fieldsOf(properties: Readonly<Record<string, Schema>>, required: ReadonlySet<string>): string {
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.has(name) ? '' : '?'}: ${wordsOf(schema)}`,
  );
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}
