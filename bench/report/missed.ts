/**
 * Why a target does not hold, and what it would take. Shown only where it does not. What is in the results is taken from them, so that it cannot say
 * otherwise. What a profile found, or another setting did, is written down here as it was then, and says so.
 */

import type { Detail, Result } from '../result.ts';
import { medianIn, numberIn, within } from './detail.ts';
import { distanceOf } from './table.ts';

export const missedOf = (measured: readonly Result[]): readonly string[] => {
  const missed = measured.filter(({ ok }) => !ok);
  if (missed.length === 0) return [];
  return [
    '### What does not hold',
    '',
    ...missed.map(
      (result) => `- **${result.id}, ${result.name}**, ${distanceOf(result)}. ${reasonOf(result, measured)}`,
    ),
    '',
  ];
};

export const unexplained = 'Not looked into yet.';

/** What was not measured has no reason: the usual one would hide that it broke. */
const reasonOf = (result: Result, measured: readonly Result[]): string => {
  const { id, name, ratio, detail, target } = result;
  if (!Number.isFinite(ratio)) return unexplained;
  return (
    reasons.find((reason) => reason.id === id && name.includes(reason.of))?.why(detail, measured, target) ?? unexplained
  );
};

/** `of`: a part of the name of the row. */
type Reason = {
  readonly id: string;
  readonly of: string;
  readonly why: (detail: Detail, measured: readonly Result[], target: string) => string;
};

const reasons: readonly Reason[] = [
  {
    id: 'R1',
    of: '',
    why: (detail) =>
      `A person costs ${microsOf(detail, 'ours')} µs, of which ${microsOf(detail, 'bareReadAndParse')} are the bare read. Pages are in memory until they are folded, and the next ones beside them: with a young generation of 8 MB more than a third was collecting garbage when it was profiled, with the 16 MB of a worker it was less, and with 32 MB less again, at the price of memory ([decision 9](decisions/0009-how-graph-is-read.md)).`,
  },
  {
    id: 'R2',
    of: '',
    why: (detail) =>
      `The bare limit inserts documents that are finished. A first sync inserts the same, and then reads every object and bucket back: the change log must say what the whole of it created, and the draft may have passed through several workers by then. Digests, names and the log come on top. Our own processor time is ${seconds(detail, 'cpuMs', 'ours')} of ${seconds(detail, 'wallMs', 'ours')} (the bare limit: ${seconds(detail, 'cpuMs', 'bare')} of ${seconds(detail, 'wallMs', 'bare')}), on two cores that MongoDB shares. Where both go stands in [decision 5](decisions/0005-what-a-sync-writes.md): in the profile of then the thread was idle for a third of the time, no function had more than a few per cent, and reading back to write the log was the largest of what is waited for beside the inserts. It would take a change log that is written beside each batch and counts with it; how much of the distance that closes was not tried.`,
  },
  { id: 'R2m', of: '', why: () => 'As R2.' },
  {
    id: 'R10m',
    of: '',
    why: () =>
      `At the size of the other rows, ${fullSize.users.toLocaleString('en')} users and ${fullSize.groups.toLocaleString('en')} groups, it is ${managedRequests(fullSize)} of ${mostRequests(fullSize)} requests by the count of [decision 9](decisions/0009-how-graph-is-read.md). A list of users does not carry their managers. \`$expand=manager\` caps pages at 100, the initial enumeration of the delta query at 200 (decision 2); asking for managers one by one, twenty to a batch, would cost ten times the requests. It would take a Graph that shows managers in lists.`,
  },
  {
    id: 'R4',
    of: 'at 0 ms',
    why: (detail) =>
      `Without latency the processor is the limit: ${micros(detail, 'ours')} µs of it a user, where reading and parsing alone take ${micros(detail, 'bareReadAndParse')}. What the difference goes into is in [decision 5](decisions/0005-what-a-sync-writes.md). No single step has more than some 15 % in these profiles, so it would take several: a digest of the bytes as they come would save text, digest and most of the parsing, at the price of taking every new order of properties for a change.`,
  },
  { id: 'R4', of: 'at 80 ms', why: excess },
  {
    id: 'R4',
    of: 'PageIterator',
    why: (detail, _, target) => {
      const [chain, iterator] = [
        medianIn(detail, 'wallMsAt80', 'bareChain'),
        medianIn(detail, 'wallMsAt80', 'pageIterator'),
      ];
      const pages = numberIn(detail, 'pages');
      const page = (iterator - chain) / pages;
      const least = (chain + pageMs) / iterator;
      const limit = Number(target.split(' ')[1]);
      const sum = `The bare chain, which waits for the whole body of a page before it looks for the link in it, and one more page for the mint of the next round would be ${least.toFixed(3)} of it`;
      return `Asking ahead saves what a PageIterator spends between two pages, ${page.toFixed(1)} ms a page here, ${((page / pageMs) * 100).toFixed(0)} % of the latency. ${sum}${
        least <= limit ? '' : ', which would not hold either'
      }; Entrain takes the link from the first bytes of a page ([decision 9](decisions/0009-how-graph-is-read.md)), and the wire alone, ${pages} pages of ${pageMs} ms, is ${((pages * pageMs) / iterator).toFixed(2)}.`;
    },
  },
  {
    id: 'R4g',
    of: 'at 0 ms',
    why: () => 'As R4; the contents of each bucket of members are put together and compared as well.',
  },
  { id: 'R4g', of: 'at 80 ms', why: excess },
  {
    id: 'R4m',
    of: 'at 0 ms',
    why: (detail, measured) =>
      `As R4, with five times as many pages for as many people, each of which is a request, a batch and two looks at the head: ${micros(detail, 'ours')} µs a user${beside(measured)}.`,
  },
  { id: 'R4m', of: 'at 80 ms', why: excess },
  {
    id: 'R5',
    of: '',
    why: (detail) => {
      const [small = '', middle = '', large = ''] = Object.keys(within(detail, 'wallMs') ?? {});
      const ms = (size: string): string => milliseconds(detail, 'wallMs', size);
      const cpu = (size: string): string => milliseconds(detail, 'cpuMs', size);
      const end = (which: 'min' | 'max'): string => `${numberIn(detail, 'wallMs', small, which).toFixed(0)} ms`;
      return `A delta asks for what it was told of by ids, as many in each tenant: ${ms(small)} with ${small}, ${ms(middle)} with ${middle}, ${ms(large)} with ${large}; of the processor ${cpu(small)}, ${cpu(middle)}, ${cpu(large)}, which does not grow with the tenant. Since the process of the smallest one reads as many people beforehand as that of the middle one, its delta takes less than before, and the quotient is more. It would take more rounds to tell the distance from the noise: from round to round the time goes from ${end('min')} to ${end('max')} with ${small}. What deeper indexes have to do with it was not taken apart.`;
    },
  },
  {
    id: 'R7',
    of: '',
    why: (detail) =>
      `Look-ups overlap with writes, but within a step intents are durable before the first request goes out, and outcomes are written after the last came back (decision 6); ${seconds(detail, 'cpuMs', 'ours')} of ${seconds(detail, 'wallMs', 'ours')} are our own processor time. It would take steps that overlap at both ends, with more operations open when a worker dies, and less work for each person; the last profile showed no function with more than 3 %, and 29 % idle (decision 6).`,
  },
  {
    id: 'R9',
    of: '',
    why: (detail) =>
      `The median sync of a small tenant takes ${milliseconds(detail, 'medianMs', 'beside')} in place of ${milliseconds(detail, 'medianMs', 'alone')}; each of its steps waits for whatever the thread of the worker is at, and for a core that MongoDB or the simulator has.${takenApart(detail)} It would take a bound on the share of the thread that one read has while others wait, at the price of a longer first sync; shorter stretches are one, and what they gave is in [decision 5](decisions/0005-what-a-sync-writes.md). Or more processes and cores for them, which was not tried; what more cores or workers change was not measured.`,
  },
];

