/**
 * A line between one of our processes and a server, that can be disturbed at will: delayed, cut, cut off after some bytes, or dead. It carries bytes
 * and knows no protocol, so that it stands as well before Redis, MongoDB (also on its Unix socket), Graph and a SCIM target.
 */

import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';

/** Where the server is: a TCP port, of the loopback address unless given, or the path of a Unix socket. */
export type Upstream = { readonly host?: string; readonly port: number } | { readonly path: string };

/** How a connection ends: as if it had been closed (FIN), or as if its other end had died (RST). */
export type CutBy = 'fin' | 'rst';

/** `up`: from the client to the server. */
export type Way = 'up' | 'down';

export type Line =
  | { readonly state: 'clear' }
  /** Everything arrives this much later, both ways. */
  | { readonly state: 'slow'; readonly delayMs: number }
  /** Takes connections and bytes and passes nothing on. What was held arrives when the line clears, as TCP would send it again. */
  | { readonly state: 'black_hole' }
  /** Each connection carries so many bytes more this way, and is cut in the middle of what comes then. */
  | { readonly state: 'truncating'; readonly way: Way; readonly afterBytes: number; readonly by: CutBy }
  /** Nobody is there: whoever connects is cut off at once. Connections that are open stay. */
  | { readonly state: 'refusing'; readonly by: CutBy };

export type TcpProxy = {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How many clients are connected. */
  readonly connections: () => number;
  /** Bytes that arrived at the other end. */
  readonly carried: () => Readonly<Record<Way, number>>;
  /** How often something met a disturbance: a connection that was cut or refused, bytes that were held, delayed or cut off. */
  readonly met: () => number;
  /** How the line is from now on, for connections that are open as well. */
  set(line: Line): void;
  /** Cuts every open connection, and says how many there were. */
  cut(by: CutBy): number;
  /** Where the server of later connections is; null: nowhere, and whoever connects is cut off. */
  lead(to: Upstream | null): void;
  close(): Promise<void>;
};

export const startTcpProxy = async (to: Upstream | null): Promise<TcpProxy> => {
  let upstream = to;
  let line: Line = { state: 'clear' };
  const carried = { up: 0, down: 0 };
  let met = 0;
  const meets = (): void => {
    met += 1;
  };
  const pairs = new Set<Pair>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (upstream === null || line.state === 'refusing') {
      if (line.state === 'refusing') meets();
      client.on('error', () => {});
      cutSocket(client, line.state === 'refusing' ? line.by : 'rst');
      return;
    }
    const pair = joined(client, dial({ ...addressOf(upstream), allowHalfOpen: true }), carried, meets);
    pairs.add(pair);
    pair.set(line);
    pair.ended.then(() => pairs.delete(pair));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no port.');

  const cut = (by: CutBy): number => {
    const open = [...pairs];
    for (const pair of open) {
      meets();
      pair.cut(by);
    }
    return open.length;
  };
  return {
    host: '127.0.0.1',
    port: address.port,
    connections: () => pairs.size,
    carried: () => ({ ...carried }),
    met: () => met,
    set: (next) => {
      line = next;
      for (const pair of pairs) pair.set(next);
    },
    cut,
    lead: (next) => {
      upstream = next;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut('rst');
      await closed;
    },
  };
};

/** Where the one server of a URL is: `redis://127.0.0.1:6379`, or `mongodb://%2Ftmp%2Fx.sock/` for a Unix socket. */
export const upstreamOf = (url: string): Upstream => {
  const host = /^[a-z+]+:\/\/(?:[^@/]*@)?(?<host>[^/?]+)/.exec(url)?.groups?.['host'] ?? '';
  const name = decodeURIComponent(host);
  if (name.startsWith('/')) return { path: name };
  const port = /:(?<port>\d+)$/.exec(name)?.groups?.['port'];
  if (port === undefined) throw new Error('The proxy leads to one server, by host and port or by Unix socket.');
  return { host: name.slice(0, -port.length - 1), port: Number(port) };
};

/** The same URL, with the proxy in the server's place. */
export const throughProxy = (url: string, { host, port }: Pick<TcpProxy, 'host' | 'port'>): string =>
  url.replace(/^([a-z+]+:\/\/(?:[^@/]*@)?)[^/?]+/, `$1${host}:${port}`);

/** One client and its connection to the server. */
type Pair = { readonly ended: Promise<void>; set(line: Line): void; cut(by: CutBy): void };

