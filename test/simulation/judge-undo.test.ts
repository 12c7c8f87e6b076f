import { describe, expect, it } from 'vitest';
import { operationKey, remoteId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Cause, Member, Operation } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import { annsAccount as account } from '../support/anns-account.ts';
import { cause } from '../support/operations.ts';
import { aPlan, decision } from '../support/plan-world.ts';
import { undosSeen } from './judge-undo.ts';
import type { Remote } from './remote.ts';

const target = targetId('tgt_1');
const ann = { key: operationKey('k'), ref: user(sourceId('ann')), remoteId: remoteId('r-ann') };
const staff = { key: operationKey('k'), ref: group(sourceId('staff')), remoteId: remoteId('r-staff') };
const member: Member = { ref: ann.ref, remoteId: ann.remoteId };
const off: Operation = { ...ann, action: 'disable' };
const joined: Operation = { ...staff, action: 'add_members', members: [member] };
const left: Operation = { ...staff, action: 'remove_members', members: [member] };

const team = (...members: readonly string[]): Remote => ({
  ...account(true),
  id: staff.remoteId,
  type: 'group',
  members: new Set(members),
});

/** What the judge says of an undo of a run that did this. */
const undoing = (...did: readonly Operation[]) => undoingAfter({}, ...did);

/** The same, where this was on record before, by target. */
const undoingAfter = (before: Readonly<Record<string, Operation>>, ...did: readonly Operation[]) => {
  const undos = undosSeen(() => 0);
  const run = runId('run_1');
  for (const [at, operation] of Object.entries(before)) undos.noteSettled(targetId(at), operation);
  for (const operation of did) undos.noteIntent(target, operation, cause({ run }));
  const plan = {
    ...aPlan(target, { kind: 'undo', amends: { kind: 'undo', run } }),
    standing: { state: 'approved', decision, begun: null },
  } as const;
  undos.noteApproval(plan);
  const by: Cause = cause({ run: runId('run_2'), plan: plan.id });
  return {
    switchesOn: undos.judge({ before: account(false), after: account(true) }, { kind: 'update' }, by, new Map()),
    changes: undos.judge({ before: account(false), after: account(false) }, { kind: 'update' }, by, new Map()),
    adds: undos.judge(
      { before: team(), after: team(ann.remoteId) },
      { kind: 'add_members', members: [ann.remoteId] },
      by,
      new Map(),
    ),
    removes: undos.judge(
      { before: team(ann.remoteId), after: team() },
      { kind: 'remove_members', members: [ann.remoteId] },
      by,
      new Map(),
    ),
  };
};

describe('an undo', () => {
  it('gives back what the run took', () => {
    expect(undoing(off, left)).toMatchObject({ switchesOn: [], changes: [], adds: [] });
    expect(undoing(joined).removes).toEqual([]);
  });

  it('switches on nobody whom the run had not switched off, and adds nobody whom it had not removed', () => {
    expect(undoing()).toEqual({
      switchesOn: ['an undo switched on what the run had not switched off'],
      changes: [],
      adds: ['an undo added r-ann, whom the run had not removed'],
      removes: ['an undo removed r-ann, whom the run had not added'],
    });
  });

  it('takes no membership that an earlier run gave at this target; one of the same ids at another target is none of it', () => {
    const given = { removes: ['an undo removed r-ann, whom the run had not added'] };
    expect(undoingAfter({ tgt_1: joined }, joined)).toMatchObject(given);
    expect(undoingAfter({ tgt_2: joined }, joined)).toMatchObject({ removes: [] });
  });
});
