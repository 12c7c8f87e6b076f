/**
 * Opens connections, each to an address that was looked at. The guard stands here and not before the request, so that a name which stands for another
 * address a moment later leads nowhere; and not in the look-up alone, which is never asked about an address that is written as numbers
 * (https://github.com/nodejs/undici/issues/2019).
 */

import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { EgressRefused } from '../model/egress.ts';
import type { Rules } from './rules.ts';

/** Every address that a name stands for. */
export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const guardedConnector = (
  rules: Rules,
  resolve: Resolve,
  url: URL,
  connectTimeoutMs: number,
): buildConnector.connector => {
  const clear = url.protocol === 'http:';
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(rules, resolve, clear),
  });
  return (options, callback) => {
    const refusal = rules.refusalOfUrl(url);
    if (refusal === null) connect(options, callback);
    else queueMicrotask(() => callback(new EgressRefused(refusal), null));
  };
};

/** A name that stands for several addresses has to be in order with all of them: which one is taken is not ours to say. */
const guardedLookup =
  (rules: Rules, resolve: Resolve, clear: boolean): LookupFunction =>
  (host, options, callback) => {
    resolve(host, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const refusal = addresses.map(({ address }) => rules.refusalOfAddress(host, address, clear)).find(isText);
      if (refusal !== undefined) return callback(new EgressRefused(refusal), []);
      const [first] = addresses;
      if (first === undefined) return callback(notFound(host), []);
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

const isText = (refusal: string | null): refusal is string => refusal !== null;

const notFound = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
