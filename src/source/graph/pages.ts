/** The page loop: follows nextLinks to the end, one page ahead of who reads. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type GraphClient, parse, templateOf } from './client.ts';
import { incomplete } from './errors.ts';

/** A directory object as Graph shows it. */
export type Entity = { readonly id: string; readonly [property: string]: unknown };

/** `delta` is the link of the next round; it is on the last page of a delta query, and only there. */
export type GraphPage = {
  readonly items: readonly Entity[];
  readonly next: string | null;
  readonly delta: string | null;
};

export type Listing = 'list' | 'delta';

/** More pages than a tenant of four million people has, at 200 a page. */
const pageCap = 20_000;

/**
 * The pages from `at` (a path or a link) on. The next page is asked for before this one is handed on, so that the wait for it is spent on
 * reading this one. Throws `incomplete` when the listing contradicts itself, and whatever the client throws.
 */
export async function* pages(
  client: GraphClient,
  at: string,
  listing: Listing,
  signal: AbortSignal,
): AsyncGenerator<GraphPage> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const followed = new Set<string>();
  const request = (link: string): Promise<string> => {
    // The first as well: a read that is resumed begins at the very link that may lead to itself.
    noteLink(followed, link.startsWith('/') ? link : client.ownLink(link));
    const coming = client.text({ method: 'GET', at: link }, either);
    // It may fail while nobody waits for it yet; whoever awaits it still gets the failure.
    coming.catch(() => {});
    return coming;
  };
  try {
    for (let coming: Promise<string> | null = request(at); coming !== null; ) {
      const text: string = await coming;
      const ahead: string | null = nextLinkInHead(text);
      coming = ahead === null ? null : request(ahead);
      // Otherwise the request would wait for the parser.
      await client.sent();
      const page = pageOf(text, listing, templateOf(at));
      if (ahead !== null && page.next !== ahead) throw incomplete('A page names two next pages.', 'TwoNextLinks');
      if (ahead === null && page.next !== null) coming = request(page.next);
      yield page;
    }
  } finally {
    ended.abort();
  }
}

/** A predicate instead of an object schema: a page has a thousand objects, and copying each would cost as much as parsing the page. */
export const EntitySchema = z.custom<Entity>((item) => isEntity(item));

const PageSchema = z.object({
  value: z.array(EntitySchema),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
});

const isEntity = (item: unknown): boolean =>
  typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' && item.id !== '';

const pageOf = (text: string, listing: Listing, template: string): GraphPage =>
  checked(parse(text, PageSchema, template), listing, template);

/** The same for an answer that is parsed already, as in a `$batch`. */
export const listPageSchema = PageSchema.transform((page) => checked(page, 'list', 'a batched list'));

const checked = (page: z.infer<typeof PageSchema>, listing: Listing, template: string): GraphPage => {
  const next = page['@odata.nextLink'] ?? null;
  const delta = page['@odata.deltaLink'] ?? null;
  if (next !== null && delta !== null) throw incomplete(`A page of ${template} is both last and not last.`, 'TwoLinks');
  if (listing === 'delta' && next === null && delta === null)
    throw incomplete(`A page of ${template} ends without a delta link: the answer was cut off.`, 'NoLink');
  return { items: page.value, next, delta };
};

/** Graph writes the link before the objects; finding it there saves the time it takes to parse them. */
const headLength = 8_192;
const nextLinkInHead = (text: string): string | null => {
  const head = text.slice(0, headLength);
  const objects = head.indexOf('"value"');
  const found = /"@odata\.nextLink"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(objects === -1 ? '' : head.slice(0, objects));
  return found?.[1] === undefined ? null : parse(found[1], z.string(), 'a page');
};

/** Digests instead of links: a link may have kilobytes. */
const noteLink = (followed: Set<string>, link: string): void => {
  const digest = createHash('sha256').update(link).digest('base64');
  if (followed.has(digest))
    throw incomplete('Graph gave a link that was followed before: the pages go in a circle.', 'PageCycle');
  if (followed.size >= pageCap) throw incomplete(`A listing has more than ${pageCap} pages.`, 'TooManyPages');
  followed.add(digest);
};
