/** The worker processes: each that dies is started anew. */

import { defaultTiming } from '../../src/engine/engine.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Chance } from './chance.ts';
import type { Customer } from './customer.ts';
import { type Process, type Stage, startProcess } from './process.ts';
import type { Queue } from './queue.ts';
import { storesOf, type Witness } from './stores.ts';
import { type Surrounding, startWorker } from './worker.ts';

const minute = 60_000;
/** How long a turn may take: so short that a read takes many of them, or as long as it is. */
const slicesMs = [2_000, 5_000, defaultTiming.sliceMs];

export class Workers {
  reconcileMs = 3 * minute;
  #sliceMs: number;
  readonly onBug: (error: unknown) => void;
  readonly #stage: Stage;
  readonly #around: Surrounding;
  readonly #queue: Queue;
  readonly #running = new Set<Process>();
  #stopped = false;
  #halted = false;
  #born = 0;
  readonly #places = new Set<number>();
  readonly #up = new Set<number>();

  constructor(
    stage: Stage,
    queue: Queue,
    stores: Stores,
    customers: readonly Customer[],
    witness: Witness,
    seen: Pick<Surrounding, 'onAsked' | 'onFullRead' | 'onReadWhole'>,
    onBug: (error: unknown) => void,
    marks: Surrounding['marks'],
  ) {
    this.#stage = stage;
    this.#queue = queue;
    this.onBug = onBug;
    this.#sliceMs = stage.chance.pick(slicesMs, 'slice');
    const sliceMs = (): number => this.#sliceMs;
    const ofConnection = new Map(customers.map((customer) => [customer.connection.id, customer]));
    const ofAddress = new Map(customers.map((customer) => [JSON.stringify(customer.remote.settings), customer]));
    this.#around = {
      stage,
      queue,
      stores: (process) => storesOf(stage, process, stores, witness),
      backendOf: (connection) => found(ofConnection.get(connection)).directory.backend,
      remoteOf: (record) => found(ofAddress.get(JSON.stringify(record.settings))).remote,
      timing: {
        ...defaultTiming,
        get sliceMs() {
          return sliceMs();
        },
      },
      onAsked: seen.onAsked,
      onFullRead: seen.onFullRead,
      onReadWhole: seen.onReadWhole,
      slots: 2,
      reconcileMs: () => this.reconcileMs,
      marks,
      onBug,
    };
  }

  start(nth: number): void {
    const { chance, scheduler } = this.#stage;
    this.#places.add(nth);
    this.#up.add(nth);
    this.#born += 1;
    const skewed = chance.happens(0.3, `clock of worker ${nth} is wrong`);
    const process = startProcess(this.#stage, {
      name: `w${nth}.${this.#born}`,
      skewMs: skewed ? skewOf(chance, nth) : 0,
      onDeath: () => {
        this.#running.delete(process);
        this.#up.delete(nth);
        if (this.#stopped) return;
        this.#queue.abandon(process, null);
        if (this.#halted) return;
        scheduler.at(scheduler.now() + chance.between(1, 40, 'rises', this.#born) * 1_000, () => this.rise(nth));
      },
      onFreeze: (ms) => this.#queue.abandon(process, scheduler.now() + ms),
    });
    this.#running.add(process);
    this.#stage.current = process;
    startWorker(this.#around, process);
  }

  /** None works, and none rises; answers what starts them again. */
  halt(): () => void {
    this.#halted = true;
    for (const process of [...this.#running]) process.kill();
    return () => {
      this.#halted = false;
      for (const nth of this.#places) this.start(nth);
    };
  }

  rise(nth: number): void {
    if (!this.#halted && !this.#up.has(nth)) this.start(nth);
  }

  /** Nothing has to be interrupted any more. */
  calm(): void {
    this.#sliceMs = defaultTiming.sliceMs;
    this.reconcileMs = 12 * minute;
  }

  stop(): void {
    this.#stopped = true;
    for (const process of [...this.#running]) process.kill();
  }
}

/** Half of the wrong clocks are wrong by minutes, as of a machine that nobody keeps; the others by up to a day. */
const skewOf = (chance: Chance, nth: number): number => {
  const most = chance.happens(0.5, `clock of worker ${nth} is wrong by a day`) ? 1_440 : 10;
  return Math.round((chance.fraction('skew', nth) - 0.5) * 2 * most * minute);
};

const found = <T>(thing: T | undefined): T => {
  if (thing === undefined) throw new Error('There is no such customer.');
  return thing;
};
