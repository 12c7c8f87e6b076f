/** Which pictures there are, and which figures are in them. A picture whose figures were not measured is left out. */

import type { Detail, Result } from '../result.ts';
import { type Bar, barsOf } from './bars.ts';
import type { Picture } from './page.ts';

type Drawn = Picture & { readonly svg: string };
type Wanted = {
  readonly file: string;
  readonly title: string;
  readonly unit: string;
  readonly id: string;
  /** Where in the detail the medians stand, and what they are called. */
  readonly path: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  readonly digits: number;
};
/** Bars of several latencies beside each other. */
type ByLatency = Omit<Wanted, 'path'> & { readonly paths: Readonly<Record<string, readonly string[]>> };

const ours = 'ours';

const wanted: readonly Wanted[] = [
  {
    file: 'perf-reading.svg',
    title: 'Reading and understanding all users',
    unit: 'microseconds of processor time a user; less is better',
    id: 'R1',
    path: ['cpuMicrosPerUser'],
    names: {
      bareReadAndParse: 'bare read + JSON.parse',
      ours: 'Entrain, folded',
      pageIterator: 'PageIterator, only counting',
      backstage: 'Backstage reader',
    },
    digits: 1,
  },
  {
    file: 'perf-first-sync.svg',
    title: 'First full sync, stored and committed',
    unit: 'milliseconds; less is better',
    id: 'R2',
    path: ['wallMs'],
    names: { bare: 'bare read + parse + insertMany', ours: 'Entrain' },
    digits: 0,
  },
  {
    file: 'perf-usual-way.svg',
    title: 'First full sync of a fifth of the people, and the usual way',
    unit: 'milliseconds; less is better',
    id: 'R3',
    path: ['wallMs'],
    names: { ours: 'Entrain', usual: 'PageIterator + one upsert an object' },
    digits: 0,
  },
  {
    file: 'perf-unchanged.svg',
    title: 'Full sync that finds nothing new, 80 ms a page',
    unit: 'milliseconds; less is better',
    id: 'R4',
    path: ['wallMsAt80'],
    names: {
      bareChain: 'bare chain of pages, nothing parsed',
      bareReadAndParse: 'bare chain of pages, parsed',
      ours: 'Entrain, compared with what is stored',
      pageIterator: 'PageIterator, only counting',
    },
    digits: 0,
  },
  {
    file: 'perf-provisioning.svg',
    title: 'Creating accounts at a target, 20 ms an answer',
    unit: 'milliseconds; less is better',
    id: 'R7',
    path: ['wallMs'],
    names: { sameRequestsRaw: 'the same requests raw', ours: 'Entrain' },
    digits: 0,
  },
];

const byLatency: ByLatency = {
  file: 'perf-latencies.svg',
  title: 'Full sync that finds nothing new, at 0, 20 and 80 ms a page',
  unit: 'milliseconds; less is better',
  id: 'R4',
  paths: { '0 ms': ['wallMs'], '20 ms': ['wallMsAt20'], '80 ms': ['wallMsAt80'] },
  names: { bareChain: 'bare chain', ours: 'Entrain', pageIterator: 'PageIterator' },
  digits: 0,
};

export const picturesOf = (results: readonly Result[]): readonly Drawn[] => [
  ...wanted.flatMap(({ path, ...picture }) => drawn(results, { ...picture, paths: { '': path } })),
  ...drawn(results, byLatency),
];

const drawn = (
  results: readonly Result[],
  { file, title, unit, id, paths, names, digits }: ByLatency,
): readonly Drawn[] => {
  const result = results.find((each) => each.id === id);
  const bars = Object.entries(paths).flatMap(([latency, path]) =>
    Object.entries(names).flatMap(([name, label]): Bar[] => {
      const value = result === undefined ? null : at(result.detail, [...path, name, 'median']);
      if (value === null) return [];
      const text = value.toLocaleString('en', { maximumFractionDigits: digits });
      return [{ label: latency === '' ? label : `${latency}, ${label}`, value, text, ours: name === ours }];
    }),
  );
  return bars.length < 2 ? [] : [{ file, title, svg: barsOf(title, unit, bars) }];
};

const at = (detail: Detail, path: readonly string[]): number | null => {
  let value: Detail[string] | undefined = detail;
  for (const name of path)
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : undefined;
  return typeof value === 'number' ? value : null;
};
