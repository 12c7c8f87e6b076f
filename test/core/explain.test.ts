import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { explain } from '../../src/core/explain.ts';
import type { Details } from '../../src/core/explain-steps.ts';
import type { ObjectNow, TargetNow } from '../../src/core/finding.ts';
import { shield } from '../../src/core/protection.ts';
import { type Reason, reasons, type StepName, stepNames, type Written } from '../../src/model/explanation.ts';
import { connectionId, organizationId, planId, remoteId, runId, targetId } from '../../src/model/ids.ts';
import type { Escrow, EscrowReason, Link } from '../../src/model/operation.ts';
import type { Plan, PlanKind, PlanStanding } from '../../src/model/plan.ts';
import { type HeldCode, heldCodes, noCounters, type ProvisionRun } from '../../src/model/run.ts';
import type { Attributes, GoneReason, SourceObject } from '../../src/model/source-object.ts';
import { nobodyProtected } from '../../src/model/target-record.ts';
import { aGroup, aUser, idOf, linkTo, now, person, team } from './builders.ts';

const jane = person('jane', {
  displayName: 'Jane Doe',
  userPrincipalName: 'jane@contoso.example',
  mail: 'jane@contoso.example',
  accountEnabled: true,
});
const told: Attributes = {
  externalId: 'jane',
  userName: 'jane@contoso.example',
  active: true,
  displayName: 'Jane Doe',
  'emails[type eq "work"].value': 'jane@contoso.example',
};
const disabled = person('jane', { ...jane.attributes, accountEnabled: false });
const sales = team('sales', { displayName: 'Sales' });

/** Everything went well, the target is at version 7, and so is whoever is looked at. */
type Now = { readonly target: TargetNow; readonly object: ObjectNow; readonly details: Details };
type Story = (on: Now) => Now;

const run = (state: ProvisionRun['state'], other: Partial<ProvisionRun> = {}): ProvisionRun => ({
  id: runId('run_7'),
  kind: 'provision',
  organization: organizationId('org'),
  connection: connectionId('con'),
  target: targetId('tgt'),
  plan: null,
  amends: null,
  mode: 'delta',
  scope: null,
  dryRun: false,
  trigger: 'commit',
  causedBy: null,
  state,
  phase: 'done',
  counters: noCounters,
  problem: null,
  cancelRequested: false,
  place: null,
  notBefore: null,
  faults: 0,
  createdAt: now,
  startedAt: now,
  finishedAt: now,
  version: 7,
  ...other,
});

const heldFor = (code: HeldCode, other: Partial<ProvisionRun> = {}): ProvisionRun =>
  run('held', { version: 9, problem: { code, message: 'why it was held.', owner: 'your_team' }, ...other });

const nothingOf = { create: 0, update: 0, add_members: 0, remove_members: 0, disable: 0, delete: 0 } as const;

const plan = (kind: PlanKind, standing: PlanStanding): Plan => ({
  id: planId('pln_5'),
  organization: organizationId('org'),
  connection: connectionId('con'),
  target: targetId('tgt'),
  kind,
  run: runId('run_7'),
  mode: 'delta',
  scope: null,
  amends: null,
  createdAt: now,
  hash: 'h',
  basis: {
    version: 9,
    scope: null,
    rules: 'r',
    protection: null,
    reach: null,
    position: null,
    written: null,
    epoch: 0,
  },
  counts: { ...nothingOf, disable: 1 },
  countsOf: { user: { ...nothingOf, disable: 1 }, group: nothingOf },
  exceeded: [],
  approvals: 1,
  standing,
});
const decision = { by: 'ops', reason: 'they are on leave.', at: now };
const rejectedPlan = { state: 'rejected', decision } as const;
const approvedPlan = { state: 'approved', decision, begun: null } as const;

const created: Written = {
  action: 'create',
  run: runId('run_7'),
  version: 7,
  why: 'created',
  evidence: null,
  attributes: told,
  at: now,
  result: 'applied',
  detail: null,
};

const well = (object: SourceObject, pushed: Attributes): Now => ({
  target: {
    record: {
      name: 'Helpdesk',
      state: 'active',
      problem: null,
      mapping: defaultMapping,
      matching: defaultMatching,
      deprovision: { kind: 'disable' },
      leftGroups: 'leave',
    },
    unreadable: [],
    shield: shield(nobodyProtected, new Set()),
    can: { groups: true, disable: true, delete: true, required: { user: ['userName'], group: ['displayName'] } },
    hasNoGroups: false,
    owesLook: false,
    undone: null,
    position: 7,
    ended: run('succeeded'),
    coming: null,
    plan: null,
    now,
  },
  object: {
    seen: { object, gone: null, version: 7 },
    link: linkTo(object.ref, { remoteId: remoteId('123'), pushed, membersAt: 7 }),
    escrow: null,
    open: [],
    waiting: [],
    members: { need: 'nothing' },
    resolve: () => undefined,
  },
  details: {
    changed: { version: 7, run: runId('run_6'), at: now },
    read: { version: 9, run: runId('run_8'), at: now },
    fullReadAt: now,
    scope: { kind: 'all' },
    isScopeRead: true,
    memberOf: [],
    former: null,
    last: created,
    failed: null,
    planned: [],
    nameOf: () => undefined,
  },
});

