/** Time, chance, log and network as one simulated process knows them. */

import type { Facts, World } from '../../src/model/world.ts';
import type { Process, Stage } from './process.ts';

export const surroundingsOf = (stage: Stage, process: Process): World => {
  let drawn = 0;
  const note = (event: string, facts: Facts = {}): void => stage.trace.said(process.name, event, facts);
  return {
    now: process.now,
    stopwatch: process.clock.stopwatch,
    random: () => {
      drawn += 1;
      return stage.chance.fraction(`random of ${process.name}`, drawn);
    },
    sleep: process.sleep,
    log: { debug: () => {}, info: note, warn: note, error: note },
  };
};

/** Mostly below a third of a second, now and then some seconds. */
export const networkMs = ({ chance, faults }: Stage, site: string): number => {
  const fraction = chance.fraction('latency of a network', (faults.sites.get(site)?.calls ?? 0) + site.length * 1_000);
  return fraction > 0.99 ? Math.round((fraction - 0.99) * 1_000_000) : 20 + Math.round(fraction ** 2 * 300);
};

/** Some targets take half a minute to change or remove something, until all is calm. */
export const tempoOf = ({ chance, faults }: Stage, name: string) => {
  let slowMs = chance.happens(0.15, `slow target ${name}`) ? 45_000 : 0;
  return {
    changeMs: (site: string): number =>
      Math.round(slowMs * (0.5 + chance.fraction(`tempo of ${name}`, faults.sites.get(site)?.calls ?? 0) / 2)),
    calm: (): void => {
      slowMs = 0;
    },
  };
};
