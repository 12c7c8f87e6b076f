/** A chaos run: everything at once for some minutes, then calm, and then the target must be what the tenant is. */

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fractions } from '../../simulator/graph/random.ts';
import { calmDown, heal, whenDecided } from './calm.ts';
import { type Chance, chanceOf, deedOf, type Harm, harms, harmsAt, killApi, killWorker } from './harm.ts';
import { fatesOf, operate } from './operator.ts';
import { type Customer, openPlant, type Plant } from './plant.ts';
import { ask } from './requests.ts';
import { careful, generous } from './rules.ts';
import { judgedByDelta, missingIn, type Verdict } from './verdict.ts';
import { readSinceLies } from './whole-reads.ts';

export type ChaosOptions = {
  readonly seed: number;
  readonly durationMs: number;
  readonly workers: number;
  /** In each of the two tenants. */
  readonly users: number;
  /** Workers and API processes killed from outside; other workers die at places of the code that they were given. */
  readonly kills: { readonly workers: number; readonly api: number };
  /** Between two harms of other kinds, on average. */
  readonly harmEveryMs: number;
  /** Places in the code at which a worker may be told to die. */
  readonly failpoints: readonly string[];
  /** Gets the log of every process, what was done and when, and the data of the servers. */
  readonly folder: string;
  readonly say: (progress: Progress) => void;
};

export type Progress = {
  readonly elapsedMs: number;
  readonly deaths: number;
  readonly harms: number;
  readonly lived: number;
  readonly judged: number;
  readonly violations: number;
};

export type Counts = Record<string, number>;
export type ChaosReport = {
  /** What was done to the installation, what happened in the tenants, what was asked by API, what was seen at the targets. */
  readonly injected: Readonly<Counts>;
  readonly lived: Readonly<Counts>;
  readonly asked: Readonly<Counts>;
  readonly judged: Readonly<Counts>;
  /** What somebody decided on where there are limits, and what became of the plans. */
  readonly decided: Readonly<Counts>;
  /** What callers of the API met when it was gone. */
  readonly calls: Readonly<Counts>;
  /** Workers that died without a word, by our hand or at a place that they were given. */
  readonly deaths: number;
  /** How many targets were what their tenants are after delta runs alone, and how many had to be. */
  readonly byDelta: number;
  readonly judgedByDelta: number;
  /** How many full syncs each target got until it was what its tenant is, or nobody waited any longer. */
  readonly rounds: readonly number[];
  readonly verdict: Verdict;
};

/** Everything that takes part in the storm. */
export type Scene = {
  readonly plant: Plant;
  readonly options: ChaosOptions;
  readonly counts: {
    readonly injected: Counts;
    readonly lived: Counts;
    readonly asked: Counts;
    readonly decided: Counts;
  };
  readonly note: (line: string) => void;
  /** The storm has passed. */
  readonly over: AbortSignal;
};

