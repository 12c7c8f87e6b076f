/** The page made from the figures. */

import { markdownOf, type Table } from '../growth/table.ts';
import type { Detail, Result } from '../result.ts';
import { growthNotesOf } from './growth-notes.ts';
import { missedOf } from './missed.ts';
import { notesOf } from './notes.ts';
import { planOf } from './plan.ts';
import { rowsOf } from './rows.ts';
import { distanceInSpread, measuredOf, numberOf } from './table.ts';

export type About = {
  readonly machine: string;
  readonly servers: string;
  readonly at: string;
  readonly size: string;
  /** How long it took, with all that was made for it. */
  readonly seconds: number;
  /** Of what was measured; null where nobody wrote it down. */
  readonly commit: string | null;
  /** What every subject was started with; null: Entrain with a worker's flags, the others with Node's own. */
  readonly flags: string | null;
  /** What whoever measured has to say about it, as a sentence without its full stop; null: nothing. */
  readonly remark: string | null;
};
export type TableKept = Table & { readonly measured: About };
/** What is kept of the measures. `ids`: whose figures they are. */
export type Kept = {
  readonly measured: readonly Result[];
  readonly abouts: readonly (About & { readonly ids: readonly string[] })[];
  readonly grown: readonly TableKept[];
  /** Of a quick look at everything. */
  readonly quick: Took | null;
  /** Of a whole run of all measures; null until there was one. */
  readonly whole: Took | null;
};
export type Took = Pick<About, 'seconds' | 'machine' | 'at' | 'commit'>;
export type Picture = { readonly file: string; readonly title: string };

export const pageOf = (kept: Kept, pictures: readonly Picture[]): string =>
  `${[...opening, ...inShort(kept), ...targets(kept, pictures), ...growth(kept), ...figures(kept.measured)].join('\n').trimEnd()}\n`;

const opening = [
  '# Performance',
  '',
  'Made by `make bench` and `make bench ARGS=--growth` from `bench/results/`; edit nothing here. What was found on the way is in the [decisions](decisions/).',
  '',
];

/** What whoever has to decide asks first. Nothing until all of it was measured. */
const inShort = ({ grown, measured }: Kept): readonly string[] => {
  const rows = rowsOf(grown, 'users');
  const size = [...new Set(rows.map(({ at }) => at('users')))].at(1);
  const seconds = (run: string): number =>
    rows.find((row) => row.run === run && row.at('users') === size)?.at('s') ?? Number.NaN;
  const [first, same, delta, given] = ['first full', 'unchanged full', 'delta', 'provisioning to its position'].map(
    seconds,
  );
  if (size === undefined || ![first, same, delta, given].every(Number.isFinite)) return [];
  const shown = (value = Number.NaN): string => (value >= 10 ? value.toFixed(0) : value.toFixed(1));
  const held = measured.filter(({ ok }) => ok).length;
  return [
    `In short: of a tenant of ${size.toLocaleString('en')} people, whose pages come without delay, the first full sync takes ${shown(first)} s, one that finds nothing new ${shown(same)} s, a delta of 1,000 changes ${shown(delta)} s, and giving all of them an account ${shown(given)} s (“Users of one tenant”); what Graph takes for a page comes on top (R4 has it at 20 and 80 ms). All of it is measured with a simulated Graph and target on one machine. Of ${measured.length} rows of targets, which hold it against the least that the machine allows, ${held} are met; why the others are not stands below them.`,
    '',
  ];
};

/** Measures of one size, machine, day and commit in one line. */
const aboutLines = (abouts: readonly (About & { readonly ids: readonly string[] })[]): readonly string[] => {
  const alike = Map.groupBy(abouts, ({ size, machine, servers, at, commit }) =>
    [`${size}. ${machine}; ${servers}. ${at}`, ...(commit === null ? [] : [` commit ${commit}`])].join(','),
  );
  const lines = [...alike].map(([about, some]) =>
    [`- ${idsOf(some)}: ${about}. Took ${minutesOf(some)} minutes.`, ...remarksOf(some)].join(' '),
  );
  return abouts.length === 0 ? ['Nothing was measured yet.', ''] : [...lines, ''];
};

