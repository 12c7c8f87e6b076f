/** One request from arrival to answer: latency, fault before, decision, commit, fault after, in this order. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Control, controlOverHttp } from './control.ts';
import { deliver, deliverFault } from './deliver.ts';
import { errorBody } from './errors.ts';
import type { FaultAnswer, Faults } from './faults.ts';
import type { Noting, RequestLog } from './log.ts';
import { type Answer, type Decision, decide, type World } from './routes.ts';

export type Serving = {
  readonly basePath: string;
  readonly world: () => World;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly control: Control;
};

const MAX_BODY_BYTES = 32 * 1024 * 1024;

export function listener(serving: Serving): RequestListener {
  const writes = { count: 0 };
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const served = url.pathname.startsWith('/control/')
      ? serveControl(request, response, url, serving.control)
      : serveScim(request, response, url, serving, writes);
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

type Writes = { count: number };

async function serveScim(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  serving: Serving,
  writes: Writes,
): Promise<void> {
  const { basePath, faults, world } = serving;
  const { method = 'GET' } = request;
  const within = url.pathname === basePath || url.pathname.startsWith(`${basePath}/`);
  const path = within ? url.pathname.slice(basePath.length) : url.pathname;
  const noting = noted(request, response, path, url, serving);
  const body = await textOf(request);
  noting.sent(body ?? '');
  const fault = faults.take(method, path);
  if (fault !== null) noting.struck(fault.kind);
  const latencyMs = world().knobs.latencyMs + (fault?.kind === 'slow' ? fault.latencyMs : 0);
  if (latencyMs > 0) await delay(latencyMs, undefined, { ref: false });
  if (fault !== null && strikesBefore(fault))
    return answered(noting, deliverFault(response, nothing, fault, world().now()));
  if (!within) return answered(noting, deliver(response, refused(404, `${path} is not below ${basePath}.`)));
  if (body === null)
    return answered(noting, deliver(response, refused(413, `A body may have ${MAX_BODY_BYTES} bytes.`)));
  const decision = decide({ method, path, query: url.searchParams, header: headerOf(request), body }, world());
  const answer = carryOut(decision, fault, world(), writes);
  answered(noting, fault === null ? deliver(response, answer) : deliverFault(response, answer, fault, world().now()));
}

/** Commits what was decided, unless a fault or the habits of the target want it lost. */
function carryOut({ answer, change }: Decision, fault: FaultAnswer | null, world: World, writes: Writes): Answer {
  if (change === null) return answer;
  const { knobs, store, staleReads } = world;
  writes.count += 1;
  if (fault?.kind === 'lost' || isTurn(writes, knobs.lostWriteEvery)) return answer;
  const before = change.kind === 'create' ? null : change.before;
  const { id } = change.kind === 'remove' ? change.before : change.after;
  if (fault?.kind === 'stale') staleReads.hold(id, before, fault.reads);
  store.commit(change, world.now().toISOString());
  return isTurn(writes, knobs.failedAfterCommitEvery) ? refused(500, 'Something went wrong.') : answer;
}

const isTurn = ({ count }: Writes, every: number): boolean => every > 0 && count % every === 0;

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

function answered(noting: Noting, status: number | null): void {
  if (status !== null) noting.answered(status);
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
