/** On paper: everybody read and created once. */

import { graphLimits, type Load, people, target, tenants, unitsAMemberPage, userPage } from './plan-assumed.ts';
import type { PlanFigures } from './plan-figures.ts';
import { head, num, row, shown, time } from './plan-text.ts';

export const firstDay = (
  { micros, creates, firstWithGroups: whole }: PlanFigures,
  { workers, groups, memberships }: Load,
): readonly string[] => {
  const requestsASecond = (target.atOnce * 1_000) / target.ms;
  const atTarget = (accounts: number): number => (accounts * creates.requests) / requestsASecond;
  const each = people / tenants;
  const units = people / userPage + (groups + memberships / 999) * unitsAMemberPage;
  const seconds = { read: (people * whole.micros) / 1e6, create: (people * micros.create) / 1e6 };
  const all = seconds.read + seconds.create;
  return [
    `Everybody is read and created once. Groups and memberships are read; that they are made at the targets too is not in it, neither their requests nor the processor time, because no measure provisions groups. A create costs ${shown(creates.requests)} requests (R7), at a target that answers ${target.atOnce} at once in ${target.ms} ms: ${num(requestsASecond)} a second.`,
    '',
    ...head('what', 'arithmetic', 'result'),
    row(
      'one target with everybody, people alone',
      `${num(people)} × ${shown(creates.requests)} / ${num(requestsASecond)}`,
      time(atTarget(people)),
    ),
    row(
      `${num(tenants)} targets of ${num(each)} people, side by side`,
      `${num(each)} × ${shown(creates.requests)} / ${num(requestsASecond)}`,
      `${time(atTarget(each))} each`,
    ),
    row(
      'units of Graph',
      `${num(people)} / ${userPage} + ${num(groups)} groups × ${unitsAMemberPage}, and the further pages of large ones`,
      `${shown(units)}: ${time((units * 20) / graphLimits.unitsPerTwentySeconds)} at the limit of one app`,
    ),
    row(
      `processor of first syncs, managers, groups and ${shown(whole.memberships / whole.people)} memberships a person (R2m)`,
      `${num(people)} × ${shown(whole.micros)} µs`,
      `${time(seconds.read)} of one core; ${time((people * micros.firstRead) / 1e6)} without groups, at the ${shown(micros.firstRead)} µs of the largest tenant above`,
    ),
    row(
      'processor of creates, people alone',
      `${num(people)} × ${shown(micros.create / 1_000)} ms`,
      `${time(seconds.create)} of one core; ${time((people * creates.ms) / 1_000)} at the ${shown(creates.ms)} ms of a run of ${num(creates.people)} people (R7)`,
    ),
    row(`both, on the ${workers} workers above, a core each`, `${time(all)} / ${workers}`, time(all / workers)),
    '',
    `So it depends on how the people are spread. One target with all of them is the limit itself: ${time(atTarget(people))}. Many small targets would be done in seconds, and what takes the time is Entrain, ${time(all / workers)} on ${workers} cores and less on more, and the MongoDB under it, whose own processor and disks are not in these figures.`,
  ];
};
