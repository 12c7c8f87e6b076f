/** What happens when something runs out: room on the disk of the databases, memory of a worker. */

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { fractions } from '../../simulator/graph/random.ts';
import { calmDown } from './calm.ts';
import { openPlant, type Plant, type PlantOptions } from './plant.ts';
import { generous } from './rules.ts';
import { watch } from './run.ts';
import type { FrailServer } from './servers.ts';
import { type DiskMeans, makeSmallDisk } from './small-disk.ts';
import type { Verdict } from './verdict.ts';

export type ScarceReport = {
  /** By what it was made scarce. */
  readonly means: DiskMeans | 'heap';
  /** What was done and seen, one line each. */
  readonly told: readonly string[];
  readonly verdict: Verdict;
};

export type ScarceOptions = {
  readonly seed: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

/** The disk fills up while people come and leave, and has room again some seconds later. */
export const runOutOfDisk = async (options: ScarceOptions & { readonly fullMs: number }): Promise<ScarceReport> => {
  const disk = await makeSmallDisk(join(options.folder, 'disk'));
  try {
    const cameTo = await withPlant(
      options,
      { folder: join(disk.folder, 'data'), workers: 2, users: 40 },
      async (plant, tell) => {
        tell(`Disk: ${disk.how}.`);
        const servers = [plant.mongo, plant.redis];
        await firstSync(plant);
        for (let nth = 0; nth < 60; nth += 1) for (const customer of plant.customers) customer.live();
        const others = await openOthers(plant.mongo);
        await disk.fill(servers);
        // In the middle of the work that is asked for.
        await Promise.allSettled(
          plant.customers.map(({ connection }) => plant.stack.api.request(connection, { mode: 'full' })),
        );
        const written = await others.writeUntilFull();
        await until(() => plant.mongo.present() === null, 20_000);
        tell(
          `MongoDB took ${written} more documents, then ${plant.mongo.present() === null ? 'died' : 'refused them'}.`,
        );
        // What was under way has its intent; after that nothing may begin.
        await sleep(requestMs);
        const before = effectsOf(plant);
        await sleep(options.fullMs);
        const during = effectsOf(plant) - before;
        tell(`${during} effects at the targets in ${options.fullMs / 1_000} s without room.`);
        const found = {
          wrongWrites: during === 0 ? [] : [`${during} effects at the targets without a database`],
          untried: plant.mongo.present() === null ? [] : ['MongoDB had room'],
        };
        await disk.empty(servers);
        return found;
      },
    );
    return { means: disk.means, ...cameTo };
  } finally {
    await disk.remove();
  }
};

/**
 * A worker whose memory is too small for the tenant dies of it and is started again; then one with enough takes its place. How small that is differs
 * with the version of Node.js, so it is found from above.
 */
export const runOutOfMemory = async (
  options: ScarceOptions & { readonly users: number; readonly heapsMb: readonly number[]; readonly patienceMs: number },
): Promise<ScarceReport> => {
  let heap: Readonly<Record<string, string>> = {};
  const size = {
    folder: join(options.folder, 'data'),
    workers: 1,
    customers: [generous],
    users: options.users,
    workerEnv: () => heap,
  };
  const cameTo = await withPlant(options, size, async (plant, tell) => {
    tell(`Memory: a tenant of ${options.users} people, and a worker with less and less heap.`);
    const starved = (): number => plant.workers.reduce((sum, worker) => sum + worker.starved(), 0);
    const restart = async (): Promise<void> => {
      for (const worker of plant.workers) {
        // One that is only about to start cannot be killed, and would go on with the memory it was given; one with too little to start never does.
        await until(worker.isUp, options.patienceMs);
        worker.kill();
      }
    };
    for (const heapMb of options.heapsMb) {
      heap = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
      await restart();
      await Promise.all(plant.customers.map(({ connection }) => plant.stack.api.request(connection, { mode: 'full' })));
      await until(() => starved() >= starvations, options.patienceMs);
      tell(
        `With ${heapMb} MB it ran out of memory ${starved()} times; ${effectsOf(plant)} effects at the target so far.`,
      );
      if (starved() >= starvations) break;
    }
    const untried = starved() < starvations ? [`no worker ran out of memory ${starvations} times`] : [];
    heap = {};
    await restart();
    return { wrongWrites: [], untried };
  });
  return { means: 'heap', ...cameTo };
};
const starvations = 3;

/** Longer than any request to a target takes. */
const requestMs = 1_000;

/** Somebody else who uses the same database, and writes until even what was preallocated is used up. */
const openOthers = async (mongo: FrailServer): Promise<{ writeUntilFull(): Promise<number> }> => {
  const client = new mongoose.mongo.MongoClient(mongo.direct(), { serverSelectionTimeoutMS: 2_000 });
  const documents = client.db('others').collection('documents');
  const write = () => documents.insertOne({ text: 'x'.repeat(50_000) }, { writeConcern: { w: 1, journal: true } });
  await write();
  return {
    writeUntilFull: async () => {
      let written = 0;
      try {
        for (; written < mostWritten; written += 1) await write();
      } catch {
        // That is what was wanted.
      } finally {
        await client.close();
      }
      return written;
    },
  };
};
const mostWritten = 20_000;

type Tell = (line: string) => void;

/** Afterwards all must come to what the tenants are, and nothing may have been taken away without evidence. */
const withPlant = async (
  { seed, folder, say }: ScarceOptions,
  options: Pick<PlantOptions, 'folder' | 'workers' | 'users'> & Partial<PlantOptions>,
  act: (plant: Plant, tell: Tell) => Promise<Pick<Verdict, 'wrongWrites' | 'untried'>>,
): Promise<Omit<ScarceReport, 'means'>> => {
  await mkdir(folder, { recursive: true });
  const log = createWriteStream(join(folder, 'processes.log'));
  const told: string[] = [];
  const tell: Tell = (line) => {
    told.push(line);
    say(line);
  };
  const plant = await openPlant({
    customers: [generous, generous],
    random: fractions(seed),
    workerEnv: () => ({}),
    heard: (text) => void log.write(text),
    ...options,
  });
  const ended = new AbortController();
  try {
    const watching = watch(plant, ended.signal);
    const found = await act(plant, tell);
    await until(() => plant.mongo.present() !== null && plant.redis.present() !== null, 60_000);
    const ends = await Promise.all(plant.customers.map((customer) => calmDown(plant, customer)));
    ended.abort();
    await watching;
    tell(`In the end ${ends.map(({ rounds }) => rounds).join(' and ')} full syncs were made.`);
    return {
      told,
      verdict: {
        wrongWrites: [...found.wrongWrites, ...plant.customers.flatMap(({ judge }) => judge.violations)],
        lost: ends.flatMap(({ lost }) => lost),
        apart: ends.flatMap(({ apart }) => apart),
        untried: found.untried,
      },
    };
  } finally {
    ended.abort();
    await plant.close();
    log.end();
  }
};

const firstSync = async ({ customers, stack }: Plant): Promise<void> => {
  await Promise.all(customers.map(({ connection }) => stack.api.sync(connection, { mode: 'full' })));
};

const effectsOf = ({ customers }: Plant): number =>
  customers.reduce((sum, { scim }) => sum + (scim.control.effects().at(-1)?.number ?? 0), 0);

/** Gives up quietly: what did not happen is told, and judged, by whoever waited for it. */
const until = async (happened: () => boolean, patienceMs: number): Promise<void> => {
  const end = Date.now() + patienceMs;
  while (!happened() && Date.now() < end) await sleep(50);
};
