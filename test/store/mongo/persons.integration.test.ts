/** Whoever is looked for in what is kept is looked for by an index, and in so many documents at once, however large the tenant is. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectionId, sourceId, type TargetId, targetId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import type { Ref } from '../../../src/model/source-object.ts';
import { createChanges } from '../../../src/store/mongo/changes.ts';
import type { Mongo } from '../../../src/store/mongo/connect.ts';
import { createIntents } from '../../../src/store/mongo/intents.ts';
import { createPlanOperations } from '../../../src/store/mongo/plan-operations.ts';
import { createVersions } from '../../../src/store/mongo/versions.ts';
import { all } from '../../support/ledger-world.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { aGroup, creates, intents, linked, people, updates } from '../../support/operations.ts';
import { aPlanId, staged } from '../../support/plan-world.ts';
import { plansOf } from '../../support/query-plans.ts';

const size = 40;
const at = new Date('2026-11-02T09:00:00.000Z');

let mongo: Mongo;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ mongo, close } = await openTestMongo());
});
afterAll(() => close());

/** What a search found, once no query of it went through more documents than a stretch has. */
const bounded = async <T>(search: () => Promise<T>): Promise<T> => {
  const { found, plans } = await plansOf(mongo, search);
  expect(plans.length).toBeGreaterThan(4);
  for (const { stages, looked } of plans) {
    expect(stages).not.toContain('COLLSCAN');
    expect(looked).toBeLessThanOrEqual(size);
  }
  return found;
};
const leaseOf = <Key extends TargetId>(key: Key) => ({ key, owner: 'a worker', fence: 1 }) as const;

const addsMembersOf = (ref: Ref): Operation => {
  const { remoteId } = linked(ref);
  return { key: creates(ref).key, ref: aGroup(), action: 'add_members', remoteId, members: [{ ref, remoteId }] };
};

it('in the operations of a target', async () => {
  const operations = createIntents(mongo.db, () => at, size);
  const lease = leaseOf(targetId('tgt_operations'));
  const [ann] = people(1);
  const made = [creates(ann), ...people(149).map(creates), updates(ann), addsMembersOf(ann)];
  await operations.add(lease, intents(made));
  const about = await bounded(() => all(operations.about(lease.key, ann.id)));
  expect(about.map(({ operation }) => operation.action)).toEqual(['create', 'update', 'add_members']);
  await operations.forget(lease.key, ann.id);
  expect(await all(operations.about(lease.key, ann.id))).toEqual([]);
});

it('in the changes of a tenant', async () => {
  const connection = connectionId('con_changes');
  const versions = createVersions(mongo.db);
  const changes = createChanges(mongo.db, versions, size);
  const [ann] = people(1);
  // What is inserted by itself is a document of its own.
  for (const [nth, ref] of [ann, ...people(119), ann].entries())
    await changes.insert(connection, 1, nth + 1, [{ kind: 'created', after: { ref, attributes: {} } }], at);
  const found = await bounded(() => all(changes.about(connection, ann.id, 1)));
  expect(found.map(({ sequence }) => sequence)).toEqual([1, 121]);
});

it('in what a plan holds of groups', async () => {
  const operations = createPlanOperations(mongo.db, () => at, size);
  const lease = leaseOf(targetId('tgt_plans'));
  const [ann, bob] = people(2);
  const plan = aPlanId();
  const ofBob = Array.from({ length: 130 }, () => addsMembersOf(bob));
  await operations.write(
    lease,
    plan,
    [addsMembersOf(ann), ...ofBob].map((one) => staged(one, 'add_members.1')),
  );
  const about = await bounded(() => all(operations.about(lease.key, ann.id)));
  expect(about).toHaveLength(1);
});

it('and an id that nobody has costs no more', async () => {
  const operations = createIntents(mongo.db, () => at, size);
  const nobody = sourceId('00000000-0000-4000-8000-000000000000');
  expect(await bounded(() => all(operations.about(targetId('tgt_operations'), nobody)))).toEqual([]);
});
