/** Where a plan may stand, what may happen to it, and what it is then: one table, held by the decision and by both stores. */

import type { PlanEvent } from '../../src/core/plan-standing.ts';
import { planId, runId } from '../../src/model/ids.ts';
import type { Decision, PlanStanding, PlanState } from '../../src/model/plan.ts';
import { start } from './operations.ts';
import { decision } from './plan-world.ts';

const run = runId('run_1');
export const by = (id: string): Decision => ({
  ...decision,
  by: id,
  approver: { kind: 'person', id: `per_${id}`, makers: [] },
});
export const byAnna = by('anna');

export const standings = {
  waiting: { state: 'waiting' },
  'approved by one of two': { state: 'waiting', approval: byAnna },
  approved: { state: 'approved', decision, begun: null },
  begun: { state: 'approved', decision, begun: run },
  rejected: { state: 'rejected', decision },
  applied: { state: 'applied', decision, begun: run },
  superseded: { state: 'superseded', by: null },
  refused: { state: 'refused', decision, begun: null, why: 'content_changed', at: start },
  expired: { state: 'expired', decision: null, at: start },
} as const satisfies Readonly<Record<string, PlanStanding>>;
export type StandingName = keyof typeof standings;
export const standingNames = Object.keys(standings) as readonly StandingName[];

export const events = {
  approve: { kind: 'approve', decision, approvals: 1 },
  'approve as one of two': { kind: 'approve', decision: byAnna, approvals: 2 },
  'approve as the other of two': { kind: 'approve', decision: by('ben'), approvals: 2 },
  reject: { kind: 'reject', decision },
  begin: { kind: 'begin', run },
  finish: { kind: 'finish', run },
  supersede: { kind: 'supersede', by: planId('pln_next') },
  refuse: { kind: 'refuse', why: 'content_changed', at: start },
  'take for too old while it waits': { kind: 'expire', from: 'waiting', at: start },
  'take for too old though it is approved': { kind: 'expire', from: 'approved', at: start },
} as const satisfies Readonly<Record<string, PlanEvent>>;
export type EventName = keyof typeof events;
export const eventNames = Object.keys(events) as readonly EventName[];

/** What is not named changes nothing: that comes too early, or too late. */
export const becomes: Readonly<Record<StandingName, Partial<Readonly<Record<EventName, PlanState>>>>> = {
  waiting: {
    approve: 'approved',
    'approve as one of two': 'waiting',
    'approve as the other of two': 'waiting',
    reject: 'rejected',
    supersede: 'superseded',
    'take for too old while it waits': 'expired',
  },
  'approved by one of two': {
    approve: 'approved',
    'approve as the other of two': 'approved',
    reject: 'rejected',
    supersede: 'superseded',
    'take for too old while it waits': 'expired',
  },
  approved: {
    reject: 'rejected',
    begin: 'approved',
    finish: 'applied',
    supersede: 'superseded',
    refuse: 'refused',
    'take for too old though it is approved': 'expired',
  },
  begun: { reject: 'rejected', begin: 'approved', finish: 'applied', refuse: 'refused' },
  rejected: {},
  applied: {},
  superseded: {},
  refused: {},
  expired: {},
};
