/**
 * The page loop: follows nextLinks to the end, one page ahead of who reads. It is also the only place that can say that a chain of pages, and with
 * all its chains a read, came to its end.
 */

import { hash } from 'node:crypto';
import { z } from 'zod';
import type { SourceId } from '../../model/ids.ts';
import type { Scope } from '../../model/scope.ts';
import { type Ask, type Complete, completed } from '../source.ts';
import { type GraphClient, parse, templateOf } from './client.ts';
import { incomplete } from './errors.ts';
import type { StillGranted } from './granted.ts';

/** A directory object as Graph shows it. */
export type Entity = { readonly id: string; readonly [property: string]: unknown };

const lastPage: unique symbol = Symbol('last page');
/** A chain whose last page was read. `of`: what it lists. `delta`: the link of the next round, null after a list. */
export type Ended<Delta extends string | null = string | null> = {
  readonly [lastPage]: true;
  readonly of: Collection;
  readonly delta: Delta;
};
export type Collection = 'users' | 'groups' | 'others';
export type ListEnd = Ended<null>;
export type DeltaEnd = Ended<string>;
/** A chain of pages: not begun, at a page, or read to the end. */
export type Chain = 'start' | { readonly next: string } | Ended;
/** A delta chain: at a page, or ended with the link of the next round. */
export type DeltaChain = { readonly next: string } | DeltaEnd;

const asked: unique symbol = Symbol('asked');
/** The end of what is read by ids instead of by pages: everybody on the list was asked for. */
export type AllAsked = { readonly [asked]: true; readonly list: readonly SourceId[] };

/** `done`: how many of the list were asked for by then. */
export type AskedFor<Answer> = { readonly answer: Answer; readonly done: number };

/** `at`: where the chain stands after this page. */
export type GraphPage<End extends Ended = Ended> = {
  readonly items: readonly Entity[];
  readonly at: { readonly next: string } | End;
};

/** The pages of a list from `at` (a path or a link) on. Throws `incomplete` when it contradicts itself, and whatever the client throws. */
export const listPages = (client: GraphClient, at: string, signal: AbortSignal): AsyncGenerator<GraphPage<ListEnd>> =>
  pages(client, at, listEnd, signal);

/** The same for a delta query, whose last page has the link of the next round. A page without any link was cut off. */
export const deltaPages = (client: GraphClient, at: string, signal: AbortSignal): AsyncGenerator<GraphPage<DeltaEnd>> =>
  pages(client, at, deltaEnd, signal);

/** A list whose first page came with another answer, as in a `$batch`. */
export const wholeList = async (
  client: GraphClient,
  { items, at }: GraphPage<ListEnd>,
  signal: AbortSignal,
): Promise<readonly Entity[]> => {
  if (hasEnded(at)) return items;
  const all = [...items];
  for await (const page of listPages(client, at.next, signal)) all.push(...page.items);
  return all;
};

/**
 * Asks for everybody on a list, `atOnce` at a time; the list may grow meanwhile. `from`: how many of them were asked for before, as the place of the
 * read says. `ask` answers for those who are next, in their order, in one part or several.
 */
export async function* askThrough<Answer>(
  list: readonly SourceId[],
  from: number,
  atOnce: number,
  ask: (next: readonly SourceId[]) => AsyncIterable<{ readonly about: readonly SourceId[]; readonly answer: Answer }>,
): AsyncGenerator<AskedFor<Answer>, AllAsked> {
  let done = from;
  while (done < list.length) {
    const begun = done;
    for await (const { about, answer } of ask(list.slice(done, done + atOnce))) {
      if (about.some((id, nth) => list[done + nth] !== id))
        throw incomplete('An answer is about somebody else than who was asked for.', 'NotAsked');
      done += about.length;
      yield { answer, done };
    }
    if (done === begun) throw incomplete('Not everybody was asked for.', 'NotAsked');
  }
  return { [asked]: true, list: [...list] };
}

