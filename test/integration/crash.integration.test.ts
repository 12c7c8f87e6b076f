/**
 * Each worker here kills itself at one named place of a run (TEST_FAILPOINT), and one that was told nothing finishes what they all left. Whoever is
 * to die works off a queue of its own, so that it meets the one customer it is to die with; what is to be done stands in MongoDB for everybody.
 */

import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changeTenant, type Tour } from '../../scripts/demo/tour.ts';
import { noDiscrepancies } from '../../src/model/discrepancy.ts';
import { connectionId, targetId } from '../../src/model/ids.ts';
import { bullmqWakeups } from '../../src/queue/bullmq-wakeups.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { producerConnection } from '../../src/queue/redis.ts';
import { failpoints } from '../chaos/failpoints.ts';
import {
  type Customer,
  type Customers,
  expectInStep,
  expectSucceeded,
  startCustomers,
  writesOf,
} from '../support/customers.ts';
import { freshPrefix } from '../support/fresh.ts';
import { type Kept, openKept } from '../support/kept.ts';

/** Where a first full sync and its provisioning pass; `:2` is the second time. */
const inFull = [
  'sync.page',
  'sync.page:2',
  'sync.recorded',
  'sync.committed',
  'snapshot.staged',
  'snapshot.batch',
  'snapshot.recorded',
  'snapshot.noted',
  'snapshot.committed',
  'snapshot.rolled',
  'ledger.intended',
  'ledger.linked',
  'ledger.escrowed',
  'ledger.settled',
  'ledger.waiting',
  'ledger.stopped_waiting',
  'ledger.members_started',
  'ledger.members_pushed',
  'ledger.advanced',
  'ledger.rules_accepted',
  'ledger.reach_noted',
  'provision.intended',
  'provision.applied',
  'provision.settled',
  'provision.objects',
  'provision.references',
  'provision.advanced',
];
/** A day of changes: the fifth batch of operations takes accounts away. */
const inDelta = [
  'sync.recorded',
  'sync.committed',
  'snapshot.batch:2',
  'snapshot.noted',
  'snapshot.committed',
  'ledger.counted',
  'ledger.released',
  'ledger.stopped_waiting',
  'ledger.linked:5',
  'provision.intended:5',
  'provision.applied:5',
  'provision.settled:5',
  'provision.advanced',
];
const inDryRun = ['plans.unstaged', 'plans.staged', 'plans.superseded', 'plans.added'];
/** Somebody lets the plan of a dry run be carried out. */
const inApply = ['plans.begun', 'plans.finished'];

/** The target is compared with the links, after somebody made two accounts there for one person. */
const inReconcile = [
  'reconcile.step',
  'discrepancies.noted',
  'discrepancies.noted:2',
  'discrepancies.seen',
  'discrepancies.dropped',
  'discrepancies.closed',
  'discrepancies.forgotten',
];

/**
 * One write each, which decides by itself, in runs that are not played here: whoever is in a protected group outside the scope is noted; a plan is refused
 * by what moved; a plan was left too long. Whoever dies behind it leaves it done. And what is kept of a person is erased collection by collection, the
 * snapshot last, so that whoever asks again has the rest erased; of people who left long ago links go before what they looked like, by which the next
 * one finds them. A plan that says that another system is the one ends links first: whoever carries it out is killed at each place in
 * `test/engine/another-system.test.ts`.
 */
const elsewhere = [
  ...['ledger.guarded', 'ledger.noticed', 'ledger.owed_noted', 'plans.expired', 'plans.refused'],
  ...['plans', 'discrepancies', 'ledger', 'snapshot'].map((room) => `${room}.person_forgotten`),
  ...['ledger.let_go', 'snapshot.stripped', 'provision.links'],
];

/** Somebody asks what another scope would mean. */
const inPreview = ['preview.compared', 'preview.planned'];

type Death = { readonly mode: 'full' | 'delta' | 'dry' | 'apply' | 'reconcile' | 'preview'; readonly site: string };
const deaths: readonly Death[] = [
  ...inFull.map((site) => ({ mode: 'full' as const, site })),
  ...inDelta.map((site) => ({ mode: 'delta' as const, site })),
  ...inDryRun.map((site) => ({ mode: 'dry' as const, site })),
  ...inApply.map((site) => ({ mode: 'apply' as const, site })),
  ...inReconcile.map((site) => ({ mode: 'reconcile' as const, site })),
  ...inPreview.map((site) => ({ mode: 'preview' as const, site })),
];

