import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { deltaSync, fullSync } from '../../scripts/demo/tour.ts';
import type { JsonObject } from '../../simulator/scim/json.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';

const created = z.object({ id: z.string() });
const detail = z.object({
  state: z.string(),
  made_plan_id: z.string().nullable(),
  problem: z.object({ code: z.string() }).nullable(),
});

let whole: WholeEntrain;
beforeAll(async () => {
  whole = await startWholeEntrain();
  await fullSync(whole, whole.connected);
  // The mistake is meant to be larger than any limit.
  const open = { count: 1_000, percent: 100, floor: 1_000 };
  const limits = { deprovisions: open, member_removals: open, member_removals_per_group: open };
  await whole.stack.api.ask('PATCH', `/v1/targets/${whole.connected.target}`, created, { limits });
}, 120_000);
afterAll(async () => {
  await whole.stop();
});

/** Everything the target holds, but for when it was written and how often. */
const held = () => {
  const { users, groups } = whole.scim.control.accounts();
  // The order of lists is the target's own.
  const sorted = (list: JsonObject[string]) =>
    Array.isArray(list) ? list.map((one) => JSON.stringify(one)).toSorted() : list;
  const plain = ({ meta: _meta, ...rest }: JsonObject): JsonObject => ({
    ...rest,
    members: sorted(rest['members'] ?? null),
    groups: sorted(rest['groups'] ?? null),
  });
  return new Map([...users, ...groups].map((one) => [String(one['id']), plain(one)]));
};

it('a run that disabled most of a company is undone by plan, and not done again unseen', async () => {
  const { api } = whole.stack;
  const tenant = whole.graph.control.tenant();
  const before = held();
  const everybody = tenant.users().filter((id) => tenant.user(id)['accountEnabled'] === true);
  for (const id of everybody.slice(20)) tenant.softDelete(id);
  tenant.rename(everybody[0] ?? '', { surname: 'Mistaken' });
  const newcomer = tenant.hire({ givenName: 'Brand', surname: 'New' });
  const sync = await deltaSync(whole, whole.connected);
  const [wrong] = sync.provision_runs;
  expect(wrong).toMatchObject({ state: 'succeeded' });
  expect(wrong?.counters.disabled).toBeGreaterThan(50);

  const planning = await api.ask('POST', `/v1/runs/${wrong?.id}/undo`, created);
  await api.waitFor(planning.id);
  const { made_plan_id: plan } = await api.ask('GET', `/v1/runs/${planning.id}`, detail);
  expect(held()).not.toEqual(before);
  const page = z.object({ data: z.array(z.looseObject({ reason: z.string() })) });
  expect((await api.ask('GET', `/v1/plans/${plan}/left_out`, page)).data).toEqual([]);
  const { run } = await api.ask('POST', `/v1/plans/${plan}/approve`, z.object({ run: created }), {
    reason: 'They are all still here.',
  });
  await api.waitFor(run.id);
  const after = held();
  const [made] = [...after].filter(([, { externalId }]) => externalId === newcomer).map(([id]) => id);
  expect(after.get(made ?? '')).toMatchObject({ active: false });
  after.delete(made ?? '');
  expect(after).toEqual(before);

  tenant.hire({ givenName: 'Late', surname: 'Comer' });
  const next = await deltaSync(whole, whole.connected);
  expect(next.provision_runs).toMatchObject([{ state: 'held', problem: { code: 'plan_waits' } }]);
  const unchanged = held();
  unchanged.delete(made ?? '');
  expect(unchanged).toEqual(before);
}, 120_000);
