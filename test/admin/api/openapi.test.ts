import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Door, openDoor } from './door.ts';

const json = z.record(z.string(), z.unknown());
const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean(),
  schema: json,
  description: z.string().optional(),
});
const content = z.partialRecord(
  z.enum(['application/json', 'application/problem+json', 'application/x-ndjson', 'text/event-stream']),
  z.strictObject({ schema: json }).optional(),
);
const operation = z.strictObject({
  operationId: z.string(),
  tags: z.array(z.string()).length(1),
  summary: z.string(),
  description: z.string().regex(/^Takes (any key|a key with the scope `(read|sync|configure|approve|audit|admin)`)\.$/),
  parameters: z.array(parameter).optional(),
  requestBody: z.strictObject({ content, required: z.boolean().optional() }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: content.optional() }),
  ),
});
/** OpenAPI 3.1.0 §4.8, as far as this document uses it; fields it does not know are refused. */
const document = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), json),
    parameters: json.optional(),
    securitySchemes: z.strictObject({
      apiKey: z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer') }),
      session: z.strictObject({ type: z.literal('apiKey'), in: z.literal('cookie'), name: z.string() }),
    }),
  }),
  webhooks: z.strictObject({}),
  paths: z.record(
    z.string().startsWith('/v1/'),
    z.record(z.enum(['get', 'post', 'patch', 'delete']), operation.optional()),
  ),
});

let door: Door;
let served: z.infer<typeof document>;
let text: string;
beforeAll(async () => {
  door = await openDoor({ config: { publicUrl: 'https://sync.example' } });
  const { body } = await door.call('GET', '/v1/openapi.json', { key: null });
  text = JSON.stringify(body);
  served = document.parse(body);
});
afterAll(() => door.close());

const operations = () =>
  Object.entries(served.paths).flatMap(([path, methods]) =>
    Object.values(methods).flatMap((operation) => (operation ? [{ path, ...operation }] : [])),
  );
/** Every object in the document. */
const objectsIn = (value: unknown): Record<string, unknown>[] => {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [json.parse(value), ...inner];
};

describe('the OpenAPI document', () => {
  it('is of version 3.1 and says where it is served and how to sign in', () => {
    expect(served.servers).toEqual([{ url: 'https://sync.example' }]);
    expect(served.security).toEqual([{ apiKey: [] }, { session: [] }]);
  });

  it('declares every parameter of a path, and no other', () => {
    for (const { path, operationId, parameters = [] } of operations()) {
      const declared = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect(declared, operationId).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(parameters.every((each) => each.in !== 'path' || each.required)).toBe(true);
    }
  });

  it('names every operation once', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('points only to what is there', () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
    expect(references.length).toBeGreaterThan(50);
    for (const name of references) expect(served.components.schemas, name).toHaveProperty([name]);
  });

  it('uses JSON Schema 2020-12: types it knows, patterns that compile, no null by another name', () => {
    const types = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object', 'http'];
    for (const schema of objectsIn([served.components.schemas, served.paths])) {
      if (typeof schema['type'] === 'string' || Array.isArray(schema['type'])) {
        for (const type of [schema['type']].flat()) expect(types).toContain(type);
      }
      if (typeof schema['pattern'] === 'string') {
        expect(schema['pattern']).toMatch(/^\^.*\$$/);
        expect(() => new RegExp(z.string().parse(schema['pattern']), 'u')).not.toThrow();
      }
      expect(schema).not.toHaveProperty('nullable');
    }
  });

  it('tells what each operation refuses, as a problem', () => {
    for (const { operationId, responses } of operations()) {
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(['400', '401', '500']));
      for (const [status, { content }] of Object.entries(responses)) {
        if (status === '204') continue;
        const answer = notJson[operationId] ?? 'application/json';
        const type = status >= '400' ? 'application/problem+json' : answer;
        expect(Object.keys(content ?? {}), `${operationId} ${status}`).toEqual([type]);
      }
    }
  });

  it('needs a body where something must be said, and documents If-Match where what was seen may be named', () => {
    const needing = operations().filter(({ requestBody }) => requestBody?.required);
    expect(needing.map(({ operationId }) => operationId)).toEqual([
      'addConnection',
      'checkNewConnection',
      'openSetupLink',
      'addTarget',
      'checkNewTarget',
      'approvePlan',
      'rejectPlan',
      'applyPlan',
      'requestPreview',
      'explain',
      'declareRestore',
      'addWebhook',
      'createApiKey',
    ]);
    const conditional = operations().filter(({ parameters }) => parameters?.some(({ name }) => name === 'if-match'));
    expect(conditional.map(({ operationId }) => operationId)).toEqual([
      'editConnection',
      'removeConnection',
      'addSecondCredential',
      'removeSecondCredential',
      'removeFirstCredential',
      'editTarget',
      'removeTarget',
      'approvePlan',
      'rejectPlan',
      'applyPlan',
      'editWebhook',
    ]);
  });

  it('marks the client secret as write-only, and shows it in no answer', () => {
    const given = objectsIn(served.components.schemas).flatMap(({ properties }) =>
      Object.entries(json.safeParse(properties).data ?? {}).filter(([name]) =>
        ['client_secret', 'certificate'].includes(name),
      ),
    );
    expect(given.length).toBeGreaterThan(5);
    for (const [name, schema] of given) expect(schema, name).toMatchObject({ writeOnly: true });
    for (const name of ['Connection', 'ConnectionDetail', 'EditedConnection', 'Target', 'Webhook', 'ApiKey']) {
      expect(served.components.schemas[name], name).toBeDefined();
      expect(JSON.stringify(served.components.schemas[name])).not.toMatch(/secret"|token"|"certificate"|"key"/);
    }
  });
});

const notJson: Readonly<Record<string, string>> = {
  watchRun: 'text/event-stream',
  exportAudit: 'application/x-ndjson',
  exportPerson: 'application/x-ndjson',
};