describe('a worker that is killed at a named place', () => {
  let whole: Customers;
  let kept: Kept;
  beforeAll(async () => {
    const times = { TEST_LEASE_MS: '5000' };
    whole = await startCustomers({ count: deaths.length, users: 20, groups: 3, stack: { workers: [], env: times } });
    kept = await openKept(whole.stack);
  }, 600_000);
  afterAll(async () => {
    await kept.close();
    await whole.stop();
  });

  const dying = (): { death: Death; customer: Customer }[] =>
    deaths.flatMap((death, nth) => {
      const customer = whole.customers[nth];
      return customer === undefined ? [] : [{ death, customer }];
    });
  const runs = new Map<Customer, string>();
  const request = async (customer: Customer, body: object): Promise<void> => {
    runs.set(customer, await whole.stack.api.request(customer.connected.connection, body));
  };
  const apply = async (customer: Customer): Promise<void> => {
    const { api } = whole.stack;
    const path = `/v1/plans?target_id=${customer.connected.target}&kind=dry_run&state=waiting`;
    const { data } = await api.ask('GET', path, z.object({ data: z.array(z.object({ id: z.string() })) }));
    const answer = z.object({ run: z.object({ id: z.string() }) });
    const { run } = await api.ask('POST', `/v1/plans/${data[0]?.id}/apply`, answer, { reason: 'As planned.' });
    runs.set(customer, run.id);
  };
  const reconcile = async (customer: Customer): Promise<void> => {
    makeTwoAccounts(customer);
    const path = `/v1/targets/${customer.connected.target}/reconcile`;
    runs.set(customer, (await whole.stack.api.ask('POST', path, z.object({ id: z.string() }))).id);
  };
  const preview = async (customer: Customer): Promise<void> => {
    const path = `/v1/connections/${customer.connected.connection}/scope/preview`;
    const scope = { group_ids: [customer.tenant.groups()[0]?.id] };
    runs.set(customer, (await whole.stack.api.ask('POST', path, z.object({ id: z.string() }), { scope })).id);
  };
  const untilEnded = async (customer: Customer) => whole.stack.api.waitFor(runs.get(customer) ?? '');

  it('may be killed at every place there is: none is forgotten here', async () => {
    const named = new Set(deaths.map(({ site }) => site.replace(/:\d+$/, '')));
    expect([...named, ...elsewhere].sort()).toEqual(await failpoints());
  });

  it('dies there', async () => {
    for (const { customer } of dying()) hireWhoNeverWorked(customer);
    await firstSyncOf(
      dying()
        .filter(({ death }) => ['delta', 'reconcile', 'preview'].includes(death.mode))
        .map(({ customer }) => customer),
    );
    const applying = dying().filter(({ death }) => death.mode === 'apply');
    await firstSyncOf(
      applying.map(({ customer }) => customer),
      true,
    );
    for (const { customer } of applying) await apply(customer);
    for (const { death, customer } of dying()) {
      if (death.mode === 'apply') continue;
      if (death.mode === 'reconcile' || death.mode === 'preview') {
        await (death.mode === 'preview' ? preview(customer) : reconcile(customer));
        continue;
      }
      if (death.mode === 'delta') changeALot(customer);
      await request(customer, { mode: death.mode === 'delta' ? 'delta' : 'full', dry_run: death.mode === 'dry' });
    }
    const some = pLimit(3);
    const unharmed = await Promise.all(
      dying().map(({ death, customer }) => some(async () => ((await dies(death.site, customer)) ? [] : [death]))),
    );
    expect(unharmed.flat()).toEqual([]);
    // The places that speak of the fifth batch are where accounts are taken away.
    const taking = dying().filter(({ death }) => death.site.endsWith(':5'));
    const left = await Promise.all(taking.map(({ customer }) => kept.openIntents(targetId(customer.connected.target))));
    expect(new Set(left.flat().map(({ operation }) => operation.action))).toEqual(new Set(['disable']));
  }, 900_000);

  it('leaves what the next one needs to finish all of it', async () => {
    await whole.stack.startWorker();
    for (const { customer } of dying()) {
      expectSucceeded(await untilEnded(customer));
      expect(await kept.openIntents(targetId(customer.connected.target))).toEqual([]);
    }
  }, 600_000);

  for (const [nth, { mode, site }] of deaths.entries()) {
    it(`at ${site} of a ${mode} run: the end is as if nobody had died`, async () => {
      const customer = whole.customers[nth];
      if (customer === undefined) throw new Error('A customer is missing.');
      if (mode === 'dry') expect(writesOf(customer)).toBe(0);
      else if (mode === 'reconcile') expect(await countsOf(customer)).toEqual({ ...noDiscrepancies, duplicate: 2 });
      else expectInStep(customer);
    });
  }

  it('is made up for so well that a following full sync writes nothing', async () => {
    const others = dying().filter(({ death }) => death.mode !== 'dry');
    for (const { customer } of others) customer.scim.control.clearRequests();
    await Promise.all(others.map(({ customer }) => request(customer, { mode: 'full' })));
    for (const { customer } of others) await untilEnded(customer);
    expect(others.filter(({ customer }) => writesOf(customer) > 0).map(({ death }) => death)).toEqual([]);
  }, 600_000);

  const countsOf = async (customer: Customer) => {
    const answer = z.object({ reconciliation: z.object({ counts: z.record(z.string(), z.number()) }) });
    return (await whole.stack.api.ask('GET', `/v1/runs/${runs.get(customer)}`, answer)).reconciliation.counts;
  };

  const dies = async (site: string, customer: Customer): Promise<boolean> => {
    const prefix = `{${freshPrefix().prefix}}`;
    await wakeIn(prefix, whole, customer);
    const worker = await whole.stack.startWorker({
      ENTRAIN_QUEUE_PREFIX: prefix,
      ENTRAIN_WORKER_ROLES: 'sync,provision',
      TEST_FAILPOINT: site,
    });
    // One that never comes by its place would work on for ever.
    const late = setTimeout(worker.stop, longestLifeMs);
    const { signal } = await worker.ended;
    clearTimeout(late);
    return signal === 'SIGKILL';
  };

  const firstSyncOf = async (customers: readonly Customer[], dry = false): Promise<void> => {
    const worker = await whole.stack.startWorker();
    await Promise.all(customers.map((customer) => request(customer, { mode: 'full', dry_run: dry })));
    for (const customer of customers) await untilEnded(customer);
    await worker.stop();
  };
});

