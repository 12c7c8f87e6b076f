import { describe, expect, it } from 'vitest';
import { connectionId, operationKey, planId, remoteId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Cause, Operation, Why } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import { type Approvals, defaultLimits, type Limits } from '../../src/model/target-record.ts';
import type { Customer } from './customer.ts';
import type { Person, Standing } from './directory.ts';
import { type Takings, takingsSeen } from './judge-limits.ts';
import type { Effect, Remote } from './remote.ts';

const hourMs = 3_600_000;
const target = targetId('tgt_1');
const most = (count: number) => ({ count, percent: 100, floor: count });
const names = ['ann', 'bob', 'cleo', 'dora', 'eve', 'finn'];

const people = (standings: Readonly<Record<string, Standing>>): ReadonlyMap<string, Person> =>
  new Map(
    names.map((id) => [
      id,
      {
        id,
        standing: standings[id] ?? 'enabled',
        userPrincipalName: id,
        displayName: id,
        jobTitle: null,
        department: null,
        manager: null,
      },
    ]),
  );
const approvedBy = (needed: Approvals): Customer['approvals'] => [{ at: 0, needed }];
/** Six people, all of whom were in each group once. */
const office = (limits: Partial<Limits>, standings: Readonly<Record<string, Standing>> = {}) => ({
  target: { id: target },
  limits: [{ at: 0, limits: { ...defaultLimits, ...limits } }],
  approvals: approvedBy(1),
  restores: [],
  scopes: [{ at: 0, scope: { kind: 'all' } as const }],
  directory: {
    history: [
      {
        at: 0,
        truth: {
          people: people(standings),
          groups: new Map(
            ['staff', 'board'].map((id) => [
              id,
              { id, standing: 'there' as const, displayName: id, members: new Set(names) },
            ]),
          ),
        },
      },
    ],
  },
});

const remote = (id: string, other: Partial<Remote> = {}): Remote => ({
  id,
  type: 'user',
  externalId: id,
  name: id,
  displayName: null,
  active: true,
  title: null,
  department: null,
  manager: null,
  members: new Set(),
  stamp: '',
  ...other,
});
const causeOf = (why: Why, plan: Cause['plan'] = null): Cause => ({
  run: runId('run_1'),
  connection: connectionId('con_1'),
  version: 1,
  why,
  limited: true,
  plan,
  evidence: null,
});

/** Each change by itself, an hour after the one before unless told otherwise: what is said of it. */
const seen = (
  customer: Omit<ReturnType<typeof office>, 'directory'> & Pick<Parameters<Takings['judge']>[0], 'directory'>,
  eachMs = hourMs,
  askedSince: (id: string) => number | null = () => null,
) => {
  let now = 100 * hourMs;
  const takings = takingsSeen(() => now, askedSince);
  takings.noteActive(target, { user: names.length, group: 2 });
  const judge = (effect: Effect, kind: 'create' | 'update', operation: Operation, cause: Cause) => {
    now += eachMs;
    return takings.judge(customer, effect, { kind }, { operation, cause });
  };
  const keyOf = (what: string) => operationKey(`${what} ${now}`);
  return {
    removes: (from: string, member: string, cause = causeOf('members')) => {
      now += eachMs;
      const operation: Operation = {
        key: keyOf(member),
        ref: group(sourceId(from)),
        action: 'remove_members',
        remoteId: remoteId(from),
        members: [{ ref: user(sourceId(member)), remoteId: remoteId(member) }],
      };
      const effect = { before: remote(from, { type: 'group', members: new Set([member]) }), after: remote(from) };
      return takings.judge(customer, effect, { kind: 'remove_members', members: [member] }, { operation, cause });
    },
    makes: (name: string) =>
      judge(
        { before: null, after: remote(name) },
        'create',
        { key: keyOf(name), ref: user(sourceId(name)), action: 'create', attributes: {} },
        causeOf('created'),
      ),
    changes: (name: string, after: Partial<Remote>) =>
      judge(
        { before: remote(name), after: remote(name, after) },
        'update',
        {
          key: keyOf(name),
          ref: user(sourceId(name)),
          action: 'update',
          remoteId: remoteId(name),
          attributes: {},
          before: {},
        },
        causeOf('updated'),
      ),
  };
};

