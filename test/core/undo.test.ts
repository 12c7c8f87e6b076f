import { describe, expect, it } from 'vitest';
import { follow, type Trace, type UndoContext, undoAccount, undoMembers } from '../../src/core/undo.ts';
import { operationKey, type RemoteId, remoteId, runId, type SourceId } from '../../src/model/ids.ts';
import type { Link, Operation, Outcome } from '../../src/model/operation.ts';
import type { Attributes, Ref } from '../../src/model/source-object.ts';
import { aGroup, aUser, linkTo, now } from './builders.ts';

const ann = aUser('ann');
const staff = aGroup('staff');
const at = (ref: Ref): RemoteId => remoteId(`remote-${ref.id}`);
const key = operationKey('k');
const update = (ref: Ref, attributes: Attributes, before: Attributes): Operation => ({
  key,
  ref,
  action: 'update',
  remoteId: at(ref),
  attributes,
  before,
});
const create = (ref: Ref): Operation => ({ key, ref, action: 'create', attributes: {} });
const off = (ref: Ref, action: 'disable' | 'delete'): Operation => ({ key, ref, action, remoteId: at(ref) });
const members = (action: 'add_members' | 'remove_members', ...names: string[]): Operation => ({
  key,
  ref: staff,
  action,
  remoteId: at(staff),
  members: names.map((name) => ({ ref: aUser(name), remoteId: at(aUser(name)) })),
});
const applied = (operation: Operation, link: Link | null = linkTo(operation.ref)): Outcome => ({
  key,
  ref: operation.ref,
  action: operation.action,
  at: now,
  result: 'applied',
  ...('members' in operation ? {} : { link }),
});
const cause = { version: 1, plan: null, why: 'updated' } as const;
const order = '1';
const traceOf = (...operations: (Operation | [Operation, Outcome | null])[]): Trace | undefined => {
  const traces = new Map<SourceId, Trace>();
  for (const one of operations)
    if (Array.isArray(one)) follow(traces, { operation: one[0], outcome: one[1], cause, order });
    else {
      const outcome = applied(one, one.action === 'delete' ? null : linkTo(one.ref));
      follow(traces, { operation: one, outcome, cause, order });
    }
  return [...traces.values()][0];
};
const untouched = { account: () => null, membership: () => null, putIn: () => null };
const context = (links: readonly Link[], other: Partial<UndoContext> = {}): UndoContext => ({
  pass: 'p',
  policies: { deprovision: { kind: 'disable' }, leftGroups: 'delete' },
  can: { groups: true, disable: true, delete: true },
  since: untouched,
  came: () => true,
  linkOf: (id) => links.find(({ ref }) => ref.id === id),
  ...other,
});
const undone = (trace: Trace | undefined, links: readonly Link[], other: Partial<UndoContext> = {}) => {
  if (trace === undefined) return { does: [], leftOut: [] };
  const both = [undoAccount(trace, context(links, other)), undoMembers(trace, context(links, other))];
  return {
    does: both.flatMap(({ operations }) => operations.map(({ operation }) => operation)),
    leftOut: both.flatMap(({ leftOut }) => leftOut.map(({ reason, by }) => [reason, by])),
  };
};