const telling = (stories: readonly Story[], object = jane, pushed = told) => {
  const { target, object: one, details } = stories.reduce((on, story) => story(on), well(object, pushed));
  const { verdict, steps } = explain(target, one, details);
  return {
    ...verdict,
    stopped: steps.filter(({ state }) => state === 'stopped').map(({ step }) => step),
    states: steps.map(({ state }) => state).join(' '),
    says: Object.fromEntries(steps.map(({ step, says }) => [step, says])),
    steps,
  };
};

const ofTarget =
  (change: Partial<TargetNow>): Story =>
  (on) => ({ ...on, target: { ...on.target, ...change } });
const ofRecord =
  (change: Partial<TargetNow['record']>): Story =>
  (on) => ({
    ...on,
    target: { ...on.target, record: { ...on.target.record, ...change } },
  });
const ofObject =
  (change: Partial<ObjectNow>): Story =>
  (on) => ({ ...on, object: { ...on.object, ...change } });
const ofLink =
  (change: Partial<Link>): Story =>
  (on) => ({
    ...on,
    object: { ...on.object, link: on.object.link && { ...on.object.link, ...change } },
  });
const ofDetails =
  (change: Partial<Details>): Story =>
  (on) => ({ ...on, details: { ...on.details, ...change } });
const left =
  (gone: GoneReason, version = 7, at: Date | null = null): Story =>
  (on) => ({
    ...on,
    object: { ...on.object, seen: { ...on.object.seen, gone, version, left: { at, isStripped: false } } },
  });
const unlinked = [ofObject({ link: null }), ofDetails({ last: null })];
const escrowed = (reason: EscrowReason, detail: string, other: Partial<Escrow> = {}): Story =>
  ofObject({ escrow: { ref: jane.ref, reason, detail, attempts: 2, since: now, dueAt: now, ...other } });
/** The name was changed in Entra after the target's position. */
const renamed = person('jane', { ...jane.attributes, displayName: 'Jane Roe' });
const later = ofObject({ seen: { object: renamed, gone: null, version: 8 } });

