import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GraphSimulator, startGraph, type TenantControl } from '../../../simulator/graph/index.ts';
import { connect, type GraphClient } from './client.ts';

let graph: GraphSimulator;
let client: GraphClient;
let tenant: TenantControl;

beforeEach(async () => {
  graph = await startGraph({ tenants: [{ users: 60 }], keepAnswers: true });
  client = await connect(graph);
  tenant = graph.control.tenant();
});
afterEach(async () => {
  await client.close();
  await graph.close();
});

describe('answers that are kept', () => {
  it('are given again as they were, however the client reads them', async () => {
    const zipped = await client.get('/users?$top=20', { 'accept-encoding': 'gzip' });
    const plain = await client.get('/users?$top=20', { 'accept-encoding': 'identity' });
    for (const encoding of ['gzip', 'identity']) {
      const again = await client.get('/users?$top=20', { 'accept-encoding': encoding });
      expect(again.text).toBe(encoding === 'gzip' ? zipped.text : plain.text);
      expect(again.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
    }
  });

  it('are worked out anew as soon as anything happens in the tenant', async () => {
    const ada = tenant.hire({ displayName: 'Ada Lovelace' });
    expect((await client.get(`/users/${ada}`)).body.displayName).toBe('Ada Lovelace');
    tenant.rename(ada, { displayName: 'Ada King' });
    expect((await client.get(`/users/${ada}`)).body.displayName).toBe('Ada King');
  });

  it('are worked out anew when the simulator is to behave otherwise', async () => {
    expect((await client.get('/users')).body.value).toHaveLength(60);
    graph.control.setKnobs({ listPageSize: 10 });
    expect((await client.get('/users')).body.value).toHaveLength(10);
  });

  it('never hide a scripted fault', async () => {
    await client.get('/users');
    graph.control.fault({ path: '/users', fault: { answer: 'unavailable', retryAfter: null } });
    expect((await client.get('/users')).status).toBe(503);
  });

  it('are counted with everything inside a batch, each time', async () => {
    const ask = () =>
      client.post('/$batch', { requests: [1, 2].map((id) => ({ id: `${id}`, method: 'GET', url: '/users?$top=1' })) });
    await ask();
    graph.control.resetRequests();
    const { body } = await ask();
    expect(body.responses).toHaveLength(2);
    expect(graph.control.counters()).toMatchObject({ requests: 3, batched: 2, units: 2 });
  });
});
