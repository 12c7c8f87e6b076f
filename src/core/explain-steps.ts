/** The trace behind a finding: what each step has to show of one object, in the order a run goes through them. */

import {
  type Committed,
  type MappedValue,
  type ScopeEvidence,
  type Step,
  type StepEvidence,
  type StepName,
  type StepState,
  stepNames,
  type Written,
} from '../model/explanation.ts';
import type { RemoteId, SourceId } from '../model/ids.ts';
import { type Action, isGoing } from '../model/operation.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { Scope } from '../model/scope.ts';
import { approvalsIn } from './approvals.ts';
import { attributeOf, own, sameValue } from './attributes.ts';
import type { Finding, ObjectNow, TargetNow } from './finding.ts';
import { mapForCreate, mapForUpdate } from './mapping.ts';
import { otherSwitch } from './switch.ts';
import type { UnreadableRule } from './unreadable-rules.ts';
import { goneWords, listed, needOf, sentence, timesText, timeText, unreadableWords, waitsOf } from './wording.ts';

/** What is looked up for one person's question only. */
export type Details = {
  readonly changed: Committed;
  readonly read: Committed;
  readonly fullReadAt: Date | null;
  readonly scope: Scope;
  /** Whether what was read last was read with this scope. */
  readonly isScopeRead: boolean;
  readonly memberOf: ScopeEvidence['memberOf'];
  readonly former: { readonly remoteId: RemoteId; readonly until: Date } | null;
  readonly last: Written | null;
  readonly failed: Written | null;
  /** What the plan that holds the target back holds on this object. */
  readonly planned: readonly Action[];
  /** What a person calls somebody that this object refers to. */
  readonly nameOf: (id: SourceId) => string | undefined;
};

type Case = {
  readonly target: TargetNow;
  readonly object: ObjectNow;
  readonly details: Details;
  readonly finding: Finding;
};

export const stepsOf = (one: Case): readonly Step[] => [
  foundStep(one),
  scopeStep(one),
  matchStep(one),
  mapStep(one),
  planStep(one),
  guardStep(one),
  writeStep(one),
];

const foundStep = (one: Case): Step => {
  const { object, gone, version, left } = one.object.seen;
  const { changed, read, fullReadAt } = one.details;
  const isOff = own(object.attributes, 'accountEnabled') === false;
  const as = object.ref.type === 'group' ? 'a group' : isOff ? 'a user, disabled' : 'a user, enabled';
  const lastRead = read.at === null ? '' : `, read last ${timeText(read.at)}`;
  // The run that told it is not kept for as long.
  const since = changed.at ?? left?.at ?? null;
  const stripped = left?.isStripped === true ? '; the attributes are not kept any more' : '';
  return {
    step: 'found',
    state: one.finding.stoppedAt === 'found' ? 'stopped' : 'ok',
    says:
      gone === null
        ? `In Entra as ${as}${lastRead}.`
        : `${goneWords[gone]} since version ${version}${since === null ? '' : `, ${timeText(since)}`}${lastRead}${stripped}.`,
    evidence: { object: object.ref, attributes: object.attributes, gone, changed, read, fullReadAt },
  };
};

const scopeStep = (one: Case): Step => {
  const { scope, memberOf } = one.details;
  const { gone, object } = one.object.seen;
  const evidence = { scope, memberOf };
  if (gone === 'out_of_scope')
    return {
      step: 'in_scope',
      state: 'stopped',
      says: `Not in any group of the scope any more${others(memberOf)}.`,
      evidence,
    };
  if (gone !== null) return { step: 'in_scope', state: 'not_reached', says: 'Left Entra.', evidence };
  if (scope.kind === 'all') return { step: 'in_scope', state: 'ok', says: 'Everybody is in scope.', evidence };
  if (scope.groups.includes(object.ref.id))
    return { step: 'in_scope', state: 'ok', says: 'It is a group of the scope.', evidence };
  if (!one.details.isScopeRead)
    return {
      step: 'in_scope',
      state: 'unknown',
      says: 'In scope when it was read last; the scope of the connection was changed since, and the next sync tells.',
      evidence,
    };
  const [by] = memberOf.filter(({ inScope }) => inScope);
  if (by !== undefined)
    return { step: 'in_scope', state: 'ok', says: `In scope by the group ${by.name ?? by.id}.`, evidence };
  if (memberOf.length === 0)
    return { step: 'in_scope', state: 'unknown', says: 'No stored membership says why it is in scope.', evidence };
  return {
    step: 'in_scope',
    state: 'ok',
    says: `In scope by a group inside the scope's groups${others(memberOf)}.`,
    evidence,
  };
};

const others = (groups: ScopeEvidence['memberOf']): string =>
  groups.length === 0 ? '' : ` (member of: ${listed(groups.map(({ id, name }) => name ?? id))})`;

