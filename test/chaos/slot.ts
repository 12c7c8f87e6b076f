/** A place in which there is always a process of the installation: when one ends, however it does, the next one is started, as any supervisor would. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../scripts/services/child.ts';

export type Slot = {
  readonly isUp: () => boolean;
  /** Resolves when one is up. */
  readonly whenUp: () => Promise<void>;
  /** SIGKILL. False when there was none to be killed. */
  kill(): boolean;
  freeze(): boolean;
  thaw(): void;
  /** How many have died here, by our hand or at a place that they were given. */
  readonly deaths: () => number;
  /** How many ended because their memory was too small. */
  readonly starved: () => number;
  /** Starts no other one. */
  retire(): void;
};

/** `first`: one that is up already. */
export const keepUp = (start: () => Promise<Child>, first: Child | null = null): Slot => {
  let retired = false;
  let deaths = 0;
  let starved = 0;
  let present: Child | null = null;
  let risen = Promise.withResolvers<void>();
  const rise = (process: Child): void => {
    present = process;
    risen.resolve();
  };
  const fall = (): void => {
    if (present !== null) risen = Promise.withResolvers();
    present = null;
  };
  const follow = async (process: Child): Promise<void> => {
    rise(process);
    const { signal } = await process.ended;
    fall();
    if (signal === 'SIGKILL') deaths += 1;
    if (process.output().includes('heap out of memory')) starved += 1;
  };
  const keep = async (): Promise<void> => {
    if (first !== null) await follow(first);
    while (!retired) {
      try {
        await follow(await start());
      } catch {
        // It could not start, as its servers are down: so it is tried again.
        await sleep(500);
      }
    }
  };
  void keep();
  const send = (signal: NodeJS.Signals): boolean => {
    present?.signal(signal);
    return present !== null;
  };
  return {
    isUp: () => present !== null,
    whenUp: () => risen.promise,
    kill: () => {
      const was = send('SIGKILL');
      fall();
      return was;
    },
    freeze: () => send('SIGSTOP'),
    thaw: () => void send('SIGCONT'),
    deaths: () => deaths,
    starved: () => starved,
    retire: () => {
      retired = true;
    },
  };
};
