import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy, type Upstream } from './tcp-proxy.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A server that says back what it hears, and what has become of its connections. */
const startEcho = async (at: string | number = 0): Promise<Server & { readonly heard: () => number }> => {
  let heard = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket
      .on('data', (chunk) => {
        heard += chunk.length;
        socket.write(chunk);
      })
      .on('error', () => {});
  });
  server.listen(typeof at === 'string' ? { path: at } : { port: at, host: '127.0.0.1' });
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(server, { heard: () => heard });
};

const portOf = (server: Server): Upstream => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It listens on no port.');
  return { port: address.port };
};

const startProxy = async (to: Upstream | null): Promise<TcpProxy> => {
  const proxy = await startTcpProxy(to);
  closers.push(proxy.close);
  return proxy;
};

type Client = {
  readonly socket: Socket;
  say(text: string | Buffer): void;
  /** Resolves with all that was heard, once it is so long. */
  hears(bytes: number): Promise<Buffer>;
  /** How it ended: `closed`, or the code of an error. */
  readonly ended: Promise<string>;
};

const client = async (proxy: TcpProxy): Promise<Client> => {
  const socket = dial({ port: proxy.port, host: proxy.host });
  const chunks: Buffer[] = [];
  let length = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  const ended = new Promise<string>((resolve) => {
    let how = 'closed';
    socket.on('error', (error) => {
      how = 'code' in error ? String(error.code) : error.message;
    });
    socket.on('close', () => resolve(how));
  });
  closers.push(async () => socket.destroy());
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), ended]);
  return {
    socket,
    say: (text) => void socket.write(text),
    hears: async (bytes) => {
      while (length < bytes) await once(socket, 'data');
      return Buffer.concat(chunks);
    },
    ended,
  };
};

it('a line counts what met a disturbance, so that one that nobody came by is not taken for one that was survived', async () => {
  const proxy = await startProxy(portOf(await startEcho()));
  const one = await client(proxy);
  one.say('clear');
  await one.hears(5);
  proxy.set({ state: 'slow', delayMs: 1 });
  expect(proxy.met()).toBe(0);
  one.say('slow!');
  await one.hears(10);
  const delayed = proxy.met();
  expect(delayed).toBeGreaterThan(0);
  proxy.set({ state: 'truncating', way: 'up', afterBytes: 2, by: 'rst' });
  one.say('cut off');
  await one.ended;
  expect(proxy.met()).toBeGreaterThan(delayed);
  proxy.set({ state: 'refusing', by: 'fin' });
  const before = proxy.met();
  await (await client(proxy)).ended;
  expect(proxy.met()).toBe(before + 1);
});

describe('a clear line', () => {
  it('carries everything as it is, both ways, however much it is', async () => {
    const proxy = await startProxy(portOf(await startEcho()));
    const one = await client(proxy);
    const much = Buffer.alloc(9_000_000, 'abcdefg');
    one.say(much);
    expect((await one.hears(much.length)).equals(much)).toBe(true);
    expect(proxy.carried()).toEqual({ up: much.length, down: much.length });
  });

  it('leads to a Unix socket as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'entrain-proxy-'));
    closers.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'echo.sock');
    await startEcho(path);
    const one = await client(await startProxy({ path }));
    one.say('hello');
    expect(String(await one.hears(5))).toBe('hello');
  });

  it('passes on that one end has said all it has to say, and still brings the answer', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume().on('end', () => socket.end('bye'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const one = await client(await startProxy(portOf(server)));
    one.socket.end('all');
    expect(String(await one.hears(3))).toBe('bye');
    expect(await one.ended).toBe('closed');
  });
});

