/** What goes back to the client, and how Graph says that something is wrong. */

import type { Json, JsonObject } from './json.ts';
import type { Logged } from './request-log.ts';

export type Headers = Readonly<Record<string, string>>;
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The body as it goes over the wire; then `body` may be empty. */
  readonly packed?: Packed;
  /** What a batch was made of, for the log. */
  readonly inner?: readonly Logged[];
};
export type Packed = { readonly payload: Buffer; readonly zipped: boolean; readonly length: number };

const odata = {
  'Content-Type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
  'OData-Version': '4.0',
  'Cache-Control': 'no-cache',
};

export const reply = (body: JsonObject, status = 200, headers: Headers = {}): Reply => ({
  status,
  headers: { ...odata, ...headers },
  body: JSON.stringify(body),
});

export const textReply = (text: string, status = 200, type = 'text/plain'): Reply => ({
  status,
  headers: { 'Content-Type': type },
  body: text,
});

export const emptyReply = (status: number, headers: Headers = {}): Reply => ({ status, headers, body: '' });

/** Thrown anywhere below a route; becomes an error body. */
export class GraphFault extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;

  constructor(status: number, code: string, message: string, headers: Headers = {}) {
    super(message);
    this.name = 'GraphFault';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export type RequestIds = { readonly requestId: string; readonly clientRequestId: string; readonly nowMs: number };

/** The documented body; `date` carries no zone although it is UTC. */
export function faultReply(fault: GraphFault, ids: RequestIds): Reply {
  const innerError: Json = {
    date: new Date(ids.nowMs).toISOString().slice(0, 19),
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
  };
  return reply({ error: { code: fault.code, message: fault.message, innerError } }, fault.status, fault.headers);
}

export const badRequest = (message: string): GraphFault => new GraphFault(400, 'Request_BadRequest', message);
export const unsupportedQuery = (message: string): GraphFault =>
  new GraphFault(400, 'Request_UnsupportedQuery', message);
export const denied = (): GraphFault =>
  new GraphFault(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
export const notFound = (id: string): GraphFault =>
  new GraphFault(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
