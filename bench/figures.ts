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

/** A quotient of medians, and how far it went from round to round: what is compared takes turns, so that a round has one of each. */
export type Quotient = { readonly ratio: number; readonly least: number; readonly greatest: number };

export const quotient = (ours: readonly Figures[], theirs: readonly Figures[], name: string): Quotient => {
  const rounds = ours.map((run, at) => (run[name] ?? Number.NaN) / (theirs[at]?.[name] ?? Number.NaN));
  const { min, max } = spreadOf(rounds.filter((one) => Number.isFinite(one)));
  return { ratio: ratio(ours, theirs, name), least: min, greatest: max };
};

/** Whoever reads half would win: every run must have come to the same number. */
export const mustAll = (runs: readonly Figures[], name: string, expected: number): void => {
  const other = runs.find((run) => run[name] !== expected);
  if (other !== undefined) throw new Error(`${name} should be ${expected}, and is ${other[name]}.`);
};

/** Subjects in turn, so that what else the machine does falls on all of them; each round begins with another one (A B C, B C A, …). */
export const interleaved = async (
  rounds: number,
  subjects: Readonly<Record<string, (round: number) => Promise<Figures>>>,
): Promise<(name: string) => readonly Figures[]> => {
  const done = new Map(Object.keys(subjects).map((name) => [name, [] as Figures[]]));
  const all = Object.entries(subjects);
  for (let round = 0; round < rounds; round += 1) {
    const first = round % Math.max(1, all.length);
    for (const [name, subject] of [...all.slice(first), ...all.slice(0, first)])
      done.get(name)?.push(await subject(round));
  }
  return (name) => done.get(name) ?? [];
};