/** Which of the two is full. */
const takenApart = (detail: Detail): string => {
  const [machine, worker] = ['cores busy, of the machine', 'cores busy, of the worker'];
  const [cores, all, ours] = [
    numberIn(detail, 'cores'),
    medianIn(detail, machine, 'beside'),
    medianIn(detail, worker, 'beside'),
  ];
  if (![cores, all, ours].every(Number.isFinite)) return '';
  const full = (share: number): string => (share >= 0.9 ? ', which leaves hardly any' : '');
  return ` Meanwhile ${all.toFixed(2)} of the ${cores} cores are busy${full(all / cores)} (alone ${medianIn(detail, machine, 'alone').toFixed(2)}), and the process of the worker has ${ours.toFixed(2)} of one (alone ${medianIn(detail, worker, 'alone').toFixed(2)}).`;
};

/** What R4 takes for a user at the same place. */
const beside = (measured: readonly Result[]): string => {
  const plain = measured.find(({ id }) => id === 'R4')?.detail;
  return plain === undefined ? '' : ` where R4 has ${micros(plain, 'ours')}`;
};

/** What a page takes at the larger latency. */
const pageMs = 80;

/** What a sync takes longer than the chain of pages, beside the share of it that a tenant with as many pages and fewer people has too. */
function excess(detail: Detail, measured: readonly Result[]): string {
  const over = over80(detail);
  const few = measured.find(({ id }) => id === 'R4m')?.detail;
  const fewer =
    few === undefined || numberIn(few, 'users') === numberIn(detail, 'users')
      ? ''
      : ` A tenant with as many pages and ${numberIn(few, 'users').toLocaleString('en')} people (R4m) has ${over80(few).toFixed(0)} ms: the rest grows with the people${detail['groups'] === true ? ', the groups and their members' : ''}.`;
  return `It takes ${over.toFixed(0)} ms longer than the chain. Some ${pageMs} ms of that are the request that says where the next round begins; the roster is read before, and the last page is worked on and committed after, when there is no wait to hide them in.${fewer} It would take that tail to overlap with the last pages.`;
}

const over80 = (detail: Detail): number =>
  medianIn(detail, 'wallMsAt80', 'ours') - medianIn(detail, 'wallMsAt80', 'bareChain');

/** What R10m would be at the size of the other rows (decision 9): users 200 to a page, groups 980, members of 20 groups to a batch, and the next round. */
const fullSize = { users: 100_000, groups: 2_000 } as const;
const managedRequests = ({ users, groups }: typeof fullSize): number =>
  Math.ceil(users / 200) + Math.ceil(groups / 980) + Math.ceil(groups / 20) + 1;
const mostRequests = ({ users, groups }: typeof fullSize): number => Math.ceil(users / 999) + groups / 20 + 4;

const seconds = (detail: Detail, ...path: readonly string[]): string =>
  `${(medianIn(detail, ...path) / 1_000).toFixed(1)} s`;
const milliseconds = (detail: Detail, ...path: readonly string[]): string =>
  `${medianIn(detail, ...path).toFixed(0)} ms`;
const microsOf = (detail: Detail, who: string): string => medianIn(detail, 'cpuMicrosPerUser', who).toFixed(1);
const micros = (detail: Detail, who: string): string =>
  ((medianIn(detail, 'cpuMs', who) * 1_000) / numberIn(detail, 'users')).toFixed(0);
