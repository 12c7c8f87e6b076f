/** Pages that name themselves as the next one, for a minute or two: whoever follows them goes round and round. */

import type { Stage } from './process.ts';

export type Circles = {
  /** From now on this page does. */
  begin(url: string, roll: number): void;
  /** Asked whenever the page is. */
  leadsToItself(url: string): boolean;
  end(): void;
};

const minute = 60_000;
/** Whoever fails and tries again comes by a few times a minute. */
const mostInAMinute = 40;

export const circlesOf = ({ scheduler, report }: Stage): Circles => {
  const until = new Map<string, number>();
  const askedAt = new Map<string, number[]>();
  return {
    begin: (url, roll) => {
      until.set(url, scheduler.now() + minute + Math.ceil(roll * minute));
    },
    leadsToItself: (url) => {
      const now = scheduler.now();
      if (now >= (until.get(url) ?? 0)) return false;
      const times = [...(askedAt.get(url) ?? []), now].filter((at) => at > now - minute);
      askedAt.set(url, times);
      if (times.length === mostInAMinute) report({ invariant: 'I9', what: `pages were followed in a circle: ${url}` });
      return true;
    },
    end: () => until.clear(),
  };
};
