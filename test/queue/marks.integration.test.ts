import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisMarks } from '../../src/queue/marks.ts';
import { type Corner, openCorner } from './corner.ts';

describe('how far a database has counted, noted in Redis', () => {
  let corner: Corner;
  beforeAll(async () => {
    corner = await openCorner();
  });
  afterAll(() => corner.close());

  it('is nothing before it was noted, and after Redis lost everything', async () => {
    const marks = redisMarks(corner.redis, corner.prefix);
    expect(await marks.highest('one')).toBeNull();
    await marks.note('one', 7);
    expect(await marks.highest('one')).toBe(7);
    await corner.lose();
    expect(await marks.highest('one')).toBeNull();
  });

  it('is never lowered by whoever comes late, and exact however large', async () => {
    const marks = redisMarks(corner.redis, corner.prefix);
    const large = 498_000 * 2 ** 31 + 1;
    await marks.note('two', large);
    await marks.note('two', 12);
    expect(await marks.highest('two')).toBe(large);
    await marks.note('two', large + 1);
    expect(await marks.highest('two')).toBe(large + 1);
  });

  it('is apart for each database, and for each prefix', async () => {
    const marks = redisMarks(corner.redis, corner.prefix);
    const others = redisMarks(corner.redis, `${corner.prefix}-other`);
    await marks.note('three', 9);
    expect(await marks.highest('four')).toBeNull();
    expect(await others.highest('three')).toBeNull();
  });
});
