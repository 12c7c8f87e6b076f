import { describe, expect, it } from 'vitest';
import { canonicalJson, differencesBetween } from '../../src/core/differences.ts';

describe('what differs between two renderings of a record', () => {
  it('is told field by field, also deep inside', () => {
    const before = { name: 'Desk', limits: { deprovisions: { count: 5, percent: 10 } }, state: 'active' };
    const after = { name: 'Desk', limits: { deprovisions: { count: 50, percent: 10 } }, state: 'paused' };
    expect(differencesBetween(before, after)).toEqual([
      { pointer: '/limits/deprovisions/count', before: 5, after: 50 },
      { pointer: '/state', before: 'active', after: 'paused' },
    ]);
  });

  it('is a list as a whole, in its order', () => {
    expect(differencesBetween({ groups: ['a', 'b'] }, { groups: ['b', 'a'] })).toEqual([
      { pointer: '/groups', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
  });

  it('is every field of a record that is new or gone, and none of one that is the same in another order', () => {
    expect(differencesBetween(null, { a: 1, b: { c: 'x' } })).toEqual([
      { pointer: '/a', before: null, after: 1 },
      { pointer: '/b', before: null, after: { c: 'x' } },
    ]);
    expect(differencesBetween({ a: 1 }, null)).toEqual([{ pointer: '/a', before: 1, after: null }]);
    expect(differencesBetween({ a: [{ x: 1, y: 2 }] }, { a: [{ y: 2, x: 1 }] })).toEqual([]);
    expect(differencesBetween({ a: null }, {})).toEqual([]);
  });

  it('names fields by JSON Pointer', () => {
    expect(differencesBetween({ 'a/b~c': 1 }, { 'a/b~c': 2 })).toEqual([{ pointer: '/a~1b~0c', before: 1, after: 2 }]);
  });
});

// The examples of RFC 8785, §3.2.
it('canonical JSON sorts names by UTF-16, writes numbers as JavaScript does, and escapes as little as it may', () => {
  const given = {
    numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(given)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  expect(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2, '\r': 3, 1: 4 })).toBe(
    '{"\\r":3,"1":4,"\u{1f600}":2,"\ufb33":1}',
  );
});
