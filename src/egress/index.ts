/** The way out, guarded (docs/operating.md, "Where calls go"). */

import { lookup } from 'node:dns';
import { Pool } from 'undici';
import type { Egress, Outlet, OutletLimits } from '../model/egress.ts';
import { allowList } from './allow-list.ts';
import { guardedConnector, type Resolve } from './connector.ts';
import { exchange } from './exchange.ts';
import { type Rules, rulesOf } from './rules.ts';

/** `allow`: hosts, addresses and networks that may be called although they are not public. Throws when an entry cannot be read. */
export const openEgress = (around: { readonly allow: readonly string[]; readonly resolve?: Resolve }): Egress => {
  const rules = rulesOf(allowList(around.allow));
  return {
    refusalOf: rules.refusalOfUrl,
    open: (url, limits) => outletTo(rules, around.resolve ?? systemResolver, url, limits),
  };
};

const systemResolver: Resolve = (host, done) =>
  lookup(host, { all: true }, (error, addresses) => done(error, error === null ? addresses : []));

const outletTo = (
  rules: Rules,
  resolve: Resolve,
  url: URL,
  { connections, timeoutMs, mostBytes }: OutletLimits,
): Outlet => {
  const pool = new Pool(url.origin, {
    connections,
    // One request at a time per connection: a connection that breaks leaves one operation in doubt, not all of them.
    pipelining: 1,
    connect: guardedConnector(rules, resolve, url, Math.min(10_000, timeoutMs)),
    // An exchange has one deadline; timeouts between bytes would let an answer drip for ever.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    exchange: (sent, signal, beforeWrite) => exchange(pool, sent, { timeoutMs, mostBytes }, signal, beforeWrite),
    close: () => pool.destroy(),
  };
};
