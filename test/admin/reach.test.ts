/** That no query can be written without a reach is a matter of types: the lines below are wrong, and `npm run check` fails on each that is not. */

import { describe, expect, it } from 'vitest';
import type { Commands } from '../../src/admin/commands.ts';
import type { Within } from '../../src/admin/reached.ts';
import type { Hall, OperatorRoom, Room } from '../../src/admin/room.ts';
import { type StoresWithin, storesWithin } from '../../src/admin/stores-within.ts';
import { narrowedTo, reachOf } from '../../src/core/access.ts';
import { newProvisionRun, newSyncRun } from '../../src/engine/request-runs.ts';
import type { Connection } from '../../src/model/connection.ts';
import { connectionId, organizationId, planId, runId, sourceId, targetId, webhookId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import type { Stores } from '../../src/store/stores.ts';

/** Ids as they stand in a request. */
const of = {
  organization: organizationId('acme'),
  connection: connectionId('con_1'),
  target: targetId('tgt_1'),
  run: runId('run_1'),
  plan: planId('pln_1'),
  webhook: webhookId('whk_1'),
};
const now = new Date(0);
const wanted = { id: of.run, mode: 'full', scope: null, dryRun: false, trigger: 'api', at: now } as const;
/** Records as the stores have them, which anybody could have looked up. */
type Kept = { readonly connection: Connection; readonly target: TargetRecord; readonly plan: Plan };

/** Never called: these must not compile. */
const wrong = {
  commands: (commands: Commands) => {
    // @ts-expect-error: before it is known who calls, there are no connections
    commands.getConnection(of.connection);
    // @ts-expect-error: whoever calls names no organizations of their own choice
    commands.within({ organizations: [of.organization] });
    // @ts-expect-error: nor are they the operator because they say so
    commands.within({ organizations: null });
    const within = commands.within(reachOf({ organizations: [of.organization] }));
    // @ts-expect-error: keys are made by the operator
    within.createApiKey;
    // @ts-expect-error: who may not be there
    within.ofOperator.listApiKeys(null, 1);
  },

  stores: (stores: Stores, within: StoresWithin) => {
    // @ts-expect-error: without a reach there are none
    storesWithin(stores);
    // @ts-expect-error: all of them are no stores within a reach
    const all: StoresWithin = stores;
    return [all, within];
  },

  ids: ({ stores }: Room) => {
    // @ts-expect-error: an id of a request opens nothing
    stores.connections.secrets(of.connection);
    // @ts-expect-error
    stores.connections.edit(of.connection, 1, {});
    // @ts-expect-error
    stores.targets.of(of.connection);
    // @ts-expect-error
    stores.targets.secrets({ id: of.target, settings: {} });
    // @ts-expect-error
    stores.targets.edit(of.target, 1, {});
    // @ts-expect-error
    stores.targets.hold(of.target, null);
    // @ts-expect-error
    stores.runs.cancel(of.run, now);
    // @ts-expect-error
    stores.plans.decide(of.plan, 'approved', { by: 'x', reason: 'x', at: now });
    // @ts-expect-error
    stores.plans.operations({ target: of.target, id: of.plan }, {}, null, 1);
    // @ts-expect-error
    stores.webhooks.secrets(of.webhook);
    // @ts-expect-error
    stores.webhooks.edit(of.webhook, 1, {});
    // @ts-expect-error
    stores.webhooks.remove(of.webhook);
    // @ts-expect-error
    stores.deliveries.log(of.webhook, null, 1);
    // @ts-expect-error
    stores.events.newest(of.organization);
    // @ts-expect-error
    stores.snapshots.head(of.connection);
    // @ts-expect-error
    stores.snapshots.members(of.connection, sourceId('x'));
    // @ts-expect-error
    stores.ledger.escrows(of.target, null, 1);
    // @ts-expect-error
    stores.ledger.entries(of.target, of.run, null, 1);
    // @ts-expect-error
    stores.discrepancies.get(of.run);
    // @ts-expect-error
    stores.subscriptions.want(of.connection, true);
    // @ts-expect-error
    stores.setupLinks.close(of.connection);
    const consent = {
      digest: '',
      connection: of.connection,
      expiresAt: now,
      returnUrl: null,
      sharedTenant: false,
    } as const;
    // @ts-expect-error
    stores.consents.open({ ...consent, step: { kind: 'consent' } });
  },

  records: ({ stores, engine }: Room, { connection, target, plan }: Kept) => {
    // @ts-expect-error: nor does a record that was not looked up within the reach
    stores.connections.add(connection, {});
    // @ts-expect-error
    stores.targets.add(target, {});
    // @ts-expect-error
    stores.runs.request(newSyncRun(connection, wanted));
    // @ts-expect-error
    stores.runs.request(newProvisionRun(target, null, wanted));
    // @ts-expect-error: and the engine, which knows no reach, is not asked with it
    engine.explainPerson(connection, [], 'x', false);
    // @ts-expect-error
    engine.keptOf(connection, sourceId('x'));
    // @ts-expect-error
    engine.unseenIn(target);
    // @ts-expect-error
    engine.movedSince(plan, target);
  },

  everything: (room: Room, hall: Hall) => {
    // @ts-expect-error: what goes over all organizations is not there
    room.stores.connections.all();
    // @ts-expect-error
    room.stores.apiKeys;
    // @ts-expect-error
    room.stores.installation;
    // @ts-expect-error: a reach may be limited
    room.operator.allConnections();
    // @ts-expect-error
    room.engine.declareRestore(room.reach, { by: 'x', reason: 'x' });
    // @ts-expect-error: nor is it in the hall
    hall.stores.connections;
    // @ts-expect-error: where a room is opened by what somebody proved, and by no id of a request
    hall.roomOf(of.connection);
  },
};

/** Never called either: what was handed out opens the rest. */
const right = async (room: Room, operator: OperatorRoom): Promise<unknown> => {
  const connection: Within<Connection> | null = await room.stores.connections.get(of.connection);
  if (connection === null) return null;
  const [target] = await room.stores.targets.of(connection.id);
  await room.stores.runs.request(newSyncRun(connection, wanted));
  if (target !== undefined) await room.stores.runs.request(newProvisionRun(target, null, wanted));
  await operator.engine.declareRestore(operator.reach, { by: 'x', reason: 'x' });
  return [await room.stores.snapshots.head(connection.id), await room.engine.explainPerson(connection, [], 'x', false)];
};

describe('a reach', () => {
  it('is needed for every query, by type', () => {
    expect([wrong, right]).toHaveLength(2);
  });

  it('narrows what is asked for, and is never widened by it', () => {
    const [acme, contoso] = [organizationId('acme'), organizationId('contoso')];
    const limited = reachOf({ organizations: [acme] });
    expect(narrowedTo(limited, undefined)).toEqual({ organizations: [acme] });
    expect(narrowedTo(limited, acme)).toEqual({ organizations: [acme] });
    expect(narrowedTo(limited, contoso)).toEqual({ organizations: [] });
    expect(narrowedTo(reachOf({ organizations: [] }), undefined)).toEqual({ organizations: [] });
    expect(narrowedTo(reachOf({ organizations: null }), undefined)).toEqual({});
    expect(narrowedTo(reachOf({ organizations: null }), contoso)).toEqual({ organizations: [contoso] });
  });
});
