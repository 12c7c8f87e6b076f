/** Why a target does not hold, and what it would take. Shown only where it does not. */

import type { Result } from '../result.ts';
import { distanceOf } from './table.ts';

export const missedOf = (measured: readonly Result[]): readonly string[] => {
  const missed = measured.filter(({ ok }) => !ok);
  if (missed.length === 0) return [];
  return [
    '### What does not hold',
    '',
    ...missed.map((result) => `- **${result.id}, ${result.name}**, ${distanceOf(result)}. ${reasonOf(result)}`),
    '',
  ];
};

export const unexplained = 'Not looked into yet.';

const reasonOf = ({ id, name }: Result): string =>
  reasons.find((reason) => reason.id === id && name.includes(reason.of))?.why ?? unexplained;

/** `of`: a part of the name of the row. */
const reasons: readonly { readonly id: string; readonly of: string; readonly why: string }[] = [
  {
    id: 'R2',
    of: '',
    why: 'The bare limit inserts documents that are finished; MongoDB, on the same two cores, is what both wait for. A first sync inserts the same, and then reads every object and bucket back: the change log must say what the whole of it created, and the draft may have passed through several workers by then. The rest is processor time for digests, names and the log. It would take a change log that is written beside each batch and counts with it.',
  },
  { id: 'R2m', of: '', why: 'As R2.' },
  {
    id: 'R10m',
    of: '',
    why: 'A list of users does not carry their managers. `$expand=manager` caps pages at 100, the initial enumeration of the delta query at 200 (decision 2); asking for managers one by one, twenty to a batch, would cost ten times the requests. It would take a Graph that shows managers in lists.',
  },
  {
    id: 'R4',
    of: 'at 0 ms',
    why: 'Without latency the processor is the limit. To tell that somebody is unchanged takes the canonical text of their attributes and its digest, and the roster and the batch have their share; together it is more than reading and parsing the small pages of the simulator. It would take a digest of the bytes as they come, before they are parsed, or a second thread. At the latency of a real page it fits into the wait.',
  },
  {
    id: 'R4',
    of: 'at 80 ms',
    why: 'The pages come as fast as the bare chain asks for them; beside them a sync mints the next round, reads the roster and commits.',
  },
  {
    id: 'R4',
    of: 'PageIterator',
    why: 'There is little to win with pages as small as the simulator’s: a PageIterator spends less than a tenth of the 80 ms on parsing, which is all that asking ahead can save; the mint of the next round costs one page more.',
  },
  { id: 'R4g', of: 'at 0 ms', why: 'As R4; and each bucket of members is compared as well.' },
  {
    id: 'R4g',
    of: 'at 80 ms',
    why: 'The users’ chain is the longest; what the batches of members cost the processor meanwhile delays its next request now and then.',
  },
  { id: 'R4m', of: '', why: 'As R4, with pages of 200.' },
  {
    id: 'R7',
    of: '',
    why: 'Look-ups overlap with writes, but within a step intents are durable before the first request goes out, and outcomes are written after the last came back (decision 6). It would take steps that overlap at both ends, with more operations open when a worker dies.',
  },
  {
    id: 'R9',
    of: '',
    why: 'A worker has one thread, and MongoDB and the simulator share two cores with it. What a page of the huge tenant takes at a stretch, each step of a small one waits for; stretches are some milliseconds. More workers or cores bring it down.',
  },
];