export const hasEnded = <End extends Ended>(at: 'start' | { readonly next: string } | End): at is End =>
  typeof at === 'object' && lastPage in at;

/**
 * The proof that a read of everybody is complete: both its chains were followed to their ends, and what it needs was granted from its start to its
 * end. Throws `incomplete`.
 */
export const proofOf = (ask: Ask, chains: Chains, _granted: StillGranted): Complete => {
  for (const name of ['users', 'groups'] as const) {
    const chain = chains[name];
    if (!hasEnded(chain)) throw incomplete('A listing stopped before its end.', 'NoLink');
    if (chain.of !== name) throw incomplete(`The end of a listing is not that of ${name}.`, 'OtherListing');
  }
  return completed(ask);
};
type Chains = { readonly users: Chain; readonly groups: Chain };

/** The same of a read of some groups: each of them was asked for, and then everybody they led to. */
export const proofOfAsked = (
  ask: Ask,
  scope: Extract<Scope, { kind: 'groups' }>,
  { groups }: { readonly groups: AllAsked; readonly users: AllAsked },
  _granted: StillGranted,
): Complete => {
  const reached = new Set(groups.list);
  if (scope.groups.length === 0 || !scope.groups.every((id) => reached.has(id)))
    throw incomplete('A group of the scope was not asked for.', 'NotAsked');
  return completed(ask);
};

/** How the place of a read keeps where its chains stand. */
const At = z.object({ next: z.string() });
const of = z.enum(['users', 'groups', 'others']);
export const ChainPlace = z.union([
  z.literal('start'),
  At,
  z.object({ of, delta: z.string().nullable() }).transform((end): Ended => ({ [lastPage]: true, ...end })),
]);
export const DeltaChainPlace = z.union([
  At,
  z.object({ of, delta: z.string() }).transform((end): DeltaEnd => ({ [lastPage]: true, ...end })),
]);

/** More pages than a tenant of four million people has, at 200 a page. */
const pageCap = 20_000;

/**
 * The next page is asked for before this one is handed on, so that the wait for it is spent on reading this one; and once this one is waited for, as
 * soon as its beginning names the next, while the rest of it still comes. Never more than one page ahead of who reads.
 */
async function* pages<End extends Ended>(
  client: GraphClient,
  at: string,
  endOf: EndOf<End>,
  signal: AbortSignal,
): AsyncGenerator<GraphPage<End>> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const followed = new Set<string>();
  const request = (link: string): Requested => {
    const named = Promise.withResolvers<string>();
    const onHead = (head: string): void => {
      const next = hintIn(head);
      if (next !== null) named.resolve(next);
    };
    const text = client.text({ method: 'GET', at: link }, either, onHead);
    // It may fail while nobody waits for it yet; whoever awaits it still gets the failure.
    text.catch(() => {});
    return { link, text, named: named.promise };
  };
  /** `early`: the same page, asked for meanwhile. The first is followed as well: a read that is resumed begins at a link that may lead to itself. */
  const follow = (link: string, early: Requested | null = null): Requested => {
    noteLink(followed, client.urlOf(link));
    return early?.link === link ? early : request(link);
  };
  /** Only what may be followed is asked for. */
  const hinted = (link: string): Requested | null =>
    client.isOwn(link) && !followed.has(digestOf(link)) ? request(link) : null;
  const template = templateOf(at);
  try {
    for (let coming: Requested | null = follow(at); coming !== null; ) {
      const { text, early } = await received(coming, hinted);
      const ahead: string | null = nextLinkInHead(text);
      coming = ahead === null ? null : follow(ahead, early);
      // Otherwise the request would wait for the parser.
      await client.sent();
      const page = checked(parse(text, PageSchema, template), endOf, template);
      const next = hasEnded(page.at) ? null : page.at.next;
      if (ahead !== null && next !== ahead) throw incomplete('A page names two next pages.', 'TwoNextLinks');
      if (ahead === null && next !== null) coming = follow(next, early);
      // Parsing took some milliseconds, and so will what is done with the page: whoever waits beside has the thread in between.
      await client.sent();
      yield page;
    }
  } finally {
    ended.abort();
  }
}

