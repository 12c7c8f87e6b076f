/** Somebody whose every trace can be told from everybody else's, through all that can happen to a person here. */

import { beginTelling, relayEvents } from '../../src/engine/relay-events.ts';
import { organizationId, type SourceId, sourceId, webhookId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { lease } from '../admin/api/stores.ts';
import { id, type Story, target } from './story.ts';

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
  await s.delta();
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
  await stores.leases.release(held);

  while (await relayEvents(stores));
  s.pass(dayMs + 1);
};
