import { createServer, type RequestListener, type Server } from 'node:http';
import { Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { exchange } from '../../src/egress/exchange.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const connect = async (answer: RequestListener): Promise<Pool> => {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, headersTimeout: 0, bodyTimeout: 0 });
  open.push(async () => {
    await pool.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return pool;
};

const get = { method: 'GET', path: '/', headers: {}, body: null } as const;
const plenty = { timeoutMs: 30_000, mostBytes: 1_000_000 };
const never = new AbortController().signal;

describe('an exchange', () => {
  it('brings the whole answer, whatever parts it comes in', async () => {
    const pool = await connect((_request, response) => {
      response.writeHead(201, { etag: 'W/"1"' });
      const bytes = Buffer.from('{"name":"Zoë"}');
      response.write(bytes.subarray(0, 12));
      response.end(bytes.subarray(12));
    });
    const received = await exchange(pool, get, plenty, never);
    expect(received).toMatchObject({ status: 201, text: '{"name":"Zoë"}', bytes: 15 });
    expect(received.headers['etag']).toBe('W/"1"');
  });

  it('looks once more as its first byte goes out, and sends nothing when it may not any more', async () => {
    let asked = 0;
    const pool = await connect((_request, response) => {
      asked += 1;
      response.end('done');
    });
    await exchange(pool, get, plenty, never);
    const lost = new Error('The lease ran out.');
    let looked = 0;
    const look = (): never => {
      looked += 1;
      throw lost;
    };
    const coming = exchange(pool, { ...get, method: 'POST', body: '{}' }, plenty, never, look);
    // Not when it is asked for: the process may stop between that and the socket.
    expect(looked).toBe(0);
    await expect(coming).rejects.toBe(lost);
    await exchange(pool, get, plenty, never);
    expect({ asked, looked }).toEqual({ asked: 2, looked: 1 });
  });

  it('passes over what is said before the answer', async () => {
    const pool = await connect((_request, response) => {
      response.writeProcessing();
      response.end('done');
    });
    expect(await exchange(pool, get, plenty, never)).toMatchObject({ status: 200, text: 'done' });
  });

  it('has one deadline, also for an answer that drips', async () => {
    const pool = await connect((_request, response) => {
      response.write('a');
      const dripping = setInterval(() => response.write('a'), 5);
      response.on('close', () => clearInterval(dripping));
    });
    await expect(exchange(pool, get, { ...plenty, timeoutMs: 60 }, never)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('is given up while it waits for a connection, and is then never sent', async () => {
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const pool = await connect(async (request, response) => {
      asked.push(request.url ?? '');
      await gate.promise;
      response.end();
    });
    const first = exchange(pool, get, plenty, never);
    const stop = new AbortController();
    const waiting = exchange(pool, { ...get, path: '/waiting' }, plenty, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    gate.resolve();
    await first;
    await exchange(pool, { ...get, path: '/next' }, plenty, never);
    expect(asked).toEqual(['/', '/next']);
  });

  it('is broken off when it is stopped in the middle of an answer', async () => {
    const stop = new AbortController();
    const closed = Promise.withResolvers<void>();
    const pool = await connect((_request, response) => {
      response.on('close', closed.resolve);
      response.write('half');
      stop.abort(new Error('enough'));
    });
    await expect(exchange(pool, get, plenty, stop.signal)).rejects.toThrow('enough');
    await closed.promise;
  });

  it('reads no more of an answer that is longer than it may be', async () => {
    const closed = Promise.withResolvers<void>();
    const pool = await connect((_request, response) => {
      response.on('close', closed.resolve);
      const pour = (): void => {
        while (response.write('x'.repeat(1_000)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await exchange(pool, get, { ...plenty, mostBytes: 5_000 }, never)).toMatchObject({
      status: 200,
      text: null,
    });
    await closed.promise;
  });

  it('fails with what broke the connection', async () => {
    const pool = await connect((_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    });
    await expect(exchange(pool, get, plenty, never)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });
});
