/** The OpenAPI 3.1 document, made from the same routes that Express serves. */

import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { sessionCookieName } from './cookies.ts';
import { keyForm } from './idempotency.ts';
import { type ProblemCode, problemSchema, problems } from './problem.ts';
import { etagForms, type Matched, nothing } from './request.ts';
import { isCarriedOutOnce, isLookWrittenDown, type Route } from './route.ts';

export const openApiOf = (routes: readonly Route[], publicUrl: string | null) => {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookieName(publicUrl),
  });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Entrain', version: '1', description: 'Keeps people and groups in step with Microsoft Entra ID.' },
    servers: [{ url: publicUrl ?? '/' }],
    security: [{ apiKey: [] }, { session: [] }],
  });
};

const pathOf = (route: Route) => ({
  method: route.method,
  path: route.path,
  operationId: route.id,
  tags: [route.tag],
  summary: route.summary,
  description: route.scope === 'any' ? 'Takes any key.' : `Takes a key with the scope \`${route.scope}\`.`,
  request: {
    params: route.params,
    query: route.query,
    ...headersOf(route),
    ...(route.body === nothing ? {} : { body: bodyOf(route) }),
  },
  responses: {
    [route.answer.status]: { description: route.answer.description, ...contentOf(route) },
    ...Object.fromEntries((route.also ?? []).map(({ status, description }) => [status, { description }])),
    ...problemResponses(route),
  },
});

const contentOf = ({ answer: { schema, as } }: Route) => {
  if (as === 'events') return { content: { 'text/event-stream': { schema: z.string() } } };
  const type = as === 'lines' ? 'application/x-ndjson' : 'application/json';
  return schema ? { content: { [type]: { schema } } } : {};
};

const headersOf = (route: Route) => {
  const { ifMatch, answer } = route;
  const headers = {
    ...(ifMatch === undefined ? {} : { 'if-match': etag(ifMatch) }),
    ...(isCarriedOutOnce(route) ? { 'idempotency-key': idempotencyKey(route) } : {}),
    ...(answer.as === 'events' ? { 'last-event-id': lastEventId } : {}),
  };
  return Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) };
};

const etag = (of: Matched) =>
  z
    .string()
    .regex(etagForms[of])
    .optional()
    .meta({ description: 'The ETag of an earlier answer: done only when it is still that.' });

const lastEventId = z
  .string()
  .optional()
  .meta({ description: 'The id of the last event that arrived: told is what differs from it.' });

const idempotencyKey = ({ namesAccounts }: Route) =>
  z
    .string()
    .regex(keyForm)
    .optional()
    .meta({
      description: `A name for this call, such as a UUID: repeated with it, the call is not carried out again, and ${
        namesAccounts === true ? 'is refused, for its answer is not kept' : 'has the same answer'
      }.`,
    });

const bodyOf = ({ body }: Route) => ({
  content: { 'application/json': { schema: body } },
  required: !body.safeParse({}).success,
});

const always: readonly ProblemCode[] = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'internal_error',
];
const ofPosts: readonly ProblemCode[] = ['idempotency_key_in_use', 'answer_lost', 'idempotency_key_reused'];
const ofStreams: readonly ProblemCode[] = ['too_many_streams'];
const stepUp: readonly ProblemCode[] = ['step_up_required'];
const csrf: readonly ProblemCode[] = ['csrf_refused'];
const withBody: readonly ProblemCode[] = ['malformed_request', 'payload_too_large', 'unsupported_media_type'];

const problemResponses = (route: Route) => {
  const codes = [
    ...always,
    ...route.refusals,
    ...(isCarriedOutOnce(route) ? ofPosts : []),
    ...(route.answer.as === 'events' ? ofStreams : []),
    ...(route.takesStepUp ? stepUp : []),
    ...(route.method !== 'get' || isLookWrittenDown(route) ? csrf : []),
    ...(route.method === 'get' ? [] : withBody),
  ];
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => [
      status,
      {
        description: `Code: ${alike.join(', ')}.`,
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
};