const stories: readonly (readonly [Reason, StepName | null, string, readonly Story[], SourceObject?, Attributes?])[] = [
  ['in_sync', null, 'Jane Doe is at Helpdesk as account 123, as wanted; last written 2026-03-02 08:00 UTC.', []],
  [
    'waiting_reference',
    'planned',
    'Jane Doe is at Helpdesk as account 123, but without the manager, Max Boss, for want of an account there.',
    [ofDetails({ nameOf: () => 'Max Boss' })],
    person('jane', { ...jane.attributes, manager: 'max' }),
  ],
  [
    'disabled_in_source',
    'planned',
    'Jane Doe is disabled in Entra and has no account at Helpdesk: nobody who is disabled is given one.',
    unlinked,
    disabled,
  ],
  [
    'disabled_in_source',
    null,
    'Jane Doe is disabled in Entra, so account 123 at Helpdesk is switched off.',
    [ofLink({ state: 'disabled' })],
    disabled,
    { ...told, active: false },
  ],
  [
    'out_of_scope',
    'in_scope',
    'Jane Doe is not in the scope of this connection any more; account 123 at Helpdesk was switched off 2026-03-02 08:00 UTC.',
    [left('out_of_scope'), ofLink({ state: 'disabled' })],
  ],
  [
    'soft_deleted',
    'found',
    'Jane Doe was deleted in Entra and is in its recycle bin for 30 days; account 123 at Helpdesk was switched off 2026-03-02 08:00 UTC.',
    [left('soft_deleted'), ofLink({ state: 'disabled' })],
  ],
  [
    'deleted',
    'found',
    'Jane Doe was deleted in Entra for good; account 123 at Helpdesk is gone since 2026-03-02 08:00 UTC.',
    [left('deleted'), ofObject({ link: null }), ofDetails({ former: { remoteId: remoteId('123'), until: now } })],
  ],
  ['missing', 'found', 'A complete read of Entra did not list Jane Doe any more.', [left('missing'), ...unlinked]],
  [
    'groups_not_supported',
    'matched',
    'The group Sales is not at Helpdesk: no group is, because Helpdesk takes none.',
    [
      ...unlinked,
      ofTarget({
        can: { groups: false, disable: true, delete: true, required: { user: ['userName'], group: ['displayName'] } },
      }),
    ],
    sales,
  ],
  [
    'protected',
    'planned',
    'Jane Roe is protected at Helpdesk, so account 123 there is never touched, whatever Entra says.',
    [later, ofTarget({ shield: shield({ ...nobodyProtected, ids: ['123'] }, new Set()) })],
  ],
  [
    'protected',
    'planned',
    'Jane Doe is protected at Helpdesk, so no account is made or taken over there.',
    [...unlinked, ofTarget({ shield: shield({ ...nobodyProtected, ids: ['jane'] }, new Set()) })],
  ],
  [
    'not_managed',
    'planned',
    'The group Sales left Entra or the scope, but group 123 was at Helpdesk before Entrain knew it, so it is not deleted.',
    [left('deleted'), ofLink({ by: 'matched' })],
    sales,
    {},
  ],
  [
    'protection_unknown',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but it is not known whether they are protected there, so nothing is taken away.',
    [
      left('deleted', 9),
      ofTarget({
        shield: shield({ ...nobodyProtected, attributes: [{ attribute: 'department', value: 'Board' }] }, new Set()),
      }),
    ],
  ],
  [
    'group_kept',
    'planned',
    'The group Sales left Entra or the scope, and group 123 at Helpdesk stays as it is: groups that leave are left alone there.',
    [left('deleted')],
    sales,
    {},
  ],
  [
    'protection_unknown',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but it is not known whether they are protected there, so nothing is taken away.',
    [
      left('deleted', 9),
      ofTarget({
        shield: shield({ ...nobodyProtected, attributes: [{ attribute: 'department', value: 'Board' }] }, new Set()),
      }),
    ],
  ],
  [
    'deprovision_off',
    'planned',
    'Jane Doe left Entra or the scope, and account 123 at Helpdesk stays as it is: nothing is taken away from who leaves there.',
    [left('deleted'), ofRecord({ deprovision: { kind: 'none' } })],
  ],
  [
    'guard_hold',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but run run_9 was held: it wanted to do more of this than the limits of Helpdesk allow, so it did none of it.',
    [left('deleted', 9), ofTarget({ ended: run('held', { id: runId('run_9'), version: 9 }) })],
  ],
  [
    'guard_hold',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but run run_9 was held: it wanted to do more of this than the limits of Helpdesk allow, so it did none of it, and kept it as the plan pln_5.',
    [
      left('deleted', 9),
      ofTarget({ ended: run('held', { id: runId('run_9'), version: 9 }), plan: plan('held', { state: 'waiting' }) }),
      ofDetails({ planned: ['disable'] }),
    ],
  ],
  [
    'plan_rejected',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but the plan pln_5 was rejected by ops: they are on leave.',
    [left('deleted', 9), ofTarget({ ended: run('held', { version: 9 }), plan: plan('held', rejectedPlan) })],
  ],
  [
    'plan_waits',
    'guard',
    'Jane Doe is to have an account at Helpdesk, but nothing is written there until somebody approves the plan pln_5.',
    [
      ...unlinked,
      ofTarget({ position: null, ended: heldFor('plan_waits'), plan: plan('first', { state: 'waiting' }) }),
    ],
  ],
  [
    'protection_unknown',
    'guard',
    'Jane Doe is to have the account switched off at Helpdesk, but run run_7 was held: why it was held.',
    [left('deleted', 9), ofTarget({ ended: heldFor('protection_unknown') })],
  ],
  [
    'target_unproved',
    'guard',
    'Jane Roe is to have displayName brought up to date at Helpdesk, but nothing is written there: why it was held.',
    [later, ofTarget({ ended: heldFor('target_unproved'), plan: plan('first', { state: 'waiting' }) })],
  ],
  [
    'database_restored',
    'guard',
    'Jane Roe is to have displayName brought up to date at Helpdesk, but nothing is written there: why it was held.',
    [later, ofTarget({ ended: heldFor('database_restored', { version: null }) })],
  ],
  [
    'attributes_unread',
    'guard',
    'Jane Roe waits to have displayName brought up to date at Helpdesk: why it was held.',
    [later, ofTarget({ ended: heldFor('attributes_unread', { version: null }) })],
  ],
  [
    'source_unsure',
    'guard',
    'Jane Doe seems to have left, but Entra, asked again, said otherwise or could not tell, so account 123 at Helpdesk was left alone; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [left('missing'), escrowed('source_unsure', 'the source says it is there')],
  ],
  [
    'absence_unproven',
    'guard',
    'Entra was asked once about Jane Doe, and did not show them in scope, where they were by the last reads. One such look proves nothing, so nothing is taken from them at Helpdesk before a second one, ten minutes later; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [left('missing'), escrowed('absence_unproven', 'it was there a short while ago')],
  ],
  [
    'no_match_key',
    'matched',
    'Jane Doe could not be looked for at Helpdesk: no mail; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('no_match_key', 'no mail')],
  ],
  [
    'ambiguous_match',
    'matched',
    'Jane Doe cannot be told apart at Helpdesk: 2 remote objects have the same userName; tried twice since 2026-03-02 08:00 UTC, and not again by itself.',
    [...unlinked, escrowed('ambiguous_match', '2 remote objects have the same userName', { dueAt: null })],
  ],
  [
    'linked_elsewhere',
    'matched',
    'Jane Doe was not given an account at Helpdesk: it belongs to another source object; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('linked_elsewhere', 'it belongs to another source object')],
  ],
  [
    'unclaimed_group',
    'matched',
    'The group Sales was not put together with a group of Helpdesk that has its name: it was there before; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('unclaimed_group', 'it was there before')],
    sales,
  ],
  [
    'missing_required_attribute',
    'mapped',
    'Jane Doe lacks an attribute that Helpdesk needs: mail; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('missing_required_attribute', 'mail')],
  ],
  [
    'target_rejected',
    'written',
    'Helpdesk refused Jane Doe: 400 invalidValue: the phone number is too long; tried once since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('target_rejected', '400 invalidValue: the phone number is too long.', { attempts: 1 })],
  ],
  [
    'target_conflict',
    'written',
    'Helpdesk says that Jane Doe is there already, and shows no account that matches: userName is taken; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [...unlinked, escrowed('target_conflict', 'userName is taken')],
  ],
  [
    'not_applied',
    'written',
    'Helpdesk accepted a write of Jane Doe and did not do it: title; tried twice since 2026-03-02 08:00 UTC, next after 2026-03-02 08:00 UTC.',
    [escrowed('not_applied', 'title')],
  ],
  [
    'operation_open',
    null,
    'A write of Jane Doe was sent to Helpdesk, and what became of it is not known yet.',
    [ofObject({ open: ['update'] })],
  ],
  [
    'mapping_refused',
    'mapped',
    'Jane Doe waits to have an account at Helpdesk: The mapping of the target Helpdesk cannot be gone by.',
    [
      ...unlinked,
      ofTarget({ position: null, ended: run('failed', { version: null }) }),
      ofRecord({
        problem: {
          code: 'mapping_refused',
          message: 'The mapping of the target Helpdesk cannot be gone by.',
          owner: 'your_team',
        },
      }),
    ],
  ],
  [
    'target_paused',
    'planned',
    'Helpdesk is paused, so Jane Roe waits to have displayName brought up to date.',
    [later, ofRecord({ state: 'paused' })],
  ],
  [
    'target_quarantined',
    'planned',
    'Helpdesk is quarantined, so Jane Roe waits to have displayName brought up to date: 401, the token is not accepted.',
    [
      later,
      ofRecord({
        state: 'quarantined',
        problem: { code: 'target_unauthorized', message: '401, the token is not accepted.', owner: 'customer_it' },
      }),
    ],
  ],
  [
    'waiting_for_run',
    'planned',
    'Jane Roe waits to have displayName brought up to date at Helpdesk; run run_9 is waiting: the target asks to wait.',
    [
      later,
      ofTarget({
        coming: run('waiting', {
          id: runId('run_9'),
          problem: { code: 'target_throttled', message: 'the target asks to wait.', owner: 'target_vendor' },
        }),
      }),
    ],
  ],
  [
    'waiting_for_run',
    'matched',
    'Jane Doe waits to have an account at Helpdesk; no run is asked for yet, the next sync does that.',
    [...unlinked, ofTarget({ position: null, ended: null })],
  ],
  [
    'run_failed',
    'planned',
    'Jane Roe waits to have displayName brought up to date at Helpdesk; run run_9 failed before it came to that: the target is down.',
    [
      later,
      ofTarget({
        ended: run('failed', {
          id: runId('run_9'),
          version: null,
          problem: { code: 'target_unavailable', message: 'the target is down.', owner: 'target_vendor' },
        }),
      }),
    ],
  ],
  [
    'full_run_needed',
    'planned',
    'Jane Doe is to have title brought up to date at Helpdesk, though nothing changed in Entra since the last run: the target, its mapping or who it refers to did. Such changes are brought over when everybody is looked at.',
    [],
    person('jane', { ...jane.attributes, jobTitle: 'Clerk' }),
  ],
  [
    'run_undone',
    'guard',
    'Jane Doe is to have title brought up to date at Helpdesk, by what Entra says; but run run_5 was taken back there, and nothing is written before somebody has looked at what the next run would do.',
    [ofTarget({ undone: runId('run_5') })],
    person('jane', { ...jane.attributes, jobTitle: 'Clerk' }),
  ],
];

