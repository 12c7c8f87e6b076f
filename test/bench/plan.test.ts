/** The plan for many tenants is arithmetic over the tables of growth: from these tables comes this, and from fewer tables none. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cell, Table, TableId } from '../../bench/growth/table.ts';
import { planOf } from '../../bench/report/plan.ts';
import { userPage } from '../../bench/report/plan-assumed.ts';
import { figuresOf } from '../../bench/report/plan-figures.ts';
import { reconciler } from '../../bench/report/plan-reconciler.ts';
import { keys } from '../../bench/report/plan-sharding.ts';
import { atMost } from '../../bench/result.ts';
import { timesFrom } from '../../src/test-hooks.ts';

const mb = (bytes: number): number => bytes / 2 ** 20;

const table = (id: TableId, columns: readonly string[], rows: readonly (readonly Cell[])[]): Table => ({
  id,
  title: id,
  about: '',
  columns,
  rows,
});

/** A person is stored in 1,000 bytes, a run with its indexes in 1,400, a change in 500, an operation in 4,000; a membership in 200. */
const users = table(
  'users',
  ['users', 'run', 'CPU s', 'MongoDB MB', 's'],
  [
    [1_000, 'first full', 1, mb(1_000_000), 2],
    // Its batches, and one run: what is stored of a tenant does not tell them apart.
    [1_000, 'unchanged full', 1, mb(1_000_000), 2],
    [1_000, 'delta', 1, mb(1_500_000), 1],
    [1_000, 'provisioning to its position', 2, mb(5_500_000), 10],
    [10_000, 'first full', 2, mb(10_000_000), 4],
    [10_000, 'unchanged full', 0.5, mb(10_040_000), 1],
    [10_000, 'delta', 0.2, mb(10_540_000), 1],
  ],
);
const members = table('members', ['members', 'MongoDB MB'], [[9_000, mb(11_800_000)]]);
const schedules = table(
  'schedules',
  ['connections', 'delta syncs ended in a minute', 'Redis KB'],
  [[1_000, 600, 6_000]],
);
const runs = table('runs', ['bytes of one', 'bytes of its indexes', 'bytes of a run'], [[700, 700, 1_400]]);
const everything = [users, members, schedules, runs];
/** A create costs 3.2 requests, and half a millisecond in a run of 10,000. */
const provisioning = atMost('R7', 'creates', 1, 1, {
  people: 10_000,
  requestsPerPerson: 3.2,
  cpuMs: { ours: { median: 5_000 } },
});

/** A person of a tenant with groups costs 300 µs in a first sync. */
const firstSync = atMost('R2m', 'first sync', 1, 1, {
  users: 20_000,
  memberships: 60_000,
  cpuMs: { ours: { median: 6_000 } },
});
const measured = [provisioning, firstSync];

const planned = (tables: readonly Table[] = everything): readonly string[] => planOf(tables, measured) ?? [];
const lineOf = (what: string): string => {
  const found = planned().filter((line) => line.startsWith(`| ${what}`));
  expect(found, what).toHaveLength(1);
  return found[0] ?? '';
};
const resultOf = (what: string): string => lineOf(what).split(' | ').at(-1)?.replace(/ \|$/, '') ?? '';

