/** The HTTPS server: reads a request, has it answered, and writes the answer with what goes wrong on the way. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Authority } from '../tls.ts';
import { AadstsError, aadstsReply } from './aadsts.ts';
import { batch, isBatch } from './batch.ts';
import { type Answer, distorted, type Place, replacement } from './faults.ts';
import type { Json } from './json.ts';
import { keys, openidConfiguration, token } from './login.ts';
import { faultReply, GraphFault, type Reply, type RequestIds } from './reply.ts';
import { type Asked, answerOne, authenticate } from './service.ts';
import { tenantNamed, type World } from './world.ts';

/** Answers what is not Graph or login; null for paths that are none of its own. */
export type SideDoor = (method: string, path: string, query: string, body: string) => Reply | null;

export function makeServer(world: World, authority: Authority, sideDoor: SideDoor): Server {
  const server = createServer({ key: authority.keyPem, cert: authority.certPem }, (request, response) => {
    serve(world, sideDoor, request, response).catch((error: unknown) => {
      console.error('The simulator failed to answer', request.method, request.url, error);
      response.destroy();
    });
  });
  // Clients keep connections for longer than Node's five seconds between two runs.
  server.keepAliveTimeout = 75_000;
  return server;
}

type Incoming = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly request: IncomingMessage;
  readonly body: string;
  readonly ids: RequestIds;
  readonly origin: string;
};

async function serve(
  world: World,
  sideDoor: SideDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const incoming = await read(world, request);
  const { method, path, query, body } = incoming;
  const aside = sideDoor(method, path, query, body);
  if (aside !== null) return write(world, incoming, response, aside, null);
  const target = `${path}?${safeDecode(query)}`;
  const { tenant, reply, fault } = await answered(world, incoming, target);
  if (fault?.answer === 'reset') {
    record(world, incoming, tenant, { ...reply, status: 0, body: '' });
    request.socket.destroy();
    return;
  }
  await pause(isToken(path) ? world.knobs.tokenLatencyMs : world.knobs.latencyMs);
  record(world, incoming, tenant, reply);
  await write(world, incoming, response, reply, fault);
}

type Answered = { readonly tenant: string | null; readonly reply: Reply; readonly fault: Answer | null };

async function answered(world: World, incoming: Incoming, target: string): Promise<Answered> {
  const { method, path, query, ids, origin, request } = incoming;
  const login =
    /^\/([^/]+)\/(v2\.0\/\.well-known\/openid-configuration|discovery\/v2\.0\/keys|oauth2\/v2\.0\/token)$/i.exec(path);
  let tenant = login?.[1] === undefined ? null : (tenantNamed(world, login[1])?.id ?? null);
  let fault: Answer | null = null;
  try {
    if (login?.[1] !== undefined) {
      fault = world.faults.take({ method, target, tenant });
      const place = placeOf(incoming);
      const replaced = fault === null ? null : replacement(fault, place);
      const reply = replaced ?? (await loginReply(world, incoming, login[1].toLowerCase()));
      return { tenant, fault, reply };
    }
    const identity = await authenticate(world, request.headers.authorization);
    tenant = identity.tenant.id;
    fault = world.faults.take({ method, target, tenant });
    if (fault?.answer === 'delay') await wait(fault.ms);
    const place = placeOf(incoming);
    const replaced = fault === null ? null : replacement(fault, place);
    if (replaced !== null) return { tenant, fault, reply: replaced };
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    const asked: Asked = { method, path, query, header, body: parseBody(incoming.body), origin, ids };
    const reply = isBatch(method, path) ? batch(world, identity, asked) : answerOne(world, identity, asked);
    return { tenant, fault, reply: fault === null ? reply : distorted(fault, reply, place) };
  } catch (error) {
    return { tenant, fault, reply: errorReply(error, ids) };
  }
}

async function loginReply(world: World, incoming: Incoming, name: string): Promise<Reply> {
  if (incoming.path.endsWith('/openid-configuration')) return openidConfiguration(world, name);
  if (incoming.path.endsWith('/keys')) return keys(world, name);
  if (incoming.method !== 'POST') throw new AadstsError(900144, { name: 'grant_type' });
  return token(world, name, incoming.body, incoming.request.headers.authorization);
}

function errorReply(error: unknown, ids: RequestIds): Reply {
  if (error instanceof GraphFault) return faultReply(error, ids);
  if (error instanceof AadstsError) return aadstsReply(error, ids);
  throw error;
}

const MOST_BODY_BYTES = 4 * 1024 * 1024;

async function read(world: World, request: IncomingMessage): Promise<Incoming> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const requestId = randomUUID();
  return {
    method: (request.method ?? 'GET').toUpperCase(),
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    request,
    body: await bodyOf(request),
    ids: {
      requestId,
      clientRequestId: request.headers['client-request-id']?.toString() ?? requestId,
      nowMs: world.now(),
    },
    origin: request.headers.host === undefined ? world.origin() : `https://${request.headers.host}`,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MOST_BODY_BYTES) throw new Error('The request body is too large.');
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString();
}

function parseBody(text: string): Json {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new GraphFault(
      400,
      'BadRequest',
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    );
  }
}

/** Not worth compressing below this. */
const LEAST_COMPRESSED = 1_400;
const compress = promisify(gzip);

async function write(
  world: World,
  incoming: Incoming,
  response: ServerResponse,
  reply: Reply,
  fault: Answer | null,
): Promise<void> {
  const { ids, request } = incoming;
  const zipped =
    world.knobs.gzip &&
    reply.body.length > LEAST_COMPRESSED &&
    /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zipped ? await compress(reply.body, { level: constants.Z_BEST_SPEED }) : Buffer.from(reply.body);
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(zipped ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    'Content-Length': body.length,
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
    'x-ms-ags-diagnostic':
      '{"ServerInfo":{"DataCenter":"Simulator","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"AGSFE_IN_1"}}',
    'Strict-Transport-Security': 'max-age=31536000',
    Date: new Date(ids.nowMs).toUTCString(),
  });
  if (fault?.answer === 'slow_body') await trickle(response, body, fault.ms);
  response.end(fault?.answer === 'slow_body' ? undefined : body);
}

const PIECES = 10;

async function trickle(response: ServerResponse, body: Buffer, overMs: number): Promise<void> {
  const piece = Math.max(1, Math.ceil(body.length / PIECES));
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    response.write(body.subarray(at, at + piece));
    await wait(overMs / PIECES);
  }
}

function record(world: World, incoming: Incoming, tenant: string | null, reply: Reply): void {
  world.log.add({
    at: new Date(incoming.ids.nowMs).toISOString(),
    method: incoming.method,
    path: incoming.path,
    query: incoming.query,
    status: reply.status,
    tenant,
    units: Number(reply.headers['x-ms-resource-unit'] ?? 0),
    clientRequestId: incoming.request.headers['client-request-id']?.toString() ?? null,
    bytes: reply.body.length,
  });
}

const isToken = (path: string): boolean => path.toLowerCase().endsWith('/oauth2/v2.0/token');

const placeOf = ({ origin, path, query, ids }: Incoming): Place => ({
  base: origin,
  path,
  url: `${origin}${path}${query === '' ? '' : `?${query}`}`,
  nowMs: ids.nowMs,
});

async function pause(ms: number): Promise<void> {
  if (ms > 0) await wait(ms);
}

function safeDecode(query: string): string {
  try {
    return decodeURIComponent(query);
  } catch {
    return query;
  }
}
