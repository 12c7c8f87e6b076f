/** A request is on its way before the page that led to it is parsed: the wait for the one is spent on the other. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/source/graph/index.ts';
import { transportTo } from '../../../src/source/graph/transport.ts';
import { type Graph, openGraph } from '../../support/graph.ts';
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
