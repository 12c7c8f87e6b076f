/** The texts a read leaves behind: the watermark to continue from, and the places inside a read. Opaque to everyone else, parsed on the way in. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ResumeExpired, WatermarkExpired } from '../../model/errors.ts';
import { type Resume, resume, type Watermark, watermark } from '../../model/ids.ts';
import { scopeKey } from '../../model/scope.ts';
import type { Ask } from '../source.ts';
import { GrantedPlace } from './granted.ts';
import { ChainPlace, DeltaChainPlace } from './pages.ts';

/** Links of the next delta round, as Graph gave them. */
const Links = z.object({ users: z.string(), groups: z.string() });
export type Links = z.infer<typeof Links>;

/** The version of all places: what was left by another version is read from the start. */
const v = z.literal(3);

/** How many of a list of objects are done. `seal` proves that it is still the same list. */
const Count = z.object({ done: z.number().int().min(0), seal: z.string() });
export type Count = z.infer<typeof Count>;

const FullPlace = z.object({
  v,
  read: z.literal('full'),
  key: z.string(),
  granted: GrantedPlace,
  minted: Links.nullable(),
  users: ChainPlace,
  /** The page of groups whose members are being read. */
  groups: ChainPlace,
  members: Count,
});
export type FullPlace = z.infer<typeof FullPlace>;

const ScopedPlace = z.object({
  v,
  read: z.literal('scoped'),
  key: z.string(),
  granted: GrantedPlace,
  minted: Links.nullable(),
  /** In the order in which they are reached. */
  groups: Count,
  /** In the order of their ids. */
  users: Count,
});
export type ScopedPlace = z.infer<typeof ScopedPlace>;

const DeltaPlace = z.object({
  v,
  read: z.literal('delta'),
  key: z.string(),
  granted: GrantedPlace,
  users: DeltaChainPlace,
  groups: DeltaChainPlace,
  /** Which memberships ended in what it told so far. */
  left: z.array(z.string()).readonly().default([]),
});
export type DeltaPlace = z.infer<typeof DeltaPlace>;

const WatermarkShape = Links.extend({
  v: z.literal(1),
  key: z.string(),
  whole: z.number().nullable().default(null),
  left: z.array(z.string()).readonly().default([]),
});

/**
 * Where the next delta round begins. `wholeAt`: when everybody had been read, in ms since 1970; null: that is long ago. `left`: which memberships ended
 * since; none where that is long ago.
 */
export type Mark = { readonly links: Links; readonly wholeAt: number | null; readonly left: readonly string[] };

/**
 * Says for what a place holds: the tenant, the scope and the selected attributes. Graph's links carry the selection they were made for, and a
 * link of one tenant must never be used for another.
 */
export const keyOf = (tenant: string, ask: Pick<Ask, 'scope' | 'attributes'>): string =>
  digest([tenant, scopeKey(ask.scope), sortedText(ask.attributes.user), sortedText(ask.attributes.group)]);

export const writeWatermark = (key: string, { links, wholeAt, left }: Mark): Watermark =>
  watermark(JSON.stringify({ v: 1, key, ...links, ...(wholeAt === null ? {} : { whole: wholeAt, left }) }));

/** Throws `WatermarkExpired` when it was made for something else. */
export const readWatermark = (text: Watermark, key: string): Mark => {
  const parsed = WatermarkShape.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.key !== key)
    throw new WatermarkExpired('The watermark was made for another tenant, scope or selection of attributes.');
  const { users, groups, whole, left } = parsed.data;
  return { links: { users, groups }, wholeAt: whole, left };
};

/** Microsoft names no figure for how far changes are behind: what happened while everybody was read may be told by a later round than the next one. */
const behindMs = 3_600_000;

export const isSoonAfterWhole = ({ wholeAt }: Pick<Mark, 'wholeAt'>, now: Date): boolean =>
  wholeAt !== null && now.getTime() - wholeAt < behindMs;

export const writePlace = (place: FullPlace | ScopedPlace | DeltaPlace): Resume => resume(JSON.stringify(place));

/** Throw `ResumeExpired` when the place is of another read. */
export const readFullPlace = (text: Resume, key: string): FullPlace => readPlace(FullPlace, text, key);
export const readScopedPlace = (text: Resume, key: string): ScopedPlace => readPlace(ScopedPlace, text, key);
export const readDeltaPlace = (text: Resume, key: string): DeltaPlace => readPlace(DeltaPlace, text, key);

export const nothingDone: Count = { done: 0, seal: '' };

/** That the first `done` of these ids are done. */
export const countOf = (ids: readonly string[], done: number): Count => ({ done, seal: digest(ids.slice(0, done)) });

/**
 * How many of these ids need not be read again: all that were done, or none if the list has changed since. Graph promises no order, and with a
 * changed list a bare number would skip somebody.
 */
export const doneOf = (ids: readonly string[], count: Count): number =>
  count.done > 0 && countOf(ids, count.done).seal === count.seal ? count.done : 0;

const readPlace = <T extends { readonly key: string }>(schema: z.ZodType<T>, text: Resume, key: string): T => {
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.key !== key)
    throw new ResumeExpired('The place was left by a read of another mode, scope or selection of attributes.');
  return parsed.data;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

export const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 22);

const sortedText = (names: readonly string[]): string => [...new Set(names)].sort().join(',');
