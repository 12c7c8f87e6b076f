/** Somebody whose every trace can be told from everybody else's, through all that can happen to a person here. */

import { beginTelling } from '../../src/engine/relay-events.ts';
import { newSyncRun } from '../../src/engine/request-runs.ts';
import { organizationId, runId, type SourceId, sourceId, webhookId } from '../../src/model/ids.ts';
import { noCounters } from '../../src/model/run.ts';
import { user } from '../../src/model/source-object.ts';
import { lease } from '../admin/api/stores.ts';
import { relayAll } from './relaying.ts';
import { connection, id, type Story, target } from './story.ts';

export const canary: SourceId = sourceId(id('canary'));
const organization = organizationId('org_story');
export const dayMs = 86_400_000;

/** They came, changed, joined a group, drifted, failed, were waited for, and left; a day later nothing is under way any more. */
export const lifeOf = async (s: Story): Promise<void> => {
  const { stores } = s;
  await beginTelling(stores, organization);
  await stores.deliveries.start(webhookId('whk_1'), organization, 0);
  const hook = { id: webhookId('whk_1'), organization, url: 'https://desk.example/', description: null, events: null };
  const at = { createdAt: s.now(), updatedAt: s.now(), revision: 1 };
  await stores.webhooks.add({ ...hook, state: 'active', problem: null, oldSecretUntil: null, ...at }, {});

  for (const name of ['anna', 'bob', 'cora', 'canary']) s.hire(name, { jobTitle: `job of ${name}` });
  s.found('staff');
  for (const name of ['anna', 'canary']) s.directory.join(id('staff'), id(name));
  await s.full();
  s.hire('canary', { jobTitle: 'canary of the mine', employeeId: 'canary-7' });
  s.hire('anna', { jobTitle: 'queen' });
  await s.delta({ dryRun: true });
  await s.commands.rejectPlan((await s.newestPlan()).id, { by: 'anna', reason: 'Later.' });
  await s.provision();
  s.directory.leave(id('staff'), id('canary'));
  await s.delta();
  s.directory.join(id('staff'), id('canary'));
  s.directory.join(id('staff'), id('bob'));
  await s.delta();

  const account = s.account('canary');
  if (account === undefined) throw new Error('They have no account.');
  s.remote.objects.set(account.remoteId, {
    ...account,
    attributes: { ...account.attributes, title: 'canary by hand' },
  });
  const found = await s.reconcile();
  if ((await s.discrepancies(found)).length === 0) throw new Error('Nothing was found.');

  s.directory.remove(id('canary'), 'deleted');
  await s.delta();

  const held = await lease(stores, target);
  await stores.ledger.escrow(held, [{ ref: user(canary), reason: 'target_rejected', detail: 'canary is taken' }]);
  await stores.ledger.wait(held, [
    { owner: user(sourceId(id('bob'))), path: 'manager', to: canary, want: 'add' },
    { owner: user(canary), path: 'manager', to: sourceId(id('bob')), want: 'add' },
  ]);
  await stores.ledger.noteGuarded(held, new Map([[sourceId(id('staff')), [user(canary), user(sourceId(id('anna')))]]]));
  await stores.discrepancies.see(held, runId('run_that_broke_off'), { type: 'user', nth: 1 }, [account.remoteId]);
  await stores.leases.release(held);
  await beMissed(s);
  await beLookedAt(s);

  await relayAll(stores);
  s.pass(dayMs + 1);
};

/** A read was held for whom it missed, and they are in the sample of these. */
const beMissed = async ({ engine, stores, now }: Story): Promise<void> => {
  const none = { user: 0, group: 0 };
  const shrink = { missing: { user: 1, group: 0 }, known: none, drained: [], cleared: [], sample: [canary] };
  const wanted = { mode: 'full', scope: null, dryRun: false, trigger: 'api', acceptShrink: shrink } as const;
  const run = newSyncRun({ id: connection, organization }, { ...wanted, id: engine.newRunId(), at: now() });
  await stores.runs.request(run);
  await stores.runs.finish(run.id, 'held', now(), { counters: noCounters, version: null, problem: null, shrink });
};

/** Somebody exported what is kept of them. */
const beLookedAt = async ({ stores }: Story): Promise<void> => {
  await stores.audit.append({
    actor: { kind: 'configured_key', id: 'product', name: 'product' },
    organization,
    action: 'exportPerson',
    subjects: { connection_id: connection, object_id: canary },
    trace: null,
    step: { kind: 'asked', given: [] },
  });
};
