/** What a SCIM target's answer, or the lack of one, means. Status first, `scimType` second, because many targets send none (RFC 7644 §3.12). */

import { type NoAnswer, noAnswerOf, unreachedWords } from '../../core/no-answer.ts';
import { EgressRefused } from '../../model/egress.ts';
import { TargetError, type TargetFault } from '../../model/errors.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { field, isList, isObject } from './json.ts';
import { nameOf, type Request, valuesIn } from './requests.ts';

/** `json`: an object was read. `page`: HTML, so a proxy or a login page speaks, not the target. `unreadable`: broken off or no JSON. */
export type Body =
  | { readonly kind: 'json'; readonly json: JsonObject }
  | { readonly kind: 'none' | 'page' | 'unreadable' | 'too_large' };

export type Answer = {
  readonly status: number;
  readonly body: Body;
  readonly bytes: number;
  readonly etag: string | null;
  readonly location: string | null;
  readonly retryAfterMs: number | null;
};

export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/**
 * Nobody is there, by this one answer; it counts only where the collection shows itself (`life.ts`). A web page with 404 does not even say so: a proxy
 * without its target answers like that.
 */
export const isAbsent = ({ status, body }: Answer): boolean =>
  (status === 404 || status === 410) && body.kind !== 'page';

/** Another server speaks than was meant: it sends us on, or answers with a page. With a fault or a refusal in its status it may be the target's own. */
const isElsewhere = ({ status, body }: Answer): boolean =>
  (status >= 300 && status < 400) || (body.kind === 'page' && status < 500 && status !== 401 && status !== 403);

/** Whether the target asks to wait. 503 with Retry-After is how some say 429. */
export const isThrottle = ({ status, retryAfterMs }: Answer): boolean =>
  status === 429 || ((status === 503 || status === 403) && retryAfterMs !== null);

/** A list as SCIM has it, of nobody too (RFC 7644 §3.4.2). */
export const isScimList = ({ body }: Answer): boolean =>
  body.kind === 'json' &&
  (isList(field(body.json, 'Resources')) || typeof field(body.json, 'totalResults') === 'number');

/** A refusal in SCIM's own words (RFC 7644 §3.12): no gateway speaks like that. */
export const isScimError = ({ body }: Answer): boolean => {
  const schemas = body.kind === 'json' ? field(body.json, 'schemas') : null;
  return isList(schemas) && schemas.includes('urn:ietf:params:scim:api:messages:2.0:Error');
};

export const scimTypeOf = ({ body }: Answer): string | null => {
  const scimType = body.kind === 'json' ? field(body.json, 'scimType') : null;
  return typeof scimType === 'string' && /^\w{1,40}$/.test(scimType) ? scimType : null;
};

/** An answer that is no success. `secret` is never repeated, even when the target does. */
export const refusal = (request: Request, answer: Answer, secret: string): TargetError => {
  const scimType = scimTypeOf(answer);
  const detail = detailOf(request, answer.body, secret);
  const said = `The target answered ${answer.status} to ${nameOf(request)}`;
  return new TargetError(faultOf(request, answer), `${said}${scimType === null ? '' : ` (${scimType})`}${detail}`, {
    code: scimType ?? (isElsewhere(answer) ? 'not_scim' : `http_${answer.status}`),
    ...(isThrottle(answer) && answer.retryAfterMs !== null ? { retryAfterMs: answer.retryAfterMs } : {}),
  });
};

/** A success whose body cannot be used, where a body is needed. */
export const unreadable = (request: Request, answer: Answer): TargetError => {
  const what = {
    none: 'nothing',
    page: 'a web page',
    unreadable: 'no readable JSON',
    too_large: 'too much',
    json: 'no SCIM answer',
  };
  const message = `The target answered ${answer.status} to ${nameOf(request)} with ${what[answer.body.kind]}.`;
  const fault = isWrite(request) ? 'unknown' : answer.body.kind === 'too_large' ? 'rejected' : 'unavailable';
  return new TargetError(fault, message, { code: 'unreadable_answer' });
};

