// `npm run chaos`: real processes on a real Redis and MongoDB, harmed at random moments, before an observer who knows what each tenant really said.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askedBy, someOf, WrongOption, wholeNumber } from '../src/command-line.ts';
import type { ChaosReport, Counts, Progress } from '../test/chaos/run.ts';
import type { ScarceReport } from '../test/chaos/scarce.ts';
import type { Verdict } from '../test/chaos/verdict.ts';
import type { ScarceTrial } from './chaos/results.ts';

/** In less time not everything comes up. */
const wholeMinutes = 5;
/** What is shown has 100 killed workers at least. */
const keptMinutes = 10;

const usage = `Usage: make chaos, or npm run chaos -- [--minutes M] [--seed N] [--workers N] [--users N] [--only storm,disk,memory] [--write] [--keep]

Starts Redis, MongoDB, a simulated cloud with two tenants, two simulated targets, the API and workers, and lets people
come, move and leave all the time. Meanwhile workers and the API are killed, workers are frozen, Redis is flushed and
emptied, MongoDB is killed and started again, lines are cut, truncated, slow and dead, lists lie, and Graph and the
targets answer with trouble.

An observer holds every effect at the targets against what the tenants really said: nobody disabled, deleted or put
out of a group without evidence, no second account, nothing for another tenant, nothing done to what is not ours. In
the end all is mended, and each target must be what its tenant is. Ends with code 1 when any of this does not hold, or
when something of the above was not tried. A storm of less than ${wholeMinutes} minutes has no time for all of it: what it did
not try it names in its verdict, says in its last line that this is no proof, and ends with 0 all the same.

  --minutes M   how long it storms (default 10: at least 100 workers are killed, and 12 times the API)
  --seed N      what happens when; any number (default: drawn)
  --workers N   worker processes (default 3)
  --users N     people in each tenant (default 60)
  --only LIST   storm (the default), disk (the disk of MongoDB and Redis fills up; needs root to mount a small one,
                else it says what it does instead), memory (a worker's heap is too small);
                people come, change and leave meanwhile
  --write       keeps what it came to, of a storm of ${keptMinutes} minutes or more, and writes it into the documentation
  --keep        keeps the logs also when all is well
  --help        this text`;

const trialNames = ['storm', 'disk', 'memory'] as const;

const asked = askedBy({
  name: 'chaos',
  usage,
  read: (args) => {
    const { minutes, seed, workers, users, only, write, keep } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
        workers: { type: 'string', default: '3' },
        users: { type: 'string', default: '60' },
        only: { type: 'string', default: 'storm' },
        write: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    }).values;
    const trials = someOf('only', only, trialNames);
    if (write && trials.includes('storm') && minutesIn(minutes) < keptMinutes)
      throw new WrongOption(`--write keeps a storm of ${keptMinutes} minutes or more.`);
    return {
      minutes: minutesIn(minutes),
      seed: wholeNumber('seed', seed, 0, Number.MAX_SAFE_INTEGER),
      workers: wholeNumber('workers', workers, 1, 32),
      users: wholeNumber('users', users, 20, 5_000),
      only: trials,
      write,
      keep,
    };
  },
});
const { seed } = asked;

/** Parts of one, too. */
function minutesIn(text: string): number {
  const minutes = Number(text);
  if (minutes >= 0.2 && minutes <= 24 * 60) return minutes;
  throw new WrongOption(`--minutes takes a number from 0.2 to ${24 * 60}, not "${text}".`);
}

// Loaded once it is known that it is needed: whoever asks how this is used need not wait for all of it.
const { failpoints } = await import('../test/chaos/failpoints.ts');
const { runChaos } = await import('../test/chaos/run.ts');
const { runOutOfDisk, runOutOfMemory } = await import('../test/chaos/scarce.ts');
const { isAllRight, lastWord, shortly, verdictInWords } = await import('../test/chaos/verdict.ts');

type Trial = (folder: string) => Promise<Verdict>;

