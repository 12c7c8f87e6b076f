/** Graph as the rest of this room sees it: questions that are answered, refused (`GraphRefusal`) or failed (`SourceError`), retries included. */

import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { SourceError } from '../../model/errors.ts';
import type { World } from '../../model/world.ts';
import type { Tokens } from './credentials.ts';
import { GraphRefusal, incomplete, noAnswer } from './errors.ts';
import type { Gate } from './gate.ts';
import { type Roles, rolesOf } from './permissions.ts';
import { type Call, type OnHead, type Reply, ReplyTooLarge, type Transport } from './transport.ts';
import { type Limits, pause, retryAfterOf, worthWaiting } from './waiting.ts';

/** What a request cost, for metrics: nothing in it names a person or a tenant. */
export type RequestFacts = {
  /** The path with ids left out. */
  readonly template: string;
  /** 0 when there was no reply. */
  readonly status: number;
  readonly resourceUnits: number;
  /** What the tenant has to wait because of this answer. */
  readonly throttledMs: number;
};

export type Question = {
  readonly method: Call['method'];
  /** A path below the API version (`/users?…`), or an absolute link that Graph gave. */
  readonly at: string;
  readonly body?: unknown;
};

export type GraphClient = {
  /**
   * The answer as text. A link is refused unless it leads to the connection's own Graph endpoint and API version. `onHead` may be told how an answer
   * begins, also of one that breaks off and is asked for again.
   */
  text(question: Question, signal: AbortSignal, onHead?: OnHead): Promise<string>;
  /** The answer, parsed. An answer that does not parse is `incomplete`. */
  ask<T>(question: Question, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** The absolute link of a path, or of a link as it is; `incomplete` when it leads elsewhere. */
  urlOf(at: string): string;
  isOwn(link: string): boolean;
  /** Resolves when what was just asked is on its way. */
  sent(): Promise<void>;
  /** What the token that is sent now says was granted; null when it cannot be read. */
  granted(signal: AbortSignal): Promise<Roles | null>;
  /** What is sent from now on carries a new token. */
  renew(): void;
  /** How far our clock is ahead of Graph's, by its last answer; null before the first. */
  clockAheadMs(): number | null;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly world: World;
  /** What was answered, for the metrics. */
  readonly onRequest: (facts: RequestFacts) => void;
};

export type Parts = {
  readonly graphUrl: string;
  readonly tokens: Tokens;
  readonly transport: Transport;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly world: World;
  readonly onRequest: (facts: RequestFacts) => void;
};

export const apiVersion = 'v1.0';

export const graphClient = (parts: Parts): GraphClient => {
  const base = `${parts.graphUrl}/${apiVersion}`;
  const isOwn = (link: string): boolean => link.startsWith(`${base}/`);
  const urlOf = (at: string): string => {
    if (at.startsWith('/')) return `${base}${at}`;
    if (isOwn(at)) return at;
    throw incomplete('Graph gave a link that leads out of the tenant’s own endpoint.', 'ForeignLink');
  };
  let aheadMs: number | null = null;
  const heard = (reply: Reply): void => {
    const theirs = Date.parse(reply.headers['date'] ?? '');
    if (!Number.isNaN(theirs)) aheadMs = parts.world.now().getTime() - theirs;
  };
  const text: GraphClient['text'] = async ({ method, at, body }, signal, onHead) => {
    const url = urlOf(at);
    return (await answered({ method, url, body, onHead }, { ...parts, heard }, signal)).text;
  };
  return {
    text,
    ask: async (question, schema, signal) => parse(await text(question, signal), schema, templateOf(question.at)),
    urlOf,
    isOwn,
    sent: () => parts.transport.sent(),
    granted: async (signal) => rolesOf(await tokenOf(parts, signal)),
    renew: () => parts.tokens.drop(),
    clockAheadMs: () => aheadMs,
    gate: parts.gate,
    limits: parts.limits,
    world: parts.world,
    onRequest: parts.onRequest,
  };
};

/** The parsing door. Half a body, an HTML page with status 200 and an unknown shape are all the same: not an answer. */
export const parse = <T>(text: string, schema: z.ZodType<T>, template: string): T => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The syntax error would quote the body, which holds personal data.
    throw incomplete(`Graph's answer to ${template} is not JSON, or was cut off.`, 'NotJson');
  }
  return accept(json, schema, template);
};

export const accept = <T>(json: unknown, schema: z.ZodType<T>, template: string): T => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw incomplete(`Graph's answer to ${template} has an unexpected shape at "${where}".`, 'UnexpectedShape');
};

