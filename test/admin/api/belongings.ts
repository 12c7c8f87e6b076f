/** What an organization has: one of each kind, by the name of the parameter that takes it. */

import { connectionId, organizationId, planId, runId, targetId } from '../../../src/model/ids.ts';
import { newId } from '../../../src/store/ids.ts';
import { aPlan } from '../../support/plan-world.ts';
import { addConnection, addTarget, type Door, idOf } from './door.ts';
import { lease, nth } from './stores.ts';

export type Belongings = Readonly<Record<string, string>>;

export const belongingsOf = async (door: Door, organization: string): Promise<Belongings> => {
  const connection = await addConnection(door, { organization_id: organization });
  const target = await addTarget(door, connection);
  const run = await door.call('POST', `/v1/targets/${target}/provision`, { body: {} });
  const webhook = { organization_id: organization, url: 'https://hooks.example' };
  return {
    ...nothing,
    connection_id: connection,
    target_id: target,
    run_id: idOf(run),
    plan_id: await waitingPlan(door, organization, connection, target),
    webhook_id: idOf(await door.call('POST', '/v1/webhooks', { body: webhook })),
    event_id: await anEvent(door, organization, connection),
  };
};

/** Well-formed, and nobody's. */
export const nothing: Belongings = {
  connection_id: `con_${'0'.repeat(32)}`,
  target_id: `tgt_${'0'.repeat(32)}`,
  run_id: `run_${'0'.repeat(32)}`,
  plan_id: `pln_${'0'.repeat(32)}`,
  webhook_id: `whk_${'0'.repeat(32)}`,
  event_id: `evt_${'0'.repeat(32)}`,
  api_key_id: `key_${'0'.repeat(32)}`,
  session_id: `ses_${'0'.repeat(32)}`,
  group_id: nth(900),
  object_id: nth(1),
};

/** What an address has to ask to be well-formed, by operation. */
export const queries: Readonly<Record<string, string>> = { explainById: `?person=${nth(1)}` };

/** One that waits for a person. */
const waitingPlan = async (door: Door, organization: string, connection: string, target: string): Promise<string> => {
  const held = await lease(door.stores, targetId(target));
  const plan = aPlan(targetId(target), {
    id: planId(newId('pln')),
    run: runId(newId('run')),
    connection: connectionId(connection),
    organization: organizationId(organization),
  });
  await door.stores.plans.add(held, plan);
  await door.stores.leases.release(held);
  return plan.id;
};

/** One that its webhooks are told. */
const anEvent = async ({ stores, clock }: Door, organization: string, connection: string): Promise<string> => {
  const of = organizationId(organization);
  const about = {
    type: 'connection.degraded',
    status: 'blocked',
    code: 'AADSTS7000215',
    owner: 'customer_it',
  } as const;
  const event = { key: connection, organization: of, connection: connectionId(connection), at: clock.now, about };
  await stores.events.record([event]);
  const [recorded] = await stores.events.after(of, 0, 1);
  return recorded?.id ?? '';
};

/** Everything that calls may write, but for what was written down of them. */
export const everythingIn = async ({ stores, woken }: Door): Promise<string> => {
  const connections = (await stores.connections.list({}, null, 100)).items;
  const targets = (await Promise.all(connections.map(({ id }) => stores.targets.of(id)))).flat();
  const webhooks = (await stores.webhooks.list({}, null, 100)).items;
  return JSON.stringify([
    connections,
    targets,
    webhooks,
    (await stores.runs.list({}, null, 100)).items,
    (await stores.plans.list({}, null, 100)).items,
    (await stores.apiKeys.list(null, 1_000)).items.map(({ id, revokedAt }) => [id, revokedAt]),
    await stores.installation.restores(),
    await Promise.all(connections.map(({ id }) => stores.connections.secrets(id).then(Object.entries))),
    await Promise.all(targets.map((target) => stores.targets.secrets(target).then(Object.entries))),
    await Promise.all(webhooks.map(({ id }) => stores.webhooks.secrets(id).then(Object.entries))),
    await Promise.all(connections.map(({ id }) => stores.subscriptions.of(id))),
    await Promise.all(connections.map(({ id }) => stores.setupLinks.find(id))),
    await Promise.all(webhooks.map(({ id }) => stores.deliveries.log(id, null, 100))),
    await Promise.all(targets.map(({ id }) => stores.ledger.escrows(id, null, 100))),
    woken,
  ]);
};