const matchStep = (one: Case): Step => {
  const { link, seen } = one.object;
  const { former } = one.details;
  const rules = one.target.record.matching[seen.object.ref.type];
  const unreadable = unreadableIn(one, 'matching');
  const unread = unreadableWords(unreadable);
  const evidence = {
    link: link && { remoteId: link.remoteId, by: link.by, state: link.state, since: link.since },
    former,
    questions: rules.map(({ from, to }, nth) => ({
      from,
      to,
      value: attributeOf(seen.object, from),
      readable: !unreadable.some((rule) => rule.nth === nth),
    })),
  };
  if (link !== null)
    return {
      step: 'matched',
      state: 'ok',
      says:
        link.by === 'created'
          ? `Linked to ${link.remoteId} there, which Entrain made.${unread}`
          : `Linked to ${link.remoteId} there, which was there before Entrain.`,
      evidence,
    };
  if (seen.gone !== null)
    return {
      step: 'matched',
      state: former === null ? 'not_reached' : 'ok',
      says:
        former === null
          ? 'Nothing there is linked.'
          : `Was linked to ${former.remoteId} there, ${endOf(one.details.last)} ${timeText(former.until)}.`,
      evidence,
    };
  if (one.finding.stoppedAt === 'matched')
    return {
      step: 'matched',
      state: 'stopped',
      says: `${sentence(`Nothing there is linked${because(one)}`)}${unread}`,
      evidence,
    };
  const state = one.finding.reason === 'operation_open' ? 'unknown' : 'ok';
  return { step: 'matched', state, says: `A run looked for an account there and found none.${unread}`, evidence };
};

/** Somebody let go of it, and nothing was sent for that: an undo, or a plan by which the target is another system. */
export const isLetGo = (last: Written | null): boolean => last?.why === 'unlinked';

const endOf = (last: Written | null): string => {
  if (!isLetGo(last)) return 'which is gone since';
  return last?.result === 'skipped' ? 'which is not shown there as theirs since' : 'which an undo gave back';
};

const because = ({ object: { escrow }, finding: { reason } }: Case): string => {
  if (escrow !== null) return `: ${escrow.detail}`;
  return reason === 'groups_not_supported' ? ': groups are not taken there' : ', and no run has asked for it yet';
};

const mapStep = (one: Case): Step => {
  const { seen, link } = one.object;
  const values = valuesOf(one);
  const evidence = { values, waiting: [...one.finding.waiting] };
  if (seen.gone !== null) return { step: 'mapped', state: 'not_reached', says: 'Left.', evidence };
  const state = inTurn('mapped', one.finding);
  const unread = unreadableWords(unreadableIn(one, 'mapping'));
  if (state === 'stopped') {
    const says = `${sentence(one.object.escrow?.detail ?? 'It could not be mapped')}${unread}`;
    return { step: 'mapped', state, says, evidence };
  }
  const written = values.filter(({ wanted }) => wanted !== undefined);
  if (link === null)
    return { step: 'mapped', state, says: `${written.length} values would be written.${unread}`, evidence };
  const differing = written.filter(({ wanted, told }) => !sameValue(wanted ?? null, told));
  const says =
    differing.length === 0
      ? `All ${written.length} values are what the target was last told.`
      : `To be told: ${listed(differing.map(({ to }) => to))}.`;
  return { step: 'mapped', state, says: `${says}${unread}`, evidence };
};

const unreadableIn = ({ target, object }: Case, list: UnreadableRule['list']): readonly UnreadableRule[] =>
  target.unreadable.filter((rule) => rule.list === list && rule.type === object.seen.object.ref.type);

/** Rule by rule, what the source says and what becomes of it. */
const valuesOf = (one: Case): readonly MappedValue[] => {
  const { target, object } = one;
  const { seen, link, resolve } = object;
  const rules = target.record.mapping[seen.object.ref.type];
  const { attributes } =
    link === null ? mapForCreate(seen.object, rules, resolve) : mapForUpdate(seen.object, rules, resolve, link.pushed);
  const unreadable = unreadableIn(one, 'mapping');
  return rules.map((rule, nth) => ({
    to: rule.to,
    from: rule.kind === 'constant' ? null : rule.from,
    source: rule.kind === 'constant' ? rule.value : attributeOf(seen.object, rule.from),
    readable: !unreadable.some((other) => other.nth === nth),
    wanted: Object.hasOwn(attributes, rule.to) ? own(attributes, rule.to) : undefined,
    told: link === null ? null : own(link.pushed, rule.to),
  }));
};

const planStep = (one: Case): Step => {
  const { target, finding } = one;
  const evidence: StepEvidence['planned'] = {
    operations: finding.todo.map(({ operation }) => ({
      action: operation.action,
      attributes: 'attributes' in operation ? operation.attributes : null,
      before: 'before' in operation ? operation.before : null,
    })),
    position: target.position,
    lastRun: runNow(target.ended),
    comingRun: runNow(target.coming),
  };
  const state = leaverState(one) ?? inTurn('planned', finding);
  return { step: 'planned', state, says: planWords(one, state), evidence };
};