describe('the plan for 50,000 tenants', () => {
  it('takes the work from the processor time of the largest tenant', () => {
    expect(resultOf('delta syncs')).toBe('3.5 a second');
    expect(resultOf('processor for them')).toBe('0.69 cores');
    expect(resultOf('people read again by full syncs')).toBe('165 a second, 0.0083 cores');
    expect(resultOf('operations at targets')).toBe('23 a second over 50,000 targets, 0.046 cores');
    // The processor for all three, in the busiest hour.
    expect(lineOf('workers in the busiest hour')).toContain('(0.69 + 0.0083 + 0.046) × 4 | 3 |');
    expect(resultOf('small deltas that each of them')).toBe('278; one was seen to end 600');
    // Of what this machine did: 600 deltas in a minute, 10,000 unchanged people and 100 creates in a second.
    expect(lineOf('machines like this one')).toContain('4 × (3.5 × 60 / 600 + 165 / 10,000 + 23 / 100) | 3, ');
  });

  it('counts pages of 200 people, and each question of a batch with its units', () => {
    // (2,000,000 + 500,000,000 / 999) / 604,800.
    expect(resultOf('pages of members in full syncs')).toBe('4.1 a second, 20 to a batch');
    expect(lineOf('Graph requests of one app')).toContain('3.5 × 2 + 165 / 200 + 4.1 | 12 a second: 0.37 %');
    expect(lineOf('resource units of one app')).toContain('+ 4.1 × 2 | 16 a second, 52 % of them for members: 0.86 %');
  });

  it('stores what a sync stores, and the ledger, changes and runs of the days they are kept', () => {
    expect(resultOf('people as they are read')).toBe('93 GB');
    expect(lineOf('groups and memberships')).toContain('2,000,000 × 1,000 + 500,000,000 × 200 bytes | 95 GB');
    expect(lineOf('changes of 30 days')).toContain('× 2 % × 30 × 500 bytes | 28 GB');
    // One create, and 1.8 operations in 90 days.
    expect(lineOf('links, and intents and outcomes of 90 days')).toContain('(1 + 2 % × 90) × 4,000 bytes | 1,043 GB');
    expect(lineOf('runs of 90 days')).toContain('× 2 × 90 × 1,400 bytes | 72 GB');
    expect(resultOf('all')).toBe('1,331 GB, 3 shards of 500 GB');
    expect(lineOf('Redis')).toContain('50,000 × 6,144 bytes | 293 MB');
  });

  it('says of the first day what the targets take, and what Entrain takes', () => {
    expect(resultOf('one target with everybody')).toBe('36 hours');
    expect(resultOf('50,000 targets of 2,000 people')).toBe('2.6 s each');
    expect(resultOf('units of Graph')).toBe('5,501,001: 12 minutes at the limit of one app');
    expect(lineOf('processor of first syncs, managers, groups and 3 memberships a person (R2m)')).toContain('300 µs');
    expect(resultOf('processor of first syncs')).toBe(
      '8.3 hours of one core; 5.6 hours without groups, at the 200 µs of the largest tenant above',
    );
    expect(resultOf('processor of creates')).toMatch(
      /^56 hours of one core; 14 hours at the 0\.5 ms of a run of 10,000 people/,
    );
    expect(resultOf('both, on the 3 workers above')).toBe('21 hours');
    expect(planned().join('\n')).toContain('that they are made at the targets too is not in it');
  });

  it('counts what the reconciler asks, and says from when on it is too much', () => {
    expect(resultOf('questions of a pass')).toBe('150,100');
    expect(resultOf('time of a pass')).toBe('75 s');
    expect(resultOf('questions a second of one scheduler')).toBe('1,429');
    expect(resultOf('of all 3 workers')).toBe('4,287');
    expect(planned().join('\n')).toContain('from some 20,000 connections on');
  });

  it.each(['users', 'members', 'schedules', 'runs'] as const)(
    'is left out when the table of %s was not measured',
    (id) => {
      expect(
        planOf(
          everything.filter((one) => one.id !== id),
          measured,
        ),
      ).toBeNull();
    },
  );

  it('is left out when no tenant was measured both with a group of everybody and without', () => {
    const far = { ...members, rows: [[900_000, mb(1_900_000_000)]] };
    expect(planOf([users, far, schedules, runs], measured)).toBeNull();
  });

  it('compares the same tenant when the groups were measured at a larger size as well', () => {
    const rows = [...members.rows, [940_000, mb(1_900_000_000)]];
    expect(planned([users, { ...members, rows }, schedules, runs])).toEqual(planned());
  });

  it('is left out when nobody was provisioned', () => {
    const rows = users.rows.filter((row) => row[1] !== 'provisioning to its position');
    expect(planOf([{ ...users, rows }, members, schedules, runs], measured)).toBeNull();
  });

  it('is left out when creates or first syncs with groups were not measured', () => {
    expect(figuresOf(everything, measured)).not.toBeNull();
    expect(figuresOf(everything, [firstSync])).toBeNull();
    expect(figuresOf(everything, [provisioning])).toBeNull();
  });
});

describe('what the plan assumes of the code', () => {
  const textOf = (file: string): string => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');

  it('is what the reconciler does: how long it rests, and how many connections it asks for at once', () => {
    expect(reconciler.restSeconds * 1_000).toBe(timesFrom({}).reconcileMs);
    expect(textOf('src/store/mongo/keyset.ts')).toContain(`size = ${reconciler.page},`);
  });

  it('is how Graph is read: 200 people to a page with their managers', () => {
    expect(textOf('src/source/graph/users.ts')).toContain(`${userPage} to a page`);
    expect(textOf('test/integration/cost.integration.test.ts')).toContain(`Math.ceil(users / ${userPage})`);
  });
});

describe('the table of shard keys', () => {
  const folder = join(import.meta.dirname, '../../src/store/mongo');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const namedIn = (text: string): readonly string[] =>
    [/^(?:export )?const (?:name|\w+Name) = '(\w+)';$/gm, /\.collection(?:<\w+>)?\('(\w+)'\)/g].flatMap((pattern) =>
      [...text.matchAll(pattern)].flatMap(([, name]) => name ?? []),
    );
  const collections = [...new Set(texts.flatMap(namedIn))];
  /** The collections of the files where this is written; a file's indexes are those of its `name`. */
  const where = (pattern: RegExp): readonly string[] =>
    texts
      .filter((text) => pattern.test(text))
      .flatMap((text) => /^(?:export )?const name = '(\w+)';$/m.exec(text)?.[1] ?? []);

  it('names every collection once', () => {
    expect(collections.length).toBeGreaterThan(10);
    expect(keys.flatMap((kept) => kept.collections).toSorted()).toEqual(collections.toSorted());
  });

  it('shards no collection that has a unique index', () => {
    expect(where(/unique: true/)).toEqual(['runs']);
    expect(keys.find((kept) => kept.collections.includes('runs'))?.key).toBeNull();
  });

  it('shards by `_id` alone nothing that has an index on more', () => {
    const indexed = where(/const indexes(?:: [^=]+)? = \[\s*\{/);
    expect(indexed).toContain('links');
    // Who left long ago is asked for by a range of `_id` as well.
    for (const { collections: named, key } of keys)
      if (key === '{ _id: 1 }')
        expect(named.filter((name) => indexed.includes(name) && name !== 'objects')).toEqual([]);
  });
});
