import { describe, expect, it } from 'vitest';
import {
  type Context,
  keyOf,
  planExpired,
  planGone,
  planLinked,
  planMembers,
  planReferences,
  planUnlinked,
} from '../../src/core/plan.ts';
import { type RemoteId, remoteId, type SourceId } from '../../src/model/ids.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { Link } from '../../src/model/operation.ts';
import type { DeprovisionPolicy, LeftGroups } from '../../src/model/target-record.ts';
import { aGroup, aUser, idOf, linkTo, now, person, remote, team } from './builders.ts';

const always = { apply: 'always', whenNull: 'clear', default: null } as const;
const rules: readonly MappingRule[] = [
  { kind: 'direct', from: 'id', to: 'externalId', ...always },
  { kind: 'direct', from: 'accountEnabled', to: 'active', ...always, whenNull: 'keep', default: true },
  { kind: 'direct', from: 'jobTitle', to: 'title', ...always },
  { kind: 'reference', from: 'manager', to: 'manager', ...always },
];
const remotes = new Map<SourceId, RemoteId>([[idOf('bert'), remoteId('r-bert')]]);
const context: Context = {
  pass: 'run_1.7.1',
  rules,
  required: ['userName'],
  resolve: (id) => remotes.get(id),
  why: 'updated',
  now,
};
const can = { groups: true, disable: true, delete: true };
const anna = person('anna', { jobTitle: 'Nurse', accountEnabled: true, manager: 'bert' });
const ref = anna.ref;
const told = { externalId: 'anna', active: true, title: 'Nurse', manager: 'r-bert' };

