import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

const seed = 7;
const plain = { seed, only: null, keepsTrace: false };

describe('a seed', () => {
  it('is the same run every time, to the last event', async () => {
    const one = await simulate({ ...plain, keepsTrace: true });
    expect(one.steps).toBeGreaterThan(500);
    expect(await simulate({ ...plain, keepsTrace: true })).toEqual(one);
    expect((await simulate({ ...plain, seed: seed + 1 })).hash).not.toBe(one.hash);
  });

  it('one-seed-had-two-numbers: is the same run whether or not somebody reads it', async () => {
    const { trace, ...read } = await simulate({ ...plain, keepsTrace: true });
    expect(trace.length).toBeGreaterThan(500);
    expect(await simulate(plain)).toEqual({ ...read, trace: [] });
  });

  it('is the same run with the faults and edits that it drew, by name', async () => {
    const drawn = await simulate(plain);
    expect((await simulate({ ...plain, only: new Set(drawn.struck) })).hash).toBe(drawn.hash);
  });

  it('is a quiet run without them', async () => {
    const quiet = await simulate({ ...plain, only: new Set() });
    expect(quiet.struck).toEqual([]);
    expect(quiet.violations).toEqual([]);
    expect(quiet.judged).toBeGreaterThan(0);
  });

  it('meets the fault that is aimed at it, and is as it was until then', async () => {
    const before = await simulate({ ...plain, mix: {}, keepsTrace: true });
    const aimed = 'crash_after@ledger.intend#0';
    const after = await simulate({ ...plain, mix: {}, keepsTrace: true, aimed });
    expect(after.struck).toContain(aimed);
    const parts = after.trace.findIndex((line, at) => line !== before.trace[at]);
    expect(after.trace[parts]).toContain('ledger.intend');
  });
});
