import { describe, expect, it } from 'vitest';
import { connectionId, operationKey, planId, remoteId, runId, sourceId } from '../../src/model/ids.ts';
import type { Cause, Evidence, Operation, Why } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import { judgeProof } from './judge-proof.ts';

const ann = { ref: user(sourceId('ann')), remoteId: remoteId('a1') };
const bob = { ref: user(sourceId('bob')), remoteId: remoteId('b1') };
const key = operationKey('key');
const takes = (action: 'disable' | 'delete'): Operation => ({ key, action, ...ann });
const puts = (action: 'add_members' | 'remove_members'): Operation => ({
  ...{ key, action, ref: group(sourceId('staff')), remoteId: remoteId('s1') },
  members: [ann, bob],
});

const told = { version: 3, run: runId('run_1'), read: 'delta' } as const;
const answered = (said: NonNullable<Evidence['confirmed']>['said']): Evidence => ({
  ...told,
  confirmed: { at: new Date(0), said },
});
const cause = (why: Why, evidence: Evidence | null): Cause => ({
  ...{ run: runId('run_2'), connection: connectionId('con_1'), version: 4, limited: true, plan: planId('pln_1') },
  why,
  evidence,
});
const of = (operation: Operation, why: Why, evidence: Evidence | null): readonly string[] =>
  judgeProof(operation, cause(why, evidence), false);
const ofUndo = (operation: Operation, why: Why, evidence: Evidence | null): readonly string[] =>
  judgeProof(operation, cause(why, evidence), true);

describe('the record of what takes something away', () => {
  it('says why, from which read, and what the tenant answered', () => {
    expect(of(takes('disable'), 'disabled_in_source', answered({ disabled: 1 }))).toEqual([]);
    expect(of(takes('delete'), 'missing', answered({ gone: 1 }))).toEqual([]);
    expect(of(puts('remove_members'), 'members', answered({ not_a_member: 1, deleted: 1 }))).toEqual([]);
  });

  it('is asked of nothing that gives', () => {
    expect(of(puts('add_members'), 'members', null)).toEqual([]);
  });

  it('is not there without evidence', () => {
    expect(of(takes('disable'), 'deleted', null)).toEqual(['disable of ann (deleted) rests on nothing']);
    expect(of(puts('remove_members'), 'leavers', null)).toHaveLength(1);
  });

  it('is not there without a reason to take anything away', () => {
    expect(of(takes('disable'), 'updated', answered({ disabled: 1 }))).toHaveLength(1);
    expect(of(takes('delete'), 'disabled_in_source', answered({ gone: 1 }))).toHaveLength(1);
    expect(of(takes('disable'), 'undo', answered({ gone: 1 }))).toHaveLength(1);
  });

  it('is not there without the read', () => {
    const said = { gone: 1 };
    expect(of(takes('disable'), 'deleted', { ...answered(said), version: null })).toHaveLength(1);
    expect(of(takes('disable'), 'deleted', { ...answered(said), run: null })).toEqual([
      'disable of ann (deleted) does not say which read told version 3',
    ]);
    expect(of(takes('disable'), 'deleted', { ...answered(said), read: null })).toHaveLength(1);
  });

  it('is not there without an answer about each of them, by which they are gone', () => {
    expect(of(takes('disable'), 'deleted', { ...told, confirmed: null })).toHaveLength(1);
    expect(of(takes('disable'), 'deleted', answered({ present: 1 }))).toHaveLength(1);
    expect(of(takes('delete'), 'deleted', answered({ disabled: 1 }))).toHaveLength(1);
    expect(of(puts('remove_members'), 'members', answered({ not_a_member: 1, unsure: 1 }))).toHaveLength(1);
  });

  it('of an undo says which read the run went by that is taken back, for nobody is asked', () => {
    expect(ofUndo(takes('disable'), 'undo', { ...told, confirmed: null })).toEqual([]);
    expect(ofUndo(takes('disable'), 'undo', { ...told, run: null, confirmed: null })).toHaveLength(1);
    expect(ofUndo(takes('disable'), 'undo', null)).toHaveLength(1);
    expect(ofUndo(takes('disable'), 'deleted', { ...told, confirmed: null })).toHaveLength(1);
  });
});