describe('somebody without an account', () => {
  it('gets one', () => {
    expect(planUnlinked(anna, { kind: 'none' }, { ...context, why: 'created' })).toEqual({
      kind: 'do',
      adopt: null,
      waiting: [],
      operations: [
        {
          why: 'created',
          operation: { key: 'run_1.7.1.user.anna.create', ref, action: 'create', attributes: told },
        },
      ],
    });
  });

  it('whose manager has none waits for that one reference, not for the account', () => {
    const plan = planUnlinked(person('anna', { manager: 'carl' }), { kind: 'none' }, context);
    expect(plan).toMatchObject({
      kind: 'do',
      operations: [{ operation: { attributes: { externalId: 'anna', active: true } } }],
      waiting: [{ owner: ref, path: 'manager', to: 'carl', want: 'add' }],
    });
  });

  it('gets none while they are disabled in the source', () => {
    expect(planUnlinked(person('anna', { accountEnabled: false }), { kind: 'none' }, context)).toEqual({
      kind: 'skip',
      reason: 'disabled_in_source',
    });
  });

  it('whom nothing can be looked for by is not given one blindly: there may be one already', () => {
    const unasked = { kind: 'no_key', attributes: ['employeeId', 'mail'] } as const;
    expect(planUnlinked(anna, unasked, context)).toEqual({
      kind: 'escrow',
      reason: 'no_match_key',
      detail: 'none of employeeId, mail is set',
    });
    expect(planUnlinked(anna, { ...unasked, attributes: ['mail'] }, context)).toMatchObject({
      detail: 'mail is not set',
    });
    expect(planUnlinked(person('anna', { accountEnabled: false }), unasked, context)).toEqual({
      kind: 'skip',
      reason: 'disabled_in_source',
    });
  });

  it.each([null, '', ' '])('is not sent without what the target requires: a user name of %j', (upn) => {
    const byName: MappingRule = { kind: 'direct', from: 'upn', to: 'userName', ...always };
    const named = { ...context, rules: [...rules, byName] };
    expect(planUnlinked(person('anna', { upn }), { kind: 'none' }, named)).toEqual({
      kind: 'escrow',
      reason: 'missing_required_attribute',
      detail: 'userName is mapped from upn, which is not set',
    });
    // A default on create stands for it.
    const filled = { ...named, rules: [...rules, { ...byName, default: 'anna' }] };
    expect(planUnlinked(person('anna'), { kind: 'none' }, filled)).toMatchObject({ kind: 'do' });
  });

  it('whom several accounts might be, or whose account is somebody else’s, is left for a person', () => {
    expect(planUnlinked(anna, { kind: 'ambiguous', attribute: 'userName', hits: 2 }, context)).toEqual({
      kind: 'escrow',
      reason: 'ambiguous_match',
      detail: '2 remote objects have the same userName',
    });
    expect(planUnlinked(anna, { kind: 'linked_elsewhere', attribute: 'userName' }, context)).toEqual({
      kind: 'escrow',
      reason: 'linked_elsewhere',
      detail: 'the remote object with this userName belongs to another source object',
    });
  });

  it('but with a match takes it over, by what differs alone', () => {
    const account = remote('r-1', { title: 'Intern', active: true, nickName: 'theirs' });
    const plan = planUnlinked(anna, { kind: 'match', remote: account }, context);
    expect(plan).toMatchObject({
      kind: 'do',
      adopt: {
        ref,
        remoteId: 'r-1',
        by: 'matched',
        state: 'active',
        since: now,
        pushed: { externalId: null, active: true, title: 'Intern', manager: null },
        membersSince: null,
        membersAt: null,
      },
      operations: [
        {
          operation: {
            key: 'run_1.7.1.user.anna.update',
            action: 'update',
            remoteId: 'r-1',
            attributes: { externalId: 'anna', title: 'Nurse', manager: 'r-bert' },
            before: { externalId: null, title: 'Intern', manager: null },
          },
        },
      ],
    });
  });

  it('takes over a match that is as wanted already without a word to the target', () => {
    const plan = planUnlinked(anna, { kind: 'match', remote: remote('r-1', told) }, context);
    expect(plan).toMatchObject({ kind: 'do', operations: [], adopt: { remoteId: 'r-1', pushed: told }, waiting: [] });
  });

  it('says of what it takes over that it was there before, that it carries their id, and neither of an account of ours that it meets again', () => {
    const match = { kind: 'match', remote: remote('r-1', { ...told, title: 'Intern' }) } as const;
    expect(planUnlinked(anna, match, context)).toMatchObject({ operations: [{ why: 'adopted' }] });
    const ours = { mark: 'ours', before: { by: 'created', membersSince: null } } as const;
    expect(planUnlinked(anna, match, context, ours)).toMatchObject({ operations: [{ why: 'updated' }] });
    for (const before of [null, { by: 'matched', membersSince: null } as const])
      expect(planUnlinked(anna, match, context, { mark: 'ours', before })).toMatchObject({
        operations: [{ why: 'recognized' }],
      });
  });

  it('takes over a match and still waits for the manager', () => {
    const plan = planUnlinked(
      person('anna', { manager: 'carl', jobTitle: 'Nurse' }),
      { kind: 'match', remote: remote('r-1', told) },
      context,
    );
    expect(plan).toMatchObject({ operations: [], waiting: [{ path: 'manager', to: 'carl' }] });
  });

  it('knows of a match that it is switched off, and switches it on for who is enabled', () => {
    const plan = planUnlinked(anna, { kind: 'match', remote: remote('r-1', { ...told, active: false }) }, context);
    expect(plan).toMatchObject({
      adopt: { state: 'disabled' },
      operations: [{ operation: { action: 'update', attributes: { active: true }, before: { active: false } } }],
    });
  });

  it('who is disabled takes a match over, and it is switched off', () => {
    const leaver = person('anna', { ...anna.attributes, accountEnabled: false });
    const plan = planUnlinked(leaver, { kind: 'match', remote: remote('r-1', told) }, context);
    expect(plan).toMatchObject({ adopt: { remoteId: 'r-1' }, operations: [{ operation: { action: 'disable' } }] });
  });
});

