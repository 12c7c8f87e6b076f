/** Parsing of requests: every part against its schema, and all that is wrong reported at once. */

import { z } from 'zod';
import type { Caller } from '../../model/api-key.ts';
import { issueWords } from './issue-words.ts';
import { type Problem, RequestRefused } from './problem.ts';

// For all that is parsed in this process: settings of a target are parsed where its kind is defined, and refused to the same callers.
z.config({ customError: issueWords });

type FieldError = NonNullable<Problem['errors']>[number];
type Part = FieldError['in'];

/** For routes that take nothing in a part. */
export const nothing = z.strictObject({});

export type RawCall = {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  /** Where a stream of events was left. */
  readonly lastEventId?: string | undefined;
  readonly caller: Caller;
};

/** Throws `RequestRefused` with the faults of all parts. */
export const parseCall = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  schemas: { readonly params: P; readonly query: Q; readonly body: B; readonly ifMatch?: Matched },
  raw: RawCall,
): {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly revision: number | null;
  readonly hash: string | null;
  readonly lastEventId: string | null;
  readonly caller: Caller;
} => {
  const keys = forbiddenKeys(raw.body);
  if (keys.length > 0) throw new RequestRefused(keys);
  const params = schemas.params.safeParse(raw.params);
  const query = schemas.query.safeParse(raw.query);
  const body = schemas.body.safeParse(raw.body ?? {});
  const matched = matchedBy(schemas.ifMatch, raw.ifMatch);
  if (params.success && query.success && body.success && typeof matched !== 'string') {
    return {
      params: params.data,
      query: query.data,
      body: body.data,
      ...matched,
      lastEventId: raw.lastEventId ?? null,
      caller: raw.caller,
    };
  }
  throw new RequestRefused([
    ...fieldErrors('path', params.error),
    ...fieldErrors('query', query.error),
    ...fieldErrors('body', body.error),
    ...(typeof matched === 'string' ? [{ in: 'header' as const, pointer: '/if-match', detail: matched }] : []),
  ]);
};

/** Deeper than any body this API takes. */
const deepest = 16;

/**
 * Names that mean something to a database or to JavaScript are refused wherever they stand, known field or not: operators (`$ne`),
 * paths (`a.b`) and the prototype.
 */
const forbiddenKeys = (value: unknown, path: readonly string[] = []): FieldError[] => {
  if (typeof value !== 'object' || value === null) return [];
  if (path.length > deepest) return [bodyError(path, 'is nested too deeply')];
  return Object.entries(value).flatMap(([key, inner]) =>
    !Array.isArray(value) && isForbidden(key)
      ? [bodyError([...path, key], 'is not a name that a field can have')]
      : forbiddenKeys(inner, [...path, key]),
  );
};

const isForbidden = (key: string): boolean =>
  key.startsWith('$') || key.includes('.') || ['__proto__', 'constructor', 'prototype'].includes(key);

const bodyError = (path: readonly string[], detail: string): FieldError => ({
  in: 'body',
  pointer: pointer(path),
  detail,
});

/** What the ETags of a thing are: records count their edits, plans are named by what they hold. */
export type Matched = 'revision' | 'hash';

/** How each is written in `If-Match`; `*` is whatever is there. */
export const etagForms: Readonly<Record<Matched, RegExp>> = {
  revision: /^(?:\*|"(\d{1,9})")$/,
  hash: /^(?:\*|"([\w-]{1,100})")$/,
};

type Match = { readonly revision: number | null; readonly hash: string | null };

/** Or what is wrong with it. What goes by no ETag must not be done as if the one that was sent were right. */
const matchedBy = (by: Matched | undefined, ifMatch: string | undefined): Match | string => {
  if (ifMatch === undefined) return { revision: null, hash: null };
  if (by === undefined) return 'is not taken here: leave it out, and look at what is there before';
  if (ifMatch === '*') return { revision: null, hash: null };
  const text = etagForms[by].exec(ifMatch)?.[1];
  if (text === undefined) return 'must be the ETag of an answer, in its quotes';
  return by === 'hash' ? { revision: null, hash: text } : { revision: Number(text), hash: null };
};

export const fieldErrors = (part: Part, error: z.ZodError | undefined): FieldError[] =>
  (error?.issues ?? []).flatMap((issue) => errorsOf(part, issue, []));

const errorsOf = (part: Part, issue: z.core.$ZodIssue, above: readonly PropertyKey[]): FieldError[] => {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ in: part, pointer: pointer([...path, key]), detail: 'is not known here' }));
  }
  if (issue.code === 'invalid_union') {
    const closest = issue.errors.toSorted((left, right) => depth(right) - depth(left))[0] ?? [];
    if (depth(closest) > 0) return closest.flatMap((inner) => errorsOf(part, inner, path));
  }
  return [{ in: part, pointer: pointer(path), detail: issue.message }];
};

/** How far into a value an alternative got before it failed: the deepest is the one that was meant. */
const depth = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
