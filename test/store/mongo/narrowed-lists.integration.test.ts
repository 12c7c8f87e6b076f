/** Lists that are narrowed to organizations are found by an index and in its order, whatever else the others have. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { organizationId, targetId } from '../../../src/model/ids.ts';
import type { Mongo } from '../../../src/store/mongo/connect.ts';
import { createMongoStores } from '../../../src/store/mongo/index.ts';
import type { Stores } from '../../../src/store/stores.ts';
import { createVault } from '../../../src/store/vault.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { plansOf } from '../../support/query-plans.ts';

const acme = organizationId('acme');
const contoso = organizationId('contoso');
const fabrikam = organizationId('fabrikam');
const others = organizationId('others');
/** Two have a little among the much that others have; one has much, of which little is of one target. */
const owners: readonly (readonly [organization: string, target: string])[] = [
  ...Array.from({ length: 200 }, () => [others, 'tgt_3'] as const),
  ...[acme, contoso, acme, contoso].map((one) => [one, 'tgt_4'] as const),
  ...Array.from({ length: 200 }, (_, nth) => [fabrikam, nth % 100 === 0 ? 'tgt_1' : 'tgt_2'] as const),
  ...Array.from({ length: 200 }, () => [others, 'tgt_3'] as const),
];
const byName = (nth: number): string => `id_${String(nth).padStart(4, '0')}`;
const kept = {
  connections: { collection: 'connections', idOf: byName },
  webhooks: { collection: 'webhooks', idOf: byName },
  plans: { collection: 'plans', idOf: byName },
  runs: { collection: 'runs', idOf: byName },
  audit: { collection: 'audit_entries', idOf: (nth: number) => nth + 1 },
} as const;
const kinds = ['connections', 'webhooks', 'plans', 'runs', 'audit'] as const;

let mongo: Mongo;
let close: () => Promise<void>;
let stores: Stores;
beforeAll(async () => {
  ({ mongo, close } = await openTestMongo());
  stores = createMongoStores(mongo, { vault: createVault(randomBytes(32)), now: () => new Date() });
  for (const { collection, idOf } of Object.values(kept))
    await mongo.db.collection<{ readonly _id: string | number }>(collection).insertMany(
      owners.map(([organization, target], nth) => {
        const _id = idOf(nth);
        return { _id, organization, target, slot: String(_id) };
      }),
    );
});
afterAll(() => close());

/** By this index alone, which has them in the order of the list already. */
const expectByIndex = async (index: string, look: () => Promise<unknown>): Promise<void> => {
  const { plans } = await plansOf(mongo, look);
  expect(plans).toHaveLength(1);
  for (const { stages, indexes } of plans) {
    expect(indexes).toEqual([index]);
    for (const costly of ['COLLSCAN', 'SORT']) expect(stages).not.toContain(costly);
  }
};

it.each(kinds)('%s, of one organization and of several', async (list) => {
  for (const organizations of [[acme], [acme, contoso]])
    for (const after of [null, String(kept[list].idOf(owners.length - 300))])
      await expectByIndex('organization_1__id_1', () => stores[list].list({ organizations }, after, 10));
});

it.each(['plans', 'runs'] as const)('%s of one target, narrowed to organizations as well', async (list) => {
  const filter = { target: targetId('tgt_1'), organizations: [fabrikam] };
  await expectByIndex('target_1__id_1', () => stores[list].list(filter, null, 10));
});
