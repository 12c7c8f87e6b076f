/** What happened, as a number that two equal runs share, and as lines when somebody wants to read it. */

import type { Facts } from '../../src/model/world.ts';
import { numberOf } from './chance.ts';

export type Trace = {
  note(who: string, what: string, how: string): void;
  /** A line for whoever reads it. It is no event: the run is the same, and has the same number, where nobody reads. */
  tell(who: string, what: string, how: string): void;
  /** Counts something that happened. */
  count(what: string): void;
  /** A line of somebody's log. */
  said(who: string, event: string, facts: Facts): void;
  /** Of everything noted so far, in hexadecimal. */
  hash(): string;
  readonly lines: readonly string[];
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>;
};

export const traceOf = (now: () => number, start: number, keepsLines: boolean): Trace => {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  let low = 0x811c9dc5;
  let high = 0x01000193;
  const mix = (number: number): void => {
    low = Math.imul(low ^ number, 0x01000193);
    high = Math.imul(high ^ (low >>> 13) ^ number, 0x85ebca6b);
  };
  const write = (who: string, what: string, how: string): void => {
    if (keepsLines) lines.push(`${stamp(now() - start)} ${who.padEnd(10)} ${what} ${how}`);
  };
  return {
    note: (who, what, how) => {
      mix(now() - start);
      mix(numberOf(who));
      mix(numberOf(what));
      mix(how === 'done' ? 1 : how.length);
      write(who, what, how);
    },
    tell: write,
    count,
    said: (who, event, facts) => {
      count(event);
      const why = facts['code'] ?? facts['limit'];
      if (typeof why === 'string') count(`${event}.${why}`);
      mix(numberOf(event));
      if (keepsLines) write(who, event, JSON.stringify(facts));
    },
    hash: () => [low, high].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join(''),
    lines,
    counts,
  };
};

/** Hours, minutes, seconds since the beginning. */
const stamp = (ms: number): string => {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${String(ms % 1_000).padStart(3, '0')}`;
};