const storm: Trial = async (folder) => {
  const { minutes, workers, users } = asked;
  console.log(minutes === 1 ? '1 minute.' : `${minutes} minutes.`);
  const report = await runChaos({
    seed,
    folder,
    durationMs: minutes * 60_000,
    workers,
    users,
    kills: { workers: Math.ceil(minutes * 12), api: Math.ceil(minutes * 1.2) },
    harmEveryMs: 3_000,
    failpoints: await failpoints(),
    say: (progress) => console.log(lineOf(progress)),
  });
  console.log(textOf(report));
  if (asked.write) {
    const { keepStorm, stormOf } = await import('./chaos/results.ts');
    keepStorm(stormOf({ ...(await now()), seed, minutes, workers, users }, report));
  }
  return minutes < wholeMinutes ? shortly(report.verdict) : report.verdict;
};

const scarce = async (trial: ScarceTrial, report: ScarceReport): Promise<Verdict> => {
  if (asked.write) {
    const { keepScarce, scarceOf } = await import('./chaos/results.ts');
    keepScarce(trial, scarceOf({ ...(await now()), seed }, report));
  }
  return report.verdict;
};

/** When it was, and of which version. */
const now = async (): Promise<{ readonly date: string; readonly commit: string }> => {
  const { commitOf } = await import('./simulate/commit.ts');
  return { date: new Date().toISOString().slice(0, 10), commit: commitOf() };
};

const say = (line: string): void => console.log(`  ${line}`);

const heapsMb = [64, 58, 54, 50, 47, 44];
const trials: Readonly<Record<(typeof trialNames)[number], Trial>> = {
  storm,
  disk: async (folder) => scarce('disk', await runOutOfDisk({ seed, folder, fullMs: 10_000, say })),
  memory: async (folder) =>
    scarce('memory', await runOutOfMemory({ seed, folder, users: 3_000, heapsMb, patienceMs: 60_000, say })),
};

const lineOf = ({ elapsedMs, deaths, harms, lived, judged, violations }: Progress): string =>
  `${String(Math.round(elapsedMs / 1_000)).padStart(5)} s  ${deaths} deaths of workers, ${harms} harms, ${lived} changes in the tenants, ${judged} effects judged, ${violations} wrong`;

const textOf = ({
  injected,
  lived,
  asked,
  judged,
  decided,
  calls,
  deaths,
  byDelta,
  judgedByDelta,
  rounds,
}: ChaosReport): string =>
  [
    ...section('What was done to it', { ...injected, 'workers that died, in all': deaths }),
    ...section('What happened in the tenants', lived),
    ...section('What was asked by API', asked),
    ...section('What whoever called the API met', calls),
    ...section('What somebody decided on, and what became of the plans', decided),
    ...section('What was seen at the targets, and judged', judged),
    '',
    `After the storm ${judgedByDelta} of ${rounds.length} targets had to be what their tenants are by delta runs alone, but for managers; ${byDelta} were, managers and all.`,
    `Then ${rounds.join(' and ')} full syncs were made.`,
  ].join('\n');

const section = (title: string, counts: Readonly<Counts>): readonly string[] => [
  '',
  title,
  ...Object.entries(counts)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`),
];

const run = async (): Promise<boolean> => {
  const folder = await mkdtemp(join(tmpdir(), 'entrain-chaos-'));
  const verdicts: Verdict[] = [];
  for (const name of asked.only) {
    console.log(`\n${name}: seed ${seed}, logs in ${join(folder, name)}${asked.keep ? '' : ' until all is well'}`);
    const verdict = await trials[name](join(folder, name));
    console.log(['', `Verdict on ${name}, seed ${seed}`, ...verdictInWords(verdict)].join('\n'));
    verdicts.push(verdict);
  }
  if (asked.write) await (await import('../test/docs/generated.ts')).writeDocs();
  const allRight = verdicts.every(isAllRight);
  console.log(`\n${lastWord(verdicts)}`);
  if (allRight && !asked.keep) await rm(folder, { recursive: true, force: true });
  else console.log(`Seed ${seed}, logs in ${folder}`);
  return allRight;
};

/**
 * Ended here and not by having nothing left to do: where sockets were reset, Node 24.21 may wait for one of their requests at its natural end, and does so
 * without ever sleeping.
 */
process.exit((await run()) ? 0 : 1);