describe('the verdict on somebody', () => {
  for (const [reason, stopped, sentence, story, object, pushed] of stories)
    it(`${reason}: ${sentence}`, () => {
      const told = telling(story, object, pushed);
      expect(told).toMatchObject({ reason, sentence });
      expect(told.stopped).toEqual(stopped === null ? [] : [stopped]);
    });

  it('has a story for every reason that there is', () => {
    expect([...new Set(stories.map(([reason]) => reason))].sort()).toEqual([...reasons].sort());
  });

  it('comes with somebody who must act, or with nothing to do', () => {
    for (const [, , , story, object, pushed] of stories) {
      const { owner, todo, reason } = telling(story, object, pushed);
      if (owner !== null) expect([reason, todo]).not.toEqual([reason, null]);
    }
  });

  it('comes with all steps, in order', () => {
    for (const [, , , story, object, pushed] of stories)
      expect(telling(story, object, pushed).steps.map(({ step }) => step)).toEqual(stepNames);
  });

  it('names whose fault a failed run was, and who mends a quarantine', () => {
    const failed = run('failed', { problem: { code: 'x', message: 'x', owner: 'target_vendor' } });
    expect(telling([later, ofTarget({ ended: failed })]).owner).toBe('target_vendor');
    expect(telling([later, ofTarget({ ended: run('canceled') })])).toMatchObject({
      reason: 'run_failed',
      owner: 'your_team',
      sentence: expect.stringContaining('run run_7 was canceled'),
    });
    expect(telling([later, ofRecord({ state: 'quarantined' })]).owner).toBe('your_team');
  });
});

