// Whatever workers do, in whatever order, dying or coming back late at any write: the snapshot in MongoDB holds what the
// one in memory holds, whose every step is trivially whole.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StaleFence } from '../../../src/model/errors.ts';
import type { ConnectionId } from '../../../src/model/ids.ts';
import { group, type Ref, user } from '../../../src/model/source-object.ts';
import type { Leases } from '../../../src/store/leases.ts';
import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { createMemorySnapshotStore } from '../../../src/store/memory/snapshot-store.ts';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { createMongoSnapshotStore } from '../../../src/store/mongo/snapshot-store.ts';
import type { Batch, Draft, MembersPatch, SnapshotStore } from '../../../src/store/snapshot-store.ts';
import {
  all,
  at,
  everything,
  everythingIn,
  id,
  losing,
  newConnection,
  person,
  type Site,
  sites,
  start,
  users,
} from '../../contract/snapshot-world.ts';
import { freshDatabase } from '../../support/fresh.ts';

class Died extends Error {}

/** One implementation with the drafts that were opened on it, the newest last; null are those nobody works on any more. */
type Side = {
  readonly snapshots: SnapshotStore;
  readonly leases: Leases;
  readonly drafts: (Draft | null)[];
  /** What happens at the writes of the step that is being taken. */
  at: ((site: string) => Promise<void>) | null;
};

/** As Entra names them, and as another source might. */
const names = ['ann', '8d7a0c5e-3c1f-4a86-9f0e-0f6a3b9f1c01', 'cid', '0b2d44a1-95c7-4c1f-8a4e-77aa5c2e9d02'];
const groups = ['staff', '5f0e9a77-6f0b-4b0c-b1de-3a51b7c4ee03'];
const ref: fc.Arbitrary<Ref> = fc.oneof(
  fc.constantFrom(...names).map((name) => user(id(name))),
  fc.constantFrom(...groups).map((name) => group(id(name))),
);
const objects: fc.Arbitrary<Batch['objects']> = fc
  .array(
    fc.record({
      ref,
      next: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('x', 'y', 'z') },
        { weight: 1, arbitrary: fc.constantFrom({ gone: 'deleted' } as const, { gone: 'missing' } as const) },
      ),
    }),
    { maxLength: 5 },
  )
  .map((all) =>
    all.map((each) => ({
      ref: each.ref,
      next: typeof each.next === 'string' ? { ref: each.ref, attributes: { title: each.next } } : each.next,
    })),
  );
const few = fc.subarray(names).map((some) => users(...some));
/** Enough of them to be spread over several buckets, or gathered in one again. */
const crowd = fc
  .constantFrom(0, 3, 900, 1_300, 4_000)
  .map((size) => users(...Array.from({ length: size }, (_, n) => `n${n}`)));
const patch: fc.Arbitrary<MembersPatch> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ group: fc.constantFrom(...groups).map(id), whole: few }) },
  { weight: 5, arbitrary: fc.record({ group: fc.constantFrom(...groups).map(id), added: few, removed: few }) },
  { weight: 1, arbitrary: fc.record({ group: fc.constant(id('staff')), whole: crowd }) },
  { weight: 1, arbitrary: fc.record({ group: fc.constant(id('staff')), added: crowd, removed: few }) },
);
const batch: fc.Arbitrary<Batch> = fc.record({
  objects,
  members: fc.array(patch, { maxLength: 2 }),
  seen: fc.array(ref, { maxLength: 3 }),
  resume: fc.option(fc.integer({ min: 1, max: 99 }).map((page) => at(`page ${page}`))),
});

type Fate = { readonly dies?: Site; readonly overtaken?: Site };
/**
 * `draft`: 0 is the newest one, 1 the one before. `dies`: at which of its writes the worker dies. `overtaken`: at which of them another one takes the
 * lease and opens a draft, before the first goes on.
 */
const site = fc.constantFrom(...sites);
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ dies: site }) },
  { weight: 1, arbitrary: fc.record({ overtaken: site }) },
);
const draft = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('begin' as const), signature: fc.constantFrom('a', 'a', 'a', 'b') }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), batch, draft, fate }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('record' as const), draft }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const), draft, fate, full: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), draft }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let mongo: Mongo;
beforeAll(async () => {
  mongo = await openMongo(freshDatabase().uri);
  await migrate(mongo);
});
afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