describe('somebody with an account', () => {
  it('that is as wanted needs nothing', () => {
    expect(planLinked(anna, linkTo(ref, { pushed: told }), context)).toEqual({ kind: 'unchanged', waiting: [] });
  });

  it('gets the smallest update', () => {
    const plan = planLinked(anna, linkTo(ref, { pushed: { ...told, title: 'Intern' } }), context);
    expect(plan).toEqual({
      kind: 'do',
      adopt: null,
      waiting: [],
      operations: [
        {
          why: 'updated',
          operation: {
            key: 'run_1.7.1.user.anna.update',
            ref,
            action: 'update',
            remoteId: 'remote-anna',
            attributes: { title: 'Nurse' },
            before: { title: 'Intern' },
          },
        },
      ],
    });
  });

  it('keeps the user name they have when theirs is not shown, for the target makes nobody without one', () => {
    const named = {
      ...context,
      rules: [...rules, { kind: 'direct', from: 'upn', to: 'userName', ...always } as const],
    };
    const link = linkTo(ref, { pushed: { ...told, userName: 'anna@contoso.example' } });
    expect(planLinked(anna, link, named)).toEqual({ kind: 'unchanged', waiting: [] });
  });

  it('keeps the manager they have until the new one is linked', () => {
    const moved = person('anna', { ...anna.attributes, manager: 'carl' });
    expect(planLinked(moved, linkTo(ref, { pushed: told }), context)).toEqual({
      kind: 'unchanged',
      waiting: [{ owner: ref, path: 'manager', to: 'carl', want: 'add' }],
    });
  });

  it('who is disabled is switched off by an operation of its own, after what else changed', () => {
    const leaver = person('anna', { ...anna.attributes, accountEnabled: false, jobTitle: null });
    const plan = planLinked(leaver, linkTo(ref, { pushed: told }), context);
    expect(plan).toEqual({
      kind: 'do',
      adopt: null,
      waiting: [],
      operations: [
        {
          why: 'updated',
          operation: {
            key: 'run_1.7.1.user.anna.update',
            ref,
            action: 'update',
            remoteId: 'remote-anna',
            attributes: { title: null },
            before: { title: 'Nurse' },
          },
        },
        {
          why: 'disabled_in_source',
          operation: { key: 'run_1.7.1.user.anna.disable', ref, action: 'disable', remoteId: 'remote-anna' },
        },
      ],
    });
    const onlyOff = person('anna', { ...anna.attributes, accountEnabled: false });
    expect(planLinked(onlyOff, linkTo(ref, { pushed: told }), context)).toMatchObject({
      operations: [{ operation: { action: 'disable' } }],
    });
  });

  it('who comes back is switched on, by an update', () => {
    const link = linkTo(ref, { state: 'disabled', pushed: { ...told, active: false } });
    expect(planLinked(anna, link, context)).toMatchObject({
      operations: [{ operation: { action: 'update', attributes: { active: true }, before: { active: false } } }],
    });
  });

  it('who comes back is switched on also where the mapping says nothing of it', () => {
    const withoutActive = { ...context, rules: rules.filter(({ to }) => to !== 'active') };
    const link = linkTo(ref, { state: 'disabled', pushed: { ...told, active: false } });
    expect(planLinked(anna, link, withoutActive)).toMatchObject({
      operations: [{ operation: { action: 'update', attributes: { active: true }, before: { active: false } } }],
    });
    expect(planReferences(anna, link, withoutActive).kind).toBe('unchanged');
    const stillOff = person('anna', { ...anna.attributes, accountEnabled: false });
    expect(planLinked(stillOff, link, withoutActive).kind).toBe('unchanged');
    const offByOthers = linkTo(ref, { state: 'disabled', by: 'matched', pushed: { ...told, active: null } });
    expect(planLinked(anna, offByOthers, withoutActive).kind).toBe('unchanged');
  });

  describe('who comes back, and whose mapping does not say that they are on', () => {
    const onlyOnCreate: MappingRule = {
      ...always,
      kind: 'direct',
      from: 'accountEnabled',
      to: 'active',
      apply: 'only_on_create',
    };
    const byHr: MappingRule = { ...always, kind: 'direct', from: 'extensionAttribute1', to: 'active', default: true };
    const by = (rule: MappingRule) => ({ ...context, rules: [...rules.filter(({ to }) => to !== 'active'), rule] });
    const left = linkTo(ref, { state: 'disabled', hasLeft: true, pushed: { ...told, active: false } });

    it('is switched on: we switched them off because they left', () => {
      for (const rule of [onlyOnCreate, byHr])
        expect(planLinked(anna, left, by(rule))).toMatchObject({
          operations: [{ operation: { action: 'update', attributes: { active: true }, before: { active: false } } }],
        });
    });

    it('stays off while they are disabled, or while the mapping says that they are off', () => {
      const disabled = person('anna', { ...anna.attributes, accountEnabled: false });
      for (const rule of [onlyOnCreate, byHr]) expect(planLinked(disabled, left, by(rule)).kind).toBe('unchanged');
      const suspended = person('anna', { ...anna.attributes, extensionAttribute1: 'false' });
      expect(planLinked(suspended, left, by(byHr)).kind).toBe('unchanged');
    });

    it('stays off where they never left: they were off when we met them, or the mapping said so while it said something', () => {
      const found = linkTo(ref, { state: 'disabled', by: 'matched', pushed: { ...told, active: false } });
      for (const rule of [onlyOnCreate, byHr]) expect(planLinked(anna, found, by(rule)).kind).toBe('unchanged');
    });
  });

  it('in the wave of references gets those alone', () => {
    const link = linkTo(ref, { pushed: { ...told, title: 'Intern', active: false, manager: null } });
    expect(planReferences(anna, link, context)).toMatchObject({
      operations: [{ operation: { action: 'update', attributes: { manager: 'r-bert' }, before: { manager: null } } }],
    });
    expect(planReferences(anna, linkTo(ref, { pushed: { manager: 'r-bert' } }), context).kind).toBe('unchanged');
  });
});

