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
import { adminConsent } from './consent.ts';
import { type Answer, distorted, type Place, replacement } from './faults.ts';
import type { Json } from './json.ts';
import { keys, openidConfiguration, token } from './login.ts';
import { parseQuery } from './odata.ts';
import { faultReply, GraphFault, type Packed, type Reply, type RequestIds } from './reply.ts';
import { type Asked, answerOne, authenticate, type Identity } from './service.ts';
import { authorize } from './sign-in.ts';
import type { GraphSubscriptions } from './subscriptions.ts';
import { tenantNamed, type World } from './world.ts';

/** Answers what is not Graph or login; null for paths that are none of its own. */
export type SideDoor = (method: string, path: string, query: string, body: string) => Reply | null;

export function makeServer(
  world: World,
  authority: Authority,
  sideDoor: SideDoor,
  subscriptions: GraphSubscriptions,
): Server {
  const server = createServer({ key: authority.keyPem, cert: authority.certPem }, (request, response) => {
    serve(world, { sideDoor, subscriptions }, request, response).catch((error: unknown) => {
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
  { sideDoor, subscriptions }: { readonly sideDoor: SideDoor; readonly subscriptions: GraphSubscriptions },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const incoming = await read(world, request);
  const { method, path, query, body } = incoming;
  const aside = sideDoor(method, path, query, body);
  if (aside !== null) {
    await write(world, incoming, response, aside, null);
    return;
  }
  const target = `${path}?${safeDecode(query)}`;
  const { tenant, reply, fault, keep } = await answered(world, subscriptions, incoming, target);
  if (fault?.answer === 'reset') {
    record(world, incoming, tenant, { ...reply, status: 0, body: '' });
    request.socket.destroy();
    return;
  }
  if (fault?.answer === 'delay') await wait(fault.ms);
  await pause(isToken(path) ? world.knobs.tokenLatencyMs : world.knobs.latencyMs);
  record(world, incoming, tenant, reply);
  const packed = await write(world, incoming, response, reply, fault);
  keep?.(packed);
}

type Answered = {
  readonly tenant: string | null;
  readonly reply: Reply;
  readonly fault: Answer | null;
  /** Keeps the reply as it was written, to be given again. */
  readonly keep?: (packed: Packed) => void;
};

async function answered(
  world: World,
  subscriptions: GraphSubscriptions,
  incoming: Incoming,
  target: string,
): Promise<Answered> {
  const login = loginPath.exec(incoming.path);
  const named = login?.[1] === undefined ? null : safeDecode(login[1]).toLowerCase();
  const taken: { tenant: string | null; fault: Answer | null } = {
    tenant: named === null ? null : (tenantNamed(world, named)?.id ?? null),
    fault: null,
  };
  const take = (): Reply | null => {
    taken.fault = world.faults.take({ method: incoming.method, target, tenant: taken.tenant });
    return taken.fault === null ? null : replacement(taken.fault, placeOf(incoming));
  };
  try {
    if (named !== null)
      return { reply: take() ?? (await loginReply(world, incoming, named, login?.[2] ?? '')), ...taken };
    const identity = await authenticate(world, incoming.request.headers.authorization);
    taken.tenant = identity.tenant.id;
    const scripted = take();
    if (scripted === null && taken.fault === null && world.knobs.keepAnswers)
      return { ...keptReply(world, identity, incoming), ...taken };
    const isWatching = scripted === null && incoming.path.startsWith('/v1.0/subscriptions');
    const watching = isWatching ? await subscriptions.answer(identity, askedBy(incoming)) : null;
    const reply = scripted ?? watching ?? graphReply(world, identity, incoming);
    return { reply: taken.fault === null ? reply : distorted(taken.fault, reply, placeOf(incoming)), ...taken };
  } catch (error) {
    return { reply: errorReply(error, incoming.ids), ...taken };
  }
}

const loginPath =
  /^\/([^/]+)\/(v2\.0\/\.well-known\/openid-configuration|discovery\/v2\.0\/keys|oauth2\/v2\.0\/token|oauth2\/v2\.0\/authorize|v2\.0\/adminconsent|adminconsent)$/i;

/** Who may read what, in which language of the wire: all that an answer depends on but the state of the tenant. */
function keptReply(world: World, identity: Identity, incoming: Incoming): Pick<Answered, 'reply' | 'keep'> {
  const { method, path, query, origin, body, request } = incoming;
  const headers = ['accept-encoding', 'prefer', 'consistencylevel'].map((name) => request.headers[name]);
  const key = JSON.stringify([identity.appId, [...identity.roles], origin, method, path, query, body, headers]);
  const found = world.kept.find(identity.tenant, world.knobs, key);
  if (found !== null) return { reply: found };
  const reply = graphReply(world, identity, incoming);
  if (reply.status !== 200) return { reply };
  return { reply, keep: (packed) => world.kept.keep(identity.tenant, world.knobs, key, { ...reply, packed }) };
}

function graphReply(world: World, identity: Identity, incoming: Incoming): Reply {
  const asked = askedBy(incoming);
  return isBatch(asked.method, asked.path) ? batch(world, identity, asked) : answerOne(world, identity, asked);
}

function askedBy({ method, path, query, origin, ids, request, body }: Incoming): Asked {
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  return { method, path, query, header, body: parseBody(body), origin, ids };
}

async function loginReply(world: World, incoming: Incoming, name: string, page: string): Promise<Reply> {
  if (page.endsWith('openid-configuration')) return openidConfiguration(world, name);
  if (page.endsWith('keys')) return keys(world, name);
  if (page.endsWith('adminconsent'))
    return adminConsent(world, name, page.startsWith('v2.0'), parseQuery(incoming.query));
  if (page.endsWith('authorize')) return authorize(world, name, parseQuery(incoming.query));
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
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const body = await bodyOf(request);
  const requestId = randomUUID();
  return {
    method: (request.method ?? 'GET').toUpperCase(),
    path,
    query,
    request,
    body,
    ids: {
      requestId,
      clientRequestId: clientIdOf(request, query, isToken(path) ? body : '') ?? requestId,
      nowMs: world.now(),
    },
    origin: request.headers.host === undefined ? world.origin() : `https://${request.headers.host}`,
  };
}

/** MSAL names its request in the query or the form, everybody else in a header. */
const clientIdOf = (request: IncomingMessage, query: string, form: string): string | undefined =>
  request.headers['client-request-id']?.toString() ??
  parseQuery(query).get('client-request-id') ??
  parseQuery(form).get('client-request-id');

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
): Promise<Packed> {
  const { ids } = incoming;
  const packed = reply.packed ?? (await pack(world, incoming, reply.body));
  const { payload: body, zipped } = packed;
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(zipped ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    'Content-Length': body.length,
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
    'x-ms-ags-diagnostic':
      '{"ServerInfo":{"DataCenter":"Simulator","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"AGSFE_IN_1"}}',
    // Graph also sends Strict-Transport-Security. For localhost a browser would keep that, whatever else is served there.
    Date: new Date(ids.nowMs).toUTCString(),
  });
  if (fault?.answer === 'slow_body') await trickle(response, body, fault.ms);
  response.end(fault?.answer === 'slow_body' ? undefined : body);
  return packed;
}

async function pack(world: World, { request }: Incoming, body: string): Promise<Packed> {
  const zipped =
    world.knobs.gzip &&
    body.length > LEAST_COMPRESSED &&
    /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const payload = zipped ? await compress(body, { level: constants.Z_BEST_SPEED }) : Buffer.from(body);
  return { payload, zipped, length: body.length };
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
  const at = new Date(incoming.ids.nowMs).toISOString();
  world.log.add({
    at,
    method: incoming.method,
    path: incoming.path,
    query: incoming.query,
    status: reply.status,
    tenant,
    units: Number(reply.headers['x-ms-resource-unit'] ?? 0),
    clientRequestId: incoming.ids.clientRequestId,
    bytes: reply.packed?.length ?? reply.body.length,
  });
  for (const entry of reply.inner ?? []) world.log.add({ ...entry, at, clientRequestId: incoming.ids.clientRequestId });
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