/** A login service that is away is waited for, as Graph is. */
const tokenOf = async (parts: Parts, signal: AbortSignal): Promise<string> => {
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await parts.tokens.get(signal);
    } catch (cause) {
      signal.throwIfAborted();
      const passes = cause instanceof SourceError && worthWaiting(cause) && attempt < parts.limits.attempts;
      if (!passes) throw cause;
      waitedMs += await pause(attempt, waitedMs, cause, parts, signal);
    }
  }
};

type Listening = Parts & { readonly heard: (reply: Reply) => void };
type Sent = {
  readonly method: Call['method'];
  readonly url: string;
  readonly body: unknown;
  readonly onHead: OnHead | undefined;
};

/** Asks until there is an answer, within the limits. */
const answered = async (sent: Sent, parts: Listening, signal: AbortSignal): Promise<Reply> => {
  const template = templateOf(sent.url);
  let waitedMs = 0;
  let tokenDropped = false;
  for (let attempt = 1; ; attempt += 1) {
    await parts.gate.pass(signal);
    const verdict = await judged(sent, template, parts, signal);
    if (verdict.kind === 'answer') return verdict.reply;
    if (verdict.kind === 'stale token' && !tokenDropped) {
      tokenDropped = true;
      parts.tokens.drop();
      continue;
    }
    if (verdict.kind !== 'again' || attempt >= parts.limits.attempts) throw verdict.error;
    waitedMs += await pause(attempt, waitedMs, verdict.error, parts, signal);
  }
};

type Verdict =
  | { readonly kind: 'answer'; readonly reply: Reply }
  /** `stale token`: worth one new token. `again`: worth waiting for. */
  | { readonly kind: 'refused' | 'stale token' | 'again'; readonly error: SourceError };

const judged = async (sent: Sent, template: string, parts: Listening, signal: AbortSignal): Promise<Verdict> => {
  let reply: Reply;
  try {
    const token = await parts.tokens.get(signal);
    const { onHead, ...call } = sent;
    reply = await parts.transport.send({ ...call, token, clientRequestId: randomUUID() }, signal, onHead);
    parts.heard(reply);
  } catch (cause) {
    signal.throwIfAborted();
    parts.onRequest({ template, status: 0, resourceUnits: 0, throttledMs: 0 });
    return failed(cause, template);
  }
  const error = reply.status >= 200 && reply.status < 300 ? null : refusalOf(reply, template, parts.world);
  parts.onRequest(factsOf(reply, template, error));
  if (error === null) return { kind: 'answer', reply };
  parts.world.log.warn('graph.refused', {
    template,
    status: reply.status,
    code: error.code,
    request_id: reply.headers['request-id'],
  });
  if (error.fault === 'unauthorized') return { kind: 'stale token', error };
  // What would say why is not there: it may be a link that ran out, and nothing that a person has to mend.
  if (error.fault === 'forbidden' && isCutOff(reply)) return { kind: 'again', error: noAnswer(error, template) };
  return { kind: worthWaiting(error) ? 'again' : 'refused', error };
};

const failed = (cause: unknown, template: string): Verdict => {
  if (cause instanceof SourceError) return { kind: worthWaiting(cause) ? 'again' : 'refused', error: cause };
  if (cause instanceof ReplyTooLarge)
    return { kind: 'refused', error: incomplete(`${cause.message} (${template})`, 'ReplyTooLarge', cause) };
  return { kind: 'again', error: noAnswer(cause, template) };
};

const refusalOf = (reply: Reply, template: string, world: World): GraphRefusal =>
  new GraphRefusal({
    status: reply.status,
    body: jsonOrNull(reply.text),
    requestId: reply.headers['request-id'] ?? null,
    template,
    retryAfterMs: retryAfterOf(reply.headers, world.now()),
  });

/** Gateways answer 502 and 503 with HTML. */
const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** It says that it is JSON, and is not the whole of it. */
const isCutOff = ({ headers, text }: Reply): boolean =>
  /json/i.test(headers['content-type'] ?? '') && /^\s*[{[]/.test(text) && jsonOrNull(text) === null;

const factsOf = (reply: Reply, template: string, error: SourceError | null): RequestFacts => ({
  template,
  status: reply.status,
  resourceUnits: Number(reply.headers['x-ms-resource-unit'] ?? 0) || 0,
  throttledMs: error?.fault === 'throttled' ? (error.retryAfterMs ?? 0) : 0,
});

/** The path of a request without ids and parameters: safe for logs and metrics, and few enough to be a label. */
export const templateOf = (at: string): string => {
  const path = at.startsWith('/') ? `/${apiVersion}${at}` : new URL(at).pathname;
  return (path.split('?')[0] ?? path).replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '{id}');
};
