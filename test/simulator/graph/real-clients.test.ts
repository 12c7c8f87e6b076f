import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
import { Client, GraphError } from '@microsoft/microsoft-graph-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GraphSimulator, startGraph } from '../../../simulator/graph/index.ts';

const scope = 'https://graph.microsoft.com/.default';
let graph: GraphSimulator;

beforeAll(async () => {
  graph = await startGraph({ tenants: [{ users: 250 }] });
  // The Graph client fetches with what Node trusts; the credential is given the authority by option.
  setDefaultCACertificates([...getCACertificates('default'), graph.caPem]);
});
afterAll(() => graph.close());

it('gives a token to @azure/identity and pages to the Graph client', async () => {
  const client = graphClient(graph, secretCredential(graph));
  const ids = new Set<string>();
  let page = await client.api('/users?$select=id,displayName&$top=100').get();
  for (;;) {
    for (const user of page.value) ids.add(user.id);
    if (page['@odata.nextLink'] === undefined) break;
    page = await client.api(page['@odata.nextLink']).get();
  }
  expect(ids.size).toBe(250);
});

it('lets the Graph client retry through throttling on its own', async () => {
  graph.control.fault({
    path: '^/v1.0/organization',
    times: 2,
    fault: { answer: 'throttled', retryAfter: { seconds: 0 } },
  });
  const organization = await graphClient(graph, secretCredential(graph)).api('/organization').get();
  expect(organization.value[0].id).toBe(graph.tenants[0]?.tenantId);
});

it('shows the Graph client an error it understands', async () => {
  const failed = await graphClient(graph, secretCredential(graph))
    .api('/users/nobody@nowhere.example')
    .get()
    .catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(GraphError);
  expect(failed).toMatchObject({ statusCode: 404, code: 'Request_ResourceNotFound' });
});

it('tells @azure/identity that a secret is wrong', async () => {
  await expect(secretCredential(graph, 'not the secret').getToken(scope)).rejects.toThrow(/AADSTS7000215/);
});

function secretCredential({ origin, caPem, tenants }: GraphSimulator, secret = tenants[0]?.apps[0]?.clientSecret) {
  return new ClientSecretCredential(tenants[0]?.tenantId ?? '', tenants[0]?.apps[0]?.clientId ?? '', secret ?? '', {
    authorityHost: origin,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: caPem },
    retryOptions: { maxRetries: 0 },
  });
}

type Credential = ClientSecretCredential | ClientCertificateCredential;

function graphClient({ origin }: GraphSimulator, credential: Credential): Client {
  return Client.init({
    authProvider: (done) => {
      credential.getToken(scope).then(
        (token) => done(null, token?.token ?? null),
        (error: unknown) => done(error, null),
      );
    },
    baseUrl: `${origin}/`,
    customHosts: new Set(['localhost']),
  });
}
