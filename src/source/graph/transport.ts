/**
 * One HTTP exchange with Graph: no retry, no opinion. Microsoft's client attaches the token (to Graph's hosts only) and its telemetry; the last
 * link of its chain is ours, because the one it ships has no time limit, no limit of size, and costs a fifth more CPU.
 */

import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import {
  AuthenticationHandler,
  AuthenticationHandlerOptions,
  Client,
  type Context,
  type GraphRequest,
  type Middleware,
  type MiddlewareOptions,
  ResponseType,
  TelemetryHandler,
} from '@microsoft/microsoft-graph-client';
import { Agent, request } from 'undici';

export type Call = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute. */
  readonly url: string;
  readonly body?: unknown;
  readonly token: string;
  readonly clientRequestId: string;
};
export type Reply = {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};
export type OnHead = (head: string) => void;
export type Transport = {
  /**
   * Rejects when there is no whole reply: the network failed, or a limit of time or size was passed. `onHead` is told how a successful reply begins,
   * cut off anywhere, while the rest still comes; again when more of it is there. It says what may be; only the whole reply says what is.
   */
  send(call: Call, signal: AbortSignal, onHead?: OnHead): Promise<Reply>;
  /** Resolves when what was just sent is on its way, so that the wait for it can be spent on work. */
  sent(): Promise<void>;
};

export type TransportLimits = { readonly timeoutMs: number; readonly bytes: number };

/** A reply that is larger than any page can be. */
export class ReplyTooLarge extends Error {
  override readonly name = 'ReplyTooLarge';
}

export const transportTo = (graphUrl: string, limits: TransportLimits): Transport => {
  const client = Client.initWithMiddleware({
    baseUrl: graphUrl,
    // Microsoft's own hosts are known to it; a port does not belong here.
    customHosts: new Set([new URL(graphUrl).hostname]),
    middleware: [new AuthenticationHandler(refuseToken), new TelemetryHandler(), new LastHandler(limits)],
  });
  const send: Transport['send'] = async (call, signal, onHead) => {
    const exchange = new Exchange(call.url, onHead);
    const authentication = new AuthenticationHandlerOptions({ getAccessToken: () => Promise.resolve(call.token) });
    const pending = client
      .api(call.url)
      .responseType(ResponseType.RAW)
      .header('client-request-id', call.clientRequestId)
      .options({ signal: AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)]) })
      .middlewareOptions([authentication, exchange]);
    await sentBy(call, pending);
    if (exchange.reply === null) throw exchange.failure;
    return exchange.reply;
  };
  return { send, sent: untilWritten };
};

/**
 * undici looks at an idle socket once more before it writes to it, in the check phase of the event loop, which is where a `setImmediate` is called. Ours
 * may come before that one in the same phase, and never in the next.
 */
const untilWritten = async (): Promise<void> => {
  await setImmediate();
  await setImmediate();
};

const sentBy = (call: Call, pending: GraphRequest): Promise<unknown> => {
  switch (call.method) {
    case 'GET':
      return pending.get();
    case 'POST':
      return pending.post(call.body);
    case 'PATCH':
      return pending.patch(call.body);
    case 'DELETE':
      return pending.delete();
  }
};

/** Every call brings its own token. */
const refuseToken = {
  getAccessToken: (): Promise<string> => Promise.reject(new Error('A Graph request was made without a token.')),
};

/** Connections are shared by all tenants of a cloud. Requests of one tenant are limited where they are made, so this is only a ceiling. */
const agent = new Agent({ connections: 128, pipelining: 1, allowH2: false, connectTimeout: 10_000 });

/**
 * Carries the exact address in (the client takes addresses apart and puts them together again, and a link is to be followed as it is) and the
 * reply out (the client would lose the cause of a failure).
 */
class Exchange implements MiddlewareOptions {
  readonly url: string;
  readonly onHead: OnHead | undefined;
  reply: Reply | null = null;
  failure: unknown = new Error('The request was not sent.');
  constructor(url: string, onHead: OnHead | undefined) {
    this.url = url;
    this.onHead = onHead;
  }
}

class LastHandler implements Middleware {
  readonly #limits: TransportLimits;
  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  async execute(context: Context): Promise<void> {
    const exchange = context.middlewareControl?.getMiddlewareOptions(Exchange);
    if (!(exchange instanceof Exchange)) throw new Error('A Graph request was made outside the transport.');
    try {
      exchange.reply = await exchangeWith(exchange, context.options ?? {}, this.#limits);
    } catch (failure) {
      exchange.failure = failure;
    }
    context.response = nothing;
  }
}

/** The client hands it back unread. */
const nothing = new Response(null);

const exchangeWith = async (
  { url, onHead }: Exchange,
  options: NonNullable<Context['options']>,
  limits: TransportLimits,
): Promise<Reply> => {
  const reply = await request(url, {
    method: methodOf(options.method),
    headers: { ...plain(options.headers ?? {}), accept: 'application/json', 'accept-encoding': 'gzip' },
    body: typeof options.body === 'string' ? options.body : null,
    signal: options.signal ?? null,
    dispatcher: agent,
  });
  const zipped = reply.headers['content-encoding'] === 'gzip';
  const onFirst = (first: Buffer): void => onHead?.(zipped ? unzippedHead(first) : first.toString('utf8'));
  const listens = onHead !== undefined && reply.statusCode === 200;
  const bytes = await readAll(reply.body, limits.bytes, listens ? onFirst : () => {});
  const body = zipped ? await unzip(bytes, limits.bytes) : bytes;
  return { status: reply.statusCode, headers: flat(reply.headers), text: body.toString('utf8') };
};

/** As the client names it; whatever it does not name is a read. */
const methodOf = (named: string | undefined): Call['method'] =>
  named === 'POST' || named === 'PATCH' || named === 'DELETE' ? named : 'GET';

/** `onFirst`: the bytes so far, until they are enough for the link to the next page, compressed or not. */
const readAll = async (
  body: AsyncIterable<Buffer>,
  limit: number,
  onFirst: (first: Buffer) => void,
): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const before = size;
    size += chunk.length;
    if (size > limit) throw new ReplyTooLarge(`The reply is larger than ${limit} bytes.`);
    chunks.push(chunk);
    if (before < headBytes) onFirst(Buffer.concat(chunks).subarray(0, headBytes));
  }
  return Buffer.concat(chunks, size);
};
const headBytes = 4_096;

/** What so few bytes unzip to; nothing where they are not compressed as was said, or expand beyond reason. */
const unzippedHead = (first: Buffer): string => {
  try {
    return gunzipSync(first, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1_048_576 }).toString('utf8');
  } catch {
    return '';
  }
};

const gunzipAsync = promisify(gunzip);
const unzip = async (bytes: Buffer, limit: number): Promise<Buffer> => {
  try {
    return await gunzipAsync(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if (cause instanceof RangeError) throw new ReplyTooLarge(`The reply is larger than ${limit} bytes.`, { cause });
    throw cause;
  }
};

const plain = (headers: NonNullable<RequestInit['headers']>): Readonly<Record<string, string | undefined>> =>
  Symbol.iterator in headers ? Object.fromEntries(new Headers(headers)) : headers;

const flat = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