describe('what a run did to an account', () => {
  it('goes back to what was there before the first of its writes', () => {
    const trace = traceOf(
      update(ann, { title: 'boss', city: 'Rome' }, { title: 'clerk', city: null }),
      update(ann, { title: 'king' }, { title: 'boss' }),
    );
    expect(undone(trace, [linkTo(ann, { pushed: { title: 'king', city: 'Rome', name: 'Ann' } })]).does).toMatchObject([
      { action: 'update', attributes: { title: 'clerk', city: null }, before: { title: 'king', city: 'Rome' } },
    ]);
  });

  it('is not taken back where the target was told otherwise since', () => {
    const trace = traceOf(update(ann, { title: 'boss', city: 'Rome' }, { title: 'clerk', city: null }));
    const { does } = undone(trace, [linkTo(ann, { pushed: { title: 'queen', city: 'Rome' } })]);
    expect(does).toMatchObject([{ attributes: { city: null } }]);
    expect(undone(trace, [linkTo(ann, { pushed: { title: 'clerk' } })]).does).toEqual([]);
  });

  it('is switched on where it switched off, and off where it switched on', () => {
    const disabled = linkTo(ann, { state: 'disabled', pushed: { active: false } });
    expect(undone(traceOf(off(ann, 'disable')), [disabled]).does).toMatchObject([
      { action: 'update', attributes: { active: true }, before: { active: false } },
    ]);
    const enabling = traceOf(update(ann, { active: true }, { active: false }));
    expect(undone(enabling, [linkTo(ann, { pushed: { active: true } })]).does).toMatchObject([{ action: 'disable' }]);
  });

  it('is not unassigned where nothing was known of its switch: many targets take that for off', () => {
    const enabling = traceOf(update(ann, { active: true, city: 'Rome' }, { active: null, city: null }));
    const told = linkTo(ann, { pushed: { active: true, city: 'Rome' } });
    expect(undone(enabling, [told]).does).toMatchObject([{ action: 'update', attributes: { city: null } }]);
    expect(undone(enabling, [told]).does[0]).not.toHaveProperty('attributes.active');
  });

  it('is taken away where it made it, by the policy', () => {
    const made = traceOf(create(ann), update(ann, { manager: 'x' }, { manager: null }));
    expect(undone(made, [linkTo(ann)]).does).toMatchObject([{ action: 'disable', remoteId: at(ann) }]);
    expect(
      undone(made, [linkTo(ann)], { policies: { deprovision: { kind: 'delete' }, leftGroups: 'leave' } }).does,
    ).toMatchObject([{ action: 'delete' }]);
    expect(
      undone(made, [linkTo(ann)], { policies: { deprovision: { kind: 'none' }, leftGroups: 'leave' } }),
    ).toMatchObject({
      does: [],
      leftOut: [
        ['deprovision_off', null],
        ['deprovision_off', null],
      ],
    });
    expect(undone(traceOf(create(staff)), [linkTo(staff)]).does).toMatchObject([{ action: 'delete' }]);
    const leavingGroups = { policies: { deprovision: { kind: 'delete' }, leftGroups: 'leave' } } as const;
    expect(undone(traceOf(create(staff)), [linkTo(staff)], leavingGroups)).toEqual({
      does: [],
      leftOut: [['group_kept', null]],
    });
  });

  it('stays where the account was deleted, is another one, or was written to by a later run', () => {
    expect(undone(traceOf(off(ann, 'delete')), []).leftOut).toEqual([['deleted', null]]);
    const trace = traceOf(update(ann, { title: 'boss' }, { title: 'clerk' }));
    const other = linkTo(ann, { remoteId: remoteId('another'), pushed: { title: 'boss' } });
    expect(undone(trace, [other]).leftOut).toEqual([['not_linked', null]]);
    const since = { ...untouched, account: () => runId('run_9') };
    expect(undone(trace, [linkTo(ann)], { since })).toEqual({ does: [], leftOut: [['changed_since', 'run_9']] });
  });

  const adopted = (operation: Operation): Trace | undefined => {
    const traces = new Map<SourceId, Trace>();
    const link = linkTo(ann, { by: 'matched' });
    follow(traces, { operation, outcome: applied(operation, link), cause: { ...cause, why: 'adopted' }, order });
    return [...traces.values()][0];
  };
  const letGo = { action: 'update', remoteId: at(ann), attributes: {}, before: {} };

  it('is let go of where it was taken over, after it has what it had', () => {
    const taken = linkTo(ann, { by: 'matched', pushed: { title: 'boss', active: true } });
    expect(undone(adopted(update(ann, {}, {})), [taken]).does).toMatchObject([letGo]);
    expect(undone(adopted(update(ann, { title: 'boss' }, { title: 'clerk' })), [taken]).does).toMatchObject([
      { attributes: { title: 'clerk' } },
      letGo,
    ]);
    expect(undone(adopted(update(ann, { active: true }, { active: false })), [taken]).does).toMatchObject([
      { action: 'disable' },
      letGo,
    ]);
    // A create that the target answered with an account which was there before.
    expect(undone(adopted(create(ann)), [taken])).toMatchObject({ does: [letGo], leftOut: [] });
    const since = { ...untouched, account: () => runId('run_9') };
    expect(undone(adopted(update(ann, {}, {})), [taken], { since })).toEqual({
      does: [],
      leftOut: [['changed_since', 'run_9']],
    });
  });

  it('stays whole where a later run put it into a group: who is let go of is taken out of none', () => {
    const taken = linkTo(ann, { by: 'matched', pushed: { title: 'boss', active: true } });
    const since = { ...untouched, putIn: () => runId('run_9') };
    const written = update(ann, { title: 'boss' }, { title: 'clerk' });
    expect(undone(adopted(written), [taken], { since })).toEqual({
      does: [],
      leftOut: [['changed_since', 'run_9']],
    });
    expect(undone(traceOf(written), [taken], { since }).does).toMatchObject([{ attributes: { title: 'clerk' } }]);
  });

  it('is nothing where an operation took no effect', () => {
    const attempt = update(ann, { title: 'boss' }, { title: 'clerk' });
    const failed: Outcome = {
      ...applied(attempt),
      result: 'escrowed',
      reason: 'target_rejected',
      detail: '',
    } as Outcome;
    expect(traceOf([attempt, failed], [attempt, null], [attempt, applied(attempt, null)])).toBeUndefined();
    expect(undone(traceOf(create(ann), off(ann, 'delete')), [])).toEqual({ does: [], leftOut: [] });
  });
});

