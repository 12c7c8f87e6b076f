/** POST /$batch: up to twenty requests in one; each is charged, throttled and answered for itself. */

import { z } from 'zod';
import { AadstsError } from './aadsts.ts';
import { replacement } from './faults.ts';
import type { Json } from './json.ts';
import { faultReply, GraphFault, type Reply, reply } from './reply.ts';
import type { Logged } from './request-log.ts';
import { type Asked, answerOne, type Identity } from './service.ts';
import type { World } from './world.ts';

const MOST_REQUESTS = 20;
const json: z.ZodType<Json> = z.json();
const batchBody = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      method: z.string(),
      url: z.string(),
      headers: z.record(z.string(), z.string()).default({}),
      dependsOn: z.array(z.string()).default([]),
      body: json.default(null),
    }),
  ),
});
type Inner = z.infer<typeof batchBody>['requests'][number];

export const isBatch = (method: string, path: string): boolean =>
  method === 'POST' && /^\/v1\.0\/(\$|%24)batch$/i.test(path);

export function batch(world: World, identity: Identity, asked: Asked): Reply {
  const parsed = batchBody.safeParse(asked.body);
  if (!parsed.success) return faultReply(malformed('Invalid batch payload format.'), asked.ids);
  const { requests } = parsed.data;
  const wrong = problemOf(requests);
  if (wrong !== null) return faultReply(malformed(wrong), asked.ids);
  const replies = new Map<string, Reply>();
  const inner: Logged[] = [];
  for (const request of requests) {
    const failed = request.dependsOn.some((id) => (replies.get(id.toLowerCase())?.status ?? 500) >= 400);
    replies.set(
      request.id.toLowerCase(),
      failed ? dependencyFailed(asked) : answerInner(world, identity, asked, request, inner),
    );
  }
  // Answers come in an order of their own; clients have to match them by id.
  const shown = requests.map((request) => shownReply(request.id, replies.get(request.id.toLowerCase()))).reverse();
  return { ...reply({}), body: `{"responses":[${shown.join(',')}]}`, inner };
}

function problemOf(requests: readonly Inner[]): string | null {
  if (requests.length === 0) return 'Invalid batch payload format.';
  if (requests.length > MOST_REQUESTS)
    return `Number of batch request steps exceeds the maximum value of ${MOST_REQUESTS}.`;
  const ids = new Set(requests.map(({ id }) => id.toLowerCase()));
  if (ids.size < requests.length) return 'Batch request ids must be unique.';
  if (requests.some(({ url }) => /^https?:/i.test(url))) return 'Batch request urls must be relative.';
  return requests.some(({ dependsOn }) => dependsOn.some((id) => !ids.has(id.toLowerCase())))
    ? 'Unknown dependsOn id.'
    : null;
}

const malformed = (message: string): GraphFault => new GraphFault(400, 'BadRequest', message);

const dependencyFailed = (asked: Asked): Reply =>
  faultReply(new GraphFault(424, 'FailedDependency', 'A request this one depends on failed.'), asked.ids);

function answerInner(world: World, identity: Identity, outer: Asked, request: Inner, log: Logged[]): Reply {
  const url = request.url.startsWith('/') ? request.url : `/${request.url}`;
  const [path = '', ...rest] = url.split('?');
  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const asked: Asked = {
    ...outer,
    method: request.method.toUpperCase(),
    path: `/v1.0${path}`,
    query: rest.join('?'),
    header: (name) => headers.get(name),
    body: request.body,
  };
  const inner = scripted(world, identity, asked) ?? answerOne(world, identity, asked);
  log.push({
    at: new Date(outer.ids.nowMs).toISOString(),
    method: `BATCH ${asked.method}`,
    path: asked.path,
    query: asked.query,
    status: inner.status,
    tenant: identity.tenant.id,
    units: Number(inner.headers['x-ms-resource-unit'] ?? 0),
    clientRequestId: outer.ids.clientRequestId,
    bytes: 0,
  });
  return inner;
}

/** Scripted faults that are answers reach inner requests too; those of the connection cannot. */
function scripted(world: World, identity: Identity, asked: Asked): Reply | null {
  const target = `${asked.path}?${decodeURIComponent(asked.query)}`;
  const fault = world.faults.take({ method: asked.method, target, tenant: identity.tenant.id });
  if (fault === null) return null;
  try {
    return replacement(fault, { base: asked.origin, path: asked.path, url: '', nowMs: asked.ids.nowMs });
  } catch (error) {
    if (error instanceof GraphFault) return faultReply(error, asked.ids);
    if (error instanceof AadstsError) return null;
    throw error;
  }
}

/** A JSON body goes in as it is; anything else as a string. */
function shownReply(id: string, inner: Reply | undefined): string {
  if (inner === undefined) throw new Error(`Request ${id} of a batch was not answered.`);
  const isJson = inner.headers['Content-Type']?.startsWith('application/json') ?? false;
  const body = isJson && inner.body !== '' ? inner.body : JSON.stringify(inner.body);
  return `{"id":${JSON.stringify(id)},"status":${inner.status},"headers":${JSON.stringify(inner.headers)},"body":${body}}`;
}
