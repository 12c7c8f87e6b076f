import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  approve,
  changeTenant,
  deltaSync,
  disagreements,
  fullSync,
  groupSync,
  prepareTestGroup,
  waitingPlan,
} from '../../scripts/demo/tour.ts';
import { startHearing } from '../support/hearing.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';

describe('the whole path, with real processes, databases and HTTPS', () => {
  let whole: WholeEntrain;
  beforeAll(async () => {
    whole = await startWholeEntrain({ autoApproveFirst: false });
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  const forget = (): void => {
    whole.graph.control.resetRequests();
    whole.scim.control.clearRequests();
  };
  const writes = (): number => whole.scim.control.requests().filter(({ method }) => method !== 'GET').length;
  const graphReads = (): number => whole.graph.control.requests().filter(({ path }) => path.startsWith('/v1.0')).length;

  it('a first full sync makes a plan and writes nothing', async () => {
    const run = await fullSync(whole, whole.connected);
    expect(run).toMatchObject({ state: 'succeeded', problem: null });
    expect(run.provision_runs).toMatchObject([{ state: 'held', problem: { code: 'plan_waits' } }]);
    expect(writes()).toBe(0);
  }, 60_000);

  it('the plan, approved, makes the target what the tenant is', async () => {
    const plan = await waitingPlan(whole, whole.connected);
    const run = await approve(whole, plan);
    expect(run).toMatchObject({
      state: 'succeeded',
      counters: { created: plan.counts['create'], skipped: { disabled_in_source: expect.any(Number) } },
    });
    expect(run.counters.failed).toEqual({});
    expect(run.counters.created).toBeGreaterThan(150);
    expect(disagreements(whole)).toEqual([]);
  }, 60_000);

  it('a second full sync writes nothing', async () => {
    forget();
    const run = await fullSync(whole, whole.connected);
    expect(run).toMatchObject({ state: 'succeeded', counters: { created: 0, updated: 0, removed: 0 } });
    expect(writes()).toBe(0);
  }, 60_000);

  it('a delta sync costs requests in proportion to the changes, not to the tenant', async () => {
    changeTenant(whole);
    forget();
    const run = await deltaSync(whole, whole.connected);
    expect(run.provision_runs).toMatchObject([{ state: 'succeeded', counters: { created: 1, disabled: 2 } }]);
    expect(disagreements(whole)).toEqual([]);
    // Two delta chains, of who is new what groups they are in and who reports to them, and for each of the few removals a question or two whether it is
    // true; a full sync of this tenant takes more than twice as many.
    expect(graphReads()).toBeLessThan(22);
    expect(writes()).toBeLessThan(25);
    forget();
    await deltaSync(whole, whole.connected);
    expect(writes()).toBe(0);
    expect(graphReads()).toBeLessThan(6);
  }, 60_000);

  it('a run of one test group leaves everybody outside it byte-identical', async () => {
    const { group, members, outsider } = prepareTestGroup(whole);
    const accounts = whole.scim.control.accounts();
    const remoteIds = (ids: readonly string[]): string[] =>
      [...accounts.users, ...accounts.groups]
        .filter(({ externalId }) => ids.includes(String(externalId)))
        .map(({ id }) => String(id));
    const before = whole.scim.control.fingerprint(remoteIds([...members, group]));
    const run = await groupSync(whole, whole.connected, group);
    expect(run.provision_runs).toMatchObject([
      { state: 'succeeded', counters: { created: 1, updated: 3, members_added: 3 } },
    ]);
    const made = whole.scim.control.accounts().groups.find(({ externalId }) => externalId === group);
    expect(made).toMatchObject({ displayName: 'UAT pilot' });
    const after = whole.scim.control.fingerprint([...remoteIds([...members, group]), String(made?.['id'])]);
    expect(after.resources).toEqual(before.resources);
    const titleOf = (id: string) =>
      whole.scim.control.accounts().users.find(({ externalId }) => externalId === id)?.['title'];
    expect(members.map(titleOf)).toEqual(['Pilot tester', 'Pilot tester', 'Pilot tester']);
    expect(titleOf(outsider)).not.toBe('Pilot tester');

    await deltaSync(whole, whole.connected);
    expect(titleOf(outsider)).toBe('Pilot tester');
    expect(disagreements(whole)).toEqual([]);
  }, 60_000);

  it('a webhook is told whom a sync changed, and then of the runs, signed and in order', async () => {
    const hearing = await startHearing();
    const { id, secret } = await whole.stack.api.ask(
      'POST',
      '/v1/webhooks',
      z.object({ id: z.string(), secret: z.string() }),
      { organization_id: 'demo-customer', url: hearing.url },
    );
    whole.graph.control.tenant().hire({ givenName: 'Early', surname: 'Bird' });
    const run = await deltaSync(whole, whole.connected);
    const [provision] = run.provision_runs;
    await hearing.until((heard) => heard.some(({ data }) => data['run_id'] === provision?.id));
    const told = hearing.heard.map(({ type, data }) => [type, data['run_id'] ?? null, data['sequence']]);
    expect(told).toEqual([
      ['person.created', null, 1],
      ['run.completed', run.id, 2],
      ['run.completed', provision?.id, 3],
    ]);
    for (const { body, headers } of hearing.heard)
      expect(() => new Webhook(secret).verify(body, { ...headers })).not.toThrow();
    expect(JSON.stringify(hearing.heard)).not.toContain('Bird');
    await whole.stack.api.ask('DELETE', `/v1/webhooks/${id}`, z.unknown());
    await hearing.close();
  }, 60_000);

  it('an expired delta link leads to a full sync, and nobody is lost', async () => {
    whole.graph.control.tenant().hire({ givenName: 'Late', surname: 'Comer' });
    whole.graph.control.tenant().expireDeltaLinks();
    const run = await deltaSync(whole, whole.connected);
    expect(run).toMatchObject({ state: 'succeeded', counters: { created: 1, removed: 0 } });
    expect(disagreements(whole)).toEqual([]);
  }, 60_000);
});