describe('the trace', () => {
  it('of somebody who is well goes through every step', () => {
    expect(telling([])).toMatchObject({
      states: 'ok ok ok ok ok ok ok',
      says: {
        found: 'In Entra as a user, enabled, read last 2026-03-02 08:00 UTC.',
        in_scope: 'Everybody is in scope.',
        matched: 'Linked to 123 there, which Entrain made.',
        mapped: 'All 22 values are what the target was last told.',
        planned: 'Nothing is to be done.',
        guard: 'Nothing is taken away.',
        written: 'Last written 2026-03-02 08:00 UTC: create, by run run_7.',
      },
    });
  });

  it('shows rule by rule what the source says, what is wanted and what was told', () => {
    const mapped = telling([later]).steps.find(({ step }) => step === 'mapped');
    expect(mapped).toMatchObject({
      says: 'To be told: displayName.',
      evidence: {
        values: expect.arrayContaining([
          {
            to: 'displayName',
            from: 'displayName',
            source: 'Jane Roe',
            readable: true,
            wanted: 'Jane Roe',
            told: 'Jane Doe',
          },
          { to: 'title', from: 'jobTitle', source: null, readable: true, wanted: null, told: null },
        ]),
      },
    });
  });

  it('of a refusal shows what failed, how often, and when it is tried again', () => {
    const failed: Written = { ...created, result: 'escrowed', detail: 'too long' };
    const { steps, states } = telling([...unlinked, escrowed('target_rejected', 'too long'), ofDetails({ failed })]);
    expect(states).toBe('ok ok ok ok ok ok stopped');
    expect(steps.at(-1)).toMatchObject({
      says: 'too long. Failed twice since 2026-03-02 08:00 UTC. Nothing was ever written.',
      evidence: { failed, escrow: { attempts: 2, dueAt: now } },
    });
    expect(steps.find(({ step }) => step === 'planned')).toMatchObject({
      says: 'To do: an account.',
      evidence: { operations: [{ action: 'create', attributes: told }] },
    });
  });

  it('of a leaver goes on to what was taken away', () => {
    expect(telling([left('deleted'), ofLink({ state: 'disabled' })]).states).toBe(
      'stopped not_reached ok not_reached ok ok ok',
    );
    expect(telling([left('deleted'), ...unlinked]).states).toBe(
      'stopped not_reached not_reached not_reached not_reached not_reached not_reached',
    );
  });

  it('of a scope of groups says by which group somebody is in, also through inner groups', () => {
    const scope = (nested: boolean) => ({ kind: 'groups', groups: [idOf('pilot')], nested }) as const;
    const pilot = { id: idOf('pilot'), name: 'UAT pilot', inScope: true };
    const staff = { id: idOf('staff'), name: null, inScope: false };
    const inScope = (change: Partial<Details>, object?: SourceObject) =>
      telling([ofDetails(change)], object, object && {}).steps.find(({ step }) => step === 'in_scope');
    expect(inScope({ scope: scope(false), memberOf: [staff, pilot] })).toMatchObject({
      state: 'ok',
      says: 'In scope by the group UAT pilot.',
    });
    expect(inScope({ scope: scope(true), memberOf: [staff] })).toMatchObject({
      state: 'ok',
      says: "In scope by a group inside the scope's groups (member of: staff).",
    });
    expect(inScope({ scope: scope(false) }, team('pilot'))).toMatchObject({ says: 'It is a group of the scope.' });
    expect(inScope({ scope: scope(false) })).toMatchObject({ state: 'unknown' });
    expect(inScope({ scope: scope(false), memberOf: [pilot], isScopeRead: false })).toMatchObject({
      state: 'unknown',
      says: expect.stringContaining('was changed since'),
    });
  });

  it('of somebody out of scope says which groups they are in instead', () => {
    const scope = { kind: 'groups', groups: [idOf('pilot')], nested: false } as const;
    const staff = { id: idOf('staff'), name: 'All staff', inScope: false };
    const told = telling([left('out_of_scope'), ofDetails({ scope, memberOf: [staff] }), ...unlinked]);
    expect(told.says).toMatchObject({ in_scope: 'Not in any group of the scope any more (member of: All staff).' });
  });
});

