import { describe, expect, it } from 'vitest';
import {
  beyondAccepted,
  isDrained,
  isDrainedInside,
  sampleOf,
  shrinkKey,
  shrinkProblem,
} from '../../src/core/shrink.ts';
import { type SourceId, sourceId } from '../../src/model/ids.ts';
import type { Cleared, Drained, Shrink } from '../../src/model/run.ts';

const limit = { count: 500, percent: 5, floor: 5 };
const none: Shrink = {
  missing: { user: 0, group: 0 },
  known: { user: 1_000, group: 100 },
  drained: [],
  cleared: [],
  sample: [],
};
const emptied = (group: string, of = 3): Drained => ({ group: sourceId(group), lost: of, of });
const people = (from: number, to: number): readonly SourceId[] =>
  Array.from({ length: to - from }, (_, nth) =>
    sourceId(`00000000-0000-4000-8000-${String(from + nth).padStart(12, '0')}`),
  );
/** A read in which these are missing, of a hundred thousand. */
const without = (missing: readonly SourceId[]): Shrink => ({
  ...none,
  known: { user: 100_000, group: 0 },
  missing: { user: missing.length, group: 0 },
  sample: sampleOf(missing),
});

it('lets a read pass that finds no more missing than the limit', () => {
  expect(shrinkProblem(none, limit, null)).toBe(null);
  expect(shrinkProblem({ ...none, missing: { user: 50, group: 5 } }, limit, null)).toBe(null);
});

it('holds a read that finds one user or one group more missing', () => {
  expect(shrinkProblem({ ...none, missing: { user: 51, group: 0 } }, limit, null)).toMatchObject({
    code: 'read_shrank',
    message: expect.stringContaining('51 of 1000 known users are missing; up to 50 may be'),
  });
  expect(shrinkProblem({ ...none, missing: { user: 0, group: 6 } }, limit, null)?.message).toContain(
    '6 of 100 known groups are missing; up to 5 may be',
  );
});

it('holds a read that emptied a group, however small, and names it', () => {
  const drained = ['g-1', 'g-2', 'g-3', 'g-4', 'g-5', 'g-6', 'g-7'].map((id) => emptied(id));
  expect(shrinkProblem({ ...none, drained: drained.slice(0, 1) }, limit, null)?.message).toContain(
    'nobody is in scope by group g-1 any more.',
  );
  expect(shrinkProblem({ ...none, drained }, limit, null)?.message).toContain(
    'groups g-1, g-2, g-3, g-4, g-5 and 2 more',
  );
});

it('says everything that is wrong, and what to do', () => {
  const drained = [emptied('g-1'), { group: sourceId('g-2'), lost: 60, of: 100 }];
  const message = shrinkProblem({ ...none, missing: { user: 900, group: 90 }, drained }, limit, null)?.message;
  for (const part of ['900 of 1000', '90 of 100', 'group g-1', 'group g-2 (60 of 100)', 'accept_shrink'])
    expect(message).toContain(part);
});

it('takes a group for drained that lost everybody, or most and more than the limit', () => {
  const is = (lost: number, of: number): boolean => isDrained({ lost, of }, limit);
  expect([is(0, 0), is(0, 3), is(2, 3), is(5, 9), is(50, 100), is(600, 2_000)]).toEqual(Array(6).fill(false));
  expect([is(1, 1), is(3, 3), is(6, 9), is(51, 100), is(1_001, 2_000)]).toEqual(Array(5).fill(true));
});

it('takes a group inside another for drained only of more than the floor', () => {
  const is = (lost: number, of: number): boolean => isDrainedInside({ lost, of }, limit);
  expect([is(0, 0), is(1, 1), is(5, 5), is(6, 13), is(50, 100)]).toEqual(Array(5).fill(false));
  expect([is(6, 6), is(6, 9), is(51, 100), is(1_001, 2_000)]).toEqual(Array(4).fill(true));
});

