/** The OpenAPI 3.1 document, made from the same routes that Express serves. */

import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { type ProblemCode, problemSchema, problems } from './problem.ts';
import { nothing } from './request.ts';
import type { Route } from './route.ts';

export const openApiOf = (routes: readonly Route[], publicUrl: string | null) => {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Entrain', version: '1', description: 'Keeps people and groups in step with Microsoft Entra ID.' },
    servers: [{ url: publicUrl ?? '/' }],
    security: [{ apiKey: [] }],
  });
};

const pathOf = (route: Route) => ({
  method: route.method,
  path: route.path,
  operationId: route.id,
  tags: [route.tag],
  summary: route.summary,
  description: `Takes a key with the scope \`${route.scope}\`.`,
  request: {
    params: route.params,
    query: route.query,
    ...(route.method === 'patch' || route.ifMatch !== undefined ? { headers: ifMatch } : {}),
    ...(route.body === nothing ? {} : { body: bodyOf(route) }),
  },
  responses: {
    [route.answer.status]: {
      description: route.answer.description,
      ...(route.answer.schema ? { content: { 'application/json': { schema: route.answer.schema } } } : {}),
    },
    ...problemResponses(route),
  },
});

const ifMatch = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'The ETag of an earlier answer: done only when it is still that.' }),
});

const bodyOf = ({ body }: Route) => ({
  content: { 'application/json': { schema: body } },
  required: !body.safeParse({}).success,
});

const always: readonly ProblemCode[] = ['invalid_request', 'unauthorized', 'forbidden', 'internal_error'];
const withBody: readonly ProblemCode[] = ['malformed_request', 'payload_too_large', 'unsupported_media_type'];

const problemResponses = (route: Route) => {
  const codes = [...always, ...route.refusals, ...(route.body === nothing ? [] : withBody)];
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
