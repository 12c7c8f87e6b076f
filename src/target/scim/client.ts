/** HTTP to one SCIM target. Keeps to its limits, repeats only what is safe to repeat, and follows no redirect. */

import { type Dispatcher, Pool } from 'undici';
import type { TargetError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { World } from '../../model/world.ts';
import { type Answer, type Body, failure, isSuccess, isThrottle, refusal, retryAfterOf, unreadable } from './errors.ts';
import { isObject } from './json.ts';
import { Limiter, patienceMs } from './limiter.ts';
import { addressOf, nameOf, type Request } from './requests.ts';
import type { ScimSettings } from './settings.ts';

export type Client = {
  /** Whatever the target answers. Throws `TargetError` when it does not. */
  send(request: Request, signal: AbortSignal): Promise<Answer>;
  /** The same, and anything but success is thrown. */
  succeed(request: Request, signal: AbortSignal): Promise<Answer>;
  /** The object a successful answer holds; without one, it is thrown. */
  objectIn(request: Request, answer: Answer): JsonObject;
  refusal(request: Request, answer: Answer): TargetError;
  close(): Promise<void>;
};

/** More than any page or account needs; a group of 100,000 members is about 10 MB. */
const mostBytes = 16 * 1024 * 1024;
const firstPauseMs = 250;

export const connectClient = (settings: ScimSettings, world: World): Client => {
  const { origin, pathname } = new URL(settings.base_url);
  const basePath = pathname.replace(/\/+$/, '');
  const limiter = new Limiter(
    { concurrency: settings.concurrency, requestsPerSecond: settings.requests_per_second },
    world,
  );
  const timeoutMs = settings.timeout_secs * 1_000;
  const pool = new Pool(origin, {
    connections: settings.concurrency,
    // One request at a time per connection: a connection that breaks leaves one operation in doubt, not all of them.
    pipelining: 1,
    allowH2: false,
    connectTimeout: Math.min(10_000, timeoutMs),
    // One deadline from the first byte out to the last byte in; timeouts between bytes would let an answer drip for ever.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const exchange = async (request: Request, signal: AbortSignal): Promise<Answer> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const startedAt = world.now().getTime();
    try {
      const response = await pool.request({
        method: request.method,
        path: `${basePath}${addressOf(request)}`,
        headers: headersFor(request, settings),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: AbortSignal.any([signal, deadline]),
      });
      const answer = await toAnswer(response, world.now());
      const ms = world.now().getTime() - startedAt;
      world.log.debug('target.request', { request: nameOf(request), status: answer.status, ms, bytes: answer.bytes });
      return answer;
    } catch (error) {
      // The caller's own wish to stop is no fault of the target.
      signal.throwIfAborted();
      throw failure(request, deadline.aborted ? deadline.reason : error);
    }
  };

  const send = async (request: Request, signal: AbortSignal): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= settings.max_attempts;
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + world.random() / 2);
      const result = await limiter.run(() => attempted(exchange(request, signal)), signal);
      if ('answer' in result) {
        const { answer } = result;
        if (isThrottle(answer)) limiter.hold(answer.retryAfterMs ?? pauseMs);
        if (last || !isWorthRepeating(request, answer)) return answer;
        if (!isThrottle(answer)) await world.sleep(pauseMs, signal);
      } else {
        if (last || request.method !== 'GET') throw result.error;
        signal.throwIfAborted();
        await world.sleep(pauseMs, signal);
      }
      world.log.debug('target.request_repeated', { request: nameOf(request), attempt });
    }
  };

  return {
    send,
    async succeed(request, signal) {
      const answer = await send(request, signal);
      if (!isSuccess(answer)) throw refusal(request, answer, settings.token);
      return answer;
    },
    objectIn(request, answer) {
      if (!isSuccess(answer)) throw refusal(request, answer, settings.token);
      if (answer.body.kind !== 'json') throw unreadable(request, answer);
      return answer.body.json;
    },
    refusal: (request, answer) => refusal(request, answer, settings.token),
    close: () => pool.destroy(),
  };
};

/** A thrown error as a value, so that the limiter's own errors are told apart from those of the exchange. */
const attempted = async (
  exchange: Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly error: unknown }> => {
  try {
    return { answer: await exchange };
  } catch (error) {
    return { error };
  }
};

/** 429 means not done, whatever was asked. After any other failure only a read is repeated: a write may have been done. */
const isWorthRepeating = (request: Request, answer: Answer): boolean => {
  const read = request.method === 'GET';
  if (isThrottle(answer)) return (read || answer.status === 429) && (answer.retryAfterMs ?? 0) <= patienceMs;
  if (!read) return false;
  if (answer.status >= 500) return answer.status !== 501;
  return (
    answer.status === 408 || (isSuccess(answer) && (answer.body.kind === 'page' || answer.body.kind === 'unreadable'))
  );
};

const headersFor = (request: Request, settings: ScimSettings): Record<string, string> => ({
  accept: 'application/scim+json, application/json',
  authorization: `Bearer ${settings.token}`,
  'user-agent': settings.user_agent,
  ...(request.body === undefined ? {} : { 'content-type': 'application/scim+json' }),
  ...(request.ifMatch === undefined ? {} : { 'if-match': request.ifMatch }),
});

const toAnswer = async (response: Dispatcher.ResponseData, now: Date): Promise<Answer> => {
  const header = (name: string): string | null => [response.headers[name] ?? null].flat()[0] ?? null;
  const { text, bytes } = await textOf(response.body);
  return {
    status: response.statusCode,
    body: text === null ? { kind: 'too_large' } : bodyOf(text, header('content-type') ?? ''),
    bytes,
    etag: header('etag'),
    location: header('location'),
    retryAfterMs: retryAfterOf(header('retry-after'), now),
  };
};

const textOf = async (body: Dispatcher.ResponseData['body']): Promise<{ text: string | null; bytes: number }> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > mostBytes) return { text: null, bytes };
    chunks.push(buffer);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), bytes };
};

const bodyOf = (text: string, contentType: string): Body => {
  if (text.trim() === '') return { kind: 'none' };
  if (/html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(text)) return { kind: 'page' };
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? { kind: 'json', json } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};
