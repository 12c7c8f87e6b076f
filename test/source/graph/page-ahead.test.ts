/** The next page is asked for as soon as the beginning of the one that is waited for names it, and what it names is no more than a hint. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { graphClient } from '../../../src/source/graph/client.ts';
import { gateFor } from '../../../src/source/graph/gate.ts';
import { defaultLimits } from '../../../src/source/graph/index.ts';
import { listPages } from '../../../src/source/graph/pages.ts';
import { transportTo } from '../../../src/source/graph/transport.ts';
import { clock } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

let close = async (): Promise<void> => {};
afterEach(() => close());

/** A Graph of which each answer is written by hand. `asked`: the pages that were asked for, in order. */
const graphOf = async (answer: (page: string, response: ServerResponse, times: number) => void) => {
  const asked: string[] = [];
  const wanted = new Map<string, PromiseWithResolvers<void>>();
  const wish = (page: string): PromiseWithResolvers<void> => {
    const known = wanted.get(page) ?? Promise.withResolvers<void>();
    wanted.set(page, known);
    return known;
  };
  const server = createServer((request, response) => {
    const page = new URL(request.url ?? '', 'http://graph').searchParams.get('page') ?? '1';
    asked.push(page);
    wish(page).resolve();
    answer(page, response, asked.filter((one) => one === page).length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens nowhere.');
  const origin = `http://127.0.0.1:${address.port}`;
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const world = clock();
  const transport = transportTo(origin, defaultLimits);
  const client = graphClient({
    graphUrl: origin,
    tokens: { get: async () => 'token', drop: () => {} },
    transport,
    gate: gateFor(world, defaultLimits.longestWaitMs),
    limits: defaultLimits,
    world,
    onRequest: () => {},
  });
  const roundTrip = async (): Promise<void> => {
    await client.text({ method: 'GET', at: '/users?page=other' }, never);
  };
  return {
    pages: listPages(client, '/users', never),
    asked,
    origin,
    roundTrip,
    askedFor: (page: string) => wish(page).promise,
  };
};

const linkTo = (page: string, origin: string): string => `${origin}/v1.0/users?page=${page}`;
/** Longer than what is looked at of its beginning, also compressed. */
const bodyOf = (page: string, next: string | null): string =>
  JSON.stringify({
    ...(next === null ? {} : { '@odata.nextLink': next }),
    value: Array.from({ length: 500 }, (_, at) => ({ id: `${page}-${at}-${Math.sin(at)}` })),
  });
const half = (bytes: Buffer): [Buffer, Buffer] => {
  const middle = Math.floor(bytes.length / 2);
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
};
/** An answer that begins, and breaks off once `when` has come. */
const breakOff = (response: ServerResponse, text: string, when: Promise<void>): void => {
  response.writeHead(200, { 'content-length': text.length });
  response.write(half(Buffer.from(text))[0]);
  void when.then(() => response.destroy());
};
const namesOf = (items: readonly { readonly id: string }[]): readonly string[] => [
  ...new Set(items.map(({ id }) => id.split('-')[0] ?? '')),
];

/** Whose objects each page holds. */
const wholeOf = async (pages: ReturnType<typeof listPages>): Promise<readonly (readonly string[])[]> => {
  const read: (readonly string[])[] = [];
  for await (const { items } of pages) read.push(namesOf(items));
  return read;
};

describe('the page after one that is waited for', () => {
  it.each([
    ['compressed', 'at once'],
    ['plain', 'at once'],
    // Not even the name of the link is whole in the first piece. The other one is sent when that has come.
    ['compressed', 'in pieces'],
    ['plain', 'in pieces'],
  ])('is asked for while the rest of a %s answer still comes, of which the beginning came %s', async (how, came) => {
    let origin = '';
    const graph = await graphOf((page, response) => {
      if (page === 'other') return response.end('{}');
      const text = bodyOf(page, page === '1' ? linkTo('2', origin) : null);
      const zipped = how === 'compressed';
      const [first, rest] = half(zipped ? gzipSync(text) : Buffer.from(text));
      const whole = came === 'at once' ? first.length : 12;
      response.writeHead(200, zipped ? { 'content-encoding': 'gzip' } : {});
      response.write(first.subarray(0, whole));
      if (page !== '1') return response.end(Buffer.concat([first.subarray(whole), rest]));
      if (whole < first.length) void graph.roundTrip().then(() => response.write(first.subarray(whole)));
      // The rest of the first page comes only when the second was asked for.
      return void graph.askedFor('2').then(() => response.end(rest));
    });
    origin = graph.origin;
    expect(await wholeOf(graph.pages)).toEqual([['1'], ['2']]);
    expect(graph.asked.filter((page) => page !== 'other')).toEqual(['1', '2']);
  });

  it('is asked for once it is waited for, and no page beyond', async () => {
    let origin = '';
    const graph = await graphOf((page, response) => {
      response.end(bodyOf(page, page === '3' ? null : linkTo(String(Number(page) + 1), origin)));
    });
    origin = graph.origin;
    await graph.pages.next();
    await graph.askedFor('2');
    await graph.roundTrip();
    await graph.roundTrip();
    expect(graph.asked.filter((page) => page !== 'other')).toEqual(['1', '2']);
    await graph.pages.next();
    await graph.askedFor('3');
    await graph.pages.return(undefined);
  });

  it('is the one that the whole answer names, when another began and broke off', async () => {
    let origin = '';
    const graph = await graphOf((page, response, times) => {
      const isBroken = page === '1' && times === 1;
      const text = bodyOf(page, page === '1' ? linkTo(isBroken ? 'stray' : '2', origin) : null);
      if (!isBroken) return response.end(text);
      return breakOff(response, text, graph.askedFor('stray'));
    });
    origin = graph.origin;
    expect(await wholeOf(graph.pages)).toEqual([['1'], ['2']]);
    expect(graph.asked).toEqual(['1', 'stray', '1', '2']);
  });

  it('is followed also when a broken answer named it, and the whole one names it only after its objects', async () => {
    let origin = '';
    const graph = await graphOf((page, response, times) => {
      const next = page === '1' ? { '@odata.nextLink': linkTo('2', origin) } : {};
      const { value } = JSON.parse(bodyOf(page, null));
      const isBroken = page === '1' && times === 1;
      if (!isBroken) return response.end(JSON.stringify({ value, ...next }));
      const text = JSON.stringify({ ...next, value });
      return breakOff(response, text, graph.askedFor('2'));
    });
    origin = graph.origin;
    expect(await wholeOf(graph.pages)).toEqual([['1'], ['2']]);
  });

  it.each([
    ['leads to another host', () => 'https://elsewhere.example/v1.0/users?page=2', 'ForeignLink'],
    ['leads back to where it stands', (origin: string) => linkTo('2', origin), 'PageCycle'],
  ])('is not asked for when its link %s, whatever its beginning says', async (_, linkFrom, code) => {
    let origin = '';
    const graph = await graphOf((page, response) =>
      response.end(bodyOf(page, page === '1' ? linkTo('2', origin) : linkFrom(origin))),
    );
    origin = graph.origin;
    const read = (async () => {
      for await (const _page of graph.pages);
    })();
    await expect(read).rejects.toMatchObject({ fault: 'incomplete', code });
    expect(graph.asked).toEqual(['1', '2']);
  });

  it('is not the first one itself, of which nothing is handed on then: asked for again it would show another tenant', async () => {
    let origin = '';
    const graph = await graphOf((_page, response) => response.end(bodyOf('1', `${origin}/v1.0/users`)));
    origin = graph.origin;
    await expect(graph.pages.next()).rejects.toMatchObject({ fault: 'incomplete', code: 'PageCycle' });
    expect(graph.asked).toEqual(['1']);
  });

  it('is not asked for after an answer that only looks compressed', async () => {
    let origin = '';
    const graph = await graphOf((_page, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(bodyOf('1', linkTo('2', origin)));
    });
    origin = graph.origin;
    await expect(graph.pages.next()).rejects.toMatchObject({ fault: 'unavailable' });
    expect(new Set(graph.asked)).toEqual(new Set(['1']));
  });
});
