import { expect, it } from 'vitest';
import { brokenSeedsText, longRunText, openSeeds } from '../../scripts/simulate/page.ts';
import type { LongRun } from '../../scripts/simulate/results.ts';
import { excuses } from '../../test/simulation/excuses.ts';

const caught = (seed: number) => ({ seed, bias: null, promises: ['I1'] });
const run: LongRun = {
  parts: [{ commit: 'abc1234', bias: null, from: 2_001, to: 6_000, seconds: 100 }],
  ...{ seeds: 4_000, steps: 9, judged: 9, excused: 50, faults: 9, pairs: {} },
  happened: { 'excused.retitled': 7, 'excused.protected': 9 },
  broken: [caught(2_001), caught(3_001), caught(4_001), caught(5_001)],
};
const told = [
  '## Open',
  'Of the seeds above these are open:\n\n- 4001 (I1). Nobody knows.\n',
  '## Mended',
  '- 2001 (I1). It is mended.',
  '## The judge was wrong',
  '- 3001 (I1): who was on leave.\n- 2001 (I1), too.',
].join('\n\n');

it('told-below-and-was-not: each seed that broke a promise is told where the page tells of it', () => {
  const lines = brokenSeedsText(run, told).split('\n');
  const lineOf = (seed: number): string | undefined => lines.find((line) => line.includes(String(seed)));
  expect(lineOf(2_001)).toContain('(#mended)');
  expect(lineOf(3_001)).toContain('(#the-judge-was-wrong)');
  expect(lineOf(4_001)).toContain('(#open)');
  expect(lineOf(5_001)).toContain('were not traced');
  expect(openSeeds(told)).toEqual(new Map([[4_001, ['I1']]]));
});

it('an-excuse-that-nobody-explained: what each excuse means is told, with the seeds that had it, and not as parts of what was excused', () => {
  const text = longRunText(run, told);
  for (const [excuse, what] of Object.entries(excuses)) expect(text).toContain(`| \`${excuse}\` | ${what} |`);
  expect(text).toMatch(/`protected`.*\| 9 \|\n\| `retitled`.*\| 7 \|/);
  expect(text).toMatch(/In the end 50 things .* in how many of the seeds/);
});
