import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { connectionId, type SourceId } from '../../src/model/ids.ts';
import { scopeKey } from '../../src/model/scope.ts';
import type { SourceObject } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { aGroup, idOf, now, person, team } from '../core/builders.ts';
import type { Truth } from './directory.ts';
import { type Shrinking, shrinksSeen } from './judge-shrink.ts';

const id = connectionId('con_1');
const names = ['ann', 'bob', 'cid', 'dan'];
const titled = (name: string): SourceObject => person(name, { jobTitle: 'clerk' });
const created = (after: SourceObject): Change => ({ kind: 'created', after });
const lost = (name: string): Change => ({ kind: 'removed', before: titled(name), why: 'missing' });
const untitled = (name: string): Change => ({ kind: 'updated', before: titled(name), after: person(name) });
const leaves = (...members: readonly string[]): Change => ({
  kind: 'members',
  group: aGroup('staff'),
  added: [],
  removed: members.map((name) => person(name).ref),
});
const truth: Truth = {
  people: new Map(
    names.map((name) => [
      name,
      {
        ...{ id: name, userPrincipalName: name, displayName: name },
        ...{ standing: 'enabled', jobTitle: null, department: null, manager: null },
      },
    ]),
  ),
  groups: new Map([
    ['staff', { id: 'staff', standing: 'there', displayName: 'Staff', members: new Set(['ann', 'bob']) }],
  ]),
};
const customer: Shrinking = {
  connection: { id, shrinkLimit: { count: 500, percent: 5, floor: 1 } },
  directory: { history: [{ at: 0, truth }] },
};

/** What the judge says of a read that changed this in a tenant of four people, two of whom are staff. */
const saidOf = async (changes: readonly Change[], acceptShrink: unknown = null): Promise<readonly string[]> => {
  const vault = { seal: never, open: never, renew: never, keyOf: () => null, keys: never };
  const { leases, snapshots } = createMemoryStores({ now: () => now, vault });
  const lease = await leases.take(id, 'w', 60_000);
  if (!('fence' in lease)) throw new Error('The lease is taken.');
  const shrinks = shrinksSeen(
    () => 0,
    () => [customer],
  );
  const scope = scopeKey({ kind: 'groups', groups: [idOf('staff') satisfies SourceId], nested: false });
  const end = { watermark: null, counts: { user: 4, group: 1 }, full: true, scope };
  const read = async (recorded: readonly Change[]): Promise<readonly string[]> => {
    const draft = await snapshots.begin(lease, 'any');
    await draft.record(recorded);
    shrinks.judge('draft.record', [recorded, draft], undefined);
    const head = await draft.commit(end);
    return shrinks.judge('draft.commit', [end, draft], head);
  };
  const joins: Change = {
    kind: 'members',
    group: aGroup('staff'),
    added: ['ann', 'bob'].map((name) => person(name).ref),
    removed: [],
  };
  await read([...names.map(titled).map(created), created(team('staff')), joins]);
  shrinks.judge('runs.start', [], { kind: 'sync', connection: id, acceptShrink });
  return read(changes);
};
const never = async (): Promise<never> => {
  throw new Error('There are no secrets here.');
};

describe('a read that loses much', () => {
  it('of people is not to be kept, but where somebody accepted that', async () => {
    expect(await saidOf([lost('ann'), lost('bob')])).toEqual([expect.stringContaining('2 of 4 users are missing')]);
    expect(await saidOf([lost('ann'), lost('bob')], { missing: {} })).toEqual([]);
    expect(await saidOf([lost('ann')])).toEqual([]);
  });

  it('of people whom the tenant says to have left is as it should be', async () => {
    const gone = names.map((name): Change => ({ kind: 'removed', before: titled(name), why: 'deleted' }));
    expect(await saidOf(gone)).toEqual([]);
  });

  it('of values is not to be kept either', async () => {
    expect(await saidOf([untitled('ann'), untitled('bob')])).toEqual([expect.stringContaining('user jobTitle')]);
    expect(await saidOf([untitled('ann')])).toEqual([]);
  });

  it('nor one in which nobody is in a group of the scope any more', async () => {
    expect(await saidOf([leaves('ann', 'bob')])).toEqual([expect.stringContaining('nobody is in staff')]);
    expect(await saidOf([leaves('ann')])).toEqual([]);
  });

  it('of whom some are missing, and did not leave it', async () => {
    expect(await saidOf([lost('ann'), leaves('ann', 'bob')])).toEqual([]);
  });
});
