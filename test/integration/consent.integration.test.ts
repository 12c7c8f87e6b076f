import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type OurApp, ourAppAt } from '../../scripts/demo/our-app.ts';
import { type Stack, startStack } from '../../scripts/demo/stack.ts';
import { freePort } from '../../scripts/services/child.ts';
import { type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { trustCa } from '../../src/source/graph/index.ts';
import { follow } from '../support/follow.ts';
import { freshPrefix } from '../support/fresh.ts';

let graph: GraphSimulator;
let app: OurApp;
let stack: Stack;
const heard: string[] = [];
beforeAll(async () => {
  const port = await freePort();
  app = ourAppAt(port);
  graph = await startGraph({
    tenants: [{ users: 30, name: 'Contoso', apps: [app.registration] }],
  });
  trustCa(graph.caPem);
  stack = await startStack({
    services: { mongoUri: inject('mongoUri'), redisUrl: inject('redisUrl') },
    name: freshPrefix().prefix,
    cloud: { origin: graph.origin, caPem: graph.caPem },
    port,
    env: app.env,
    heard: (text) => heard.push(text),
  });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await graph.close();
});

const connection = z.object({
  id: z.string(),
  state: z.string(),
  tenant_id: z.string().nullable(),
  oauth2_authorize_url: z.string().nullable(),
});

it('a tenant is connected by a link alone, and read by whoever works', async () => {
  const added = await stack.api.ask('POST', '/v1/connections', connection, {
    vendor: 'MS_ENTRA',
    organization_id: 'acme',
    cloud: 'custom',
  });
  expect(added).toMatchObject({ state: 'pending', tenant_id: null });
  const link = added.oauth2_authorize_url ?? '';
  expect(await follow(link)).toContain('<h1>Connected</h1>');
  const path = `/v1/connections/${added.id}`;
  expect(await stack.api.ask('GET', path, connection)).toMatchObject({
    state: 'active',
    tenant_id: graph.tenants[0]?.tenantId,
    oauth2_authorize_url: null,
  });
  expect(await stack.api.sync(added.id, { mode: 'full' })).toMatchObject({ state: 'succeeded', problem: null });
  const people = z.object({ data: z.array(z.looseObject({ id: z.string() })) });
  expect((await stack.api.ask('GET', `${path}/users?limit=200`, people)).data.length).toBeGreaterThan(20);
  expect(await follow(link)).toContain('link_over');
  const state = new URL(link).searchParams.get('state') ?? '';
  for (const word of [app.secret, state, 'Contoso']) expect(heard.join('')).not.toContain(word);
}, 60_000);
