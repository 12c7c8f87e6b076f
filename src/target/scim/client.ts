/** HTTP to one SCIM target. Keeps to its limits, repeats only what is safe to repeat, and follows no redirect. */

import type { TargetError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { World } from '../../model/world.ts';
import { type Answer, type Body, failure, isSuccess, isThrottle, refusal, retryAfterOf, unreadable } from './errors.ts';
import { isObject } from './json.ts';
import { Limiter, patienceMs } from './limiter.ts';
import { addressOf, nameOf, type Request } from './requests.ts';
import type { ScimSettings } from './settings.ts';
import type { Received, Transport } from './transport.ts';

export type Client = {
  /** Whatever the target answers. Throws `TargetError` when it does not. */
  send(request: Request, signal: AbortSignal): Promise<Answer>;
  /** The same, and anything but success is thrown. */
  succeed(request: Request, signal: AbortSignal): Promise<Answer>;
  /** The object a successful answer holds; without one, it is thrown. */
  objectIn(request: Request, answer: Answer): JsonObject;
  refusal(request: Request, answer: Answer): TargetError;
  /**
   * The same client, which calls this right before each request that changes something: once there is room for it, and again as its first byte goes out.
   * What it throws is thrown on.
   */
  watched(beforeWrite: () => void): Client;
  close(): Promise<void>;
};

const firstPauseMs = 250;

export const connectClient = (settings: ScimSettings, world: World, transport: Transport): Client => {
  const basePath = new URL(settings.base_url).pathname.replace(/(?<!\/)\/+$/, '');
  const limiter = new Limiter(
    { concurrency: settings.concurrency, requestsPerSecond: settings.requests_per_second },
    world,
  );
  const headers = headersOf(settings);

  const exchange = async (request: Request, signal: AbortSignal, beforeWrite: () => void): Promise<Answer> => {
    const startedAt = world.now().getTime();
    try {
      const sent = {
        method: request.method,
        path: `${basePath}${addressOf(request)}`,
        headers: headers(request),
        body: request.body === undefined ? null : JSON.stringify(request.body),
      };
      const received = await transport.exchange(sent, signal, beforeWrite);
      const now = world.now();
      const answer = toAnswer(received, now);
      const ms = now.getTime() - startedAt;
      world.log.debug('target.request', { request: nameOf(request), status: answer.status, ms, bytes: answer.bytes });
      return answer;
    } catch (error) {
      // The caller's own wish to stop is no fault of the target.
      signal.throwIfAborted();
      throw failure(request, error);
    }
  };

  const sendOver = async (request: Request, signal: AbortSignal, beforeWrite: () => void): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= settings.max_attempts;
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + world.random() / 2);
      const watching = watchedWrite(request.method === 'GET' ? () => {} : beforeWrite);
      const result = await limiter.run(async () => {
        watching.check();
        return await attempted(exchange(request, signal, watching.check));
      }, signal);
      if (watching.refusal !== null) throw watching.refusal;
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

  // What a target says of a refusal may hold the token, which is taken out.
  const refused: Client['refusal'] = (request, answer) => refusal(request, answer, settings.token.reveal());

  const clientWith = (beforeWrite: () => void): Client => {
    const send: Client['send'] = (request, signal) => sendOver(request, signal, beforeWrite);
    return {
      send,
      async succeed(request, signal) {
        const answer = await send(request, signal);
        if (!isSuccess(answer)) throw refused(request, answer);
        return answer;
      },
      objectIn(request, answer) {
        if (!isSuccess(answer)) throw refused(request, answer);
        if (answer.body.kind !== 'json') throw unreadable(request, answer);
        return answer.body.json;
      },
      refusal: refused,
      watched: clientWith,
      close: () => transport.close(),
    };
  };
  return clientWith(() => {});
};

/** Remembers what the look before a write threw: then nothing was sent, and it is no failure of the exchange. */
const watchedWrite = (beforeWrite: () => void): { check(): void; readonly refusal: unknown } => {
  let refusal: unknown = null;
  return {
    check: () => {
      try {
        beforeWrite();
      } catch (error) {
        refusal = error;
        throw error;
      }
    },
    get refusal() {
      return refusal;
    },
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

const headersOf = (settings: ScimSettings): ((request: Request) => Readonly<Record<string, string>>) => {
  const usual = {
    accept: 'application/scim+json, application/json',
    authorization: `Bearer ${settings.token.reveal()}`,
    'user-agent': settings.user_agent,
  };
  const withBody = { ...usual, 'content-type': 'application/scim+json' };
  return ({ body, ifMatch }) => {
    const headers = body === undefined ? usual : withBody;
    return ifMatch === undefined ? headers : { ...headers, 'if-match': ifMatch };
  };
};

const toAnswer = ({ status, headers, text, bytes }: Received, now: Date): Answer => ({
  status,
  body: text === null ? { kind: 'too_large' } : bodyOf(text, headers['content-type'] ?? ''),
  bytes,
  etag: headers['etag'] ?? null,
  location: headers['location'] ?? null,
  retryAfterMs: retryAfterOf(headers['retry-after'] ?? null, now),
});

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
