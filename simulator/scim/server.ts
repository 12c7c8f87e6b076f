/** One request from arrival to answer: latency, fault before, decision, commit, fault after, in this order. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Control, controlOverHttp } from './control.ts';
import { deliver, deliverFault } from './deliver.ts';
import type { Effects } from './effects.ts';
import { errorBody } from './errors.ts';
import type { FaultAnswer, Faults } from './faults.ts';
import type { Noting, RequestLog } from './log.ts';
import { type Answer, type Decision, decide, type World } from './routes.ts';
import { Throttle } from './throttle.ts';

export type Serving = {
  readonly basePath: string;
  readonly world: () => World;
  readonly log: RequestLog;
  readonly effects: Effects;
  readonly faults: Faults;
  readonly control: Control;
};

const MAX_BODY_BYTES = 32 * 1024 * 1024;

export function listener(serving: Serving): RequestListener {
  const running: Running = { writes: 0, throttle: new Throttle() };
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const served =
      url.pathname === '/control' || url.pathname.startsWith('/control/')
        ? serveControl(request, response, url, serving.control)
        : serveScim(request, response, url, serving, running);
    served.catch((error: unknown) => {
      if (!request.readableAborted) console.error('The SCIM simulator failed on a request:', error);
      response.destroy();
    });
  };
}

async function serveControl(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  control: Control,
): Promise<void> {
  const text = (await textOf(request)) ?? '';
  const { status, body } = controlOverHttp(control, request.method ?? '', url.pathname, url.searchParams, text);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body ?? null));
}

/** What goes on from request to request, beside the accounts. */
type Running = { writes: number; readonly throttle: Throttle };

async function serveScim(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  serving: Serving,
  running: Running,
): Promise<void> {
  const { basePath, faults, world } = serving;
  const { method = 'GET' } = request;
  const path = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length) : url.pathname;
  const noting = noted(request, response, path, url, serving);
  const body = await textOf(request);
  noting.sent(body ?? '');
  const fault = faults.take(method, path);
  if (fault !== null) noting.struck(fault.kind);
  await latency(fault, world());
  const status =
    fault !== null && strikesBefore(fault)
      ? deliverFault(response, nothing, fault, world().now())
      : respond({ request, url, path, body, response }, fault, serving, running);
  if (status !== null) noting.answered(status);
}

type Arrival = {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly path: string;
  readonly body: string | null;
  readonly response: ServerResponse;
};

/** Returns the status that was sent, if any was. */
function respond(arrival: Arrival, fault: FaultAnswer | null, serving: Serving, running: Running): number | null {
  const { request, url, path, body, response } = arrival;
  const world = serving.world();
  const waitSeconds = running.throttle.wait(world.knobs.requestsPerSecond, world.now());
  if (waitSeconds > 0) return deliver(response, throttled(waitSeconds));
  if (path === url.pathname) return deliver(response, refused(404, `${path} is not below ${serving.basePath}.`));
  if (body === null) return deliver(response, refused(413, `A body may have ${MAX_BODY_BYTES} bytes.`));
  const { method = 'GET' } = request;
  const decision = decide({ method, path, query: url.searchParams, header: headerOf(request), body }, world);
  const answer = carryOut(decision, fault, world, serving.effects, running);
  return fault === null ? deliver(response, answer) : deliverFault(response, answer, fault, world.now());
}

async function latency(fault: FaultAnswer | null, { knobs }: World): Promise<void> {
  const latencyMs = knobs.latencyMs + (fault?.kind === 'slow' ? fault.latencyMs : 0);
  if (latencyMs > 0) await delay(latencyMs);
}

/** Commits what was decided, unless a fault or the habits of the target want it lost. */
function carryOut(
  { answer, change }: Decision,
  fault: FaultAnswer | null,
  world: World,
  effects: Effects,
  running: Running,
): Answer {
  if (change === null) return answer;
  const { knobs, store, staleReads } = world;
  running.writes += 1;
  if (fault?.kind === 'lost' || isTurn(running, knobs.lostWriteEvery)) return answer;
  const before = change.kind === 'create' ? null : change.before;
  const { id } = change.kind === 'remove' ? change.before : change.after;
  if (fault?.kind === 'stale') staleReads.hold(id, before, fault.reads);
  const at = world.now().toISOString();
  effects.note(change, at);
  store.commit(change, at);
  return isTurn(running, knobs.failedAfterCommitEvery) ? refused(500, 'Something went wrong.') : answer;
}

const isTurn = ({ writes }: Running, every: number): boolean => every > 0 && writes % every === 0;

const strikesBefore = (fault: FaultAnswer): boolean => 'when' in fault && fault.when === 'before';

function noted(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  url: URL,
  { log, world }: Serving,
): Noting {
  const { method = 'GET', headers } = request;
  const time = world().now().toISOString();
  const noting = log.note({ time, method, path, query: url.search.slice(1), userAgent: headers['user-agent'] ?? null });
  response.once('close', () => noting.ended());
  return noting;
}

/** Null when it is too large; what is left of it is not read. */
async function textOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

const headerOf =
  ({ headers }: IncomingMessage) =>
  (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  };

const nothing: Answer = { status: 200, headers: {}, body: null };

const refused = (status: number, detail: string): Answer => ({
  status,
  headers: {},
  body: errorBody(status, null, detail),
});

const throttled = (seconds: number): Answer => ({
  ...refused(429, 'Too many requests.'),
  headers: { 'Retry-After': String(seconds) },
});
