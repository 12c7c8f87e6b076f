import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deltaSync, fullSync } from '../../scripts/demo/tour.ts';
import { explanationSchema } from '../../src/admin/api/schemas/explain.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';

describe('why somebody was not synced, over HTTP and MongoDB, against a simulated tenant and target', () => {
  let whole: WholeEntrain;
  beforeAll(async () => {
    whole = await startWholeEntrain();
    await fullSync(whole, whole.connected);
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  const tenant = () => whole.graph.control.tenant();
  const explain = (person: string, more: object = {}) =>
    whole.stack.api.ask('POST', `/v1/connections/${whole.connected.connection}/explain`, explanationSchema, {
      person,
      ...more,
    });
  const verdictOn = async (person: string) => {
    const answer = await explain(person);
    if (answer.found !== 'one') throw new Error(`${person}: ${answer.found}`);
    return answer.targets[0]?.verdict;
  };
  const people = () =>
    tenant()
      .users()
      .map((id): Readonly<Record<string, unknown>> => ({ ...tenant().user(id), id }));
  const one = (which: (user: Readonly<Record<string, unknown>>) => boolean) => {
    const found = people().find(which);
    if (found === undefined) throw new Error('The tenant has nobody like that.');
    return { id: String(found['id']), upn: String(found['userPrincipalName']), name: String(found['displayName']) };
  };
  const isWorking = (user: Readonly<Record<string, unknown>>) =>
    user['accountEnabled'] === true && user['userType'] === 'Member';

  it('who is there is told with the account, by any of their names, and source and target agree', async () => {
    const jane = one(isWorking);
    const account = whole.scim.control.accounts().users.find(({ externalId }) => externalId === jane.id);
    const remoteId = String(account?.['id']);
    for (const name of [jane.id, jane.upn.toUpperCase(), remoteId]) {
      const answer = await explain(name, { live: true });
      expect(answer).toMatchObject({
        found: 'one',
        object: { id: jane.id },
        live: { kind: 'answered', standing: 'present', agrees: true },
        targets: [{ account: { remote_id: remoteId }, live: { kind: 'linked', differences: [] } }],
      });
    }
    expect(await verdictOn(jane.upn)).toMatchObject({
      reason: expect.stringMatching(/^(in_sync|waiting_reference)$/),
      sentence: expect.stringContaining(`${jane.name} is at Helpdesk as account ${remoteId}`),
    });
  }, 30_000);

  it('a link by the object id answers what the question does, and one by a name that it is to be asked', async () => {
    const jane = one(isWorking);
    const path = `/v1/connections/${whole.connected.connection}/explain`;
    const linked = (query: string) => whole.stack.api.ask('GET', `${path}?person=${query}`, explanationSchema);
    expect(await linked(jane.id)).toEqual(await explain(jane.id));
    const live = { kind: 'answered', standing: 'present', agrees: true };
    expect(await linked(`${jane.id}&live=true`)).toMatchObject({ found: 'one', object: { id: jane.id }, live });
    await expect(linked(encodeURIComponent(jane.upn))).rejects.toThrow('ask_by_post');
  }, 30_000);

  it('who is disabled, and who nobody ever saw, is told so', async () => {
    const off = one(({ accountEnabled }) => accountEnabled === false);
    expect(await verdictOn(off.upn)).toMatchObject({ reason: 'disabled_in_source', resolution_owner: 'customer_it' });
    expect(await explain('nobody@nowhere.example', { live: true })).toMatchObject({
      found: 'nobody',
      verdict: { reason: 'never_seen' },
      live: { kind: 'answered', people: [] },
    });
    const late = tenant().hire({ givenName: 'Late', surname: 'Comer' });
    const upn = String(tenant().user(late)['userPrincipalName']);
    expect(await explain(upn.toUpperCase(), { live: true })).toMatchObject({
      found: 'nobody',
      live: { kind: 'answered', people: [{ object: { type: 'user', id: late }, standing: 'present' }] },
    });
  });

  it('who is locked out, or leaves, is told so', async () => {
    const [locked, leaver] = people()
      .filter(isWorking)
      .slice(20, 22)
      .map(({ id }) => String(id));
    if (locked === undefined || leaver === undefined) throw new Error('The tenant is too small.');
    const upn = String(tenant().user(leaver)['userPrincipalName']);
    tenant().disable(locked);
    tenant().softDelete(leaver);
    expect(await explain(locked, { live: true })).toMatchObject({ live: { standing: 'disabled', agrees: false } });
    await deltaSync(whole, whole.connected);
    expect(await verdictOn(locked)).toMatchObject({
      reason: 'disabled_in_source',
      sentence: expect.stringContaining('is switched off'),
    });
    expect(await verdictOn(upn)).toMatchObject({
      reason: 'soft_deleted',
      sentence: expect.stringContaining('was switched off'),
    });
  }, 60_000);
});