export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  await mkdir(options.folder, { recursive: true });
  const log = createWriteStream(join(options.folder, 'processes.log'));
  const deeds = createWriteStream(join(options.folder, 'deeds.log'));
  // Streams of chance of their own, so that how often one is drawn from changes nothing for the others.
  const chance = (stream: number): Chance => chanceOf(fractions(options.seed * 31 + stream));
  const doom = chance(1);
  const plant = await openPlant({
    folder: join(options.folder, 'data'),
    customers: [generous, careful],
    workers: options.workers,
    users: options.users,
    random: fractions(options.seed),
    workerEnv: () => fate(doom, options.failpoints),
    heard: (text) => void log.write(text),
  });
  const ended = new AbortController();
  try {
    const note = (line: string): void => void deeds.write(`${new Date().toISOString()} ${line}\n`);
    const counts = { injected: {}, lived: {}, asked: {}, decided: {} };
    const watching = Promise.all([
      watch(plant, ended.signal),
      operate(plant, { counts: counts.decided, note }, ended.signal),
    ]);
    await Promise.all(plant.customers.map((customer) => firstSync(plant, customer)));
    const scene: Scene = { plant, options, counts, note, over: AbortSignal.timeout(options.durationMs) };
    await Promise.all([
      tell(scene, Date.now()),
      afflict(scene, chance(2)),
      kill(scene, killWorker, chance(3)),
      kill(scene, killApi, chance(6)),
      live(scene, chance(4)),
      ask(scene, chance(5)),
      readSinceLies(scene),
    ]);
    note('calm');
    heal(plant);
    const ends = await Promise.all(plant.customers.map((customer) => calmDown(plant, customer)));
    const fates = await Promise.all(plant.customers.map((customer) => fatesOf(plant, customer)));
    ended.abort();
    await watching;
    const decided = sumOf([counts.decided, ...fates]);
    const judged = sumOf(plant.customers.map(({ judge }) => judge.judged));
    const hadToBe = ends.filter(({ isJudgedByDelta }) => isJudgedByDelta).length;
    return {
      ...counts,
      decided,
      judged,
      calls: plant.calls.met,
      deaths: deathsOf(plant),
      byDelta: ends.filter(({ byDelta }) => byDelta).length,
      judgedByDelta: hadToBe,
      rounds: ends.map(({ rounds }) => rounds),
      verdict: {
        wrongWrites: plant.customers.flatMap(({ judge }) => judge.violations),
        lost: ends.flatMap(({ lost }) => lost),
        apart: ends.flatMap(({ apart }) => apart),
        untried: [...untriedIn(scene), ...missingIn({ ...decided, ...judged, [judgedByDelta]: hadToBe })],
      },
    };
  } finally {
    ended.abort();
    await plant.close();
    log.end();
    deeds.end();
  }
};

/** Until all people of the tenant have their accounts, also where somebody approves that first. */
const firstSync = async (plant: Plant, customer: Customer): Promise<void> => {
  await plant.stack.api.sync(customer.connection, { mode: 'full' });
  await whenDecided(plant, customer);
};

/** Some workers are told to die at a place of the code, the first to sixth time they pass it; the others wait for what comes. */
const fate = ({ of, between }: Chance, failpoints: readonly string[]): Readonly<Record<string, string>> =>
  failpoints.length === 0 || between(0, 1) > 0.3
    ? {}
    : { TEST_FAILPOINT: `${of(failpoints)}:${Math.ceil(between(0, 6))}` };

/** The observer never looks away, also when all is calm. */
export const watch = async ({ customers }: Plant, ended: AbortSignal): Promise<void> => {
  while (!ended.aborted) {
    for (const customer of customers) customer.watch();
    await pause(200, ended);
  }
  for (const customer of customers) customer.watch();
};

const tell = async ({ plant, options, counts, over }: Scene, started: number): Promise<void> => {
  while (!over.aborted) {
    await pause(5_000, over);
    options.say({
      elapsedMs: Date.now() - started,
      deaths: deathsOf(plant),
      harms: totalOf(counts.injected),
      lived: totalOf(counts.lived),
      judged: effectsIn(sumOf(plant.customers.map(({ judge }) => judge.judged))),
      violations: plant.customers.reduce((sum, { judge }) => sum + judge.violations.length, 0),
    });
  }
};

/** Harms come at random and may fall together, one of a kind at a time. In the end each has passed. */
const afflict = async (scene: Scene, chance: Chance): Promise<void> => {
  const underWay = new Map<Harm, Promise<void>>();
  const started = Date.now();
  while (!scene.over.aborted) {
    await pause(chance.between(0.2, 1.8) * scene.options.harmEveryMs, scene.over);
    const { injected } = scene.counts;
    const mayBegin = harmsAt((Date.now() - started) / scene.options.durationMs);
    const fresh = mayBegin.filter((harm) => undone(harm, scene.plant, injected).length > 0);
    // Chance alone would leave one or the other out.
    const harm = drawn(fresh.length > 0 && chance.between(0, 1) < 0.3 ? fresh : mayBegin, chance);
    if (scene.over.aborted || underWay.has(harm)) continue;
    underWay.set(
      harm,
      inflict(scene, harm, chance).finally(() => underWay.delete(harm)),
    );
  }
  await Promise.all(underWay.values());
};

