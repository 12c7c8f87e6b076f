/** Puts an answer on the wire, whole or spoiled by a fault. */

import type { ServerResponse } from 'node:http';
import { errorBody } from './errors.ts';
import type { FaultAnswer } from './faults.ts';
import type { JsonObject } from './json.ts';
import type { Answer } from './routes.ts';

export const SCIM_JSON = 'application/scim+json; charset=utf-8';

const page = '<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>';

/** The status that was sent; null when none was. */
export function deliver(response: ServerResponse, answer: Answer): number {
  return send(response, answer.status, answer.headers, answer.body === null ? '' : JSON.stringify(answer.body));
}

/** The answer of a fault in place of the true one. */
export function deliverFault(response: ServerResponse, answer: Answer, fault: FaultAnswer, now: Date): number | null {
  switch (fault.kind) {
    case 'status':
      return sendStatus(response, fault, now);
    case 'reset':
      response.req.socket.resetAndDestroy();
      return null;
    case 'hang':
      return null;
    case 'html':
      return send(response, 200, { 'Content-Type': 'text/html' }, page);
    case 'truncated':
      return sendHalf(response, answer, fault.framing);
    case 'no_id':
      return deliver(response, withoutId(answer));
    default:
      return deliver(response, answer);
  }
}

function sendStatus(response: ServerResponse, fault: Extract<FaultAnswer, { kind: 'status' }>, now: Date): number {
  const headers = fault.retryAfter === undefined ? {} : { 'Retry-After': retryAfter(fault.retryAfter, now) };
  if (fault.body === 'none') return send(response, fault.status, headers, '');
  if (fault.body === 'html') return send(response, fault.status, { ...headers, 'Content-Type': 'text/html' }, page);
  if (fault.body === 'gateway') return send(response, fault.status, headers, JSON.stringify({ message: fault.detail }));
  const body = errorBody(fault.status, fault.scimType ?? null, fault.detail);
  return send(response, fault.status, headers, JSON.stringify(body));
}

/** RFC 9110 §10.2.3 knows both forms. */
function retryAfter(wait: { seconds: number } | { date: number }, now: Date): string {
  return 'seconds' in wait ? String(wait.seconds) : new Date(now.getTime() + wait.date * 1000).toUTCString();
}

function sendHalf(response: ServerResponse, answer: Answer, framing: 'whole' | 'cut'): number {
  const whole = Buffer.from(answer.body === null ? '' : JSON.stringify(answer.body));
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  if (framing === 'whole') return send(response, answer.status, answer.headers, half);
  response.writeHead(answer.status, { ...answer.headers, 'Content-Type': SCIM_JSON, 'Content-Length': whole.length });
  response.write(half, () => response.req.socket.destroy());
  return answer.status;
}

function withoutId(answer: Answer): Answer {
  const { Location: _location, ...headers } = answer.headers;
  const { id: _id, meta: _meta, ...body }: JsonObject = answer.body ?? {};
  return { ...answer, headers, body };
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): number {
  const length = Buffer.byteLength(body);
  const described =
    length === 0
      ? status === 204 || status === 304
        ? {}
        : { 'Content-Length': 0 }
      : { 'Content-Type': SCIM_JSON, 'Content-Length': length };
  response.writeHead(status, { ...described, ...headers });
  response.end(body);
  return status;
}
