// What is there before calls are made up: something of each kind, so that a call reaches past "there is no such thing", and more of what a call takes away.

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { follow } from '../../test/support/follow.ts';
import { approve, connect, fullSync, waitingPlan } from '../demo/tour.ts';
import type { Installation } from './installation.ts';

/** Values that parameters of a call get: `path.run_id`, `body.hash`. */
export type Given = Readonly<Record<string, string>>;
export type Planted = {
  readonly ofAll: Given;
  /** By the id of the operation, in the place of those. */
  readonly of: Readonly<Record<string, Given>>;
};

/** Whose everything is. */
export const customer = 'demo-customer';

const created = z.object({ id: z.string() });
const pageOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item) });

export const plant = async (installation: Installation): Promise<Planted> => {
  const { stack, graph, scim } = installation;
  const { api } = stack;
  const post = (path: string, body?: unknown) => api.ask('POST', path, created, body);
  const worker = await stack.startWorker();

  const connected = await connect(installation);
  const { connection, target } = connected;
  const settings = { base_url: scim.baseUrl, token: scim.token, allow_http: true };
  const addTarget = (name: string) => post(`/v1/connections/${connection}/targets`, { kind: 'scim', name, settings });
  const [toApprove, toReject, toEdit, toRemove] = [
    await addTarget('To approve'),
    await addTarget('To reject'),
    await addTarget('To edit'),
    await addTarget('To remove'),
  ];
  const addWebhook = () => post('/v1/webhooks', { organization_id: customer, url: installation.hookUrl });
  const [webhook, webhookToEdit, webhookToRemove] = [await addWebhook(), await addWebhook(), await addWebhook()];

  const sync = await fullSync(installation, connected);
  await approve(installation, await waitingPlan(installation, connected));
  const written = await newest(installation, `/v1/runs?target_id=${target}&kind=provision&limit=1`);

  const tenant = graph.control.tenant(graph.tenants[0]?.tenantId);
  const [stays, left] = tenant.users();
  const [group] = tenant.groups();
  if (stays === undefined || left === undefined || group === undefined) throw new Error('The tenant is empty.');
  scim.control.addFaults([{ method: 'POST', answer: { kind: 'status', status: 400 } }]);
  const refused = tenant.hire({ givenName: 'Ada', surname: 'Berg' });
  tenant.softDelete(left);
  await api.sync(connection, { mode: 'delta' });

  const reconciled = await post(`/v1/targets/${target}/reconcile`);
  await api.waitFor(reconciled.id);
  const preview = await post(`/v1/connections/${connection}/scope/preview`, { scope: { group_ids: [group.id] } });
  await api.waitFor(preview.id);
  const undo = await post(`/v1/runs/${written.id}/undo`);
  await api.waitFor(undo.id);
  await api.waitFor((await post(`/v1/targets/${target}/provision`, { full: true, dry_run: true })).id);
  const event = await firstDelivery(installation, webhook.id);
  await worker.stop();

  const pending = { vendor: 'MS_ENTRA', organization_id: customer, cloud: 'custom' };
  const [toConsent, doomed] = [
    await post('/v1/connections', { ...pending, name: 'To consent' }),
    await post('/v1/connections', { ...pending, name: 'To remove' }),
  ];
  for (const { id } of [{ id: connection }, doomed])
    await post(`/v1/connections/${id}/setup-link`, { given_to: 'the IT of the customer' });
  const key = await post('/v1/api-keys', { name: 'to revoke', scopes: ['read'] });
  // Nobody is there any more to begin it.
  const queued = await post(`/v1/connections/${connection}/sync`, { mode: 'delta' });

  const planOf = async (id: string, kind: string) => {
    const plan = pageOf(created.extend({ hash: z.string() }));
    const { data } = await api.ask('GET', `/v1/plans?target_id=${id}&kind=${kind}&limit=1`, plan);
    if (data[0] === undefined) throw new Error(`${id} has no plan of the kind ${kind}.`);
    return { 'path.plan_id': data[0].id, 'body.hash': data[0].hash };
  };
  const [first, rejected, dryRun, undone] = [
    await planOf(toApprove.id, 'first'),
    await planOf(toReject.id, 'first'),
    await planOf(target, 'dry_run'),
    await planOf(target, 'undo'),
  ];
  return {
    ofAll: {
      'path.connection_id': connection,
      'path.target_id': target,
      'path.run_id': sync.id,
      'path.plan_id': first['path.plan_id'],
      'path.webhook_id': webhook.id,
      'path.event_id': event,
      'path.api_key_id': key.id,
      'path.session_id': await sessionOfAnother(installation),
      'path.object_id': stays,
      'path.group_id': group.id,
    },
    of: {
      openConsent: { 'path.connection_id': toConsent.id },
      removeConnection: { 'path.connection_id': doomed.id },
      closeSetupLink: { 'path.connection_id': doomed.id },
      // An address that is made up is then called by nobody.
      editTarget: { 'path.target_id': toEdit.id },
      editWebhook: { 'path.webhook_id': webhookToEdit.id },
      removeTarget: { 'path.target_id': toRemove.id },
      removeWebhook: { 'path.webhook_id': webhookToRemove.id },
      cancelRun: { 'path.run_id': queued.id },
      listOperations: { 'path.run_id': written.id },
      requestUndo: { 'path.run_id': written.id },
      getPreview: { 'path.run_id': preview.id },
      listDiscrepancies: { 'path.run_id': reconciled.id },
      requestRepair: { 'path.run_id': reconciled.id },
      approvePlan: first,
      rejectPlan: { 'path.plan_id': rejected['path.plan_id'] },
      applyPlan: dryRun,
      listLeftOut: { 'path.plan_id': undone['path.plan_id'] },
      retryEscrow: { 'path.object_id': refused },
      erasePerson: { 'path.object_id': left },
    },
  };
};

/** `list`: the address of a list that begins with the newest. */
const newest = async ({ stack: { api } }: Installation, list: string): Promise<z.output<typeof created>> => {
  const { data } = await api.ask('GET', list, pageOf(created));
  if (data[0] === undefined) throw new Error(`Nothing is at ${list}.`);
  return data[0];
};

/** The event of a message that was sent. */
const firstDelivery = async ({ stack: { api } }: Installation, webhook: string): Promise<string> => {
  const deliveries = pageOf(z.object({ event_id: z.string() }));
  for (let tries = 0; tries < 300; tries += 1) {
    const { data } = await api.ask('GET', `/v1/webhooks/${webhook}/deliveries`, deliveries);
    if (data[0] !== undefined) return data[0].event_id;
    await sleep(100);
  }
  throw new Error('No webhook was told anything within half a minute.');
};

/** Somebody signs in whom an administrator may sign out. */
const sessionOfAnother = async (installation: Installation): Promise<string> => {
  installation.login.who = { id: 'bob', groups: ['desk'] };
  await follow(`${installation.stack.apiUrl}/auth/sign-in`);
  return (await newest(installation, '/v1/sessions')).id;
};