describe('of two things that are so at once, the one that matters is told', () => {
  const quarantined = ofRecord({ state: 'quarantined' });
  const held = (version: number) => ofTarget({ ended: run('held', { version }) });

  it.each<[string, Reason, readonly Story[]]>([
    ['a paused target says nothing about who is as wanted', 'in_sync', [ofRecord({ state: 'paused' })]],
    ['nor a held run', 'in_sync', [held(9)]],
    [
      'a refusal stands, also at a target in quarantine',
      'target_rejected',
      [later, quarantined, escrowed('target_rejected', 'x')],
    ],
    [
      'an open answer goes before all else',
      'operation_open',
      [left('deleted'), quarantined, ofObject({ open: ['disable'] })],
    ],
    [
      'who was protected and left keeps the account',
      'protected',
      [left('deleted', 9), held(9), ofTarget({ shield: shield({ ...nobodyProtected, ids: ['jane'] }, new Set()) })],
    ],
    ['what a held run had not seen yet waits for the next', 'waiting_for_run', [left('deleted', 10), held(9)]],
    [
      'what was decided long before is not held by a run that did not look at it',
      'full_run_needed',
      [left('deleted', 5), held(9)],
    ],
    [
      'unless that run looked at everybody',
      'guard_hold',
      [left('deleted', 5), ofTarget({ ended: run('held', { version: 9, mode: 'full' }) })],
    ],
    ['who is back, and was to lose something, has nothing to lose', 'in_sync', [escrowed('source_unsure', 'x')]],
    [
      'who left for good is not kept by an old refusal',
      'deprovision_off',
      [left('deleted'), escrowed('target_rejected', 'x'), ofRecord({ deprovision: { kind: 'none' } })],
    ],
    [
      'who never had an account has nothing to be refused',
      'deleted',
      [left('deleted'), ...unlinked, escrowed('target_rejected', 'x')],
    ],
  ])('%s: %s', (_name, reason, story) => {
    expect(telling(story).reason).toBe(reason);
  });

  it('a plan that was approved waits for its run, and a first plan says nothing about who is as wanted', () => {
    const held = ofTarget({ ended: run('held', { version: 9 }), plan: plan('held', approvedPlan) });
    const coming = ofTarget({ coming: run('queued', { id: runId('run_10') }) });
    expect(telling([left('deleted', 9), held, coming]).reason).toBe('waiting_for_run');
    const first = (standing: PlanStanding) => ofTarget({ ended: heldFor('plan_waits'), plan: plan('first', standing) });
    expect(telling([first({ state: 'waiting' })]).reason).toBe('in_sync');
    expect(telling([later, first(rejectedPlan)]).reason).toBe('plan_rejected');
    expect(telling([later, first(approvedPlan), coming]).reason).toBe('waiting_for_run');
    expect(telling([...unlinked, first({ state: 'waiting' })], disabled).reason).toBe('disabled_in_source');
  });

  describe('of a run that was held, for what it was held:', () => {
    type Held = readonly [Partial<ProvisionRun>, PlanKind | null];
    const unplanned: Held = [{ version: null }, null];
    /** As a run ends with each, and whether what it was held for is told with the plan that waits. */
    const held: Readonly<Record<HeldCode, readonly [Reason, Held]>> = {
      plan_waits: ['plan_waits', [{}, 'first']],
      target_unproved: ['target_unproved', [{}, 'first']],
      plan_rejected: ['plan_rejected', [{}, 'held']],
      guard_hold: ['guard_hold', [{}, 'held']],
      plan_moved: ['guard_hold', [{}, 'held']],
      protection_unknown: ['protection_unknown', [{}, null]],
      database_restored: ['database_restored', unplanned],
      attributes_unread: ['attributes_unread', unplanned],
    };
    it.each(heldCodes)('%s', (code) => {
      const [reason, [other, kind]] = held[code];
      const standing: PlanStanding = code === 'plan_rejected' ? rejectedPlan : { state: 'waiting' };
      const stories = [
        left('deleted', 9),
        ofTarget({ ended: heldFor(code, other), plan: kind && plan(kind, standing) }),
      ];
      const told = telling(stories);
      expect(told.reason).toBe(reason);
      expect(told.says['guard']).toContain('Run run_7 was held');
      expect(JSON.stringify(told)).not.toMatch(code === 'guard_hold' || code === 'plan_moved' ? /^$/ : /limits/);
      const released = ofTarget({ plan: kind && plan(kind, approvedPlan), coming: kind && run('queued') });
      expect(telling([...stories, released]).reason).toBe(kind === null ? reason : 'waiting_for_run');
    });

    it('a plan of everything that waits after a restore is to be looked at', () => {
      const waits = ofTarget({
        ended: heldFor('database_restored', { version: null }),
        plan: plan('first', { state: 'waiting' }),
      });
      expect(telling([later, waits]).reason).toBe('plan_waits');
    });

    it('an approved plan that waits until it is known who is protected is not said to go on by itself', () => {
      const waits = ofTarget({
        ended: heldFor('protection_unknown', { version: null }),
        plan: plan('held', approvedPlan),
      });
      expect(telling([left('deleted', 9), waits]).reason).toBe('protection_unknown');
    });

    it('what another run is to look at again waits for that', () => {
      const coming = ofTarget({
        ended: heldFor('attributes_unread', { version: null }),
        coming: run('queued', { id: runId('run_10') }),
      });
      expect(telling([later, coming]).reason).toBe('waiting_for_run');
    });
  });

  it('whose leaving is not proved yet is not held by a run that was held for something else', () => {
    const { says } = telling([left('missing'), escrowed('absence_unproven', 'x'), held(9)]);
    expect(says['guard']).toBe('Entra was asked once, and did not show it in scope; a second look is to come.');
  });

  it('what a run in doubt left alone, which was held for a limit as well, is not said to be in its plan', () => {
    const problem = {
      code: 'guard_hold',
      message: 'More than the limit. Of 1 nobody could say.',
      owner: 'your_team',
    } as const;
    const held = ofTarget({ ended: run('held', { version: 9, problem }), plan: plan('held', { state: 'waiting' }) });
    const { sentence, todo, says } = telling([left('deleted', 9), held, ofDetails({ planned: [] })]);
    expect(sentence).toBe(
      'Jane Doe is to have the account switched off at Helpdesk, but run run_7 was held, and its plan pln_5 does not hold this: More than the limit. Of 1 nobody could say.',
    );
    expect(todo).toBe('Mend what the run was held for. The next run looks at this again.');
    expect(says['guard']).toBe('Run run_7 was held; the plan pln_5 (waiting) does not hold anything on it yet.');
  });

  describe('after a run was taken back', () => {
    const undone = ofTarget({ undone: runId('run_5') });

    it('the plan of everything that followed goes before it, and what was held earlier does not', () => {
      const ended = heldFor('plan_waits');
      expect(telling([later, undone, ofTarget({ ended, plan: plan('first', { state: 'waiting' }) })]).reason).toBe(
        'plan_waits',
      );
      expect(
        telling([later, undone, ofTarget({ ended: heldFor('guard_hold'), plan: plan('held', { state: 'waiting' }) })])
          .reason,
      ).toBe('run_undone');
    });

    it('the trace names it, and what is to be done next', () => {
      const told = telling([later, undone]);
      expect(told.says['guard']).toBe(
        'Run run_5 was taken back there; nobody has looked since at what the next run would do.',
      );
      expect(told.todo).toBe(
        'Have what was wrong mended in Entra or in the mapping, ask for a sync, look at the plan of Helpdesk that it brings, and approve it.',
      );
      expect(telling([later, undone, ofTarget({ coming: run('queued', { id: runId('run_10') }) })]).todo).toContain(
        'wait for run run_10',
      );
    });

    it('who is as wanted is not concerned, and who waits for somebody is looked at with all else', () => {
      expect(telling([undone]).reason).toBe('in_sync');
    });
  });

  it('a plan that holds somebody back shows what it holds on them', () => {
    const held = ofTarget({ ended: run('held', { version: 9 }), plan: plan('held', { state: 'waiting' }) });
    const guard = telling([left('deleted', 9), held, ofDetails({ planned: ['disable'] })]).steps[5];
    expect(guard).toMatchObject({
      step: 'guard',
      says: 'Run run_7 was held: more was to be done than the limits allow; the plan pln_5 (waiting) holds: disable.',
      evidence: { plan: { id: 'pln_5', kind: 'held', state: 'waiting', actions: ['disable'] } },
    });
  });

  it('an account is deleted when it was off for long enough, by whichever run comes next', () => {
    const days = (days: number) => new Date(now.getTime() - days * 86_400_000);
    const off = (since: number, gone = since) => [
      left('deleted', 2, days(gone)),
      ofLink({ state: 'disabled', since: days(since) }),
      ofRecord({ deprovision: { kind: 'delete_after_days', days: 30 } }),
    ];
    expect(telling(off(29)).reason).toBe('deleted');
    expect(telling(off(31))).toMatchObject({
      reason: 'waiting_for_run',
      sentence: expect.stringContaining('the account deleted'),
    });
    expect(telling([...off(31), held(9)]).reason).toBe('guard_hold');
    // Switched off long before they left, they have the days all the same.
    expect(telling(off(400, 29)).reason).toBe('deleted');
  });
});

