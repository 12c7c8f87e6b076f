import { expect, it } from 'vitest';
import { isSame } from '../../src/store/is-same.ts';

it.each([
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  ['abc', 'abcd', false],
  ['', '', true],
  // As many characters, and more bytes.
  ['aé', 'ab', false],
  [Uint8Array.of(1, 2), Buffer.from([1, 2]), true],
  [Uint8Array.of(1, 2), Uint8Array.of(2, 1), false],
  ['a', Buffer.from('a'), true],
] as const)('%j and %j are told apart by their bytes', (one, other, expected) => {
  expect(isSame(one, other)).toBe(expected);
  expect(isSame(other, one)).toBe(expected);
});
