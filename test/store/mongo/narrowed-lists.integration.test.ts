/** Lists that are narrowed to organizations are found by an index and in its order, whatever else the others have. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { organizationId, targetId } from '../../../src/model/ids.ts';
import type { Mongo } from '../../../src/store/mongo/connect.ts';
import { createMongoStores } from '../../../src/store/mongo/index.ts';
import type { Stores } from '../../../src/store/stores.ts';
import { createVault } from '../../../src/store/vault.ts';
import { openTestMongo } from '../../support/mongo.ts';

let mongo: Mongo;
let close: () => Promise<void>;
let stores: Stores;
beforeAll(async () => {
  ({ mongo, close } = await openTestMongo());
  stores = createMongoStores(mongo, { vault: createVault(randomBytes(32)), now: () => new Date() });
});
afterAll(() => close());

/** The stages of the plan that is taken for the one query that a look sends. */
const stagesOf = async (look: () => Promise<unknown>): Promise<readonly string[]> => {
  const asked: object[] = [];
  const client = mongo.connection.getClient();
  const note = ({ commandName, command }: { readonly commandName: string; readonly command: object }): void => {
    if (commandName === 'find') asked.push(command);
  };
  client.on('commandStarted', note);
  await look();
  client.off('commandStarted', note);
  expect(asked).toHaveLength(1);
  const { find, filter, sort, limit } = Object(asked[0]);
  const explain = { find, filter, sort, limit };
  const { queryPlanner } = await mongo.db.command({ explain, verbosity: 'queryPlanner' });
  return [...JSON.stringify(queryPlanner.winningPlan).matchAll(/"stage":"(\w+)"/g)].map(([, stage = '']) => stage);
};

const expectByIndex = (stages: readonly string[]): void => {
  expect(stages).toContain('IXSCAN');
  for (const costly of ['COLLSCAN', 'SORT']) expect(stages).not.toContain(costly);
};

const [acme, contoso] = [organizationId('acme'), organizationId('contoso')];
const kinds = ['connections', 'webhooks', 'plans', 'runs', 'audit'] as const;

it.each(kinds)('%s, of one organization and of several', async (kept) => {
  for (const organizations of [[acme], [acme, contoso]])
    for (const after of [null, kept === 'audit' ? '7' : 'x'])
      expectByIndex(await stagesOf(() => stores[kept].list({ organizations }, after, 10)));
});

it.each(['plans', 'runs'] as const)('%s of one target, narrowed to organizations as well', async (kept) => {
  const filter = { target: targetId('tgt_1'), organizations: [acme] };
  expectByIndex(await stagesOf(() => stores[kept].list(filter, null, 10)));
});
