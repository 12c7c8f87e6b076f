/**
 * Lists are paged by opaque cursors. A cursor belongs to one list: it is refused at any other, and when a part of it was lost. That keeps mistakes out, and
 * nobody who makes one up: what a cursor says is where to go on in what its caller may see anyway, and has the form of a place there.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Page } from '../../store/snapshot-store.ts';
import { RequestRefused } from './problem.ts';

export const paging = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 200, 'must be a whole number from 1 to 200')
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'How many to answer at most.' }),
  cursor: z.string().max(2_000).optional().meta({ description: 'The next_cursor of the page before.' }),
};

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    data: z.array(item),
    next_cursor: z.string().nullable().meta({ description: 'Where to go on; null at the end.' }),
  });

/** Reads one page of the list of this name and renders it. */
export const answerPage = async <T, V>(
  list: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
  read: (after: string | null, limit: number) => Promise<Page<T>>,
  view: (item: T) => V,
  form?: RegExp,
) => {
  const page = await read(query.cursor === undefined ? null : placeOf(list, query.cursor, form), query.limit);
  return {
    status: 200,
    body: { data: page.items.map(view), next_cursor: page.next === null ? null : cursorOf(list, page.next) },
  };
};

export const cursorOf = (list: string, place: string): string =>
  `${Buffer.from(place).toString('base64url')}.${checksum(list, place)}`;

/** Places in a list that is counted. */
export const counted = /^\d{1,15}$/;
const anyText = /^/;

export const placeOf = (list: string, cursor: string, form = anyText): string => {
  const [encoded = '', sum] = cursor.split('.');
  const place = Buffer.from(encoded, 'base64url').toString();
  if (sum === checksum(list, place) && cursor === cursorOf(list, place) && form.test(place)) return place;
  throw new RequestRefused([{ in: 'query', pointer: '/cursor', detail: 'is not a cursor of this list' }]);
};

const checksum = (list: string, place: string): string =>
  createHash('sha256').update(`${list}\n${place}`).digest('base64url').slice(0, 12);
