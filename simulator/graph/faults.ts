/** Scripted trouble: which requests it befalls, and what comes instead of or on top of the answer. */

import { z } from 'zod';
import { AadstsError } from './aadsts.ts';
import type { Json } from './json.ts';
import { emptyReply, GraphFault, type Headers, type Reply, textReply } from './reply.ts';
import { tooManyRequests } from './throttle.ts';

const retryAfter = z.union([
  z.object({ seconds: z.number() }),
  /** As an HTTP date this many seconds from now. */
  z.object({ date: z.number() }),
]);

export const answerSchema = z.discriminatedUnion('answer', [
  /** 429, with Retry-After or without. */
  z.object({ answer: z.literal('throttled'), retryAfter: retryAfter.nullable().default({ seconds: 1 }) }),
  /** 503. */
  z.object({ answer: z.literal('unavailable'), retryAfter: retryAfter.nullable().default(null) }),
  /** 504 with the code UnknownError and an empty message. */
  z.object({ answer: z.literal('gateway_timeout') }),
  /** 502 with a page of HTML. */
  z.object({ answer: z.literal('html') }),
  /** 403 with a page of HTML that says it is JSON, as of a proxy that lets nothing through. */
  z.object({ answer: z.literal('blocked') }),
  z.object({ answer: z.literal('error'), status: z.number(), code: z.string(), message: z.string().default('') }),
  /** 410 with the address of a new start. */
  z.object({ answer: z.literal('gone') }),
  z.object({ answer: z.literal('expired_page') }),
  z.object({ answer: z.literal('aadsts'), code: z.number() }),
  /** 200 with an empty list and no link. */
  z.object({ answer: z.literal('empty_list') }),
  /** A list with the first of its objects only, and its links as they are: a part with every sign of success. */
  z.object({ answer: z.literal('part'), share: z.number().min(0).max(1) }),
  /** Objects that lack these properties, as if nobody had asked for them. */
  z.object({ answer: z.literal('without'), properties: z.array(z.string()) }),
  /** Objects with null for these properties, as to an application that may not read them. `of`: this one alone. */
  z.object({ answer: z.literal('blank'), properties: z.array(z.string()), of: z.string().optional() }),
  /** A list with these objects on top of its own, as a replica shows that lags behind. */
  z.object({ answer: z.literal('with'), objects: z.array(z.record(z.string(), z.unknown())) }),
  /** The connection is closed before anything is answered. */
  z.object({ answer: z.literal('reset') }),
  /** The answer, late. */
  z.object({ answer: z.literal('delay'), ms: z.number() }),
  /** The headers at once, the body in pieces over this time. */
  z.object({ answer: z.literal('slow_body'), ms: z.number() }),
  /** A body that ends in the middle; the announced length matches, so only the parser notices. */
  z.object({ answer: z.literal('truncated') }),
  z.object({ answer: z.literal('no_links') }),
  z.object({ answer: z.literal('both_links') }),
  z.object({ answer: z.literal('foreign_link'), origin: z.string() }),
  /** The next link leads to the page it stands on. */
  z.object({ answer: z.literal('self_link') }),
]);

export const faultSchema = z.object({
  method: z.string().optional(),
  /** A regular expression over path and decoded query, matched without case. */
  path: z.string().optional(),
  tenant: z.string().optional(),
  /** The first matching request it befalls, counted from 1. */
  nth: z.number().int().min(1).default(1),
  /** How many matching requests it befalls from then on; null: all. */
  times: z.number().int().min(1).nullable().default(1),
  fault: answerSchema,
});

export type FaultScript = z.input<typeof faultSchema>;
export type Answer = z.infer<typeof answerSchema>;
type Scripted = z.infer<typeof faultSchema> & { readonly id: number; readonly pattern: RegExp; matched: number };
type Asked = { readonly method: string; readonly target: string; readonly tenant: string | null };

export class Faults {
  #scripted: Scripted[] = [];
  #lastId = 0;

  script(fault: FaultScript): number {
    const parsed = faultSchema.parse(fault);
    const id = ++this.#lastId;
    this.#scripted.push({ ...parsed, id, pattern: new RegExp(parsed.path ?? '', 'i'), matched: 0 });
    return id;
  }

  clear(): void {
    this.#scripted = [];
  }

  /** How often each script was matched, and whether it is used up. */
  list(): { id: number; answer: string; matched: number }[] {
    return this.#scripted.map(({ id, fault, matched }) => ({ id, answer: fault.answer, matched }));
  }

  /** The trouble for this request: every matching script counts it, the first that is due answers. */
  take(asked: Asked): Answer | null {
    let due: Answer | null = null;
    for (const script of this.#scripted) {
      if (!fits(script, asked)) continue;
      script.matched++;
      const since = script.matched - script.nth;
      if (since >= 0 && (script.times === null || since < script.times)) due ??= script.fault;
    }
    return due;
  }
}