/** Somebody whom others wait for, as there is no account for who never worked here; and somebody who will be gone without ever having had one. */
const hireWhoNeverWorked = ({ tenant }: Customer): void => {
  const properties = { accountEnabled: false };
  const awaited = tenant.hire({ displayName: 'Not Yet', properties });
  tenant.hire({ displayName: 'Never Was', properties });
  tenant.createGroup({ displayName: 'Newcomers', members: [awaited, ...tenant.users().slice(0, 8)] });
};

/** For somebody who never worked here, and has no account of ours. */
const makeTwoAccounts = ({ tenant, scim }: Customer): void => {
  const [id = ''] = tenant.users().filter((one) => tenant.user(one)['displayName'] === 'Never Was');
  const userName = String(tenant.user(id)['userPrincipalName']);
  scim.control.seed({ users: [{ userName: 'one@elsewhere.example', externalId: id }, { userName }] });
};

const changeALot = (customer: Customer): void => {
  const { tenant } = customer;
  changeTenant(customer satisfies Tour);
  const named = (name: string): string => tenant.users().find((id) => tenant.user(id)['displayName'] === name) ?? '';
  tenant.enable(named('Not Yet'));
  tenant.softDelete(named('Never Was'));
  tenant.createGroup({ displayName: 'Founders', members: tenant.users().slice(0, 3) });
};

const longestLifeMs = 90_000;

const wakeIn = async (prefix: string, { stack }: Customers, { connected }: Customer): Promise<void> => {
  const redis = producerConnection(stack.env['REDIS_URL'] ?? '');
  await redis.connect();
  const queues = openQueues(redis, prefix);
  await bullmqWakeups(queues).sync(connectionId(connected.connection), 'person');
  await bullmqWakeups(queues).provision(targetId(connected.target), 'person');
  await queues.close();
  redis.disconnect();
};
