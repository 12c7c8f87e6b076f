/** What happens when something runs out: room on the disk of the databases, memory of a worker. */

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { fractions } from '../../simulator/graph/random.ts';
import { calmDown } from './calm.ts';
import { notLived, notSeen, whileLiving } from './life.ts';
import { effectsOf, openPlant, type Plant, type PlantOptions } from './plant.ts';
import { generous } from './rules.ts';
import { totalOf, watch } from './run.ts';
import type { FrailServer } from './servers.ts';
import { type DiskMeans, makeSmallDisk } from './small-disk.ts';
import { isEnough, starvations, starve } from './starve.ts';
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
        const others = await openOthers(plant.mongo);
        for (const customer of plant.customers) customer.live(60);
        return await whileLiving(plant.customers, { times: 1, everyMs: 100 }, async (lived) => {
          const atFirst = effectsOf(plant);
          await askFor(plant, 'full');
          // In the middle of the work that is asked for.
          await until(() => effectsOf(plant) > atFirst, 20_000);
          await disk.fill(servers);
          const written = await others.writeUntilFull();
          await until(() => plant.mongo.present() === null, 20_000);
          tell(
            `MongoDB took ${written} more documents, then ${plant.mongo.present() === null ? 'died' : 'refused them'}.`,
          );
          // What was under way has its intent; after that nothing may begin.
          await sleep(requestMs);
          const [before, happened] = [effectsOf(plant), totalOf(lived)];
          await sleep(options.fullMs);
          const [during, changes] = [effectsOf(plant) - before, totalOf(lived) - happened];
          tell(
            `${before - atFirst} effects at the targets until there was no room, and ${during} in the ${options.fullMs / 1_000} s after that, in which ${changes} things happened in the tenants.`,
          );
          const untried = [
            ...(plant.mongo.present() === null ? [] : ['MongoDB had room']),
            ...notSeen({
              'effects at the targets when the disk filled up': before - atFirst,
              'changes in the tenants without room': changes,
            }),
          ];
          await disk.empty(servers);
          return { wrongWrites: during === 0 ? [] : [`${during} effects at the targets without a database`], untried };
        });
      },
    );
    return { means: disk.means, ...cameTo };
  } finally {
    await disk.remove();
  }
};

/**
 * A worker whose memory is too small for the tenant dies of it and is started again, with much to be written at a slow target; then one with enough takes
 * its place. How small that is differs with the version of Node.js, so it is found from above.
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
    tell(
      `Memory: a tenant of ${options.users} people, who come, change and leave, and a worker with less and less heap.`,
    );
    await firstSync(plant);
    for (const { scim } of plant.customers) scim.control.setKnobs({ latencyMs: slowMs });
    const restart = async (): Promise<void> => {
      for (const worker of plant.workers) {
        // One that is only about to start cannot be killed, and would go on with the memory it was given; one with too little to start never does.
        await until(worker.isUp, options.patienceMs);
        worker.kill();
      }
    };
    const untried = await whileLiving(plant.customers, { times: 60, everyMs: 10_000 }, async (lived, live) => {
      const all = { starved: 0, effects: 0 };
      for (const heapMb of options.heapsMb) {
        // What one with enough memory has read is left to write for those that have not.
        heap = {};
        await restart();
        const atFirst = effectsOf(plant);
        live(400);
        await askFor(plant, 'delta');
        await until(() => effectsOf(plant) > atFirst, options.patienceMs);
        heap = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
        await restart();
        await askFor(plant, 'full');
        const { starved, effects, open } = await starve(plant, all, options.patienceMs);
        tell(
          starved === 0
            ? `With ${heapMb} MB it had enough: ${effects} effects at the target.`
            : `With ${heapMb} MB it ran out of memory ${starved} times, with ${open} operations under way: ${effects} effects at the target meanwhile.`,
        );
        if (starved === 0) continue;
        all.starved += starved;
        all.effects += effects;
        if (isEnough(all)) break;
      }
      tell(`Meanwhile ${totalOf(lived)} things happened in the tenant.`);
      return [
        ...(all.starved < starvations ? [`no worker ran out of memory ${starvations} times`] : []),
        ...notSeen({ 'effects at the target while memory ran out': all.effects }),
        ...notLived(lived),
      ];
    });
    heap = {};
    await restart();
    for (const { scim } of plant.customers) scim.control.setKnobs({ latencyMs: 0 });
    return { wrongWrites: [], untried };
  });
  return { means: 'heap', ...cameTo };
};

/** So slow is a target that there is something under way whenever a worker dies. */
const slowMs = 250;

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

/** What is accepted has to be there in the end. */
const askFor = async ({ customers, stack: { api } }: Plant, mode: 'delta' | 'full'): Promise<void> => {
  for (const { connection, accepted } of customers) accepted.runs.add(await api.request(connection, { mode }));
};

/** Gives up quietly: what did not happen is told, and judged, by whoever waited for it. */
const until = async (happened: () => boolean, patienceMs: number): Promise<void> => {
  const end = Date.now() + patienceMs;
  while (!happened() && Date.now() < end) await sleep(50);
};
