/** What a deployment lists of the networks that are not public, and how a list is written: `scim.corp.example`, `10.20.0.0/16`, `http://localhost`. */

import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

export type AllowList = {
  /** Whether the host, by its name or by this address of it, is listed; `clear`: without TLS too. */
  allows(host: string, address: Address, clear: boolean): boolean;
  /** Whether anything is listed that a host of this name could be reached by without TLS. */
  mayBeClear(host: string): boolean;
};

type Entry = { readonly clear: boolean } & (
  | { readonly host: string }
  | { readonly network: readonly [Address, number] }
);

/** Throws when an entry cannot be read, and names it. */
export const allowList = (entries: readonly string[]): AllowList => {
  const listed = entries.map(entryOf);
  return {
    allows: (host, address, clear) =>
      listed.some(
        (entry) =>
          (entry.clear || !clear) && ('host' in entry ? entry.host === host : isWithin(address, entry.network)),
      ),
    mayBeClear: (host) => listed.some((entry) => entry.clear && (!('host' in entry) || entry.host === host)),
  };
};

const entryOf = (text: string): Entry => {
  const [, scheme = '', rest = ''] = /^(https?:\/\/)?(.+)$/i.exec(text) ?? [];
  const clear = scheme.toLowerCase() === 'http://';
  const bare = rest.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (ipaddr.isValidCIDR(bare)) return { clear, network: ipaddr.parseCIDR(bare) };
  if (isAddress(bare)) {
    const address = ipaddr.parse(bare);
    return { clear, network: [address, address.kind() === 'ipv4' ? 32 : 128] };
  }
  // What ends in a number is an address in disguise, and would never be compared as a name.
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(bare) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(bare))
    return { clear, host: bare };
  throw new Error(
    `${text} is no host, address or network in CIDR notation, such as scim.corp.example, 10.20.0.0/16 or http://localhost. Mend it in ENTRAIN_EGRESS_ALLOW.`,
  );
};

/** Four decimal parts or IPv6: `ipaddr.isValid` also takes what only very old programs do, such as 0x7f.1. */
const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

const isWithin = (address: Address, [network, bits]: readonly [Address, number]): boolean =>
  address instanceof ipaddr.IPv4
    ? network instanceof ipaddr.IPv4 && address.match(network, bits)
    : network instanceof ipaddr.IPv6 && address.match(network, bits);
