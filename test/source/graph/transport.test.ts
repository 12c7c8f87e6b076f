/** A request is on its way before the page that led to it is parsed: the wait for the one is spent on the other. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it } from 'vitest';
import { startGraph } from '../../../simulator/graph/index.ts';
import { SourceError } from '../../../src/model/errors.ts';
import { secret } from '../../../src/model/secret.ts';
import { defaultLimits, graphSource } from '../../../src/source/graph/index.ts';
import { transportTo } from '../../../src/source/graph/transport.ts';
import { clock, type Graph, openGraph } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

/** undici tells it when the headers of a request go to the socket. */
const written = 'undici:client:sendHeaders';

let graph: Graph;
let stopListening = (): void => {};
afterEach(async () => {
  stopListening();
  await graph.close();
});

it('a connection that was used before has the request written to it when it is said to be on its way', async () => {
  graph = await openGraph();
  const transport = transportTo(graph.origin, defaultLimits);
  const call = {
    method: 'GET',
    url: `${graph.origin}/v1.0/users?$top=1`,
    token: 'none',
    clientRequestId: '1',
  } as const;
  await transport.send(call, never);
  // The connection is free again; unzipping a page takes longer.
  await transport.sent();
  let count = 0;
  const listen = (): void => {
    count += 1;
  };
  subscribe(written, listen);
  stopListening = () => void unsubscribe(written, listen);
  const coming = transport.send(call, never);
  await transport.sent();
  expect(count).toBe(1);
  await coming;
});

it.each(['the login service', 'Graph'] as const)(
  'by a certificate that is not to be trusted is told nothing: %s',
  async (who) => {
    graph = await openGraph();
    const world = clock();
    const stranger = await startGraph({ now: world.nowMs });
    try {
      const [tenant] = graph.control.tenants();
      const app = tenant?.apps[0] ?? expect.fail('The simulator has no application.');
      const loginUrl = who === 'Graph' ? graph.origin : stranger.origin;
      const source = graphSource({
        connection: {
          tenantId: tenant?.tenantId ?? '',
          cloud: 'custom',
          credentials: { kind: 'client_secret', clientId: app.clientId },
        },
        proof: { kind: 'client_secret', secret: secret(app.clientSecret) },
        clouds: { custom: { loginUrl, graphUrl: stranger.origin } },
        world,
      });
      const report = await source.check(
        { scope: { kind: 'all' }, attributes: { user: ['displayName'], group: ['displayName'] } },
        never,
      );
      expect(report.ok).toBe(false);
      await expect(source.lookUp('anna@contoso.example', { user: ['displayName'], group: [] }, never)).rejects.toThrow(
        SourceError,
      );
      expect(stranger.control.counters()).toMatchObject({ requests: 0 });
      // The other one, whose certificate is that of an authority we know, was asked for a token.
      expect(graph.control.counters().tokens > 0).toBe(who === 'Graph');
    } finally {
      await stranger.close();
    }
  },
);