const bothSides = (): readonly [Side, Side] => {
  const now = () => start;
  const probeOf = (side: () => Side) => async (passed: string) => side().at?.(passed);
  const memoryLeases = createMemoryLeases(now);
  const memory: Side = {
    snapshots: createMemorySnapshotStore({ fenceOf: memoryLeases.fenceOf, now, probe: probeOf(() => memory) }),
    leases: memoryLeases,
    drafts: [],
    at: null,
  };
  const inMongo: Side = {
    snapshots: createMongoSnapshotStore(mongo.db, { now, probe: probeOf(() => inMongo) }),
    leases: createMongoLeases(mongo.db, now),
    drafts: [],
    at: null,
  };
  return [memory, inMongo];
};

/** What came of a step: done, the worker died, or it was refused because it came late. */
const take = async (side: Side, connection: ConnectionId, step: Step): Promise<string> => {
  if (step.do === 'begin') return begin(side, connection, step.signature);
  const of = side.drafts.at(-1 - step.draft);
  if (!of) return 'nothing to do';
  // A worker that comes late is told so at one write or another, so only the one in time meets a fate at a certain one.
  side.at = 'fate' in step && step.draft === 0 ? suffer(side, connection, step.fate) : null;
  try {
    await carryOut(of, step);
    if (step.do === 'put' || step.do === 'record') return 'done';
  } catch (error) {
    if (!(error instanceof Died || error instanceof StaleFence)) throw error;
    // Nobody works on with a draft whose write failed: that worker is dead, or has been told that it came late.
    side.drafts[side.drafts.indexOf(of)] = null;
    return error instanceof Died ? 'died' : 'late';
  } finally {
    side.at = null;
  }
  side.drafts[side.drafts.indexOf(of)] = null;
  return 'closed';
};

const begin = async (side: Side, connection: ConnectionId, signature: string): Promise<string> => {
  const lease = await side.leases.take(connection, 'worker', 30_000);
  if ('busyUntil' in lease) throw new Error('The lease is busy.');
  const opened = await side.snapshots.begin(lease, signature);
  side.drafts.push(opened);
  return `continued from ${opened.resume}`;
};

const suffer =
  (side: Side, connection: ConnectionId, { dies, overtaken }: Fate) =>
  async (passed: string) => {
    if (passed === dies) throw new Died();
    if (passed !== overtaken) return;
    side.at = null;
    await begin(side, connection, 'a');
  };

const carryOut = async (of: Draft, step: Exclude<Step, { do: 'begin' }>): Promise<void> => {
  if (step.do === 'put') await of.put(step.batch);
  if (step.do === 'record') await of.record([{ kind: 'created', after: person('ann') }]);
  if (step.do === 'commit') await commit(of, step.full);
  if (step.do === 'discard') await of.discard();
};

/** As a run ends. */
const commit = async (of: Draft, full: boolean): Promise<void> => {
  const unseen = full ? await all(of.unseen()) : [];
  const missing = unseen.map(({ ref }) => ref).sort((a, b) => (a.id < b.id ? -1 : 1));
  if (missing.length > 0) await of.put(losing(missing, 'missing'));
  const counts = { user: (await all(of.scan('user'))).length, group: (await all(of.scan('group'))).length };
  await of.commit({ watermark: null, counts, full });
};

/** What a draft says is held must be so; it need not say it of everybody. */
const held = async (of: Draft): Promise<readonly string[]> => {
  const shown = [...names.map((name) => user(id(name))), ...groups.map((name) => group(id(name)))].flatMap((ref) =>
    ['x', 'y', 'z'].map((title) => ({ ref, attributes: { title } })),
  );
  const said = await Promise.all(shown.map(async (one) => (await of.holds([one])).size > 0));
  return shown
    .filter((_, place) => said[place])
    .map(({ ref, attributes }) => `${ref.type} ${ref.id} ${attributes.title}`);
};

it('holds what the one in memory holds, whatever happens', async () => {
  const runs = Number(process.env['SNAPSHOT_MODEL_RUNS'] ?? 25);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async (steps) => {
      const connection = newConnection();
      const [memory, inMongo] = bothSides();
      for (const each of steps) {
        expect(await take(inMongo, connection, each)).toBe(await take(memory, connection, each));
        expect(await everything(inMongo, connection)).toEqual(await everything(memory, connection));
        const [ours, theirs] = [inMongo.drafts.at(-1), memory.drafts.at(-1)];
        if (!ours || !theirs) continue;
        expect(await everythingIn(ours)).toEqual(await everythingIn(theirs));
        expect(await held(theirs)).toEqual(expect.arrayContaining([...(await held(ours))]));
      }
    }),
    { numRuns: runs },
  );
}, 600_000);
