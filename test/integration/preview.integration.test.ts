import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { approve, fullSync, waitingPlan } from '../../scripts/demo/tour.ts';
import { planOperationSchema, planSchema } from '../../src/admin/api/schemas/plan.ts';
import { previewSchema } from '../../src/admin/api/schemas/preview.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';

describe('what another scope would mean, over HTTP and MongoDB, against a simulated tenant and target', () => {
  let whole: WholeEntrain;
  let pilots: string;
  let members: readonly string[];
  beforeAll(async () => {
    whole = await startWholeEntrain({ autoApproveFirst: false });
    const tenant = whole.graph.control.tenant();
    members = tenant
      .users()
      .filter((id) => tenant.user(id)['accountEnabled'] === true)
      .slice(0, 12);
    pilots = tenant.createGroup({ displayName: 'Pilots', members });
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  const api = () => whole.stack.api;
  const path = () => `/v1/connections/${whole.connected.connection}`;
  const snapshot = async () => (await api().ask('GET', path(), z.object({ snapshot: z.unknown() }))).snapshot;
  const writes = (): number => whole.scim.control.requests().filter(({ method }) => method !== 'GET').length;
  const preview = async (scope: unknown) => {
    const { id } = await api().ask('POST', `${path()}/scope/preview`, z.object({ id: z.string() }), { scope });
    expect(await api().waitFor(id)).toMatchObject({ kind: 'preview', state: 'succeeded' });
    const found = await api().ask('GET', `/v1/runs/${id}/preview`, previewSchema);
    const [target] = found.targets;
    if (target?.plan_id == null) throw new Error('The target was not planned.');
    return { ...target, plan_id: target.plan_id, run: found.run };
  };
  const page = z.object({ data: z.array(planOperationSchema), next_cursor: z.string().nullable() });
  const operationsOf = async (plan: string): Promise<readonly string[]> => {
    const lines: string[] = [];
    let cursor = '';
    do {
      const { data, next_cursor: next } = await api().ask(
        'GET',
        `/v1/plans/${plan}/operations?limit=200${cursor}`,
        page,
      );
      for (const { version: _, evidence: __, name: ___, user_principal_name: ____, ...rest } of data)
        lines.push(JSON.stringify(rest));
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    return lines.toSorted();
  };
  const save = async (scope: unknown): Promise<void> => {
    await api().ask('PATCH', path(), z.unknown(), {
      scope,
      shrink_limit: { count: 100_000, percent: 100, floor: 100 },
    });
    await fullSync(whole, whole.connected);
  };
  const waits = async () => {
    const { id } = await waitingPlan(whole, whole.connected);
    return await api().ask('GET', `/v1/plans/${id}`, planSchema);
  };

  it('a first scope is previewed before anything was read, and the first plan is the same', async () => {
    const scope = { group_ids: [pilots], nested: false };
    const seen = await preview(scope);
    expect(seen.would).toMatchObject({
      users: { create: 12, disable: 0 },
      groups: { create: 1 },
      memberships: { add: 12 },
    });
    expect(await snapshot()).toMatchObject({ version: 0, users: 0 });
    await save(scope);
    const plan = await waits();
    expect(plan).toMatchObject({ kind: 'first', hash: seen.hash });
    expect(await operationsOf(plan.id)).toEqual(await operationsOf(seen.plan_id));
    expect(writes()).toBe(0);
    await approve(whole, await waitingPlan(whole, whole.connected));
    expect(whole.scim.control.accounts().users).toHaveLength(12);
  }, 120_000);

  it('a wider one reads people and members through Graph, and writes, saves and commits nothing', async () => {
    const before = { snapshot: await snapshot(), writes: writes() };
    const seen = await preview('all');
    expect(seen.would?.users.create).toBeGreaterThan(100);
    expect(seen.would?.memberships.add).toBeGreaterThan(100);
    expect(seen).toMatchObject({ waits_for_approval: true, would: { users: { disable: 0, delete: 0 } } });
    expect({ snapshot: await snapshot(), writes: writes() }).toEqual(before);
    await save('all');
    const plan = await waits();
    expect(plan).toMatchObject({ kind: 'first', hash: seen.hash });
    expect(await operationsOf(plan.id)).toEqual(await operationsOf(seen.plan_id));
    await approve(whole, await waitingPlan(whole, whole.connected));
  }, 120_000);

  it('a narrower one says who would lose what, and why', async () => {
    await api().ask('PATCH', path(), z.unknown(), { shrink_limit: { count: 100, percent: 5, floor: 5 } });
    const before = { snapshot: await snapshot(), writes: writes() };
    const scope = { group_ids: [pilots], nested: false };
    const seen = await preview(scope);
    expect(seen.would?.users.disable).toBeGreaterThan(100);
    expect(seen.run.problem).toMatchObject({ code: 'read_would_shrink' });
    const { data } = await api().ask('GET', `/v1/plans/${seen.plan_id}/operations?action=disable&limit=1`, page);
    expect(data).toMatchObject([
      { action: 'disable', why: 'out_of_scope', name: expect.any(String), evidence: { run_id: seen.run.id } },
    ]);
    expect({ snapshot: await snapshot(), writes: writes() }).toEqual(before);
    await save(scope);
    expect(await waits()).toMatchObject({
      kind: 'first',
      hash: seen.hash,
      counts: { disable: seen.would?.users.disable },
    });
  }, 120_000);
});