const drawn = (from: readonly Harm[], chance: Chance): Harm => {
  let at = chance.between(
    0,
    from.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const harm of from) {
    at -= harm.weight;
    if (at < 0) return harm;
  }
  return chance.of(from);
};

/** The places at which it was not done yet. */
const undone = (harm: Harm, plant: Plant, injected: Readonly<Counts>): readonly string[] =>
  harm.places(plant).filter((place) => (injected[deedOf(harm, place)] ?? 0) === 0);

const inflict = async ({ plant, counts, note }: Scene, harm: Harm, chance: Chance): Promise<void> => {
  const fresh = undone(harm, plant, counts.injected);
  const place = chance.of(fresh.length > 0 ? fresh : harm.places(plant));
  const deed = deedOf(harm, place);
  note(deed);
  const failed = await harm.does(plant, chance, place).catch((error: unknown) => String(error));
  note(`${deed}: ${failed ?? 'passed'}`);
  count(counts.injected, failed === null ? deed : `${deed}: not done`);
};

/** Every harm, at every place, and as many killed workers and API processes as were wanted. */
const untriedIn = (scene: Scene): readonly string[] => [
  ...[killWorker, killApi].flatMap((harm) => {
    const left = leftOf(scene, harm);
    return left > 0 ? [`${harm.name}: ${left} of ${wantedOf(scene, harm)} times`] : [];
  }),
  ...[killApi, ...harms].flatMap((harm) =>
    undone(harm, scene.plant, scene.counts.injected).map((place) => deedOf(harm, place)),
  ),
];

const wantedOf = ({ options: { kills } }: Scene, harm: Harm): number =>
  harm === killApi ? kills.api : harm === killWorker ? kills.workers : 0;

const leftOf = (scene: Scene, harm: Harm): number =>
  wantedOf(scene, harm) -
  harm.places(scene.plant).reduce((sum, place) => sum + (scene.counts.injected[deedOf(harm, place)] ?? 0), 0);

const kill = async (scene: Scene, harm: typeof killWorker | typeof killApi, chance: Chance): Promise<void> => {
  const end = Date.now() + scene.options.durationMs;
  const { api, workers } = scene.plant;
  const victims = harm === killApi ? [api] : workers;
  while (!scene.over.aborted && leftOf(scene, harm) > 0) {
    await pause((chance.between(0, 2) * (end - Date.now())) / (leftOf(scene, harm) + 1), scene.over);
    if (!scene.over.aborted && victims.some(({ isUp }) => isUp())) await inflict(scene, harm, chance);
  }
};

const live = async ({ plant, counts, note, over }: Scene, chance: Chance): Promise<void> => {
  while (!over.aborted) {
    const customer = chance.of(plant.customers);
    const { what, turned } = customer.live();
    for (const one of what) count(counts.lived, one);
    note([`${customer.name}: ${what.join(', ')}`, ...turned].join('; '));
    await pause(chance.between(50, 500), over);
  }
};

export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => {});
};
export const count = (counts: Counts, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};
export const totalOf = (counts: Readonly<Counts>): number => Object.values(counts).reduce((sum, each) => sum + each, 0);

/** Values are counted beside the effects that they came with. */
export const effectsIn = (judged: Readonly<Counts>): number => totalOf(judged) - (judged['value written'] ?? 0);

const deathsOf = ({ workers }: Plant): number => workers.reduce((sum, { deaths }) => sum + deaths(), 0);
const sumOf = (all: readonly Readonly<Counts>[]): Counts => {
  const sum: Counts = {};
  for (const counts of all) for (const [name, each] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + each;
  return sum;
};
