/** Resource units: what a request costs, and how many an app may spend in a tenant (throttling-limits, identity and access). */

import type { Query } from './odata.ts';
import { GraphFault, type Headers } from './reply.ts';

const WINDOW_MS = 10_000;
/** From this share of the limit on the share is told; at 1.8 the service stops counting. */
const TOLD_FROM = 0.8;
const MOST_TOLD = 1.8;

/** $select makes a request cheaper, $expand dearer, a small $top cheaper; nothing costs less than one. */
export function costOf(base: number, query: Query): number {
  const select = query.has('select') ? -1 : 0;
  const expand = query.has('expand') ? 1 : 0;
  const top = query.has('top') && Number(query.get('top')) < 20 ? -1 : 0;
  return Math.max(1, base + select + expand + top);
}

/** The documented limit in ten seconds, by the number of users. */
export function limitFor(users: number): number {
  if (users < 50) return 3_500;
  return users <= 500 ? 5_000 : 8_000;
}

export type Spender = { readonly appId: string; readonly tenantId: string };

/** A leaking bucket per app and tenant. Requests made while throttled count too, so that hammering does not help. */
export class Throttle {
  readonly #levels = new Map<string, { level: number; atMs: number }>();

  /** Charges the request and gives the headers that every answer carries; throws when the bucket runs over. */
  charge(spender: Spender, cost: number, limit: number, nowMs: number): Headers {
    // Nothing fills a bucket without a limit, and a share of infinity is not a number.
    if (limit === Number.POSITIVE_INFINITY) return { 'x-ms-resource-unit': String(cost) };
    const key = `${spender.appId} ${spender.tenantId}`;
    const last = this.#levels.get(key) ?? { level: 0, atMs: nowMs };
    const leaked = ((nowMs - last.atMs) / WINDOW_MS) * limit;
    const level = Math.min(Math.max(0, last.level - leaked) + cost, limit * MOST_TOLD);
    this.#levels.set(key, { level, atMs: nowMs });
    const share = level / limit;
    const headers = {
      'x-ms-resource-unit': String(cost),
      ...(share > TOLD_FROM ? { 'x-ms-throttle-limit-percentage': share.toFixed(2) } : {}),
    };
    if (share <= 1) return headers;
    const seconds = Math.max(1, Math.ceil(((level - limit) / limit) * (WINDOW_MS / 1000)));
    throw tooManyRequests({
      ...headers,
      'Retry-After': String(seconds),
      'x-ms-throttle-scope': `Tenant_Application/ReadWrite/${spender.appId}/${spender.tenantId}`,
      'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
    });
  }

  reset(): void {
    this.#levels.clear();
  }
}

export const tooManyRequests = (headers: Headers): GraphFault =>
  new GraphFault(429, 'TooManyRequests', 'The server is busy. Please try again later.', headers);