describe('somebody who left', () => {
  const gone = (link: Link | null, deprovision: DeprovisionPolicy, ability = can, leftGroups: LeftGroups = 'leave') =>
    planGone(link?.ref ?? ref, link, { deprovision, leftGroups }, ability, 'deleted', { pass: 'p' });
  const does = (action: 'disable' | 'delete', of = ref) => ({
    kind: 'do',
    adopt: null,
    waiting: [],
    operations: [
      { why: 'deleted', operation: { key: keyOf('p', of, action), ref: of, action, remoteId: `remote-${of.id}` } },
    ],
  });

  it('without an account of ours is none of our business', () => {
    expect(gone(null, { kind: 'delete' })).toEqual({ kind: 'skip', reason: 'not_managed' });
  });

  it('is switched off, deleted, switched off first, or left, as the target’s policy says', () => {
    expect(gone(linkTo(ref), { kind: 'disable' })).toEqual(does('disable'));
    expect(gone(linkTo(ref), { kind: 'delete' })).toEqual(does('delete'));
    expect(gone(linkTo(ref), { kind: 'delete_after_days', days: 30 })).toEqual(does('disable'));
    expect(gone(linkTo(ref), { kind: 'none' })).toEqual({ kind: 'skip', reason: 'deprovision_off' });
  });

  it('and is switched off already stays so; a policy of deletion still deletes', () => {
    const off = linkTo(ref, { state: 'disabled' });
    expect(gone(off, { kind: 'disable' })).toEqual({ kind: 'unchanged', waiting: [] });
    expect(gone(off, { kind: 'delete_after_days', days: 30 })).toEqual({ kind: 'unchanged', waiting: [] });
    expect(gone(off, { kind: 'delete' })).toEqual(does('delete'));
  });

  it('stays where the target cannot do what the policy says: nothing harsher is done instead', () => {
    const skipped = { kind: 'skip', reason: 'deprovision_off' };
    expect(gone(linkTo(ref), { kind: 'disable' }, { ...can, disable: false, delete: true })).toEqual(skipped);
    expect(gone(linkTo(ref), { kind: 'delete' }, { ...can, disable: true, delete: false })).toEqual(skipped);
  });

  it('as a group is left alone, whatever the policy for accounts, unless groups have one that says otherwise', () => {
    const staff = aGroup('staff');
    for (const kind of ['disable', 'delete', 'none'] as const) {
      expect(gone(linkTo(staff), { kind })).toEqual({ kind: 'skip', reason: 'group_kept' });
      expect(gone(linkTo(staff), { kind }, can, 'delete')).toEqual(does('delete', staff));
    }
    expect(gone(linkTo(staff), { kind: 'disable' }, { ...can, disable: true, delete: false }, 'delete')).toEqual({
      kind: 'skip',
      reason: 'deprovision_off',
    });
  });

  it('as a group that was there before us stays, whatever any policy says', () => {
    const theirs = linkTo(aGroup('staff'), { by: 'matched' });
    const notOurs = { kind: 'skip', reason: 'not_managed' };
    expect(gone(theirs, { kind: 'delete' })).toEqual(notOurs);
    expect(gone(theirs, { kind: 'delete' }, can, 'delete')).toEqual(notOurs);
  });

  describe('where accounts are deleted after 30 days', () => {
    const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
    const after30: DeprovisionPolicy = { kind: 'delete_after_days', days: 30 };
    const off = (days: number, of = ref) => linkTo(of, { state: 'disabled', since: daysAgo(days) });
    const leftAgo = (at: Date | null) => ({ gone: 'missing', left: { at, isStripped: false } }) as const;
    const expired = (link: Link, seen: Parameters<typeof planExpired>[1], deprovision: DeprovisionPolicy = after30) =>
      planExpired(link, seen, { deprovision }, { pass: 'p', now });

    it('is deleted when the account has been off, and they have been gone, for longer', () => {
      expect(expired(off(31), leftAgo(daysAgo(31)))).toEqual({
        why: 'missing',
        operation: { key: 'p.user.anna.delete', ref, action: 'delete', remoteId: 'remote-anna' },
      });
    });

    it('keeps the account for 30 days from the leaving, however long it was off before', () => {
      expect(expired(off(400), leftAgo(daysAgo(30)))).toBeNull();
      expect(expired(off(400), leftAgo(daysAgo(0)))).toBeNull();
      expect(expired(off(30), leftAgo(daysAgo(400)))).toBeNull();
    });

    it('keeps it where it is not on record since when they are gone, while they are here, on, or a group, and by any other policy', () => {
      const long = leftAgo(daysAgo(400));
      expect(expired(off(400), leftAgo(null))).toBeNull();
      expect(expired(off(400), { gone: 'missing' })).toBeNull();
      expect(expired(off(400), { gone: null })).toBeNull();
      expect(expired(linkTo(ref, { since: daysAgo(400) }), long)).toBeNull();
      expect(expired(off(400, aGroup('staff')), long)).toBeNull();
      for (const kind of ['disable', 'delete', 'none'] as const) expect(expired(off(400), long, { kind })).toBeNull();
    });
  });
});