const remarksOf = (abouts: readonly Pick<About, 'remark'>[]): readonly string[] =>
  [...new Set(abouts.map(({ remark }) => remark))].filter((remark) => remark !== null).map((remark) => `${remark}.`);

const idsOf = (abouts: readonly { readonly ids: readonly string[] }[]): string =>
  abouts
    .flatMap(({ ids }) => ids)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .join(', ');

/** Begun minutes count. */
const minutesOf = (abouts: readonly Pick<About, 'seconds'>[]): string =>
  `${Math.ceil(abouts.reduce((sum, { seconds }) => sum + seconds, 0) / 60)}`;

/** What was measured before every subject got the same flags says so. */
const flagLines = (abouts: Kept['abouts']): readonly string[] => {
  const [unlike, alike] = [abouts.filter(({ flags }) => flags === null), abouts.filter(({ flags }) => flags !== null)];
  return [
    ...[...Map.groupBy(alike, ({ flags }) => flags)].map(
      ([flags, some]) => `- Every subject of ${idsOf(some)} is started with the flags of a worker, \`${flags}\`.`,
    ),
    ...(unlike.length === 0
      ? []
      : [`- In ${idsOf(unlike)} Entrain alone had the flags of a worker; what stands beside it had Node’s own.`]),
  ];
};

const mostMinutes = 60;

const durations = ({ abouts, quick, whole }: Kept): readonly string[] => [
  [
    whole === null
      ? `The times above, of measures that were made one by one, add up to ${minutesOf(abouts)} minutes; how long a whole run takes was not written down yet.`
      : wholeRun(abouts, whole),
    ...(quick === null
      ? []
      : [
          `A quick look at all of them (\`make bench QUICK=1\`) took ${quick.seconds} s (${quick.machine}; ${whenOf(quick)}).`,
        ]),
  ].join(' '),
  '',
];

/** Where some measures were made again since, it is another sum. */
const wholeRun = (abouts: Kept['abouts'], whole: Took): string => {
  const over = whole.seconds > mostMinutes * 60 ? `, more than the ${mostMinutes} it may take` : '';
  const told = `The last whole run of all measures took ${minutesOf([whole])} minutes (${whenOf(whole)})${over}.`;
  const since = abouts.filter(({ commit }) => commit !== whole.commit);
  return since.length === 0
    ? told
    : `${told} With ${idsOf(since)} as they were measured since, all add up to ${minutesOf(abouts)}; a whole run in this form was not made.`;
};

const whenOf = ({ at, commit }: Pick<About, 'at' | 'commit'>): string =>
  commit === null ? at : `${at}, commit ${commit}`;

const targets = (kept: Kept, pictures: readonly Picture[]): readonly string[] => [
  ...aboutLines(kept.abouts),
  ...durations(kept),
  '## How it is measured',
  '',
  ...method.map((line) => `- ${line}`),
  ...flagLines(kept.abouts),
  '',
  'Absolute figures move between machines. The quotients, both halves of which were measured in turn in the same run, move less: from one hour to another mostly by up to a fifth, as the column “before” shows, and R5 by more.',
  '',
  '## Targets',
  '',
  '| | id | what | measured | target | | before |',
  '|---|---|---|---|---|---|---|',
  ...kept.measured.map(
    (result) =>
      `| ${result.ok ? '✓' : '✗'} | ${result.id} | ${result.name} | ${measuredOf(result)} | ${result.target
        .replace('<=', '≤')
        .replace('>=', '≥')} | ${distanceInSpread(result)} | ${beforeOf(result)} |`,
  ),
  '',
  '“Within the spread” says that the target lies between the least and the greatest that was measured, from round to round or before: another run may say otherwise. Before: what the row was when it was measured the last times, with day and commit. Some rows had another form then: R3 was of 100,000 users and R10 of a first sync before commit 1348a34; of R5 the process of the smallest tenant had read less than the others, and of R6 first syncs were a median of two, before commit 0b15be4.',
  '',
  ...missedOf(kept.measured),
  ...notesOf(kept.measured, kept.grown),
  ...pictures.flatMap(({ file, title }) => [`![${title}](images/${file})`, '']),
];

const beforeOf = ({ before }: Result): string =>
  before
    .map(({ ratio, at, commit }) => `${numberOf(ratio)} (${at.slice(5)}${commit === null ? '' : `, ${commit}`})`)
    .join('; ');

