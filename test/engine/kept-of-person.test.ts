/** That nothing that is kept of people can be left out: neither when they are shown it, nor when it is erased. */

import { expect, it } from 'vitest';
import { rows } from '../../src/engine/kept-of-person.ts';
import { collections, collectionsInCode } from '../support/collections.ts';

it('of every collection it is said what it holds of people', () => {
  // One that is named by a constant, and one that is opened by its name.
  expect(collectionsInCode()).toEqual(expect.arrayContaining(['objects', 'tenant_claims']));
  expect(Object.keys(collections).toSorted()).toEqual(collectionsInCode());
});

it('every collection that holds people is of a store that shows them, and erases them where they do not stay', () => {
  for (const [name, { row, people }] of Object.entries(collections)) {
    const known = rows[row].people;
    if (people === 'stay') expect([name, known]).toEqual([name, 'stay']);
    if (people === 'erased' || people === 'next_sync') expect([name, known]).toEqual([name, 'erased']);
  }
});

it('a store of which it is said that it holds people has a collection that does', () => {
  const holding = Object.values(collections).flatMap(({ row, people }) => (people === 'none' ? [] : [row]));
  const said = Object.entries(rows).flatMap(([row, { people }]) => (people === 'none' ? [] : [row]));
  expect(new Set(holding)).toEqual(new Set(said));
});
