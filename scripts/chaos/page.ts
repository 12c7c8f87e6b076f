/** What was kept last, as docs/chaos.md and docs/reliability.md show it. */

import { effectsIn, totalOf } from '../../test/chaos/run.ts';
import { number, table } from '../markdown.ts';
import type { Scarce, ScarceTrial, Storm } from './results.ts';

const notYet = 'None was kept yet.';

export const stormTable = (storm: Storm | null): string => {
  if (storm === null) return notYet;
  const { judged, decided, calls, broken } = storm;
  const rows: readonly (readonly [string, string])[] = [
    ['when, of which version', `${storm.date}, ${storm.commit}`],
    ['how long, by which seed', `${storm.minutes} minutes, seed ${storm.seed}`],
    ['what', `${storm.workers} workers; two tenants of ${storm.users} people`],
    ['workers that died', `${number(storm.died)}, ${number(storm.killed)} of them by our hand`],
    [
      'other harms',
      `${number(totalOf(storm.faults))}: ${inWords(storm.faults)}; ${number(storm.notDone)} more met nobody`,
    ],
    ['changes in the tenants', number(storm.lived)],
    ['requests by API', number(storm.asked)],
    ...(calls === undefined ? [] : [['what callers of the API met when it was gone', inWords(calls)] as const]),
    ['what waited for somebody, and what became of it', inWords(decided)],
    ['judged at the targets', `${number(effectsIn(judged))} effects: ${inWords(judged)}`],
    ['effects that were wrong', number(broken.wrongWrites)],
    ['lost', number(broken.lost)],
    ['differences in the end', number(broken.apart)],
    ['announced and not tried', number(broken.untried)],
    ['afterwards', afterwards(storm)],
  ];
  return table(['', ''], rows);
};

/** A row for each of the trials, also where none was kept. */
export const scarceTable = (kept: Readonly<Record<ScarceTrial, Scarce | null>>): string => {
  const rows = Object.entries(kept).map(([trial, scarce]) => [
    `\`--only ${trial}\``,
    ...(scarce === null
      ? [notYet, '', '']
      : [
          `${scarce.date}, ${scarce.commit}, seed ${scarce.seed}`,
          scarce.told.join('<br>'),
          verdictOn(scarce.broken, meansInWords[scarce.means]),
        ]),
  ]);
  const head = ['run', 'when, of which version, by which seed', 'what was done and seen', 'verdict'];
  return table(head, rows);
};

const meansInWords: Readonly<Record<Scarce['means'], string>> = {
  mounted: 'with a file system that was full',
  limited: '**with files that could not grow, for want of a file system that could be filled**',
  heap: 'with a heap that was too small',
};

const verdictOn = (broken: Scarce['broken'], how: string): string => {
  const times = totalOf(broken);
  return `${times === 0 ? 'all four promises kept' : `**promises were broken ${number(times)} times**`}, ${how}`;
};

export const stormInWords = (storm: Storm | null): string => {
  if (storm === null) return notYet;
  const { broken } = storm;
  const violations = broken.wrongWrites + broken.lost + broken.apart;
  const found = violations === 0 ? 'no promise was broken' : `**promises were broken ${number(violations)} times**`;
  return `The last storm of [chaos](chaos.md#what-a-run-came-to) (${storm.date}, ${storm.commit}): ${storm.minutes} minutes, ${number(storm.killed)} workers killed and ${number(storm.died - storm.killed)} more that died, ${number(restarts(storm))} starts of Redis or MongoDB, ${number(totalOf(storm.faults))} harms besides workers that were killed, ${number(storm.lived)} changes in the tenants, ${number(effectsIn(storm.judged))} effects at the targets judged; ${found}.`;
};

const restarts = ({ faults }: Storm): number =>
  totalOf(Object.fromEntries(Object.entries(faults).filter(([name]) => /^(?:Redis dead|MongoDB)/.test(name))));

/** What is judged after delta runs alone, and was kept or stands among what was lost; and beside it how many were as their tenants in everything. */
const afterwards = ({ byDelta, judgedByDelta, rounds }: Storm): string =>
  `${hadToBe(judgedByDelta, rounds.length)}; managers are not judged before the end, and ${byDelta} of ${rounds.length} were right by then with these as well; after that ${rounds.join(' and ')} full syncs were made`;

const hadToBe = (some: number, all: number): string =>
  some === 0
    ? `**no target had to be what its tenant is after delta runs alone**: lists had lied until so late that what they hid may not have been told by then`
    : `${some} of ${all} targets had to be what their tenants are after delta runs alone, but for managers (what was not is counted as lost)`;

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${number(count)} ${name}`)
    .join(', ') || 'nothing';
