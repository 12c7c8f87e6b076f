/** What is measured of one run, and what is said of several. */

import { z } from 'zod';

/** Names with their unit: wallMs, cpuMs, peakMb, … */
export const figures = z.record(z.string(), z.number());
export type Figures = z.infer<typeof figures>;

/** Runs something and says what it took of this process. Everything between is counted, garbage collection too. */
export const measured = async (work: () => Promise<Figures | undefined>): Promise<Figures> => {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const more = await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1_000, peakMb: process.resourceUsage().maxRSS / 1_024, ...more };
};

export type Spread = { readonly median: number; readonly min: number; readonly max: number; readonly runs: number };

export const spreadOf = (numbers: readonly number[]): Spread => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (place: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, place))] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
    runs: sorted.length,
  };
};

/** One figure over the runs. */
export const over = (runs: readonly Figures[], name: string): Spread =>
  spreadOf(runs.map((run) => run[name] ?? Number.NaN));

/** Of the medians. */
export const ratio = (ours: readonly Figures[], theirs: readonly Figures[], name: string): number =>
  over(ours, name).median / over(theirs, name).median;

/** Whoever reads half would win: every run must have come to the same number. */
export const mustAll = (runs: readonly Figures[], name: string, expected: number): void => {
  const other = runs.find((run) => run[name] !== expected);
  if (other !== undefined) throw new Error(`${name} should be ${expected}, and is ${other[name]}.`);
};

/** Subjects in turn, A B A B …, so that what else the machine does falls on all of them. */
export const interleaved = async (
  rounds: number,
  subjects: Readonly<Record<string, (round: number) => Promise<Figures>>>,
): Promise<(name: string) => readonly Figures[]> => {
  const done = new Map(Object.keys(subjects).map((name) => [name, [] as Figures[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, subject] of Object.entries(subjects)) done.get(name)?.push(await subject(round));
  return (name) => done.get(name) ?? [];
};
