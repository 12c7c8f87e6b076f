import { describe, expect, it } from 'vitest';
import { operationKey, remoteId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Cause, Member, Operation, Outcome } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import { annsAccount as account } from '../support/anns-account.ts';
import { applied, cause, escrowed, partlyApplied, skipped } from '../support/operations.ts';
import { aPlan, decision } from '../support/plan-world.ts';
import { type Undos, undosSeen } from './judge-undo.ts';
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
const undoing = (...did: readonly Operation[]) => undoingAfter(() => {}, ...did);

/** The same, where the judge knows this of before. */
const undoingAfter = (before: (undos: Undos) => void, ...did: readonly Operation[]) => {
  const undos = undosSeen(() => 0);
  const run = runId('run_1');
  before(undos);
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

  const isAccused = { removes: ['an undo removed r-ann, whom the run had not added'] };
  const given = (undos: Undos, at = target): void => undos.noteSettled(at, joined, applied(joined));
  /** Of a run that puts her into the group, in which an earlier one had put her, and out of which another was to put her. */
  const afterRemoval = (outcome: Outcome) =>
    undoingAfter((undos) => {
      given(undos);
      undos.noteSettled(target, left, outcome);
    }, joined);

  it('takes no membership that an earlier run gave at this target; one of the same ids at another target is none of it', () => {
    expect(undoingAfter(given, joined)).toMatchObject(isAccused);
    expect(undoingAfter((undos) => given(undos, targetId('tgt_2')), joined)).toMatchObject({ removes: [] });
  });

  it('takes none that was to be taken before, and was not; what was taken the run gives anew', () => {
    expect(afterRemoval(escrowed(left))).toMatchObject(isAccused);
    expect(afterRemoval(skipped(left, 'confirmed_present'))).toMatchObject(isAccused);
    expect(afterRemoval(partlyApplied(left, [ann.ref]))).toMatchObject(isAccused);
    expect(afterRemoval(partlyApplied(left, [user(sourceId('bob'))]))).toMatchObject({ removes: [] });
    expect(afterRemoval(applied(left))).toMatchObject({ removes: [] });
  });

  it('takes what the run gave to somebody who was out of the group by a removal of which nobody heard', () => {
    const deed = { kind: 'remove_members', members: [ann.remoteId] } as const;
    const isOut = (undos: Undos): void => {
      given(undos);
      undos.noteEffect(target, { before: team(ann.remoteId), after: team() }, [{ deed, cause: cause() }]);
    };
    expect(undoingAfter(isOut, joined)).toMatchObject({ removes: [] });
  });
});