describe('a group', () => {
  const pushed = { externalId: 'sales', displayName: 'Sales' };
  const group = (...stories: readonly Story[]) => telling(stories, sales, pushed);

  it('is in step when its members are', () => {
    expect(group()).toMatchObject({
      reason: 'in_sync',
      sentence: 'The group Sales is at Helpdesk as group 123, as wanted; last written 2026-03-02 08:00 UTC.',
    });
  });

  it('waits for members who have no account, and names the first of them', () => {
    const waiting = Array.from({ length: 7 }, (_, nth) => ({
      owner: sales.ref,
      path: 'members',
      to: idOf(`m${nth}`),
      want: 'add' as const,
    }));
    expect(group(ofObject({ waiting })).sentence).toBe(
      'The group Sales is at Helpdesk as group 123, but without 7 members (m0, m1, m2, m3, m4 and 2 more) for want of an account there, or because they are protected there.',
    );
    const kept = { owner: sales.ref, path: 'members', to: idOf('max'), want: 'remove' as const };
    expect(group(ofObject({ waiting: [kept] })).sentence).toBe(
      'The group Sales is at Helpdesk as group 123, but with the member max who should have gone and could not be removed yet.',
    );
  });

  it('waits for a run, or is held, when its members changed after the position', () => {
    const change = (need: 'adding' | 'removing', version: number) => ofObject({ members: { need, version } });
    expect(group(change('adding', 9))).toMatchObject({
      reason: 'waiting_for_run',
      sentence:
        'The group Sales waits to have members added at Helpdesk; no run is asked for yet, the next sync does that.',
    });
    expect(group(change('removing', 9), ofTarget({ ended: run('held', { version: 9 }) })).reason).toBe('guard_hold');
  });

  it('that was looked at, at a target where no group is, is not taken there; one that was not yet may be', () => {
    const none = [ofObject({ link: null }), ofTarget({ hasNoGroups: true })];
    expect(group(...none).reason).toBe('groups_not_supported');
    const newer = ofObject({ seen: { object: sales, gone: null, version: 8 }, link: null });
    expect(group(...none, newer).reason).toBe('waiting_for_run');
    expect(group(...none, newer, ofTarget({ ended: run('held', { version: 9 }) })).reason).toBe('guard_hold');
  });

  it('that Entrain made is deleted when it leaves, where the policy says so', () => {
    expect(group(left('out_of_scope', 9)).reason).toBe('group_kept');
    expect(group(left('out_of_scope', 9), ofRecord({ leftGroups: 'delete' }))).toMatchObject({
      reason: 'waiting_for_run',
      sentence: expect.stringContaining('the group deleted'),
    });
  });
});

describe('a name', () => {
  it('is the one a person knows: display name, else user principal name, else the id', () => {
    const who = (attributes: Attributes) =>
      telling([left('missing'), ...unlinked], person('jane', attributes)).sentence;
    expect(who({ displayName: ' ', userPrincipalName: 'jane@contoso.example' })).toContain('jane@contoso.example');
    expect(who({})).toContain('user jane');
    expect(telling([left('missing'), ...unlinked], { ref: aGroup('g'), attributes: {} }).sentence).toContain(
      'The group group g',
    );
    expect(aUser('jane').type).toBe('user');
  });
});
