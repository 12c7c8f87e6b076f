/** One HTTP exchange with a SCIM target: no repeating, no opinion. */

import { Pool } from 'undici';
import { exchange, type Received, type Sent } from './exchange.ts';
import type { ScimSettings } from './settings.ts';

export type { Received, Sent } from './exchange.ts';

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
    // An exchange has one deadline; timeouts between bytes would let an answer drip for ever.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    exchange: (sent, signal) => exchange(pool, sent, { timeoutMs, mostBytes }, signal),
    close: () => pool.destroy(),
  };
};