/** Whatever the rounds of the measures are. */
export const oneRunOfEachRow = 'one run of each row';

const growthFlags = (grown: readonly TableKept[]): readonly string[] => [
  ...[...Map.groupBy(grown, ({ measured }) => measured.flags)].map(([flags, some]) => {
    const titles = some.map(({ title }) => `“${title}”`).join(', ');
    return flags === null
      ? `- What Entrain was started with for ${titles} was not written down.`
      : `- In ${titles} Entrain was started with \`${flags}\`.`;
  }),
  '',
];

const growth = ({ grown, measured: results, abouts }: Kept): readonly string[] =>
  grown.length === 0
    ? []
    : [
        '## Growth',
        '',
        ...aboutLines(grown.map(({ title, measured }) => ({ ...measured, size: oneRunOfEachRow, ids: [title] }))).slice(
          0,
          -1,
        ),
        ...growthFlags(grown),
        ...grown.flatMap((table) => [markdownOf(table, '###'), ...growthNotesOf(table, results, abouts)]),
        ...(planOf(grown, results) ?? []),
        '',
      ];

const figures = (measured: readonly Result[]): readonly string[] => [
  '## Figures',
  '',
  'Where there were several runs it is the median, with the least and the greatest in brackets.',
  '',
  ...groupsOf(measured).flatMap((result) => [`### ${result.id}: ${result.name}`, '', ...linesOf(result.detail, 0), '']),
];

const method = [
  'Each subject, the simulated Microsoft Graph and the simulated target are processes of their own, so that processor time and peak memory are those of the subject. They share the machine, the MongoDB (unless `MONGODB_URI` names another, the engine that comes with the packages) and the Redis.',
  'What is compared takes turns, round after round. The result is the quotient of the medians. Who reads must have read as much as the others, or the measure fails; Backstage leaves out accounts that are disabled. Reading starts after a first run that does not count; the usual way, what is replayed raw and memory are measured from the first run on.',
  'The simulated Graph works out every page once and then gives it again, compressed, over HTTPS. How fast a client drains it that does nothing but unzip stands beside R1.',
  '**Bare read + parse**: undici requests for the same pages, unzip, `JSON.parse`, follow the link; members in batches of 20. **Bare insert**: the very documents that Entrain stored, `insertMany` by 1,000 with the driver, acknowledged and journaled as ours. **Usual way**: Microsoft’s client with its PageIterator, one mongoose upsert an object. **Backstage**: its `readMicrosoftGraphOrg`, which makes an entity of each user, photos left out; where its packages cannot be installed, R1 says so and holds without it.',
  'Entrain is composed from its configuration as the worker does it, and works turn after turn; R1 is its source connector alone. R6 is the peak of one sync at a time, without queue and targets. R9 runs the API and a worker process with their queues.',
  'R9 compares a window: the huge tenant is asked for, small tenants are synced beside it for 40 s (alone: for 20 s), in which it is read at 80 ms a page, and then it is canceled. The whole of its first sync takes minutes (R6): most of it, and what its end does to the small ones, when nothing more is read and the rest is worked on and committed, is not in the window.',
  'Read are the attributes of the default mapping. Lists of users do not carry `manager`; the rows with “with managers” (R2m, R4m, R10m) read it as well, and so does what they are compared to. An installation that leaves the attributes as they are given meets the rows with managers.',
  'R4, R5, R6, R8 and R11 are of tenants without groups and without managers. R10 counts a batch as one request, of a full sync that is done within one turn of a worker: one that goes on in another turn, after 15 s, asks once more for what was under way (214 requests in place of 205 were seen of a first sync in two turns, commit 0b15be4). R8 counts some ten documents of lease, run and head, which are there whatever the size: a tenant of fewer pages is above its target. R3 is of a fifth of the people, as the usual way takes that long. Tenants of the rows with groups (R2, R3, R4g, R10) have teams of 150 members. The simulated Graph does not throttle here. In R9 the small tenants are asked for in three rows side by side.',
  'R11 is the queue alone: its jobs carry no sync. What a sync takes through the queue and without stands beside it; whether it has ended is looked up twenty times a second. What Redis holds of one is looked up in rounds of their own.',
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
