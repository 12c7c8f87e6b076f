/** The whole answer about one object at one target: a verdict and the trace behind it. */

import type { Explained, LiveTarget, Verdict, Written } from '../model/explanation.ts';
import { switchesOn } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import type { ProvisionRun } from '../model/run.ts';
import { contradicted, contradiction } from './explain-live.ts';
import { type Details, isLetGo, stepsOf } from './explain-steps.ts';
import { type Finding, judge, type ObjectNow, type TargetNow } from './finding.ts';
import { oneApproves, sayings, type Words } from './sayings.ts';
import { isToBeOff, type OtherSwitch, otherSwitch } from './switch.ts';
import { nameOf, needOf, strippedWords, timesText, timeText, waitsOf } from './wording.ts';

/** `live`: what the target says now, where it was asked. */
export const explain = (
  target: TargetNow,
  object: ObjectNow,
  details: Details,
  live: LiveTarget | null = null,
): Explained => {
  const finding = judge(target, object);
  const shown = contradiction(finding.reason, live);
  const words = { ...wordsOf(target, object, details, finding), isSeenOtherwise: shown !== null };
  const verdict = verdictOf(finding, words);
  return {
    verdict: shown === null ? verdict : contradicted(verdict, words.target, shown),
    steps: stepsOf({ target, object, details, finding }),
  };
};

const verdictOf = ({ reason }: Finding, words: Words): Verdict => {
  const { says, owner, todo } = sayings[reason];
  return { reason, sentence: says(words), owner: owner(words), todo: todo(words) };
};

const wordsOf = (
  target: TargetNow,
  object: ObjectNow,
  details: Details,
  finding: Finding,
): Omit<Words, 'isSeenOtherwise'> => {
  const { link, seen, escrow } = object;
  const { type } = seen.object.ref;
  return {
    who: type === 'group' ? `The group ${nameOf(seen.object)}` : nameOf(seen.object),
    target: target.record.name,
    account: link && `${type === 'group' ? 'group' : 'account'} ${link.remoteId}`,
    isOff: link?.state === 'disabled',
    offBy: offBy(target, object),
    fate: fateOf(target, object, details),
    stripped: seen.left === undefined ? null : strippedWords(seen.left),
    lastWrite: lastWriteOf(details.last),
    need: needOf(finding.todo, object) ?? (link === null ? 'an account looked for' : 'what it needs'),
    isBack: finding.todo.some(({ operation }) => switchesOn(operation) || operation.action === 'create'),
    isToBeOff: seen.gone === null && finding.todo.some(({ operation }) => operation.action === 'disable'),
    waits: waitsOf(finding.waiting, details.nameOf) ?? '',
    failure: escrow?.detail ?? null,
    retry: escrow && retryOf(escrow.attempts, escrow.since, escrow.dueAt),
    problem: target.record.problem,
    plan: planOf(target, details),
    undone: target.undone,
    run: runOf(target, finding),
  };
};

/** Who has no account may be kept from one by a rule that counts only as it is made. */
const offBy = ({ record }: TargetNow, { link, seen: { object } }: ObjectNow): OtherSwitch | null => {
  const rules = record.mapping[object.ref.type];
  return link === null || isToBeOff(object, rules) ? otherSwitch(rules) : null;
};

const planOf = ({ plan }: TargetNow, { planned }: Details): Words['plan'] => {
  if (plan === null) return null;
  const { standing } = plan;
  const decision = 'decision' in standing ? standing.decision : null;
  return {
    id: plan.id,
    by: decision?.by ?? null,
    reason: decision?.reason ?? null,
    holds: planned.length > 0,
    approvers: approversOf(plan),
  };
};

const approversOf = ({ approvals, standing }: Pick<Plan, 'approvals' | 'standing'>): string => {
  if (standing.state === 'waiting' && standing.approval !== undefined)
    return `somebody other than ${standing.approval.by} approves`;
  return approvals === 1 ? oneApproves : 'two people approve';
};

const lastWriteOf = (last: Written | null): string => {
  if (last === null) return 'its last write is longer ago than operations are kept';
  const isEmpty = last.action === 'update' && Object.keys(last.attributes ?? {}).length === 0;
  return isEmpty
    ? `it was there already, and nothing had to be written (${timeText(last.at)})`
    : `last written ${timeText(last.at)}`;
};

const fateOf = ({ record }: TargetNow, { link, seen }: ObjectNow, { former, last }: Details): string | null => {
  const thing = seen.object.ref.type === 'group' ? 'group' : 'account';
  if (link?.state === 'disabled')
    return `${thing} ${link.remoteId} at ${record.name} was switched off ${timeText(link.since)}`;
  if (link === null && former !== null && isLetGo(last))
    return `the link with ${thing} ${former.remoteId} at ${record.name} ended ${timeText(former.until)}`;
  if (link === null && former !== null)
    return `${thing} ${former.remoteId} at ${record.name} is gone since ${timeText(former.until)}`;
  return link === null ? null : `${thing} ${link.remoteId} at ${record.name} is linked`;
};

const retryOf = (attempts: number, since: Date, dueAt: Date | null): string =>
  `tried ${timesText(attempts)} since ${timeText(since)}, ${
    dueAt === null ? 'and not again by itself' : `next after ${timeText(dueAt)}`
  }`;

const runOf = (
  { ended, coming }: TargetNow,
  { reason, isHeld }: Finding,
): Pick<ProvisionRun, 'id' | 'state' | 'problem'> | null => (isHeld || reason === 'run_failed' ? ended : coming);