/** `named`: the page after it, once the beginning of this one says which; of a last page it never does. */
type Requested = { readonly link: string; readonly text: Promise<string>; readonly named: Promise<string> };

/**
 * The text of a page, and the next one where it was asked for meanwhile. What the beginning names is a hint: the answer may break off, and the one that
 * comes whole in its place name another page.
 */
const received = async (
  { text, named }: Requested,
  hinted: (link: string) => Requested | null,
): Promise<{ readonly text: string; readonly early: Requested | null }> => {
  const hint = await Promise.race([named, text.then(() => null)]);
  const early = hint === null ? null : hinted(hint);
  return { text: await text, early };
};

/** A predicate instead of an object schema: a page has a thousand objects, and copying each would cost as much as parsing the page. */
export const EntitySchema = z.custom<Entity>((item) => isEntity(item));

const isEntity = (item: unknown): item is Entity =>
  typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' && item.id !== '';

const PageSchema = z.object({
  value: z.custom<readonly Entity[]>((value) => Array.isArray(value) && value.every(isEntity)),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
});

/** Takes the link of the next round, null when there is none. */
type EndOf<End> = (delta: string | null, template: string) => End;

const listEnd: EndOf<ListEnd> = (_, template) => ({ [lastPage]: true, of: collectionOf(template), delta: null });

const deltaEnd: EndOf<DeltaEnd> = (delta, template) => {
  if (delta === null)
    throw incomplete(`A page of ${template} ends without a delta link: the answer was cut off.`, 'NoLink');
  return { [lastPage]: true, of: collectionOf(template), delta };
};

/** Of the list itself or of its changes, which Graph spells in more than one way (`/users/delta()`, `/users/microsoft.graph.delta()`). */
const collectionOf = (template: string): Collection => {
  const [, , name, below = 'delta'] = template.toLowerCase().split('/');
  return (name === 'users' || name === 'groups') && below.includes('delta') ? name : 'others';
};

const checked = <End extends Ended>(
  page: z.infer<typeof PageSchema>,
  endOf: EndOf<End>,
  template: string,
): GraphPage<End> => {
  const next = page['@odata.nextLink'] ?? null;
  const delta = page['@odata.deltaLink'] ?? null;
  if (next !== null && delta !== null) throw incomplete(`A page of ${template} is both last and not last.`, 'TwoLinks');
  return { items: page.value, at: next === null ? endOf(delta, template) : { next } };
};

/** Pages that are parsed already, as in a `$batch`. */
export const listPageSchema = PageSchema.transform((page) => checked(page, listEnd, 'a batched list'));
export const deltaPageSchema = PageSchema.transform((page) => checked(page, deltaEnd, 'a batched delta query'));

/** Graph writes the link before the objects; finding it there saves the time it takes to parse them. */
const headLength = 8_192;
const nextLinkInHead = (text: string): string | null => {
  const head = text.slice(0, headLength);
  const objects = head.indexOf('"value"');
  const found = /"@odata\.nextLink"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(objects === -1 ? '' : head.slice(0, objects));
  return found?.[1] === undefined ? null : parse(found[1], z.string(), 'a page');
};

/** The same in the beginning of a page of which the rest still comes. */
const hintIn = (head: string): string | null => {
  try {
    return nextLinkInHead(head);
  } catch {
    return null;
  }
};

/** Digests instead of links: a link may have kilobytes. */
const digestOf = (link: string): string => hash('sha256', link, 'base64');

const noteLink = (followed: Set<string>, link: string): void => {
  const digest = digestOf(link);
  if (followed.has(digest))
    throw incomplete('Graph gave a link that was followed before: the pages go in a circle.', 'PageCycle');
  if (followed.size >= pageCap) throw incomplete(`A listing has more than ${pageCap} pages.`, 'TooManyPages');
  followed.add(digest);
};