const joined = (client: Socket, server: Socket, carried: Record<Way, number>, meets: () => void): Pair => {
  let isCut = false;
  const cut = (by: CutBy): void => {
    if (isCut) return;
    isCut = true;
    for (const socket of [client, server]) cutSocket(socket, by);
  };
  const lanes = [
    startLane({ way: 'up', from: client, to: server, carried, meets, cut }),
    startLane({ way: 'down', from: server, to: client, carried, meets, cut }),
  ];
  // An end that dies takes the other with it; one that only closes has its bytes carried to the end by the lane.
  for (const socket of [client, server]) socket.on('error', () => cut('rst'));
  const ended = Promise.all([client, server].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  return {
    ended: ended.then(() => {}),
    set: (line) => {
      for (const lane of lanes) lane.set(line);
    },
    cut,
  };
};

type Lane = { set(line: Line): void };
type LaneEnds = {
  readonly way: Way;
  readonly from: Socket;
  readonly to: Socket;
  readonly carried: Record<Way, number>;
  readonly meets: () => void;
  readonly cut: (by: CutBy) => void;
};
/** What came, and when; `null` is the end of the stream. */
type Arrival = { readonly chunk: Buffer | null; readonly at: number };

/** A lane holds so much at most; then whoever sends has to wait, as with any full line. */
const mostHeldBytes = 4 * 1024 * 1024;

/** Carries the bytes of one way in their order, the end of the stream last. */
const startLane = ({ way, from, to, carried, meets, cut }: LaneEnds): Lane => {
  let line: Line = { state: 'clear' };
  let left = Number.POSITIVE_INFINITY;
  let heldBytes = 0;
  let isCarrying = false;
  let changed = Promise.withResolvers<void>();
  const arrivals: Arrival[] = [];

  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const passable = async (at: number): Promise<void> => {
    if (line.state === 'black_hole' || line.state === 'slow') meets();
    while (!to.destroyed) {
      if (line.state === 'black_hole') await changed.promise;
      else if (line.state === 'slow' && performance.now() < at + line.delayMs)
        await within(at + line.delayMs - performance.now(), changed.promise);
      else return;
    }
  };
  const pass = async (chunk: Buffer | null): Promise<void> => {
    if (to.destroyed || to.writableEnded) return;
    if (chunk === null) {
      to.end();
      return;
    }
    const part = chunk.subarray(0, left);
    if (part.length < chunk.length) meets();
    left -= part.length;
    carried[way] += part.length;
    const isFull = !to.write(part, () => {
      if (line.state === 'truncating' && part.length < chunk.length) cut(line.by);
    });
    if (isFull) await drained(to);
  };
  const carry = async (): Promise<void> => {
    if (isCarrying) return;
    isCarrying = true;
    for (let next = arrivals.shift(); next !== undefined; next = arrivals.shift()) {
      await passable(next.at);
      await pass(next.chunk);
      heldBytes -= next.chunk?.length ?? 0;
      if (heldBytes <= mostHeldBytes) from.resume();
    }
    isCarrying = false;
  };
  const arrive = (chunk: Buffer | null): void => {
    arrivals.push({ chunk, at: performance.now() });
    heldBytes += chunk?.length ?? 0;
    if (heldBytes > mostHeldBytes) from.pause();
    void carry();
  };
  from.on('data', arrive).on('end', () => arrive(null));
  to.on('close', change);

  return {
    set: (next) => {
      line = next;
      left = next.state === 'truncating' && next.way === way ? next.afterBytes : Number.POSITIVE_INFINITY;
      change();
    },
  };
};

/** Until there is room again, or nobody to write to. Listens no longer than that: a line fills up many times. */
const drained = async (to: Socket): Promise<void> => {
  const over = new AbortController();
  const happens = ['drain', 'close'].map((event) => once(to, event, { signal: over.signal }));
  await Promise.race(happens).catch(() => {});
  over.abort();
};

/** Waits that long, or until something happens. */
const within = async (ms: number, happens: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.ceil(ms));
  });
  await Promise.race([time, happens]);
  clearTimeout(timer);
};

/** A Unix socket knows no RST: it is closed without further ado. */
const cutSocket = (socket: Socket, by: CutBy): void => {
  if (by === 'fin') socket.destroySoon();
  else if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
};

const addressOf = (upstream: Upstream) => ('path' in upstream ? upstream : { host: '127.0.0.1', ...upstream });
