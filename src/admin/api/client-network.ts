/** Whose calls are counted together where nobody has said yet who they are. */

import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 address, or the first 64 bits of an IPv6 address: what one line or machine is given (RFC 6177). */
export const networkOf = (address: string | undefined): string => {
  const [withoutZone = ''] = (address ?? '').split('%');
  const plain = withoutZone.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(plain)) return plain;
  return isIPv6(plain) ? `${groupsOf(plain).slice(0, 4).join(':')}::/64` : 'unknown';
};

/** The eight groups, as the URL standard spells them: lower-case, without leading zeros. */
const groupsOf = (address: string): readonly string[] => {
  const [left = '', right] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groupsIn = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  if (right === undefined) return groupsIn(left);
  const [before, after] = [groupsIn(left), groupsIn(right)];
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
};
