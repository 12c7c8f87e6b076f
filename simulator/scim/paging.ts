/** Which part of a list a client asked for: by index (RFC 7644 §3.4.2.4) or by cursor (RFC 9865). */

import { badRequest } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { Knobs } from './personality.ts';

export type Page = { readonly from: number; readonly size: number };

export function pageOf(query: URLSearchParams, knobs: Knobs): Page {
  const count = wholeNumber(query.get('count'), 'count') ?? knobs.maxResults;
  const size = Math.min(Math.max(count, 0), knobs.maxResults);
  if (knobs.paging === 'cursor') return { from: positionIn(query.get('cursor') ?? '', query), size };
  const startIndex = wholeNumber(query.get('startIndex'), 'startIndex') ?? 1;
  return { from: Math.max(startIndex, 1) - 1, size };
}

/** What stands in the answer beside the resources. */
export function placeOf(page: Page, received: number, total: number, query: URLSearchParams, knobs: Knobs): JsonObject {
  const counts = { totalResults: total, itemsPerPage: received };
  if (knobs.paging === 'index') return { ...counts, startIndex: page.from + 1 };
  const next = page.from + received;
  return next < total && page.size > 0 ? { ...counts, nextCursor: cursorTo(next, query) } : counts;
}

/** A cursor holds only for the filter it was given for (RFC 9865 §2). */
const cursorTo = (position: number, query: URLSearchParams): string =>
  Buffer.from(JSON.stringify([position, query.get('filter')])).toString('base64url');

function positionIn(cursor: string, query: URLSearchParams): number {
  if (cursor === '') return 0;
  const position = Number(/^\[(\d+),/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]);
  if (Number.isNaN(position) || cursorTo(position, query) !== cursor)
    throw badRequest('invalidCursor', 'The cursor was not issued for this query.');
  return position;
}

function wholeNumber(text: string | null, name: string): number | null {
  if (text === null || text === '') return null;
  if (!/^-?\d+$/.test(text)) throw badRequest('invalidValue', `"${name}" must be a whole number.`);
  return Number(text);
}
