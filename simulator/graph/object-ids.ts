/**
 * Directory objects are numbers inside and GUIDs outside. The GUID is computed from the number and found back without a table,
 * because a table of a million GUIDs would be most of the memory of a large tenant.
 */

import { draw } from './random.ts';

export type Kind = 'user' | 'group' | 'device' | 'servicePrincipal';

const kinds: readonly Kind[] = ['user', 'group', 'device', 'servicePrincipal'];
const INDEX_BITS = 30;

/** The number of the index-th object of a kind. Users come first, then groups, so sorted members have their groups together. */
export const numberOf = (kind: Kind, index: number): number => kinds.indexOf(kind) * 2 ** INDEX_BITS + index;
export const indexOf = (number: number): number => number % 2 ** INDEX_BITS;
export const kindOf = (number: number): Kind => kinds[Math.floor(number / 2 ** INDEX_BITS)] ?? 'user';
export const firstGroupNumber = numberOf('group', 0);

export function guidOf(number: number, seed: number): string {
  const a = scramble(number, seed);
  const b = draw(seed, number, 101);
  const c = draw(seed, number, 102);
  const d = draw(seed, number, 103);
  return `${hex4(a >>> 16)}${hex4(a)}-${hex4(b >>> 16)}-${hex4((b & 0x0fff) | 0x4000)}-${hex4((c & 0x3fff) | 0x8000)}-${hex4(c >>> 16)}${hex4(d >>> 16)}${hex4(d)}`;
}

/** The number behind a GUID of this tenant, or null for a GUID that is none of its own. */
export function numberOfGuid(guid: string, seed: number): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(guid)) return null;
  const number = unscramble(Number.parseInt(guid.slice(0, 8), 16), seed);
  return guidOf(number, seed) === guid.toLowerCase() ? number : null;
}

/** A GUID for things that are not directory objects: tenants, applications, requests. */
export function guidFrom(seed: number, place: number): string {
  return guidOf(place, draw(seed, place, 100));
}

/** A small seed must not meet a small number, or some id would be all zeros. */
const key = (seed: number): number => draw(seed, 0, 104);

const FIRST = 0x2c1b3c6d;
const SECOND = 0x297a2d39;

/** Multiplications by odd numbers and xor-shifts by half the width can all be undone, so no two numbers share a GUID. */
function scramble(number: number, seed: number): number {
  let x = (number ^ key(seed)) | 0;
  x = Math.imul(x ^ (x >>> 16), FIRST);
  x = Math.imul(x ^ (x >>> 16), SECOND);
  return (x ^ (x >>> 16)) >>> 0;
}

function unscramble(scrambled: number, seed: number): number {
  let x = scrambled | 0;
  x = Math.imul(x ^ (x >>> 16), inverse(SECOND));
  x = Math.imul(x ^ (x >>> 16), inverse(FIRST));
  return (x ^ (x >>> 16) ^ key(seed)) >>> 0;
}

/** The multiplicative inverse modulo 2^32, by Newton's iteration. */
function inverse(odd: number): number {
  let x = odd;
  for (let step = 0; step < 5; step++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

const quads = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, '0'));
const hex4 = (value: number): string => quads[value & 0xffff] ?? '';