describe('what a run did to the members of a group', () => {
  const links = [linkTo(staff), ...['ann', 'bob', 'cid'].map((name) => linkTo(aUser(name)))];
  const named = (operations: readonly Operation[]) =>
    operations.map((one) => [one.action, 'members' in one ? one.members.map(({ ref }) => ref.id) : []]);

  it('is done the other way round, but for whom it both added and removed', () => {
    const trace = traceOf(members('add_members', 'ann', 'bob'), members('remove_members', 'cid', 'bob'));
    expect(named(undone(trace, links).does)).toEqual([
      ['add_members', ['cid']],
      ['remove_members', ['ann']],
    ]);
  });

  it('is nothing for members the target had refused', () => {
    const some = members('add_members', 'ann', 'bob');
    const partly: Outcome = {
      key,
      ref: staff,
      action: 'add_members',
      at: now,
      result: 'partly_applied',
      refused: [aUser('ann').id],
      reason: 'target_rejected',
      detail: '',
    };
    expect(named(undone(traceOf([some, partly]), links).does)).toEqual([['remove_members', ['bob']]]);
  });

  it('stays where a later run changed the very membership, or an account is not linked any more', () => {
    const trace = traceOf(members('add_members', 'ann', 'bob', 'dan'));
    const since = {
      ...untouched,
      membership: (_group: SourceId, member: SourceId) => (member === aUser('bob').id ? runId('run_9') : null),
    };
    const { does, leftOut } = undone(trace, links, { since });
    expect(named(does)).toEqual([['remove_members', ['ann']]]);
    expect(leftOut).toEqual([
      ['changed_since', 'run_9'],
      ['not_linked', null],
    ]);
    expect(undone(trace, []).leftOut).toEqual([['not_linked', null]]);
  });

  it('stays of whoever may have been in the group before the run', () => {
    const came = (_: SourceId, member: SourceId) => member !== aUser('bob').id;
    const { does, leftOut } = undone(traceOf(members('add_members', 'ann', 'bob')), links, { came });
    expect(named(does)).toEqual([['remove_members', ['ann']]]);
    expect(leftOut).toEqual([['there_before', null]]);
  });

  it('goes with the group that it made', () => {
    const trace = traceOf(create(staff), members('add_members', 'ann'));
    expect(named(undone(trace, links).does)).toEqual([['delete', []]]);
  });

  it('is taken back where the group that it made is left alone, whatever else is known of who was in it', () => {
    const trace = traceOf(create(staff), members('add_members', 'ann'));
    const left = { policies: { deprovision: { kind: 'disable' }, leftGroups: 'leave' }, came: () => false } as const;
    expect(named(undone(trace, links, left).does)).toEqual([['remove_members', ['ann']]]);
    expect(undone(trace, links, left).leftOut).toEqual([['group_kept', null]]);
  });
});