describe('a line that is cut', () => {
  it('by RST is an error to the client', async () => {
    const proxy = await startProxy(portOf(await startEcho()));
    const [one, other] = [await client(proxy), await client(proxy)];
    one.say('hello');
    other.say('hello');
    await Promise.all([one.hears(5), other.hears(5)]);
    expect(proxy.cut('rst')).toBe(2);
    expect(await Promise.all([one.ended, other.ended])).toEqual(['ECONNRESET', 'ECONNRESET']);
    await expect.poll(proxy.connections).toBe(0);
  });

  it('by FIN is an end like any other', async () => {
    const proxy = await startProxy(portOf(await startEcho()));
    const one = await client(proxy);
    one.say('hello');
    await one.hears(5);
    proxy.cut('fin');
    expect(await one.ended).toBe('closed');
  });

  it('takes new connections at once', async () => {
    const proxy = await startProxy(portOf(await startEcho()));
    proxy.cut('rst');
    const one = await client(proxy);
    one.say('hello');
    expect(String(await one.hears(5))).toBe('hello');
  });
});

describe('a line that truncates', () => {
  it('ends an answer in its middle', async () => {
    const echo = await startEcho();
    const proxy = await startProxy(portOf(echo));
    proxy.set({ state: 'truncating', way: 'down', afterBytes: 7, by: 'fin' });
    const one = await client(proxy);
    one.say('hello, world');
    expect(String(await one.hears(7))).toBe('hello, ');
    expect(await one.ended).toBe('closed');
    expect(echo.heard()).toBe(12);
  });

  it('ends a request in its middle', async () => {
    const echo = await startEcho();
    const proxy = await startProxy(portOf(echo));
    const one = await client(proxy);
    one.say('hello');
    await one.hears(5);
    proxy.set({ state: 'truncating', way: 'up', afterBytes: 2, by: 'rst' });
    one.say(', world');
    expect(await one.ended).toBe('ECONNRESET');
    expect(proxy.carried().up).toBe(7);
  });
});

describe('a black hole', () => {
  it('takes what it is given and passes it on when it clears', async () => {
    const echo = await startEcho();
    const proxy = await startProxy(portOf(echo));
    proxy.set({ state: 'black_hole' });
    const one = await client(proxy);
    await new Promise((resolve) => one.socket.write('hello', resolve));
    expect(echo.heard()).toBe(0);
    proxy.set({ state: 'black_hole' });
    expect(proxy.carried()).toEqual({ up: 0, down: 0 });
    proxy.set({ state: 'clear' });
    expect(String(await one.hears(5))).toBe('hello');
  });

  it('can be cut and closed', async () => {
    const proxy = await startTcpProxy(portOf(await startEcho()));
    proxy.set({ state: 'black_hole' });
    const one = await client(proxy);
    one.say('hello');
    await expect.poll(proxy.connections).toBe(1);
    await proxy.close();
    expect(await one.ended).toBe('ECONNRESET');
  });
});

describe('a slow line', () => {
  it('holds everything for its time, and no longer when it gets faster', async () => {
    const echo = await startEcho();
    const proxy = await startProxy(portOf(echo));
    proxy.set({ state: 'slow', delayMs: 3_600_000 });
    const one = await client(proxy);
    await new Promise((resolve) => one.socket.write('hello', resolve));
    expect(echo.heard()).toBe(0);
    proxy.set({ state: 'slow', delayMs: 1 });
    expect(String(await one.hears(5))).toBe('hello');
  });
});

describe('a line without anybody at its end', () => {
  it('cuts whoever connects, until it leads somewhere again', async () => {
    const proxy = await startProxy(null);
    expect(await (await client(proxy)).ended).toBe('ECONNRESET');
    proxy.lead(portOf(await startEcho()));
    const one = await client(proxy);
    one.say('hello');
    expect(String(await one.hears(5))).toBe('hello');
    proxy.set({ state: 'refusing', by: 'rst' });
    expect(await (await client(proxy)).ended).toBe('ECONNRESET');
    one.say('!');
    expect(String(await one.hears(6))).toBe('hello!');
  });

  it('cuts also when its server does not listen', async () => {
    const gone = await startEcho();
    const to = portOf(gone);
    await closers.pop()?.();
    expect(await (await client(await startProxy(to))).ended).toBe('ECONNRESET');
  });
});
