import { describe, expect, it } from 'vitest';
import { type Cleared, type Shrink, shrinkProblem } from '../../src/core/shrink.ts';
import { sourceId } from '../../src/model/ids.ts';

const limit = { count: 500, percent: 5, floor: 5 };
const none: Shrink = { missing: { user: 0, group: 0 }, known: { user: 1_000, group: 100 }, emptied: [], cleared: [] };

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

describe('an attribute that many lost at once', () => {
  const department: Cleared = { type: 'user', attribute: 'department', lost: 50, known: 1_000, hidden: false };
  const because = (...cleared: readonly Cleared[]) => shrinkProblem({ ...none, cleared }, limit)?.message;

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
