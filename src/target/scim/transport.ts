/** One HTTP exchange with a SCIM target: no repeating, no opinion. */

import { type Dispatcher, Pool } from 'undici';
import type { ScimSettings } from './settings.ts';

export type Sent = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

export type Received = {
  readonly status: number;
  /** By lower-case name; of one that came several times, the first. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null when there is more of it than anybody needs. */
  readonly text: string | null;
  readonly bytes: number;
};

export type Transport = {
  /** Rejects when there is no whole answer; with a `TimeoutError` when it did not come in time. */
  exchange(sent: Sent, signal: AbortSignal): Promise<Received>;
  close(): Promise<void>;
};

/** More than any page or account needs; a group of 100,000 members is about 10 MB. */
const mostBytes = 16 * 1024 * 1024;

export const transportTo = (settings: Pick<ScimSettings, 'base_url' | 'concurrency' | 'timeout_secs'>): Transport => {
  const timeoutMs = settings.timeout_secs * 1_000;
  const pool = new Pool(new URL(settings.base_url).origin, {
    connections: settings.concurrency,
    // One request at a time per connection: a connection that breaks leaves one operation in doubt, not all of them.
    pipelining: 1,
    allowH2: false,
    connectTimeout: Math.min(10_000, timeoutMs),
    // One deadline from the first byte out to the last byte in; timeouts between bytes would let an answer drip for ever.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    exchange: async (sent, signal) => {
      const deadline = AbortSignal.timeout(timeoutMs);
      try {
        return await receivedFrom(await pool.request({ ...sent, signal: AbortSignal.any([signal, deadline]) }));
      } catch (error) {
        throw deadline.aborted ? deadline.reason : error;
      }
    },
    close: () => pool.destroy(),
  };
};

const receivedFrom = async (response: Dispatcher.ResponseData): Promise<Received> => {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, [value ?? ''].flat()[0] ?? '']),
  );
  return { status: response.statusCode, headers, ...(await textOf(response.body)) };
};

const textOf = async (body: Dispatcher.ResponseData['body']): Promise<Pick<Received, 'text' | 'bytes'>> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > mostBytes) return { text: null, bytes };
    chunks.push(buffer);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), bytes };
};
