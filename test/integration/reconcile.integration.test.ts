import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { disagreements, fullSync } from '../../scripts/demo/tour.ts';
import type { JsonObject } from '../../simulator/scim/json.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';

const created = z.object({ id: z.string() });
const discrepancies = z.object({
  data: z.array(z.looseObject({ kind: z.string(), remote_id: z.string() })),
  next_cursor: z.string().nullable(),
});
const detail = z.object({
  state: z.string(),
  made_plan_id: z.string().nullable(),
  reconciliation: z.looseObject({ counts: z.record(z.string(), z.number()) }).nullable(),
});

describe('a target that somebody changes by hand, over HTTP and MongoDB, by SCIM', () => {
  let whole: WholeEntrain;
  beforeAll(async () => {
    whole = await startWholeEntrain();
    await fullSync(whole, whole.connected);
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  const ask = <T>(method: string, path: string, answer: z.ZodType<T>, body?: object) =>
    whole.stack.api.ask(method, path, answer, body);
  const ended = async (run: string) => {
    await whole.stack.api.waitFor(run);
    return await ask('GET', `/v1/runs/${run}`, detail);
  };
  const reconcile = async () => {
    const { id } = await ask('POST', `/v1/targets/${whole.connected.target}/reconcile`, created);
    return { id, ...(await ended(id)) };
  };
  const found = async (run: string, kind: string) =>
    (await ask('GET', `/v1/runs/${run}/discrepancies?kind=${kind}&limit=200`, discrepancies)).data;
  /** An administrator of the helpdesk, who knows nothing of us. */
  const byHand = async (method: string, path: string, body?: object): Promise<void> => {
    const response = await fetch(`${whole.scim.baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${whole.scim.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.ok, `${method} ${path} ${response.status}`).toBe(true);
  };
  const patch = (path: string, ...Operations: object[]) =>
    byHand('PATCH', path, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
  const accounts = () => whole.scim.control.accounts();
  const working = (): readonly JsonObject[] => accounts().users.filter(({ active }) => active === true);

  it('is compared, repaired by plan, and then holds exactly who is in the tenant', async () => {
    expect(await reconcile()).toMatchObject({
      state: 'succeeded',
      reconciliation: { counts: { drift: 0, missing: 0 } },
    });
    const [renamed, off, gone, owner] = working().map(({ id }) => String(id));
    const crew = accounts().groups.find(({ members }) => Array.isArray(members) && members.length > 3);
    if (owner === undefined || crew === undefined) throw new Error('The tenant is too small.');
    await patch(`/Users/${renamed}`, { op: 'replace', path: 'displayName', value: 'Admiral' });
    await patch(`/Users/${off}`, { op: 'replace', path: 'active', value: false });
    await byHand('DELETE', `/Users/${gone}`);
    await patch(`/Groups/${String(crew['id'])}`, { op: 'remove', path: 'members' });
    const [guest = '', second = ''] = whole.scim.control.seed({
      users: [
        { userName: 'guest@elsewhere.example', displayName: 'Guest' },
        {
          userName: 'second@elsewhere.example',
          externalId: String(accounts().users.find(({ id }) => id === owner)?.['externalId']),
        },
      ],
    }).users;
    const untouched = () => whole.scim.control.fingerprint().resources;
    const before = untouched();

    const run = await reconcile();
    expect(run.state).toBe('succeeded');
    expect(run.reconciliation?.counts).toMatchObject({ drift: 2, missing: 1, duplicate: 1, unknown: 1, orphan: 0 });
    expect(run.reconciliation?.counts['member_missing']).toBeGreaterThan(3);
    expect((await found(run.id, 'drift')).map((one) => one['remote_id']).toSorted()).toEqual([renamed, off].toSorted());
    expect(await found(run.id, 'missing')).toMatchObject([{ remote_id: gone, gone: null }]);
    expect(await found(run.id, 'duplicate')).toMatchObject([{ remote_id: second, linked_remote_id: owner }]);
    expect(await found(run.id, 'unknown')).toMatchObject([{ remote_id: guest, object: null }]);

    const planning = await ask('POST', `/v1/runs/${run.id}/repair`, created);
    const { made_plan_id: plan } = await ended(planning.id);
    const carried = await ask('POST', `/v1/plans/${plan}/approve`, z.object({ run: created }), {
      reason: 'As it was.',
    });
    expect(await ended(carried.run.id)).toMatchObject({ state: 'succeeded' });
    expect(untouched()[guest]).toBe(before[guest]);
    expect(untouched()[second]).toBe(before[second]);
    const after = await reconcile();
    expect(after.reconciliation?.counts).toMatchObject({
      drift: 0,
      missing: 0,
      duplicate: 1,
      unknown: 1,
      member_missing: 0,
      member_surplus: 0,
    });
    // Two accounts carry the externalId of one person as long as nobody takes one away.
    await byHand('DELETE', `/Users/${second}`);
    await byHand('DELETE', `/Users/${guest}`);
    expect(disagreements(whole)).toEqual([]);
  }, 60_000);

  it('that pages by cursor and caps its pages is compared whole, and one that shows nobody in any group any more is told of all who were', async () => {
    whole.scim.control.setKnobs({ paging: 'cursor', maxResults: 9 });
    const known = { members_shown: true, counts: { drift: 0, missing: 0 } };
    const before = await reconcile();
    expect(before).toMatchObject({ state: 'succeeded', reconciliation: known });
    expect(before.reconciliation?.counts['member_missing']).toBe(0);
    whole.scim.control.setKnobs({ memberReads: 'hidden', paging: 'cursor', maxResults: 9 });
    const after = await reconcile();
    expect(after).toMatchObject({ state: 'succeeded', reconciliation: known });
    expect(after.reconciliation?.counts['member_missing']).toBeGreaterThan(100);
    whole.scim.control.setKnobs({ personality: 'strict' });
  }, 60_000);

  it('whose list fails says of nobody that they are missing', async () => {
    const [gone] = working().map(({ id }) => String(id));
    await byHand('DELETE', `/Users/${gone}`);
    const [fault] = whole.scim.control.addFaults([
      { method: 'GET', path: '/Users', times: 'always', answer: { kind: 'status', status: 403 } },
    ]);
    expect(fault).toBeDefined();
    expect(await reconcile()).toMatchObject({
      state: 'partially_succeeded',
      reconciliation: { counts: { missing: 0 }, listings: { user: { incomplete: expect.stringContaining('403') } } },
    });
    whole.scim.control.clearFaults();
  }, 60_000);
});