function fits(script: Scripted, asked: Asked): boolean {
  if (script.method !== undefined && script.method.toUpperCase() !== asked.method) return false;
  if (script.tenant !== undefined && script.tenant.toLowerCase() !== asked.tenant) return false;
  return script.pattern.test(asked.target);
}

export type Place = { readonly base: string; readonly path: string; readonly url: string; readonly nowMs: number };

/** What is answered instead of asking Graph at all; null when the fault works on the real answer. Throws as a handler would. */
export function replacement(fault: Answer, place: Place): Reply | null {
  switch (fault.answer) {
    case 'throttled':
      throw tooManyRequests(retryHeader(fault.retryAfter, place.nowMs));
    case 'unavailable':
      throw new GraphFault(
        503,
        'serviceNotAvailable',
        'The service is unavailable.',
        retryHeader(fault.retryAfter, place.nowMs),
      );
    case 'gateway_timeout':
      throw new GraphFault(504, 'UnknownError', '');
    case 'error':
      throw new GraphFault(fault.status, fault.code, fault.message);
    case 'gone':
      throw new GraphFault(410, 'resyncRequired', 'Resync required.', {
        Location: `${place.base}${place.path}?$deltatoken=`,
      });
    case 'expired_page':
      throw new GraphFault(
        400,
        'Directory_ExpiredPageToken',
        'The specified page token value has expired and can no longer be included in your request.',
      );
    case 'aadsts':
      throw new AadstsError(fault.code, { app: 'scripted', tenant: 'scripted', name: 'scripted' });
    case 'blocked':
      return textReply('<html><body><h1>Blocked</h1></body></html>', 403, 'application/json');
    case 'html':
      return textReply(
        '<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>',
        502,
        'text/html',
      );
    case 'empty_list':
      return { ...emptyReply(200, { 'Content-Type': 'application/json' }), body: '{"value":[]}' };
    default:
      return null;
  }
}

/** The real answer with its links bent or its end cut off. */
export function distorted(fault: Answer, answer: Reply, place: Place): Reply {
  switch (fault.answer) {
    case 'part':
      return withItems(answer, (items) => items.slice(0, Math.ceil(items.length * fault.share)));
    case 'with':
      return withItems(answer, (items) => [...items, ...fault.objects]);
    case 'without':
      return withItems(answer, (items) => items.map((item) => lacking(item, fault.properties)));
    case 'blank':
      return withItems(answer, (items) =>
        items.map((item) => (fault.of === undefined || isOf(item, fault.of) ? blanked(item, fault.properties) : item)),
      );
    case 'truncated':
      return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
    case 'no_links':
      return withLinks(answer, () => ({}));
    case 'both_links':
      return withLinks(answer, (link) => ({ '@odata.nextLink': link, '@odata.deltaLink': link }));
    case 'foreign_link':
      return withLinks(answer, (link, name) => ({
        [name]: `${fault.origin}${link.slice(new URL(link).origin.length)}`,
      }));
    case 'self_link':
      return withLinks(answer, () => ({ '@odata.nextLink': place.url }));
    default:
      return answer;
  }
}

function withItems(answer: Reply, change: (items: unknown[]) => unknown[]): Reply {
  const body: unknown = JSON.parse(answer.body);
  if (body === null || typeof body !== 'object' || !('value' in body) || !Array.isArray(body.value)) return answer;
  return { ...answer, body: JSON.stringify({ ...body, value: change(body.value) }) };
}

const lacking = (item: unknown, properties: readonly string[]): unknown =>
  item === null || typeof item !== 'object'
    ? item
    : Object.fromEntries(Object.entries(item).filter(([name]) => !properties.includes(name)));

const isOf = (item: unknown, id: string): boolean =>
  item !== null && typeof item === 'object' && 'id' in item && item.id === id;

const blanked = (item: unknown, properties: readonly string[]): unknown =>
  item === null || typeof item !== 'object'
    ? item
    : Object.fromEntries(Object.entries(item).map(([name, value]) => [name, properties.includes(name) ? null : value]));

const linkNames = ['@odata.nextLink', '@odata.deltaLink'];

function withLinks(answer: Reply, links: (link: string, name: string) => Record<string, Json>): Reply {
  const body: unknown = JSON.parse(answer.body);
  if (body === null || typeof body !== 'object') return answer;
  const entries: [string, unknown][] = Object.entries(body);
  const [name, link] = entries.find(([each]) => linkNames.includes(each)) ?? ['@odata.nextLink', ''];
  const kept = entries.filter(([each]) => !linkNames.includes(each));
  return { ...answer, body: JSON.stringify({ ...Object.fromEntries(kept), ...links(String(link), name) }) };
}

function retryHeader(retry: z.infer<typeof retryAfter> | null, nowMs: number): Headers {
  if (retry === null) return {};
  return {
    'Retry-After': 'seconds' in retry ? String(retry.seconds) : new Date(nowMs + retry.date * 1000).toUTCString(),
  };
}
