/** Where a provision run begins or goes on: by which rules, at which system, for what; or that it ends before it does anything. */

import { isOutdated, isToBeRead } from '../core/accepted.ts';
import { lacksApproval } from '../core/approvals.ts';
import { rulesMoved } from '../core/plan-basis.ts';
import { attributesOfRules, unreadOf } from '../core/read-attributes.ts';
import { unreadableRules } from '../core/unreadable-rules.ts';
import type { Plan, PlanRefusal } from '../model/plan.ts';
import type { HeldProblem, ProvisionRun } from '../model/run.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import {
  type Aim,
  aimAgain,
  chooseAim,
  isOvertaken,
  type KeptAim,
  keptAim,
  mayProvision,
  planOf,
  planOfRun,
  RunHeld,
} from './aim.ts';
import { acceptedBy, basisNow } from './basis.ts';
import { refusePlan } from './begin-plan.ts';
import { stateOf } from './conclude.ts';
import type { Engine } from './engine.ts';
import { limitsWrites } from './exceeded.ts';
import type { Known } from './gather.ts';
import { attributesUnreadProblem, toBeReadProblem } from './plan-problems.ts';
import { proveReach, type Reached } from './prove-reach.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { newProvisionRun, requestAgain, restOf } from './request-runs.ts';
import { reachKey } from './rules-key.ts';
import { type Place, placeFrom } from './tally.ts';
import type { WorkEnd } from './turn.ts';
import { isUndoneMark } from './undone-mark.ts';

export type Standing = Pick<Provisioning, 'run' | 'connection' | 'record' | 'lease' | 'watch'>;
type End = Exclude<WorkEnd, 'slice'>;

export type Begun = { readonly aim: Aim; readonly place: Place; readonly known: Known } & Pick<
  Provisioning,
  'written' | 'reached'
>;

/** Where the run goes on, or that it ends before it begins. */
export const beginRun = async (engine: Engine, standing: Standing): Promise<Begun | End> => {
  const { run, connection, record, lease, watch } = standing;
  const head = await engine.stores.snapshots.head(record.connection);
  if (isToBeRead(head)) return { state: 'held', counters: run.counters, version: null, problem: toBeReadProblem };
  const problem = unreadProblem(standing, head);
  if (problem !== null) return { state: 'held', counters: run.counters, version: null, problem };
  const reached = await proveReach({ engine, lease, signal: watch.signal }, record);
  const rules = acceptedBy(record, connection, head);
  const accepted = await acceptedAsNamed(engine, standing, head, rules);
  const outdated = isOutdated(record, head, accepted) || reached === 'unproved';
  const known: Known = outdated ? 'outdated' : accepted === rules ? 'accepted' : 'other_rules';
  const found: Found = { known, reached, rules, accepted, version: head.version };
  const place = placeFrom(run.place);
  if (await isDoneByAnother(engine, run, place))
    return { state: stateOf(run.counters), counters: run.counters, version: null, problem: null };
  if (place === null) tellUnreadable(engine, standing, head);
  return place === null ? await startOf(engine, standing, found) : await goOnFrom(engine, standing, found, place);
};

/** The plan that it was there to carry out was brought to its end by a run that overtook it, and all that is left to say is what this one did. */
const isDoneByAnother = async (
  { stores }: Engine,
  { id, plan }: ProvisionRun,
  place: Place | null,
): Promise<boolean> => {
  const wanted = plan ?? (place?.aim.kind === 'apply' ? place.aim.plan : null);
  const standing = wanted === null ? null : (await stores.plans.get(wanted))?.standing;
  return standing?.state === 'applied' && standing.begun !== id;
};

/**
 * What somebody let the target be written to by, in the spelling of now: a mapping that was kept before its paths had one name says the same as it said
 * then, and nobody has to look at a plan for an upgrade.
 */
const acceptedAsNamed = async (
  { stores }: Engine,
  { connection, record, lease }: Standing,
  head: Head,
  rules: string,
): Promise<string | null> => {
  const accepted = await stores.ledger.rules(record.id);
  if (accepted === null || accepted === rules) return accepted;
  const asKept = await stores.targets.get(record.id);
  if (asKept === null || acceptedBy(asKept, connection, head) !== accepted) return accepted;
  const { mapping, matching } = record;
  if (acceptedBy({ ...asKept, mapping, matching }, connection, head) !== rules) return accepted;
  await stores.ledger.acceptRules(lease, rules);
  return rules;
};

/**
 * What a rule takes and was not read yet has no value for anybody: whoever went by that would clear it at the target, and make a second account of
 * somebody who is found by it. An undo asks the rules nothing.
 */
const unreadProblem = ({ run, connection, record }: Standing, head: Head): HeldProblem | null => {
  if (run.amends?.kind === 'undo' || head.version === 0) return null;
  const unread = unreadOf(attributesOfRules(connection.attributes, record), head.attributes);
  const attributes = (['user', 'group'] as const).flatMap((type) =>
    unread[type].map((name) => `${name} of each ${type}`),
  );
  return attributes.length === 0 ? null : attributesUnreadProblem(attributes);
};