describe('what somebody accepted', () => {
  it('is that so many lost an attribute, and not more, nor another one', () => {
    const lost: Cleared = { type: 'user', attribute: 'department', lost: 80, known: 1_000, hidden: false };
    const seen: Shrink = { ...none, cleared: [lost] };
    expect(shrinkProblem(seen, limit, seen)).toBe(null);
    expect(shrinkProblem({ ...none, cleared: [{ ...lost, lost: 70 }] }, limit, seen)).toBe(null);
    for (const more of [
      { ...lost, lost: 81 },
      { ...lost, attribute: 'mail' },
    ])
      expect(shrinkProblem({ ...none, cleared: [lost, more] }, limit, seen)?.message).toContain('lost a value at once');
  });

  it('is what they saw, or less of it', () => {
    const seen: Shrink = { ...none, missing: { user: 90, group: 8 }, drained: [emptied('g-1', 20)] };
    expect(shrinkProblem(seen, limit, seen)).toBe(null);
    expect(shrinkProblem({ ...seen, missing: { user: 80, group: 8 } }, limit, seen)).toBe(null);
    expect(shrinkProblem({ ...seen, drained: [{ ...emptied('g-1', 20), lost: 15 }] }, limit, seen)).toBe(null);
  });

  it('is not more of it, by a single one', () => {
    const seen: Shrink = { ...none, missing: { user: 90, group: 8 }, drained: [emptied('g-1')] };
    for (const more of [
      { ...seen, missing: { user: 91, group: 8 } },
      { ...seen, missing: { user: 90, group: 9 } },
      { ...seen, drained: [emptied('g-1'), emptied('g-2')] },
      { ...seen, drained: [emptied('g-1', 4)] },
    ]) {
      expect(beyondAccepted(more, seen, limit)).toHaveLength(1);
      expect(shrinkProblem(more, limit, seen)?.message).toContain('otherwise than the one that was accepted');
    }
  });

  it.each([100, 5_000, 40_000])('of %i people, is not as many others', (many) => {
    const seen = without(people(0, many));
    const few = { count: 20, percent: 5, floor: 5 };
    expect(beyondAccepted(without(people(0, many)), seen, few)).toEqual([]);
    expect(beyondAccepted(without(people(0, many - 5)), seen, few)).toEqual([]);
    for (const shift of [0.5, 1]) {
      const others = without(people(many * shift, many * (1 + shift)));
      expect(beyondAccepted(others, seen, few)).toEqual([expect.stringContaining('were not among those')]);
    }
  });
});

it('draws the same sample of the same people in whatever pieces they come', () => {
  const all = people(0, 3_000);
  let drawn: readonly SourceId[] = [];
  for (let at = 0; at < all.length; at += 170) drawn = sampleOf([...drawn, ...all.slice(at, at + 170)]);
  expect(drawn).toEqual(sampleOf(all.toReversed()));
  expect(drawn).toHaveLength(256);
});

it('gives reads that shrank in another way another key', () => {
  const shrinks = [
    none,
    { ...none, missing: { user: 1, group: 0 } },
    { ...none, missing: { user: 0, group: 1 } },
    { ...none, drained: [emptied('g-1')] },
    { ...none, drained: [emptied('g-2')] },
    without(people(0, 5)),
    without(people(1, 6)),
  ];
  expect(new Set(shrinks.map(shrinkKey)).size).toBe(shrinks.length);
  expect(shrinkKey(without(people(0, 5)))).toBe(shrinkKey(without(people(0, 5).toReversed())));
});

describe('an attribute that many lost at once', () => {
  const department: Cleared = { type: 'user', attribute: 'department', lost: 50, known: 1_000, hidden: false };
  const because = (...cleared: readonly Cleared[]) => shrinkProblem({ ...none, cleared }, limit, null)?.message;

  it('holds the read when more lost it than the limit allows of those who had it', () => {
    expect(because(department)).toBe(undefined);
    expect(because({ ...department, lost: 51 })).toContain(
      'too many users lost a value at once: department (51 of 1000 who had one)',
    );
    expect(because({ ...department, known: 900 })).toContain('department (50 of 900 who had one)');
  });

  it('holds no read of a small tenant up to the floor', () => {
    expect(because({ ...department, lost: 5, known: 5 })).toBe(undefined);
    expect(because({ ...department, lost: 6, known: 6 })).toContain('department (6 of 6 who had one)');
  });

  it('holds a read of few people who lost what the source shows of nobody else', () => {
    expect(because({ ...department, lost: 6, hidden: true })).toContain(
      'most users who changed lost a value that is not shown of others either: department (6 of 1000 who had one)',
    );
  });

  it('is named with all the others, users apart from groups', () => {
    const lost = { ...department, lost: 900 };
    const message = because(lost, { ...lost, attribute: 'mail' }, { ...lost, type: 'group', attribute: 'mail' });
    expect(message).toContain('users lost a value at once: department (900 of 1000 who had one), mail (900 of 1000');
    expect(message).toContain('too many groups lost a value at once: mail (900 of 1000');
  });
});
