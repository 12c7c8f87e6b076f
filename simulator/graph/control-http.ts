/** The control API over HTTP: JSON in, JSON out, below /control. No credentials: the server listens on this machine only. */

import { z } from 'zod';
import type { Control } from './control.ts';
import { controlHelp, newTenant } from './control-help.ts';
import { faultSchema } from './faults.ts';
import type { Json } from './json.ts';
import { knobsSchema } from './knobs.ts';
import { type Reply, textReply } from './reply.ts';
import { tenantVerbs } from './tenant-verbs.ts';

/** Null for paths that are not below /control. */
export function controlReply(
  control: Control,
  method: string,
  path: string,
  _query: string,
  body: string,
): Reply | null {
  if (path !== '/control' && !path.startsWith('/control/')) return null;
  const segments = path.split('/').slice(2).map(decodeURIComponent);
  if (method === 'GET' && segments.join('') === '') return textReply(helpText(control), 200, 'application/json');
  try {
    const done = carryOut(control, method, segments, body === '' ? {} : JSON.parse(body));
    return done === null
      ? json({ error: `There is no ${method} ${path}. GET /control lists what there is.` }, 404)
      : json(done.result);
  } catch (error) {
    return json({ error: saidOf(error) }, 400);
  }
}

/** A call a line, for whoever reads it as it comes. */
const helpText = (control: Control): string =>
  `[\n${controlHelp(control)
    .map((call) => JSON.stringify(call))
    .join(',\n')}\n]\n`;

const saidOf = (error: unknown): string => {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
};

type Done = { readonly result: unknown };
const ok: Done = { result: { ok: true } };

function carryOut(control: Control, method: string, [room, ...rest]: string[], body: unknown): Done | null {
  switch (`${method} ${room ?? ''}`) {
    case 'GET tenants':
      return rest.length === 0 ? { result: control.tenants() } : inspect(control, rest);
    case 'POST tenants':
      return rest.length === 0 ? { result: addTenant(control, body) } : verb(control, rest, body);
    case 'GET knobs':
      return { result: control.knobs() };
    case 'POST knobs':
    case 'PATCH knobs':
      control.setKnobs(knobsSchema.parse(body));
      return { result: control.knobs() };
    case 'DELETE knobs':
      control.resetKnobs();
      return ok;
    case 'GET faults':
      return { result: control.faults() };
    case 'POST faults':
      return { result: { id: control.fault(faultSchema.parse(body)) } };
    case 'DELETE faults':
      control.clearFaults();
      return ok;
    case 'GET requests':
      return { result: control.requests() };
    case 'GET counters':
      return { result: control.counters() };
    case 'DELETE requests':
      control.resetRequests();
      return ok;
    default:
      return null;
  }
}

function addTenant(control: Control, body: unknown): Json {
  const spec = Object.fromEntries(Object.entries(newTenant.parse(body)).filter(([, value]) => value !== undefined));
  return { tenantId: control.addTenant(spec).tenantId };
}

function inspect(control: Control, [name, what, one, more]: string[]): Done | null {
  const tenant = control.tenant(name);
  if (what === 'users') return { result: one === undefined ? tenant.users() : tenant.user(one) };
  if (what === 'groups' && one === undefined) return { result: tenant.groups() };
  if (what === 'groups' && one !== undefined) {
    if (more === 'members') return { result: tenant.members(one) };
    return { result: more === 'effective-members' ? tenant.effectiveMembers(one) : tenant.group(one) };
  }
  if (what === 'counts') return { result: tenant.counts() };
  return what === 'apps' ? { result: tenant.apps() } : null;
}

function verb(control: Control, [name, called]: string[], body: unknown): Done | null {
  const named = tenantVerbs[called ?? ''];
  return named === undefined ? null : { result: named.act(control.tenant(name), body) ?? { ok: true } };
}

const json = (body: unknown, status = 200): Reply => textReply(`${JSON.stringify(body)}\n`, status, 'application/json');
