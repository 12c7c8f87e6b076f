/** What is kept of a long storm, for docs/chaos.md and docs/reliability.md. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { killWorker } from '../../test/chaos/harm.ts';
import { type ChaosReport, type Counts, totalOf } from '../../test/chaos/run.ts';

const file = join(import.meta.dirname, '../../test/chaos/results/storm.json');

const count = z.number();
const counts = z.record(z.string(), count);
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
  /** How much broke each promise. */
  broken: z.object({ wrongWrites: count, lost: count, apart: count, untried: count }),
});
export type Storm = z.output<typeof stormSchema>;

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
    broken: {
      wrongWrites: verdict.wrongWrites.length,
      lost: verdict.lost.length,
      apart: verdict.apart.length,
      untried: verdict.untried?.length ?? 0,
    },
  };
};
const notDone = ': not done';

const sorted = (some: Readonly<Counts>): Counts => Object.fromEntries(Object.entries(some).toSorted());

export const readStorm = (): Storm | null =>
  existsSync(file) ? stormSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;

export const keepStorm = (storm: Storm): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(storm, null, 2)}\n`);
};
