/** What is kept of a long storm, and of what runs out, for docs/chaos.md and docs/reliability.md. */

import { join } from 'node:path';
import { z } from 'zod';
import { killWorker } from '../../test/chaos/harm.ts';
import { type ChaosReport, type Counts, totalOf } from '../../test/chaos/run.ts';
import type { ScarceReport } from '../../test/chaos/scarce.ts';
import type { Verdict } from '../../test/chaos/verdict.ts';

import { keep, readKept } from '../kept-results.ts';

const fileOf = (trial: string): string => join(import.meta.dirname, `../../test/chaos/results/${trial}.json`);

const count = z.number();
const counts = z.record(z.string(), count);
/** How much broke each promise. */
const broken = z.object({ wrongWrites: count, lost: count, apart: count, untried: count });
const stormSchema = z.object({
  date: z.iso.date(),
  commit: z.string(),
  seed: count,
  minutes: count,
  workers: count,
  /** People in each of the two tenants. */
  users: count,
  /** Workers that we killed, and all that died, those included that were told to die at a place of the code. */
  killed: count,
  died: count,
  /** What was done besides, by what and where. */
  faults: counts,
  /** Of what was meant to be done it could not be done so often. */
  notDone: count,
  lived: count,
  asked: count,
  decided: counts,
  /** What callers of the API met when it was gone; a storm of before it was killed has none. */
  calls: counts.optional(),
  judged: counts,
  /** How many targets were what their tenants are after delta runs alone, and how many had to be. */
  byDelta: count,
  judgedByDelta: count,
  rounds: z.array(count),
  broken,
});
export type Storm = z.output<typeof stormSchema>;

export const scarceTrials = ['disk', 'memory'] as const;
export type ScarceTrial = (typeof scarceTrials)[number];
const scarceSchema = z.object({
  date: z.iso.date(),
  commit: z.string(),
  seed: count,
  /** By what it was made scarce. */
  means: z.enum(['mounted', 'limited', 'heap']),
  /** What was done and seen, one line each. */
  told: z.array(z.string()),
  broken,
});
export type Scarce = z.output<typeof scarceSchema>;

type Asked = Pick<Storm, 'date' | 'commit' | 'seed' | 'minutes' | 'workers' | 'users'>;

export const stormOf = (asked: Asked, report: ChaosReport): Storm => {
  const { injected, lived, decided, calls, judged, deaths, byDelta, judgedByDelta, rounds, verdict } = report;
  const done = Object.entries(injected).filter(([name]) => !name.endsWith(notDone));
  return {
    ...asked,
    killed: injected[killWorker.name] ?? 0,
    died: deaths,
    faults: Object.fromEntries(done.filter(([name]) => name !== killWorker.name).toSorted()),
    notDone: totalOf(injected) - done.reduce((sum, [, each]) => sum + each, 0),
    lived: totalOf(lived) - (lived['nothing'] ?? 0),
    asked: totalOf(report.asked),
    decided: sorted(decided),
    calls: sorted(calls),
    judged: sorted(judged),
    byDelta,
    judgedByDelta,
    rounds: [...rounds],
    broken: brokenIn(verdict),
  };
};
const notDone = ': not done';

const sorted = (some: Readonly<Counts>): Counts => Object.fromEntries(Object.entries(some).toSorted());

const brokenIn = ({ wrongWrites, lost, apart, untried }: Verdict): z.output<typeof broken> => ({
  wrongWrites: wrongWrites.length,
  lost: lost.length,
  apart: apart.length,
  untried: untried.length,
});

export const scarceOf = (asked: Pick<Scarce, 'date' | 'commit' | 'seed'>, report: ScarceReport): Scarce => ({
  ...asked,
  means: report.means,
  told: [...report.told],
  broken: brokenIn(report.verdict),
});

export const readStorm = (): Storm | null => readKept(fileOf('storm'), stormSchema);
export const keepStorm = (storm: Storm): void => keep(fileOf('storm'), storm, 2);
export const readScarce = (trial: ScarceTrial): Scarce | null => readKept(fileOf(trial), scarceSchema);
export const keepScarce = (trial: ScarceTrial, scarce: Scarce): void => keep(fileOf(trial), scarce, 2);
