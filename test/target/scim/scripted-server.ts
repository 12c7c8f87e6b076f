/** A server that answers what the test says, for habits the simulator does not have. */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../../src/model/target-record.ts';

export type Received = {
  readonly method: string;
  /** With the query, decoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject | null;
};
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject | string;
};
export type ScriptedServer = {
  readonly baseUrl: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
};

/** `answer` gets every request but those for discovery, which is what `described` holds; null: no answer at all. */
export const startScripted = async (
  answer: (request: Received) => Reply | null,
  described: Readonly<Record<string, JsonObject>> = {},
): Promise<ScriptedServer> => {
  const received: Received[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const sent = await text(incoming);
    const path = decodeURIComponent((incoming.url ?? '').replace(/^\/scim/, ''));
    const { method = 'GET', headers } = incoming;
    const request = { method, path, headers, body: sent === '' ? null : JSON.parse(sent) };
    const discovery = /^\/(ServiceProviderConfig|ResourceTypes)$/.test(path);
    if (!discovery) received.push(request);
    const reply = discovery ? describing(described[path]) : answer(request);
    if (reply === null) return;
    const body = typeof reply.body === 'object' ? JSON.stringify(reply.body) : (reply.body ?? '');
    outgoing.writeHead(reply.status, { 'content-type': 'application/scim+json', ...reply.headers }).end(body);
  });
  const port = await listening(server);
  return {
    baseUrl: `http://127.0.0.1:${port}/scim`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const describing = (body: JsonObject | undefined): Reply =>
  body === undefined ? { status: 404 } : { status: 200, body };

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