/** No answer at all. Where the request cannot have been sent the target is merely not there; else a write may have been done. */
export const failure = (request: Request, error: unknown): TargetError => {
  // Nobody but a person can mend it, and until then nothing is sent.
  if (error instanceof EgressRefused)
    return new TargetError('unauthorized', error.message, { cause: error, code: 'address_refused' });
  const answer = noAnswerOf(error);
  const named = answer.kind === 'timed_out' || answer.code === null ? '' : ` (${answer.code})`;
  const said =
    answer.kind === 'unreachable' ? `cannot be reached: ${unreachedWords[answer.by]}` : noAnswerWords[answer.kind];
  return new TargetError(
    isWrite(request) && answer.kind !== 'unreachable' ? 'unknown' : 'unavailable',
    `The target ${said}, on ${nameOf(request)}${named}.`,
    { cause: error, code: answer.kind === 'unreachable' ? answer.by : answer.kind },
  );
};

const noAnswerWords = {
  timed_out: 'gave no answer in time',
  connection_lost: 'broke the connection off',
} as const satisfies Record<Exclude<NoAnswer['kind'], 'unreachable'>, string>;

/** Seconds or an HTTP date (RFC 9110 §10.2.3), never more than a day. */
export const retryAfterOf = (header: string | null, now: Date): number | null => {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), 86_400_000);
};

const isWrite = ({ method }: Request): boolean => method !== 'GET';

const faultOf = (request: Request, answer: Answer): TargetFault => {
  const { status, body } = answer;
  if (isThrottle(answer)) return 'throttled';
  // Forbidden about one object (an owner, a protected account) is about that object; forbidden about all of them is about us.
  if (status === 403 && request.id !== undefined) return 'rejected';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 409 || status === 412 || scimTypeOf(answer) === 'uniqueness') return 'conflict';
  if (status >= 300 && status < 400) return 'unavailable';
  if ((status === 404 || status === 410) && body.kind === 'page') return 'unavailable';
  if (request.id !== undefined && isAbsent(answer)) return 'gone';
  if (status === 425) return 'unavailable';
  if (status === 408 || (status >= 500 && status !== 501)) return isWrite(request) ? 'unknown' : 'unavailable';
  return 'rejected';
};

/**
 * What the server says of it, in its words but short: without addresses of people, our secret, and the values that it was sent, which are somebody's. What
 * becomes of a run is kept, also when everything else about that person was erased.
 */
const detailOf = (request: Request, body: Body, secret: string): string => {
  if (body.kind === 'page') return ' with a web page, which is no SCIM answer: is base_url right?';
  const said = body.kind === 'json' ? wordsIn(body.json) : null;
  if (said === null) return '.';
  const safe = said
    .replaceAll(secret, omitted)
    .slice(0, 2_000)
    .replace(/[^\s"'<>(),;:=@]+@[^\s"'<>(),;:=@]+/g, '…@…')
    .replace(/\s+/g, ' ');
  return `: ${cut(withoutValues(safe, valuesIn(request)))}`;
};

/** Told from the dots of whoever is quoted; a sentence goes on after it. */
const omitted = '[…]';
const longest = 300;

/** At the end of a word, where there is one. */
const cut = (text: string): string =>
  text.length <= longest
    ? text
    : `${text
        .slice(0, longest + 1)
        .replace(/ [^ ]*$/, '')
        .slice(0, longest)} ${omitted}`;

/** Servers keep names in a case of their own. Longest first: a full name is not left in half because its first part went before. */
const withoutValues = (text: string, values: readonly string[]): string =>
  values
    .flatMap((value) => [value, value.toLowerCase(), value.toUpperCase()])
    .toSorted((one, other) => other.length - one.length)
    .reduce((words, value) => words.replaceAll(value, '…'), text);

/** `detail` in SCIM 2.0, `Errors[].description` in 1.1, `message` or `error` in what frameworks send. */
const wordsIn = (body: JsonObject): string | null => {
  const errors = field(body, 'Errors');
  const old = Array.isArray(errors) && isObject(errors[0]) ? field(errors[0], 'description') : null;
  const texts = [field(body, 'detail'), old, field(body, 'message'), field(body, 'error')];
  return texts.find((text) => typeof text === 'string' && text !== '')?.toString() ?? null;
};