describe('what a day takes from groups', () => {
  it('is held against the limit of the target, whichever groups it is taken from', () => {
    const { removes } = seen(office({ memberRemovals: most(2), memberRemovalsPerGroup: most(6) }));
    expect([...removes('staff', 'ann'), ...removes('board', 'ann')]).toEqual([]);
    expect(removes('board', 'bob')).toEqual(['memberRemovals 3 within a day, where 2 of 8 are allowed']);
  });

  it('is held against the limit of each group, by itself', () => {
    const { removes } = seen(office({ memberRemovals: most(6), memberRemovalsPerGroup: most(1) }));
    expect([...removes('staff', 'ann'), ...removes('board', 'ann')]).toEqual([]);
    expect(removes('board', 'bob')).toHaveLength(1);
  });

  it('goes by what one of two lifted a day later, and by what one lifts who decides alone at once', () => {
    const few = { memberRemovals: most(1), memberRemovalsPerGroup: most(6) };
    const liftedBy = (needed: Approvals) => {
      const before = office(few);
      const lifted = { at: 100 * hourMs, limits: { ...defaultLimits, ...few, memberRemovals: most(6) } };
      return seen({ ...before, limits: [...before.limits, lifted], approvals: approvedBy(needed) });
    };
    const removed = ({ removes }: ReturnType<typeof seen>) => ['ann', 'bob'].flatMap((name) => removes('staff', name));
    expect(removed(liftedBy(2))).toEqual(['memberRemovals 2 within a day, where 1 of 8 are allowed']);
    expect(removed(liftedBy(1))).toEqual([]);
  });

  it('is forgotten after a day', () => {
    const { removes } = seen(office({ memberRemovals: most(1) }), 25 * hourMs);
    expect(names.flatMap((name) => removes('staff', name))).toEqual([]);
  });

  it('is what leavers lose with the account only where they have left indeed', () => {
    const { removes } = seen(office({ memberRemovals: most(0) }, { ann: 'recycled', bob: 'disabled' }));
    expect(['ann', 'bob'].flatMap((name) => removes('staff', name, causeOf('leavers')))).toEqual([]);
    expect(removes('staff', 'cleo', causeOf('leavers'))).toHaveLength(1);
  });

  it('is what leavers lose only where they had left when the tenant was asked about them', () => {
    const before = office({ memberRemovals: most(0) }, { ann: 'disabled' });
    const { directory } = office({});
    const back = directory.history.map(({ truth }) => ({ at: 1_000, truth }));
    const customer = { ...before, directory: { history: [...before.directory.history, ...back] } };
    const askedAt = (at: number) => seen(customer, hourMs, () => at);
    expect(askedAt(500).removes('staff', 'ann', causeOf('leavers'))).toEqual([]);
    expect(askedAt(1_500).removes('staff', 'ann', causeOf('leavers'))).toHaveLength(1);
  });

  it('may be any number where a person approved it', () => {
    const { removes } = seen(office({ memberRemovals: most(0) }));
    expect(removes('staff', 'ann', causeOf('members', planId('pln_1')))).toEqual([]);
  });
});

describe('what a day makes and changes', () => {
  it('is held against the limits that there are', () => {
    const { makes, changes } = seen(office({ creates: most(1), updates: most(1) }));
    expect([...makes('ann'), ...changes('bob', { title: 'one' })]).toEqual([]);
    expect(makes('bob')).toEqual(['creates 2 within a day, where 1 of 8 are allowed']);
    expect(changes('cleo', { title: 'two' })).toEqual(['updates 2 within a day, where 1 of 8 are allowed']);
  });

  it('is not counted where there is no limit, and not where it names a manager alone or completes what the run made', () => {
    const open = seen(office({}));
    expect(names.flatMap((name) => [...open.makes(name), ...open.changes(name, { title: 'any' })])).toEqual([]);
    const { makes, changes } = seen(office({ updates: most(0) }));
    expect([...changes('ann', { manager: 'bob' }), ...makes('bob'), ...changes('bob', { title: 'any' })]).toEqual([]);
  });
});
