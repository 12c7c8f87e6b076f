/**
 * What a sync writes and asks, in counts, which no busy machine distorts. The bounds are what is needed now with a little room; whoever crosses one has
 * made every customer's sync dearer and should know (docs/decisions/0005).
 */

import { randomBytes } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { bucketsFor } from '../../src/store/mongo/member-buckets.ts';
import { createVault } from '../../src/store/vault.ts';
import { openTestMongo } from '../support/mongo.ts';
import { type Counts, countMongo, sumOf } from '../support/mongo-counts.ts';
import { connection, id, type Story, story } from '../support/story.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const people = 1_000;
const pageSize = 100;
const pages = people / pageSize;
const teams = 20;
/** In one group: 32 buckets. */
const staff = 10_000;
/** Lease, run, head: what every run writes, however little it finds. */
const perRun = 10;

const nameOf = (nth: number): string => `p${nth}`;
const hireEverybody = (s: Story): void => {
  for (let nth = 0; nth < people; nth += 1) s.hire(nameOf(nth));
};

it('a first sync writes every object once, and reads it back once for the changes', async () => {
  const { s, costOf } = await tell();
  hireEverybody(s);
  const first = await costOf(() => sync(s, 'full'));
  expect(first.written['objects']).toBe(people);
  expect(first.read['objects']).toBe(people);
  expect(first.written['batches']).toBe(pages);
  expect(first.written['changes']).toBeLessThanOrEqual(people / 50);
  expect(first.deleted).toEqual({});
  expect(sumOf(first.written)).toBeLessThanOrEqual(people + 2 * pages + people / 50 + perRun + 3);
  // Some commands a page, and as many in the end as it takes to read everything by the thousand.
  expect(sumOf(first.commands)).toBeLessThanOrEqual(6 * pages + 60);
});

it('a full sync that finds nothing new writes one document a page and reads no object', async () => {
  const { s, costOf } = await tell();
  hireEverybody(s);
  await sync(s, 'full');
  const unchanged = await costOf(() => sync(s, 'full'));
  expect(unchanged.written['batches']).toBe(pages);
  expect(sumOf(unchanged.written)).toBeLessThanOrEqual(pages + perRun);
  // The batches of the full sync before, which was the roster until now.
  expect(unchanged.deleted).toEqual({ batches: pages });
  expect(asked(unchanged.commands, 'objects')).toBe(0);
  // The batch, and whether the draft is still the newest.
  expect(sumOf(unchanged.commands)).toBeLessThanOrEqual(2 * pages + 35);
});

it('a full sync of groups that finds nothing new writes one document a page, and reads a hash for each bucket of members', async () => {
  const { s, costOf } = await tell();
  hireEverybody(s);
  for (let team = 0; team < teams; team += 1) {
    s.found(`t${team}`);
    for (let nth = team; nth < people; nth += teams) s.directory.join(id(`t${team}`), id(nameOf(nth)));
  }
  // Everybody once more: 1,000 members are one bucket.
  s.found('staff');
  for (let nth = 0; nth < people; nth += 1) s.directory.join(id('staff'), id(nameOf(nth)));
  const first = await costOf(() => sync(s, 'full'));
  expect(first.written['objects']).toBe(people + teams + 1);
  expect(first.written['members']).toBe(teams + 1);
  expect(sumOf(first.commands)).toBeLessThanOrEqual(8 * (first.written['batches'] ?? 0) + 60);

  const unchanged = await costOf(() => sync(s, 'full'));
  const read = first.written['batches'] ?? 0;
  expect(read).toBeGreaterThan(pages);
  expect(unchanged.written['batches']).toBe(read);
  expect(unchanged.written['objects'] ?? 0).toBe(0);
  expect(unchanged.written['members'] ?? 0).toBe(0);
  expect(sumOf(unchanged.written)).toBeLessThanOrEqual(read + perRun);
  expect(unchanged.deleted).toEqual({ batches: read });
  expect(asked(unchanged.commands, 'objects')).toBe(0);
  expect(unchanged.read['members']).toBe(teams + 1);
  expect(sumOf(unchanged.commands)).toBeLessThanOrEqual(4 * read + 35);
});

it('who changed since the last full sync is looked up, and nobody else', async () => {
  const { s, costOf } = await tell();
  hireEverybody(s);
  await sync(s, 'full');
  for (const nth of [3, 4, 5]) s.directory.setUser(id(nameOf(nth)), { jobTitle: 'promoted' });
  await sync(s, 'delta');
  s.directory.setUser(id(nameOf(6)), { jobTitle: 'promoted' });
  const full = await costOf(() => sync(s, 'full'));
  expect(full.written['objects']).toBe(2 * 1);
  expect(asked(full.commands, 'objects')).toBeLessThanOrEqual(5);
  expect(sumOf(full.written)).toBeLessThanOrEqual(pages + perRun + 6);
});

it('a delta sync that finds nothing writes no batch', async () => {
  const { s, costOf } = await tell();
  hireEverybody(s);
  await sync(s, 'full');
  const quiet = await costOf(() => sync(s, 'delta'));
  expect(quiet.written['batches'] ?? 0).toBe(0);
  expect(sumOf(quiet.written)).toBeLessThanOrEqual(perRun);
  expect(quiet.deleted).toEqual({});
});

it('a person who joins a large group, or leaves it, costs one bucket, not the group', async () => {
  const { s, costOf } = await tell();
  s.directory.liberties.pageSize = 5_000;
  s.found('staff');
  for (let nth = 0; nth < staff; nth += 1) {
    s.hire(nameOf(nth));
    s.directory.join(id('staff'), id(nameOf(nth)));
  }
  const whole = await costOf(() => sync(s, 'full'));
  expect(whole.written['members']).toBe(bucketsFor(staff));
  s.hire('late');
  await sync(s, 'delta');
  s.directory.join(id('staff'), id('late'));
  const joined = await costOf(() => sync(s, 'delta'));
  // Staged, and rolled forward.
  expect(joined.written['members']).toBe(2);
  expect(joined.written['objects'] ?? 0).toBe(0);
  // The bucket by its hash, itself, and itself again for the change.
  expect(asked(joined.commands, 'members')).toBeLessThanOrEqual(3);
  expect(joined.read['members']).toBeLessThanOrEqual(3);
  s.directory.leave(id('staff'), id('late'));
  const left = await costOf(() => sync(s, 'delta'));
  expect(left.written['members']).toBe(2);
  expect(left.written['objects'] ?? 0).toBe(0);
  expect(asked(left.commands, 'members')).toBeLessThanOrEqual(3);
  expect(left.read['members']).toBeLessThanOrEqual(3);
  expect(bucketsFor(staff)).toBeGreaterThan(10 * 3);
}, 60_000);

const sync = async (s: Story, mode: 'full' | 'delta'): Promise<void> => {
  const run = await s.requestSync(mode);
  await s.syncAll();
  expect(await s.ended(run)).toMatchObject({ state: 'succeeded', connection });
};

const asked = (commands: Counts, collection: string): number =>
  (commands[`find ${collection}`] ?? 0) + (commands[`getMore ${collection}`] ?? 0);

/** A whole Entrain on MongoDB; the documents written and read by collection, as the server says, and the commands. */
const tell = async () => {
  const { mongo, close } = await openTestMongo();
  closers.push(close);
  const costOf = countMongo(mongo);
  const s = await story({ stores: (now) => createMongoStores(mongo, { vault: createVault(randomBytes(32)), now }) });
  s.directory.liberties.pageSize = pageSize;
  return { s, costOf };
};