const planWords = ({ target, object, finding, details }: Case, state: StepState): string => {
  if (state === 'not_reached') return 'Nothing was planned.';
  if (finding.reason === 'disabled_in_source' && object.link === null)
    return otherSwitch(target.record.mapping[object.seen.object.ref.type]) === null
      ? 'Nobody who is disabled is given an account.'
      : 'Nobody whom the mapping has switched off is given an account.';
  const waits = waitsOf(finding.waiting, details.nameOf);
  if (finding.reason === 'waiting_reference' && waits !== null) return `It is there ${waits}.`;
  if (object.seen.gone !== null && finding.todo.length === 0)
    return object.seen.object.ref.type === 'group'
      ? `Groups that leave: ${target.record.leftGroups}. Nothing more is to be done.`
      : `Who leaves: ${target.record.deprovision.kind}. Nothing more is to be done.`;
  const need = needOf(finding.todo, object);
  return need === null ? 'Nothing is to be done.' : `To do: ${need}.`;
};

const guardStep = (one: Case): Step => {
  const { target, finding } = one;
  const { isHeld } = finding;
  const { plan } = target;
  const evidence: StepEvidence['guard'] = {
    policy: target.record.deprovision,
    leftGroups: target.record.leftGroups,
    heldBy: isHeld ? runNow(target.ended) : null,
    plan:
      isHeld && plan !== null
        ? {
            id: plan.id,
            kind: plan.kind,
            state: plan.standing.state,
            actions: one.details.planned,
            approvalsNeeded: plan.approvals,
            approvedBy: approvalsIn(plan.standing).map(({ by }) => by),
          }
        : null,
  };
  const state = leaverState(one) ?? inTurn('guard', finding);
  return { step: 'guard', state, says: isHeld ? heldWords(one) : guardWords(one, state), evidence };
};

const guardWords = ({ target, object, finding, details }: Case, state: StepState): string => {
  switch (finding.reason) {
    case 'source_unsure':
      return 'Entra was asked again, and did not confirm it.';
    case 'absence_unproven':
      return 'Entra was asked once, and did not show it in scope; a second look is to come.';
    case 'protection_unknown':
      return 'It is not known whether it is protected.';
    case 'run_undone':
      return `Run ${target.undone ?? ''} was taken back there; nobody has looked since at what the next run would do.`;
    default:
      break;
  }
  if (state === 'not_reached') return 'Nothing came to the guard.';
  if (isLetGo(details.last)) return 'Nothing is taken away.';
  const takes = finding.todo.some(({ operation }) => isGoing(operation.action));
  return takes || object.seen.gone !== null
    ? 'It was within the limits, and Entra confirmed it.'
    : 'Nothing is taken away.';
};

const heldWords = ({ target: { ended, plan }, finding, details: { planned } }: Case): string => {
  const isOver = finding.reason === 'guard_hold' && (plan === null || planned.length > 0);
  const run = `Run ${ended?.id ?? ''} was held${isOver ? ': more was to be done than the limits allow' : ''}`;
  if (plan === null) return `${run}.`;
  const held = planned.length === 0 ? 'does not hold anything on it yet' : `holds: ${planned.join(', ')}`;
  return `${run}; the plan ${plan.id} (${plan.standing.state}) ${held}.`;
};

const writeStep = (one: Case): Step => {
  const { object, finding, details } = one;
  const { escrow, open } = object;
  const evidence = { last: details.last, failed: details.failed, escrow, open };
  const state = finding.reason === 'operation_open' ? 'unknown' : (leaverState(one) ?? inTurn('written', finding));
  return { step: 'written', state, says: writeWords(one, state), evidence };
};

const writeWords = ({ object: { escrow, open }, finding, details: { last } }: Case, state: StepState): string => {
  const lastly =
    last === null
      ? 'Nothing was ever written.'
      : isLetGo(last)
        ? `Its link ended ${timeText(last.at)}, by run ${last.run}, and nothing was sent.`
        : `Last written ${timeText(last.at)}: ${last.action}, by run ${last.run}.`;
  if (state === 'unknown') return `${open.join(', ')} was sent; the answer is not known. ${lastly}`;
  if (state === 'stopped' && escrow !== null)
    return `${sentence(escrow.detail)} Failed ${timesText(escrow.attempts)} since ${timeText(escrow.since)}. ${lastly}`;
  return finding.todo.length === 0 ? lastly : `Not done yet. ${lastly}`;
};

/** Who left comes to the steps after the first ones only as far as there is something to take away, and then all of it was done. */
const leaverState = ({ object, finding, details }: Case): StepState | null => {
  if (finding.stoppedAt !== 'found' && finding.stoppedAt !== 'in_scope') return null;
  return object.link === null && details.former === null ? 'not_reached' : 'ok';
};

const inTurn = (step: StepName, { stoppedAt }: Finding): StepState => {
  if (stoppedAt === null) return 'ok';
  if (step === stoppedAt) return 'stopped';
  return stepNames.indexOf(step) < stepNames.indexOf(stoppedAt) ? 'ok' : 'not_reached';
};

const runNow = (run: ProvisionRun | null) =>
  run && {
    id: run.id,
    state: run.state,
    version: run.version,
    finishedAt: run.finishedAt,
    notBefore: run.notBefore,
    problem: run.problem,
  };
