/** Which addresses may be called. Everything that is not plainly public is refused, or has to be listed; some are never called, listed or not. */

import ipaddr from 'ipaddr.js';
import type { Address, AllowList } from './allow-list.ts';

export type Rules = {
  /** Why this URL may not be called, as far as it tells itself; null: it may, or its name has to be resolved first. */
  refusalOfUrl(url: URL): string | null;
  /** Why a host may not be called by this address. */
  refusalOfAddress(host: string, address: string, clear: boolean): string | null;
};

export const rulesOf = (list: AllowList): Rules => {
  const refusalOfAddress: Rules['refusalOfAddress'] = (host, text, clear) => {
    const name = plainHost(host);
    const address = parsed(text);
    const standing = address === null ? 'never' : standingOf(address);
    if (address === null || standing === 'never')
      return `${name} leads to an address that is never called, because only machines of the same network, or the cloud they run in, answer there. Give the public address of the system.`;
    if (list.allows(name, address, clear)) return null;
    if (standing === 'private')
      return `${name} leads to an address of a private network, and nothing is sent there. Give a public address, or have whoever runs Entrain list the host or its network in ENTRAIN_EGRESS_ALLOW.`;
    return clear ? needsTls(name) : null;
  };
  return {
    refusalOfAddress,
    refusalOfUrl: (url) => {
      const host = plainHost(url.hostname);
      const clear = url.protocol === 'http:';
      if (!clear && url.protocol !== 'https:') return 'Only https:// addresses are called. Give one.';
      if (url.username !== '' || url.password !== '')
        return 'An address must hold no user name or password. Give it without.';
      if (host === '') return 'The address names no host. Give one that does.';
      if (ipaddr.isValid(host)) return refusalOfAddress(host, host, clear);
      return clear && !list.mayBeClear(host) ? needsTls(host) : null;
    },
  };
};

const needsTls = (host: string): string =>
  `${host} is called over https:// alone. Give such an address, or have whoever runs Entrain list http://${host} in ENTRAIN_EGRESS_ALLOW, for a trial.`;

/** As names are compared: without the brackets of IPv6 and the dot of the root. The URL parser has brought it to lower case and ASCII. */
export const plainHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

/** Null: no address that can be judged. */
const parsed = (text: string): Address | null => {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.parse(text);
  return address instanceof ipaddr.IPv6 ? unwrapped(address) : address;
};

/** IPv6 addresses that mean an IPv4 one: mapped (RFC 4291 §2.5.5.2), and what NAT64 makes of one (RFC 6052 §2.1). */
const unwrapped = (address: ipaddr.IPv6): Address => {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const bytes = address.toByteArray();
  return address.match(nat64, 96) ? new ipaddr.IPv4(bytes.slice(12)) : address;
};
const nat64 = ipaddr.IPv6.parse('64:ff9b::');

type Standing = 'public' | 'private' | 'never';

const standingOf = (address: Address): Standing => {
  const range = address.range();
  if (clouds.has(address.toString()) || neverCalled.has(range)) return 'never';
  if (range !== 'unicast') return 'private';
  // Of IPv6 only 2000::/3 is given out for the public (RFC 4291 §2.4, IANA); whatever else there may be is not.
  return address instanceof ipaddr.IPv6 && !address.match(globalUnicast, 3) ? 'private' : 'public';
};
const globalUnicast = ipaddr.IPv6.parse('2000::');

/** 6to4 and Teredo carry an IPv4 address past everybody who looks at IPv6 alone; both are long out of use. */
const neverCalled: ReadonlySet<string> = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  '6to4',
  'teredo',
]);

/**
 * Where clouds tell machines their secrets, beside the link-local 169.254.169.254: Azure's wire server (a public address), Alibaba Cloud, Oracle Cloud,
 * AWS and Google Cloud over IPv6. In the spelling of ipaddr.js.
 */
const clouds: ReadonlySet<string> = new Set(
  ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'].map((text) =>
    ipaddr.parse(text).toString(),
  ),
);
