/** The way out before real servers: what is looked at, when, and how often. */

import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../src/egress/connector.ts';
import { openEgress } from '../../src/egress/index.ts';
import type { Outlet } from '../../src/model/egress.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const serve = async (
  answer: RequestListener,
): Promise<{ readonly port: number; readonly connections: () => number }> => {
  let connections = 0;
  const server: Server = createServer(answer).on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, connections: () => connections };
};

const limits = { connections: 2, timeoutMs: 5_000, mostBytes: 1_000_000 };
const get = { method: 'GET', path: '/', headers: {}, body: null } as const;
const never = new AbortController().signal;

const outletTo = (url: string, allow: readonly string[], resolve?: Resolve): Outlet => {
  const outlet = openEgress({ allow, ...(resolve === undefined ? {} : { resolve }) }).open(new URL(url), limits);
  closers.push(() => outlet.close());
  return outlet;
};

/** A name server that answers the next of these each time. */
const nameServer = (...answers: readonly (readonly string[])[]) => {
  const asked: string[] = [];
  const resolve: Resolve = (host, done) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, resolve };
};

describe('a connection', () => {
  it('is opened to what the deployment lists, and to nothing else on this machine', async () => {
    const { port, connections } = await serve((_request, response) => response.end('hello'));
    const listed = outletTo(`http://127.0.0.1:${port}`, ['http://127.0.0.1']);
    expect(await listed.exchange(get, never)).toMatchObject({ status: 200, text: 'hello' });
    const unlisted = outletTo(`http://127.0.0.1:${port}`, []);
    await expect(unlisted.exchange(get, never)).rejects.toMatchObject({ name: 'EgressRefused' });
    expect(connections()).toBe(1);
  });

  it.each([
    ['one private address', ['10.0.0.8']],
    ['a public and a private one', ['93.184.216.34', '127.0.0.1']],
    ['the metadata of a cloud', ['169.254.169.254']],
    ['a mapped one', ['::ffff:127.0.0.1']],
  ])('to a name that stands for %s is not opened', async (_what, addresses) => {
    const { resolve } = nameServer(addresses);
    await expect(outletTo('https://scim.example.com', [], resolve).exchange(get, never)).rejects.toMatchObject({
      name: 'EgressRefused',
      message: expect.stringContaining('scim.example.com'),
    });
  });

  it('goes to the address that was looked at: the name is asked for once, and not again', async () => {
    const { port, connections } = await serve((_request, response) => response.end());
    const { asked, resolve } = nameServer(['127.0.0.1'], ['10.0.0.8']);
    const outlet = outletTo(`http://rebinding.example:${port}`, ['http://127.0.0.1'], resolve);
    await outlet.exchange(get, never);
    expect(asked).toEqual(['rebinding.example']);
    expect(connections()).toBe(1);
  });

  it('that has to be opened anew is looked at anew', async () => {
    const { port } = await serve((_request, response) => response.writeHead(200, { connection: 'close' }).end());
    const { asked, resolve } = nameServer(['127.0.0.1'], ['10.0.0.8']);
    const outlet = outletTo(`http://rebinding.example:${port}`, ['http://127.0.0.1'], resolve);
    await outlet.exchange(get, never);
    await expect(outlet.exchange(get, never)).rejects.toMatchObject({ name: 'EgressRefused' });
    expect(asked).toHaveLength(2);
  });

  it('is used again and again, and costs one look when it is opened', async () => {
    const { port, connections } = await serve((_request, response) => response.end());
    const { asked, resolve } = nameServer(['127.0.0.1']);
    const outlet = outletTo(`http://scim.corp.example:${port}`, ['http://scim.corp.example'], resolve);
    for (let nth = 0; nth < 50; nth += 1) await outlet.exchange(get, never);
    expect(asked.length).toBe(connections());
    expect(connections()).toBeLessThanOrEqual(limits.connections);
  });

  it('to a name that nobody knows fails as such', async () => {
    const { resolve } = nameServer([]);
    await expect(outletTo('https://nowhere.example', [], resolve).exchange(get, never)).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });
});

it('follows no redirect: it is an answer like any other', async () => {
  const { port, connections } = await serve((_request, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  );
  const outlet = outletTo(`http://127.0.0.1:${port}`, ['http://127.0.0.1']);
  expect(await outlet.exchange(get, never)).toMatchObject({
    status: 302,
    headers: { location: 'http://169.254.169.254/latest/meta-data/' },
  });
  expect(connections()).toBe(1);
});
