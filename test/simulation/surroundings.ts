/** Time, chance, log and network as one simulated process knows them. */

import type { Facts, World } from '../../src/model/world.ts';
import type { Process, Stage } from './process.ts';

export const surroundingsOf = (stage: Stage, process: Process): World => {
  let drawn = 0;
  const note = (event: string, facts: Facts = {}): void => stage.trace.said(process.name, event, facts);
  return {
    now: process.now,
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
