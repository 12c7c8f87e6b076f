/**
 * A provision run whose target has a mapping that is refused. Nobody is made or changed by that, and the run fails; but who left needs no mapping, and
 * nobody keeps an account for a rule that is to be mended. Memberships wait, for without the rest of the run it is not noted that they were told.
 */

import type { Problem } from '../model/connection.ts';
import { requestSecondLook } from './conclude.ts';
import { type Gathered, gather, type Known } from './gather.ts';
import type { MappingRefused } from './in-force.ts';
import { meetTarget } from './owed-looks.ts';
import type { Pending } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { recover } from './recover.ts';
import { doubtProblem, rememberGuarded, shieldedFor } from './shield.ts';
import { stopIfRefused } from './stop-if-refused.ts';
import { startTally } from './tally.ts';
import type { Report } from './turn.ts';
import { provisionRemovals } from './wave-removals.ts';
import { ready } from './work-at.ts';

/** Throws `RunRefused` in the end. The target's position stays, so that all else is found again. */
export const takeAwayOnly = async (
  unready: Provisioning,
  known: Known,
  { problem, standing }: MappingRefused,
  report: Report,
): Promise<never> => {
  const { engine, run, aim, lease, planId, through, record } = unready;
  if (aim.kind !== 'provision') throw new RunRefused(problem);
  const tally = startTally(run.counters, report);
  await report('recover', run.counters);
  const unprepared = await ready(unready);
  await recover({ ...unprepared, record: { ...record, ...standing } });
  await report('gather', run.counters);
  const met = await meetTarget(unprepared, known);
  const gathered: Gathered = await gather(engine.stores, run, through, known, met);
  // Whom the mapping switches off is said by the rule for that, where it is not refused itself.
  const work = await shieldedFor({ ...unprepared, mapping: standing.mapping }, gathered);
  // What was approved is carried out by the run that finds the mapping mended; but whom it is about go now.
  if (aim.approved !== null && doubtProblem(work) !== null) throw new RunRefused(problem);
  await rememberGuarded(work, true);
  const judged = await provisionRemovals(work, gathered, tally, isAccount);
  stopIfRefused(work, tally);
  await rememberGuarded(work, judged.held.length > 0);
  await requestSecondLook(work, tally);
  // Somebody decides on it once the rest of the plan can be made.
  await engine.stores.plans.unstage(lease, planId);
  await report('settle', tally.counters());
  throw new RunRefused(judged.held.length === 0 ? problem : overLimits(problem));
};

const isAccount = ({ planned: { operation } }: Pending): boolean => !('members' in operation);

const overLimits = ({ message, ...problem }: Problem): Problem => ({
  ...problem,
  message: `${message} More left than the limits of the target let pass, and they wait for that, too.`,
});
