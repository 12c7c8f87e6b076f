/** One request through Graph: who asks, what, whether it is paid for, and the answer with the headers of every answer. */

import type { Call } from './call.ts';
import type { Json } from './json.ts';
import { parseQuery } from './odata.ts';
import { faultReply, GraphFault, type Reply, type RequestIds } from './reply.ts';
import { plainSegment, routeOf } from './routes.ts';
import { costOf, limitFor } from './throttle.ts';
import { unauthorized } from './tokens.ts';
import type { World } from './world.ts';

export type Asked = {
  readonly method: string;
  /** Path and query below the origin, as sent. */
  readonly path: string;
  readonly query: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Json;
  /** The origin the client called, so that links stay on it. */
  readonly origin: string;
  readonly ids: RequestIds;
};

export type Identity = Pick<Call, 'tenant' | 'appId' | 'roles'>;

/** Who the bearer token speaks for. */
export async function authenticate(world: World, authorization: string | undefined): Promise<Identity> {
  const token = /^Bearer\s+(.+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized('Access token is empty.');
  const claims = await world.issuer.verify(token);
  const tenant = world.tenants.get(claims.tenantId);
  const app = world.apps.find((each) => each.clientId === claims.appId && each.tenantId === claims.tenantId);
  if (tenant === undefined || app === undefined || app.state !== 'active') {
    throw new GraphFault(
      401,
      'Authorization_IdentityNotFound',
      'The identity of the calling application could not be established.',
    );
  }
  return { tenant, appId: claims.appId, roles: claims.roles };
}

/** Any request but a batch. Faults become error bodies here, so that a batch can hold them. */
export function answerOne(world: World, identity: Identity, asked: Asked): Reply {
  let headers = {};
  try {
    const path = pathBelowVersion(asked.path);
    const route = routeOf(asked.method, path);
    const query = parseQuery(asked.query);
    headers = charge(world, identity, costOf(route.units, query), asked.ids.nowMs);
    const call: Call = {
      ...identity,
      method: asked.method,
      path,
      query,
      header: asked.header,
      body: asked.body,
      appNamed: (clientId) =>
        world.apps.find((app) => app.clientId === clientId.toLowerCase() && app.tenantId === identity.tenant.id),
      knobs: world.knobs,
      base: `${asked.origin}/v1.0`,
      nowMs: asked.ids.nowMs,
      random: world.random,
    };
    const reply = route.answer(call);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    const reply = faultReply(error, asked.ids);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  }
}

function charge(world: World, { appId, tenant }: Identity, cost: number, nowMs: number) {
  const limit = world.knobs.throttling
    ? (world.knobs.resourceUnits ?? limitFor(tenant.counts.user))
    : Number.POSITIVE_INFINITY;
  return world.throttle.charge({ appId, tenantId: tenant.id }, cost, limit, nowMs);
}

function pathBelowVersion(path: string): string[] {
  const [, version, ...segments] = path.replace(/\/$/, '').split('/');
  if (version !== 'v1.0') throw new GraphFault(400, 'BadRequest', 'Invalid version.');
  return segments.map((segment) => plainSegment(decodeSegment(segment)));
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GraphFault(400, 'BadRequest', 'The request URI is not valid.');
  }
}