/** Somebody looks for why a value is missing there. */
const tellUnreadable = (engine: Engine, { run, connection, record }: Standing, head: Head): void => {
  const rules = unreadableRules(connection.attributes, head.attributes, record);
  if (rules.length === 0) return;
  const attributes = [...new Set(rules.map(({ type, attribute }) => `${type}.${attribute}`))];
  engine.world.log.warn('rules.unreadable', { run: run.id, target: record.id, attributes: attributes.join(' ') });
};

/** What a run finds of the target, each time it has its turn. */
type Found = {
  readonly known: Known;
  readonly reached: Reached;
  readonly rules: string;
  readonly accepted: string | null;
  /** Of the snapshot. */
  readonly version: number;
};

const seen = ({ known, accepted }: Found) => ({
  isAccepted: known === 'accepted',
  isOutdated: known === 'outdated',
  isUndone: isUndoneMark(accepted),
});

const goOnFrom = async (engine: Engine, { run, record }: Standing, found: Found, place: Place): Promise<Begun> => {
  const { known, reached, rules, accepted } = found;
  const isOfOtherRules = place.rules !== rules || (place.reach !== null && place.reach !== reachKey(record));
  if (isOfOtherRules) await refuseOtherRules(engine, run, place.aim, 'rules_changed');
  // What began before an undo would do again what was undone, and then say that the target may be written to as before.
  const isOutrun = isUndoneMark(accepted) && place.accepted !== accepted && run.amends?.kind !== 'undo';
  if (isOutrun) await refuseOtherRules(engine, run, place.aim, 'undone_since');
  // From now on somebody wants to look before anything is done by these rules.
  if (place.aim.kind === 'provision' && !mayProvision({ record, ...seen(found) }))
    await refuseOtherRules(engine, run, place.aim, 'rules_changed');
  const aim = await aimAgain(engine, place.aim, run);
  const plan = planOf(aim);
  if (plan !== null && lacksApproval(plan, record.approvals))
    await refuseOtherRules(engine, run, place.aim, 'approvals_raised');
  if (aim.kind === 'apply' && (await isMoved(engine.stores, aim.plan, record)))
    await refuseOtherRules(engine, run, place.aim, 'rules_changed');
  // The same mark says nothing where it is of an undo that went on, or of the same run, the rest of which was taken back.
  if (aim.kind === 'apply' && isUndoneMark(accepted) && (await isOvertaken(engine.stores, aim.plan, run)))
    await refuseOtherRules(engine, run, place.aim, 'undone_since');
  return { aim, place, known, reached, written: await writtenPlan(engine.stores, place) };
};

/** Who is protected, above all, which other runs may have changed under them. */
const isMoved = async (stores: Stores, plan: Plan, record: TargetInForce): Promise<boolean> =>
  plan.standing.state === 'approved' && rulesMoved(plan.kind, plan.basis, await basisNow(stores, record)).length > 0;

const startOf = async (engine: Engine, { run, record, lease }: Standing, found: Found): Promise<Begun | End> => {
  const { known, reached, rules, accepted, version } = found;
  try {
    const aim = await chooseAim({
      engine,
      lease,
      run,
      record,
      basis: () => basisNow(engine.stores, record),
      ...seen(found),
      reached,
    });
    const through = aim.kind === 'apply' ? aim.plan.basis.version : version;
    const plan = planOfRun(run);
    // What an earlier turn staged before it had a place is of no plan.
    if (aim.kind === 'plan' || limitsWrites(record)) await engine.stores.plans.unstage(lease, plan);
    const kept = { through, aim: keptAim(aim), plan, rules, reach: reachKey(record), accepted } as const;
    const wave = aim.kind === 'apply' && reached === 'unproved' ? 'links' : 'objects';
    return { aim, place: { ...kept, wave, after: null, exceeded: [] }, known, reached, written: null };
  } catch (error) {
    if (!(error instanceof RunHeld)) throw error;
    return { state: 'held', counters: run.counters, version: error.version, problem: error.problem };
  }
};

/**
 * Only a run that was through all its waves has written its plan down. The place is not asked: a worker that was taken for dead may have noted an older
 * one since.
 */
export const writtenPlan = ({ plans }: Pick<Stores, 'plans'>, { plan }: Pick<Place, 'plan'>): Promise<Plan | null> =>
  plans.get(plan);

/** What was planned by the old rules is not finished by new ones, nor left to them unseen. */
const refuseOtherRules = async (engine: Engine, run: ProvisionRun, aim: KeptAim, why: PlanRefusal): Promise<never> => {
  const plan = aim.kind === 'apply' ? await engine.stores.plans.get(aim.plan) : null;
  if (plan !== null) await refusePlan({ engine, run }, plan, why);
  // What amends something is asked for by a person, who decides whether it is still wanted.
  if (plan === null || run.amends === null) await requestAgain(engine, restOfRun(engine, run));
  throw new RunRefused({
    code: 'rules_changed',
    message:
      'The scope, the mapping, the matching, what becomes of who leaves, or the settings or credentials of the target changed while the run was under way, or `auto_approve_first` of it was taken away, or two people have to approve by now what one did, or a run was taken back, or the database was put back from a backup. What it wrote stays; another run goes by what holds now.',
    owner: 'your_team',
  });
};

/** What is left of a run that does not go on. */
export const restOfRun = (engine: Engine, run: ProvisionRun): ProvisionRun =>
  newProvisionRun({ ...run, id: run.target }, run.causedBy, {
    ...restOf(engine, run),
    amends: run.amends,
  });
