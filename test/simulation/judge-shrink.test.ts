import { describe, expect, it } from 'vitest';
import { type Change, refOf } from '../../src/model/change.ts';
import { connectionId, resume, type SourceId } from '../../src/model/ids.ts';
import { scopeKey } from '../../src/model/scope.ts';
import type { SourceObject } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Batch, Draft } from '../../src/store/snapshot-store.ts';
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
/** The same, with these in the group. */
const staffed = (...members: readonly string[]): Truth => ({
  ...truth,
  groups: new Map([...truth.groups].map(([name, group]) => [name, { ...group, members: new Set(members) }])),
});

const joins: Change = {
  kind: 'members',
  group: aGroup('staff'),
  added: ['ann', 'bob'].map((name) => person(name).ref),
  removed: [],
};
const everybody = [...names.map(titled).map(created), created(team('staff')), joins];

/** What a read was shown, that comes to these changes. */
const shown = (changes: readonly Change[]): Batch => ({
  objects: changes.flatMap((change) => {
    if (change.kind === 'members') return [];
    const next = change.kind === 'removed' ? { gone: change.why } : change.after;
    return [{ ref: refOf(change), next }];
  }),
  members: changes.flatMap((change) =>
    change.kind === 'members' ? [{ group: change.group.id, added: change.added, removed: change.removed }] : [],
  ),
  seen: [],
  resume: null,
});

/** The reads of a tenant of four people, two of whom are staff, of which the first has been committed. */
const judged = async (acceptShrink: unknown = null) => {
  const vault = { seal: never, open: never, renew: never, keyOf: () => null, keys: never };
  const { leases, snapshots } = createMemoryStores({ now: () => now, vault });
  const lease = await leases.take(id, 'w', 60_000);
  if (!('fence' in lease)) throw new Error('The lease is taken.');
  const history = [{ at: 0, truth }];
  const customer: Shrinking = {
    connection: { id, shrinkLimit: { count: 500, percent: 5, floor: 1 } },
    directory: { history },
  };
  let at = 0;
  const shrinks = shrinksSeen(
    () => at,
    () => [customer],
    snapshots,
  );
  const scope = scopeKey({ kind: 'groups', groups: [idOf('staff') satisfies SourceId], nested: false });
  const end = { watermark: null, counts: { user: 4, group: 1 }, full: true, scope };
  const begun = async (): Promise<Draft> => {
    const draft = await snapshots.begin(lease, 'any');
    shrinks.judge('snapshots.begin', [lease, 'any'], draft);
    return draft;
  };
  const staged = async (changes: readonly Change[]): Promise<Draft> => {
    const draft = await begun();
    await draft.put(shown(changes));
    await draft.record(changes);
    shrinks.judge('draft.record', [changes, draft], undefined);
    // Whatever is asked of a store takes until something else happens.
    await new Promise(setImmediate);
    return draft;
  };
  const read = async (changes: readonly Change[]): Promise<readonly string[]> => {
    const draft = await staged(changes);
    return shrinks.judge('draft.commit', [end, draft], await draft.commit(end));
  };
  await read(everybody);
  const starts = (accepts: unknown): void => {
    shrinks.judge('runs.start', [], { kind: 'sync', connection: id, acceptShrink: accepts });
  };
  starts(acceptShrink);
  return {
    read,
    staffIs: (...members: readonly string[]) => {
      at += 1;
      history.push({ at, truth: staffed(...members) });
    },
    /** As far as its first page. The next read goes on from there. */
    stops: async () => await (await begun()).put({ ...shown([]), resume: resume('after a page') }),
    /** Whoever committed it hears of that once another run has started. */
    heardLate: async (changes: readonly Change[]): Promise<readonly string[]> => {
      const draft = await staged(changes);
      const answer = await draft.commit(end);
      starts(null);
      await begun();
      return shrinks.judge('draft.commit', [end, draft], answer);
    },
    dropped: async (changes: readonly Change[]) => void (await staged(changes)),
    unheard: async (changes: readonly Change[]) => void (await (await staged(changes)).commit(end)),
    forget: shrinks.forget,
  };
};

/** What the judge says of a read that changed this. */
const saidOf = async (changes: readonly Change[], acceptShrink: unknown = null): Promise<readonly string[]> =>
  (await judged(acceptShrink)).read(changes);
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

  it('nor one in which most left a group of the scope, though somebody else in it is missing', async () => {
    const { read } = await judged();
    expect(await read([{ ...joins, added: ['cid', 'dan'].map((name) => person(name).ref) }])).toEqual([]);
    expect(await read([lost('ann'), leaves(...names)])).toEqual([
      expect.stringContaining('3 of 4 are not in staff any more'),
    ]);
  });

  it('of whom somebody who could not be read was in it as long as it was read', async () => {
    const { read, staffIs, stops } = await judged();
    staffIs('ann', 'bob', 'eve');
    staffIs('eve');
    await stops();
    staffIs();
    expect(await read([leaves('ann', 'bob')])).toEqual([]);
    const other = await judged();
    other.staffIs('eve');
    await other.stops();
    other.staffIs();
    expect(await other.heardLate([leaves('ann', 'bob')])).toEqual([]);
  });

  it('nor one in which nobody is in a group of the scope any more, because also who could not be read had left before', async () => {
    const { read, staffIs, stops } = await judged();
    staffIs('ann', 'bob', 'eve');
    staffIs();
    await stops();
    expect(await read([leaves('ann', 'bob')])).toEqual([expect.stringContaining('nobody is in staff')]);
  });

  it('is kept as it was accepted also where whoever committed it hears of that once the next run has started', async () => {
    const much = [lost('ann'), lost('bob')];
    expect(await (await judged({ missing: {} })).heardLate(much)).toEqual([]);
    expect(await (await judged()).heardLate(much)).toEqual([expect.stringContaining('2 of 4 users are missing')]);
  });

  it('is found also after one that broke off, one of whose commit nobody heard, and a restore', async () => {
    const isLost = [expect.stringContaining('2 of 4 users are missing')];
    const much = [lost('ann'), lost('bob')];
    const { dropped, read } = await judged();
    await dropped([untitled('ann')]);
    expect(await read(much)).toEqual(isLost);
    const other = await judged();
    await other.unheard([untitled('ann'), lost('dan')]);
    expect(await other.read(much)).toEqual([expect.stringContaining('2 of 3 users are missing')]);
    const third = await judged();
    third.forget();
    expect(await third.read(much)).toEqual(isLost);
  });
});