describe('the members of a group', () => {
  const staff = linkTo(aGroup('staff'));
  const linked =
    (...names: readonly string[]) =>
    (id: SourceId) =>
      names.includes(id) ? linkTo(aUser(id)) : undefined;
  const member = (name: string) => ({ ref: aUser(name), remoteId: `remote-${name}` });

  it('are added and removed by an operation each', () => {
    const change = { add: [aUser('anna'), aUser('bert')], remove: [aUser('carl')] };
    expect(planMembers(staff, change, linked('anna', 'bert', 'carl'), 'p')).toEqual({
      add: {
        why: 'members',
        operation: {
          key: 'p.group.staff.add_members',
          ref: staff.ref,
          action: 'add_members',
          remoteId: 'remote-staff',
          members: [member('anna'), member('bert')],
        },
      },
      remove: {
        why: 'members',
        operation: {
          key: 'p.group.staff.remove_members',
          ref: staff.ref,
          action: 'remove_members',
          remoteId: 'remote-staff',
          members: [member('carl')],
        },
      },
      waiting: [],
    });
  });

  it('who have no link yet wait; of who has none, nothing is removed', () => {
    const change = { add: [aUser('anna'), aUser('bert')], remove: [aUser('carl')] };
    expect(planMembers(staff, change, linked('anna'), 'p')).toMatchObject({
      add: { operation: { members: [member('anna')] } },
      remove: null,
      waiting: [{ owner: staff.ref, path: 'members', to: 'bert', want: 'add' }],
    });
  });

  it('are left alone when nobody came or went', () => {
    expect(planMembers(staff, { add: [], remove: [] }, linked(), 'p')).toEqual({
      add: null,
      remove: null,
      waiting: [],
    });
  });
});

describe('a group', () => {
  it('is planned like an account, and never switched off', () => {
    const groupRules: readonly MappingRule[] = [{ kind: 'direct', from: 'displayName', to: 'displayName', ...always }];
    const staff = team('staff', { displayName: 'Staff' });
    expect(planUnlinked(staff, { kind: 'none' }, { ...context, rules: groupRules })).toMatchObject({
      operations: [{ operation: { key: 'run_1.7.1.group.staff.create', attributes: { displayName: 'Staff' } } }],
    });
  });
});
