/** The page made from the figures. */

import { markdownOf, type Table } from '../growth/table.ts';
import type { Detail, Result } from '../result.ts';
import { planOf } from './plan.ts';
import { distanceOf, numberOf } from './table.ts';

export type About = { readonly machine: string; readonly at: string; readonly size: string };
export type Picture = { readonly file: string; readonly title: string };
type Content = {
  readonly measured: readonly Result[];
  readonly about: About | null;
  readonly grown: { readonly about: About; readonly tables: readonly Table[] } | null;
  readonly pictures: readonly Picture[];
};

export const pageOf = (content: Content): string =>
  `${[...opening, ...targets(content), ...growth(content.grown), ...figures(content.measured)].join('\n').trimEnd()}\n`;

const opening = [
  '# Performance',
  '',
  'Made by `make bench` and `make bench ARGS=--growth` from `bench/results/`; edit nothing here. What was found on the way is in the [decisions](decisions/).',
  '',
];

const aboutLines = ({ size, machine, at }: About): readonly string[] => [
  size,
  `Machine: ${machine}. Measured ${at}.`,
  '',
];

const targets = ({ measured, about, pictures }: Content): readonly string[] => [
  ...(about === null ? ['Nothing was measured yet.', ''] : aboutLines(about)),
  '## How it is measured',
  '',
  ...method.map((line) => `- ${line}`),
  '',
  'Absolute figures move between machines. The quotients, both halves of which were measured in turn in the same run, move little.',
  '',
  '## Targets',
  '',
  '| | id | what | measured | target | |',
  '|---|---|---|---|---|---|',
  ...measured.map(
    (result) =>
      `| ${result.ok ? '✓' : '✗'} | ${result.id} | ${result.name} | ${numberOf(result.ratio)} | ${result.target
        .replace('<=', '≤')
        .replace('>=', '≥')} | ${distanceOf(result)} |`,
  ),
  '',
  ...pictures.flatMap(({ file, title }) => [`![${title}](images/${file})`, '']),
];

const growth = (grown: Content['grown']): readonly string[] => {
  if (grown === null) return [];
  return [
    '## Growth',
    '',
    ...aboutLines(grown.about),
    ...grown.tables.map((table) => markdownOf(table, '###')),
    ...(planOf(grown.tables) ?? []),
    '',
  ];
};

const figures = (measured: readonly Result[]): readonly string[] => [
  '## Figures',
  '',
  'Each is the median, with the least and the greatest in brackets.',
  '',
  ...groupsOf(measured).flatMap((result) => [`### ${result.id}: ${result.name}`, '', ...linesOf(result.detail, 0), '']),
];

const method = [
  'Each subject, the simulated Microsoft Graph and the simulated target are processes of their own, so that processor time and peak memory are those of the subject. They share the machine, the MongoDB and the Redis.',
  'What is compared takes turns (A B A B …) after a first run that does not count. The result is the quotient of the medians.',
  'The simulated Graph works out every page once and then gives it again, compressed, over HTTPS. How fast it alone is stands beside R1.',
  '**Bare read + parse**: undici requests for the same pages, unzip, `JSON.parse`, follow the link; members in batches of 20. **Bare insert**: the very documents that Entrain stored, `insertMany` by 1,000 with the driver, acknowledged and journaled as ours. **Usual way**: Microsoft’s client with its PageIterator, one mongoose upsert an object.',
  'Entrain is composed from its configuration as the worker does it, with the worker’s own Node flags, and works turn after turn. R9 runs the API and a worker process with their queues.',
  'Read are the attributes of the default mapping. Lists of users do not carry `manager`; the rows with “with managers” (R2m, R4m, R10m) read it as well, and so does what they are compared to.',
  'Tenants of the rows with groups have teams of 150 members.',
];

/** Results that share their figures show them once. */
const groupsOf = (results: readonly Result[]): readonly Result[] =>
  results.filter((result, at) => results.findIndex(({ detail }) => same(detail, result.detail)) === at);

const same = (a: Detail, b: Detail): boolean => JSON.stringify(a) === JSON.stringify(b);

const linesOf = (detail: Detail, depth: number): string[] =>
  Object.entries(detail).flatMap(([name, value]) => {
    const label = `${'  '.repeat(depth)}- ${wordsOf(name)}`;
    if (typeof value !== 'object' || value === null) return [`${label}: ${textOf(value)}`];
    const { median, min, max, runs } = value;
    if (typeof median === 'number' && typeof min === 'number' && typeof max === 'number')
      return [`${label}: ${rounded(median)} (${rounded(min)} to ${rounded(max)}, ${runs} runs)`];
    return [label, ...linesOf(value, depth + 1)];
  });

const textOf = (value: number | string | boolean | null): string =>
  typeof value === 'number' ? rounded(value) : String(value ?? '–');

const rounded = (value: number): string => {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
};

/** `wallMsAt80` → `wall ms at 80`. Names with spaces are words already. */
const wordsOf = (name: string): string =>
  name.includes(' ')
    ? name
    : name
        .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
        .replaceAll(/([a-z])(\d)/g, '$1 $2')
        .toLowerCase();
