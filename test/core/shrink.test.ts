import { expect, it } from 'vitest';
import { type Shrink, shrinkProblem } from '../../src/core/shrink.ts';
import { sourceId } from '../../src/model/ids.ts';

const limit = { count: 500, percent: 5, floor: 5 };
const none: Shrink = { missing: { user: 0, group: 0 }, known: { user: 1_000, group: 100 }, emptied: [] };

it('lets a read pass that finds no more missing than the limit', () => {
  expect(shrinkProblem(none, limit)).toBe(null);
  expect(shrinkProblem({ ...none, missing: { user: 50, group: 5 } }, limit)).toBe(null);
});

it('holds a read that finds one user or one group more missing', () => {
  expect(shrinkProblem({ ...none, missing: { user: 51, group: 0 } }, limit)).toMatchObject({
    code: 'read_shrank',
    message: expect.stringContaining('51 of 1000 known users are missing; up to 50 may be'),
  });
  expect(shrinkProblem({ ...none, missing: { user: 0, group: 6 } }, limit)?.message).toContain(
    '6 of 100 known groups are missing; up to 5 may be',
  );
});

it('holds a read that emptied a group, however small, and names it', () => {
  const emptied = ['g-1', 'g-2', 'g-3', 'g-4', 'g-5', 'g-6', 'g-7'].map((id) => sourceId(id));
  expect(shrinkProblem({ ...none, emptied: emptied.slice(0, 1) }, limit)?.message).toContain(
    'no members are left in group g-1.',
  );
  expect(shrinkProblem({ ...none, emptied }, limit)?.message).toContain('groups g-1, g-2, g-3, g-4, g-5 and 2 more');
});

it('says everything that is wrong, and what to do', () => {
  const message = shrinkProblem(
    { ...none, missing: { user: 900, group: 90 }, emptied: [sourceId('g-1')] },
    limit,
  )?.message;
  for (const part of ['900 of 1000', '90 of 100', 'group g-1', 'accept_shrink']) expect(message).toContain(part);
});
