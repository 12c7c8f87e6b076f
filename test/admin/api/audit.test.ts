import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../src/admin/api/schemas/audit.ts';
import { connectionId } from '../../../src/model/ids.ts';
import { exportedEntry, verifyChain } from '../../../src/store/audit-chain.ts';
import type { KeptEntry } from '../../../src/store/audit-log.ts';
import { addConnection, addTarget, type Door, idOf, newConnection, newTarget, openDoor, organization } from './door.ts';
import { commitPeople, nth } from './stores.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

type Entry = z.infer<typeof auditEntrySchema>;
const page = z.object({ data: z.array(auditEntrySchema), next_cursor: z.string().nullable() });

/** Oldest first. */
const entries = async (query = '', key?: string): Promise<readonly Entry[]> => {
  const { body } = await door.call('GET', `/v1/audit?limit=200${query}`, key === undefined ? {} : { key });
  return page.parse(body).data.toReversed();
};
const lastOf = async (query = ''): Promise<Entry | undefined> => (await entries(query)).at(-1);

const keyWith = async (fields: object): Promise<string> => {
  const { body } = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', ...fields } });
  return z.looseObject({ key: z.string() }).parse(body).key;
};

describe('every call that is more than a look', () => {
  it('is in the audit log before anything of it is done', async () => {
    const add = door.stores.connections.add;
    let before: readonly Entry[] = [];
    door.stores.connections.add = async (connection, secrets) => {
      before = await entries();
      return add(connection, secrets);
    };
    const id = await addConnection(door);
    expect(before).toEqual([
      expect.objectContaining({ step: 'asked', action: 'addConnection', organization_id: organization, subjects: {} }),
    ]);
    expect(await entries()).toEqual([
      ...before,
      expect.objectContaining({ step: 'done', asked_in: 1, subjects: { connection_id: id } }),
    ]);
  });

  it('is not done when it cannot be written down', async () => {
    door.stores.audit.append = async () => {
      throw new Error('not primary');
    };
    const reply = await door.call('POST', '/v1/connections', { body: newConnection });
    expect(reply.status).toBe(500);
    expect(await door.stores.connections.list({}, null, 10)).toMatchObject({ items: [] });
    expect(door.said.some((line) => line.includes('audit.not_recorded'))).toBe(true);
  });

  it('is answered as it was done, also when that could not be written down any more', async () => {
    const { append } = door.stores.audit;
    door.stores.audit.append = async (entry) => {
      if (entry.step.kind === 'done') throw new Error('not primary');
      return append(entry);
    };
    expect((await door.call('POST', '/v1/connections', { body: newConnection })).status).toBe(201);
    expect((await entries()).map(({ step }) => step)).toEqual(['asked']);
    expect(door.said.some((line) => line.includes('audit.not_recorded'))).toBe(true);
  });

  it('says who, about whose and what, and is found in the log by its trace', async () => {
    const key = await keyWith({ name: 'ops of acme', scopes: ['configure'], organization_ids: [organization] });
    const connection = await addConnection(door);
    const reply = await door.call('PATCH', `/v1/connections/${connection}`, { key, body: { description: 'Acme' } });
    expect(await lastOf()).toMatchObject({
      at: '2026-11-02T09:00:00.000Z',
      actor: { kind: 'api_key', id: expect.stringMatching(/^key_/), name: 'ops of acme' },
      organization_id: organization,
      action: 'editConnection',
      subjects: { connection_id: connection },
      trace_id: reply.headers.get('trace-id'),
      differences: [
        { pointer: '/description', before: null, after: 'Acme' },
        { pointer: '/revision', before: 1, after: 2 },
      ],
    });
    expect(await lastOf('&actor_id=product')).toMatchObject({ actor: { kind: 'configured_key', name: 'product' } });
  });

  it('says why it was refused, and that it broke off', async () => {
    const connection = await addConnection(door);
    await door.call('PATCH', `/v1/connections/${connection}`, {
      headers: { 'if-match': '"7"' },
      body: { state: 'paused' },
    });
    expect(await lastOf()).toMatchObject({ step: 'refused', code: 'stale_revision', differences: null });
    door.stores.connections.edit = async () => {
      throw new Error('not primary');
    };
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    expect(await lastOf()).toMatchObject({ step: 'failed', code: null });
  });

  it('is left out while nobody can tell what is asked for, as is a look at what is of many or of nobody', async () => {
    await door.call('POST', '/v1/connections', { body: { ...newConnection, tenant: 'misspelt' } });
    await door.call('GET', '/v1/connections');
    await door.call('POST', '/v1/connections', { key: null, body: newConnection });
    expect(await entries()).toEqual([]);
  });
});

describe('a look at one person', () => {
  it('is in the audit log by their id, whatever name they were asked about by, and by no other word', async () => {
    const connection = await addConnection(door);
    await commitPeople(door.stores, connectionId(connection), 2);
    const of = { connection_id: connection, object_id: nth(1) };
    const path = `/v1/connections/${connection}`;
    await door.call('POST', `${path}/explain`, { body: { person: 'p1@contoso.example' } });
    expect(await lastOf()).toMatchObject({ action: 'explain', step: 'done', subjects: of, actor: { name: 'product' } });
    await door.call('GET', `${path}/people/${nth(1)}/export`);
    expect(await lastOf()).toMatchObject({ action: 'exportPerson', step: 'done', subjects: of });
    await door.call('POST', `${path}/explain`, { body: { person: 'who@contoso.example' } });
    expect(await lastOf()).toMatchObject({ action: 'explain', step: 'done', subjects: { connection_id: connection } });
    expect(JSON.stringify(await entries())).not.toMatch(/contoso|Person \d/);
    expect((await entries(`&subject_id=${nth(1)}`)).map(({ action, step }) => [action, step])).toEqual([
      ['explain', 'done'],
      ['exportPerson', 'asked'],
      ['exportPerson', 'done'],
    ]);
  });

  it('is there as the same act, whether they asked by POST or by GET, also where it was refused', async () => {
    const connection = await addConnection(door);
    await commitPeople(door.stores, connectionId(connection), 1);
    const path = `/v1/connections/${connection}/explain`;
    const byPost = (key: string) => door.call('POST', path, { key, body: { person: nth(1), live: false } });
    const byGet = (key: string) => door.call('GET', `${path}?person=${nth(1)}&live=false`, { key });
    const [good, bad] = [await keyWith({ scopes: ['read'] }), await keyWith({ scopes: ['audit'] })];
    const told = async (ask: () => Promise<unknown>) => {
      const before = await entries();
      await ask();
      const now = await entries();
      return now
        .slice(before.length)
        .map(({ action, step, subjects, given, code }) => ({ action, step, subjects, given, code }));
    };
    const answered = await told(() => byGet(good));
    expect(answered).toMatchObject([
      { action: 'explain', step: 'asked', subjects: { connection_id: connection }, given: ['/live', '/person'] },
      { action: 'explain', step: 'done', subjects: { connection_id: connection, object_id: nth(1) } },
    ]);
    expect(answered).toEqual(await told(() => byPost(good)));
    const refused = await told(() => byGet(bad));
    expect(refused).toMatchObject([{ action: 'explain', step: 'refused', code: 'forbidden' }]);
    expect(refused).toEqual(await told(() => byPost(bad)));
    expect((await door.call('GET', '/v1/audit?action=explainById')).status).toBe(400);
    expect(await told(() => door.call('GET', `${path}?person=p1@contoso.example`, { key: good }))).toEqual([]);
  });

  it('is there also where nobody was let have the export of somebody', async () => {
    const connection = await addConnection(door);
    const key = await keyWith({ scopes: ['audit'] });
    await door.call('GET', `/v1/connections/${connection}/people/${nth(1)}/export`, { key });
    const subjects = { connection_id: connection, object_id: nth(1) };
    expect(await lastOf()).toMatchObject({ action: 'exportPerson', step: 'refused', code: 'forbidden', subjects });
  });

  it('shows nothing that cannot be written down', async () => {
    const connection = await addConnection(door);
    await commitPeople(door.stores, connectionId(connection), 1);
    door.stores.audit.append = async () => {
      throw new Error('not primary');
    };
    const path = `/v1/connections/${connection}`;
    for (const look of [
      () => door.call('POST', `${path}/explain`, { body: { person: 'p1@contoso.example' } }),
      () => door.call('GET', `${path}/explain?person=${nth(1)}`),
      () => door.call('GET', `${path}/people/${nth(1)}/export`),
    ]) {
      const reply = await look();
      expect([reply.status, JSON.stringify(reply.body)]).toEqual([500, expect.not.stringContaining('Person 1')]);
    }
  });
});

it('credentials that a key of one organization had checked are of that organization, though nothing of it is kept', async () => {
  const key = await keyWith({ scopes: ['configure'], organization_ids: ['contoso'] });
  const { organization_id: _, ...given } = newConnection;
  await door.call('POST', '/v1/connections/check', { key, body: given });
  const [asked] = (await entries()).filter(({ action }) => action === 'checkNewConnection');
  expect(asked).toMatchObject({ organization_id: 'contoso' });
});

describe('who is not let in', () => {
  it('to write, or to the audit log itself, is noted', async () => {
    const key = await keyWith({ scopes: ['read'] });
    const connection = await addConnection(door);
    await door.call('DELETE', `/v1/connections/${connection}`, { key });
    await door.call('GET', '/v1/audit', { key });
    await door.call('GET', '/v1/audit/export', { key });
    expect((await entries('&step=refused')).map(({ action, subjects, code }) => [action, subjects, code])).toEqual([
      ['removeConnection', { connection_id: connection }, 'forbidden'],
      ['listAudit', {}, 'forbidden'],
      ['exportAudit', {}, 'forbidden'],
    ]);
  });

  it('to what is of others is noted, and not told to these', async () => {
    const key = await keyWith({ scopes: ['configure', 'audit'], organization_ids: ['contoso'] });
    const connection = await addConnection(door);
    const reply = await door.call('DELETE', `/v1/connections/${connection}`, { key });
    expect(reply.status).toBe(404);
    expect(await lastOf()).toMatchObject({ action: 'removeConnection', code: 'not_found', organization_id: null });
    expect(await entries('&organization_id=contoso', key)).toEqual([]);
  });

  it('to what is of their own organization is told to its auditors, as is what they tried without naming anything', async () => {
    const auditor = await keyWith({ scopes: ['audit'], organization_ids: ['contoso'] });
    const key = await keyWith({ scopes: ['read'], organization_ids: ['contoso'] });
    const connection = await addConnection(door, { organization_id: 'contoso' });
    await door.call('DELETE', `/v1/connections/${connection}`, { key });
    await door.call('GET', '/v1/audit', { key });
    // Somebody of the installation, too.
    const everywhere = await keyWith({ scopes: ['read'] });
    await door.call('DELETE', `/v1/connections/${connection}`, { key: everywhere });
    await door.call('GET', '/v1/audit', { key: everywhere });
    const told = await entries('&organization_id=contoso&step=refused', auditor);
    expect(told.map(({ action, subjects, organization_id }) => [action, subjects, organization_id])).toEqual([
      ['removeConnection', { connection_id: connection }, 'contoso'],
      ['listAudit', {}, 'contoso'],
      ['removeConnection', { connection_id: connection }, 'contoso'],
    ]);
  });

  it('of two organizations, and tried without naming anything, is told to neither', async () => {
    const key = await keyWith({ scopes: ['read'], organization_ids: ['contoso', 'fabrikam'] });
    await door.call('GET', '/v1/audit', { key });
    expect(await lastOf()).toMatchObject({ action: 'listAudit', code: 'forbidden', organization_id: null });
  });

  it('keeps nothing of an address that is no id', async () => {
    const key = await keyWith({ scopes: ['read'] });
    await door.call('DELETE', '/v1/connections/jane.doe@contoso.example', { key });
    const last = await lastOf();
    expect(last).toMatchObject({ action: 'removeConnection' });
    expect(last).toHaveProperty('subjects', {});
  });
});

describe('the audit log', () => {
  it('holds no secret, and nobody by name', async () => {
    const connection = await addConnection(door);
    const target = await addTarget(door, connection, {
      protected: {
        ids: ['jane.doe@contoso.example'],
        attributes: [{ attribute: 'jobTitle', value: 'Board of Contoso' }],
      },
    });
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { client_secret: 'CANARY~another' } });
    await door.call('PATCH', `/v1/targets/${target}`, {
      body: {
        settings: { token: 'CANARY~new-token' },
        protected: { ids: ['joe@contoso.example', 'ann@contoso.example'] },
      },
    });
    await keyWith({ scopes: ['read'] });
    const all = JSON.stringify(await entries());
    expect(all).not.toMatch(/CANARY|jane|joe@|Board of|entrain_[0-9a-f]{32}/);
    // That they changed is told all the same.
    const given = (await entries('&step=asked')).map(({ action, given }) => [action, given]);
    expect(given).toContainEqual(['editConnection', ['/client_secret']]);
    expect(given).toContainEqual(['editTarget', ['/protected/ids', '/settings/token']]);
    expect((await lastOf(`&subject_id=${target}`))?.differences).toContainEqual({
      pointer: '/protected/ids',
      before: 1,
      after: 2,
    });
  });

  it('shows before and after of limits and mapping, and all of what was removed', async () => {
    const connection = await addConnection(door);
    const target = await addTarget(door, connection);
    await door.call('PATCH', `/v1/targets/${target}`, {
      body: { limits: { deprovisions: { count: 500, percent: 100, floor: 0 } } },
    });
    expect((await lastOf())?.differences).toContainEqual(
      expect.objectContaining({ pointer: '/limits/deprovisions/percent', after: 100 }),
    );
    await door.call('DELETE', `/v1/targets/${target}`);
    expect((await lastOf())?.differences).toContainEqual({ pointer: '/kind', before: newTarget.kind, after: null });
  });

  it('is not asked for by an action that there is not, which would read like nobody ever did it', async () => {
    for (const path of ['/v1/audit', '/v1/audit/export'])
      expect((await door.call('GET', `${path}?action=approveplan`)).body).toMatchObject({
        status: 400,
        code: 'invalid_request',
        errors: [{ pointer: '/action', detail: expect.stringContaining('is no operation id') }],
      });
    for (const action of ['approvePlan', 'signIn', 'exportAudit'])
      expect((await door.call('GET', `/v1/audit?action=${action}`)).status).toBe(200);
  });

  it('is read by keys for that alone, by limited ones of their organizations only', async () => {
    await addConnection(door);
    await addConnection(door, { organization_id: 'contoso' });
    const auditor = await keyWith({ scopes: ['audit'] });
    const ofContoso = await keyWith({ scopes: ['audit'], organization_ids: ['contoso'] });
    expect((await entries('', auditor)).length).toBeGreaterThan(4);
    expect((await door.call('GET', '/v1/audit', { key: ofContoso })).status).toBe(403);
    expect((await door.call('GET', '/v1/audit/export?organization_id=acme', { key: ofContoso })).status).toBe(403);
    const theirs = await entries('&organization_id=contoso', ofContoso);
    expect(await entries('&organization_id=acme&step=refused')).toEqual([]);
    // That one of them asked for everybody's is their business, and that of whom else they asked is not.
    expect(theirs.map(({ organization_id, step }) => [organization_id, step])).toEqual([
      ['contoso', 'asked'],
      ['contoso', 'done'],
      ['contoso', 'refused'],
    ]);
  });

  it('is read by keys for that alone, which see nobody it tells of', async () => {
    const connection = await addConnection(door);
    const auditor = await keyWith({ scopes: ['audit'] });
    const person = `/v1/connections/${connection}/people/${nth(1)}/export`;
    for (const path of ['/v1/connections', `/v1/connections/${connection}/users`, person])
      expect((await door.call('GET', path, { key: auditor })).body, path).toMatchObject({ code: 'forbidden' });
    expect((await door.call('GET', '/v1/session', { key: auditor })).body).toMatchObject({ scopes: ['audit'] });
  });

  it('is exported whole, line by line, and the export verifies by itself', async () => {
    const connection = await addConnection(door);
    await addTarget(door, connection);
    await door.call('POST', `/v1/connections/${connection}/check`);
    const reply = await door.call('GET', '/v1/audit/export');
    expect(reply.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const lines = z.string().parse(reply.body).trimEnd().split('\n');
    const exported = async function* (): AsyncGenerator<readonly KeptEntry[]> {
      yield lines.map(exportedEntry);
    };
    // That it is taken out is written down first, and is in it.
    expect(await verifyChain(exported(), 8)).toMatchObject({ whole: true, entries: 8 });
    expect(lines.map((line) => auditEntrySchema.parse(JSON.parse(line)))).toEqual(await entries());
    expect(await lastOf()).toMatchObject({ action: 'exportAudit', step: 'done', actor: { name: 'product' } });
  });

  it('can be narrowed to a time, and is paged', async () => {
    await addConnection(door);
    door.clock.now = new Date('2026-11-03T09:00:00Z');
    const later = await addConnection(door, { organization_id: 'contoso' });
    expect((await entries('&from=2026-11-03T00:00:00Z')).at(-1)?.subjects).toEqual({ connection_id: later });
    expect(await entries('&until=2026-11-03T00:00:00Z')).toHaveLength(2);
    const first = page.parse((await door.call('GET', '/v1/audit?limit=3')).body);
    const second = page.parse((await door.call('GET', `/v1/audit?limit=3&cursor=${first.next_cursor}`)).body);
    expect([...first.data, ...second.data].map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
    const other = await door.call('GET', `/v1/audit?organization_id=acme&cursor=${first.next_cursor}`);
    expect(other.status).toBe(400);
  });

  it('leaves out of the log what it may not hold, and puts its hash there', async () => {
    await addConnection(door);
    const [first] = await entries();
    expect(door.said.some((line) => line.includes('audit.recorded') && line.includes(first?.hash ?? '-'))).toBe(true);
  });

  it('shows at which host a webhook was before, and never its secret', async () => {
    const made = await door.call('POST', '/v1/webhooks', {
      body: { organization_id: organization, url: 'https://one.example' },
    });
    const secret = z.looseObject({ secret: z.string() }).parse(made.body).secret;
    await door.call('PATCH', `/v1/webhooks/${idOf(made)}`, { body: { url: 'https://two.example/' } });
    const last = await lastOf();
    expect(last).toMatchObject({ action: 'editWebhook', organization_id: organization });
    expect(last?.differences).toContainEqual({
      pointer: '/url',
      before: 'https://one.example/',
      after: 'https://two.example/',
    });
    expect(JSON.stringify(await entries())).not.toContain(secret);
  });

  it.each([
    ['path', (key: string) => `https://flows.example/hooks/${key}`],
    ['query', (key: string) => `https://flows.example/?sp=run&sig=${key}`],
  ])(
    'shows of the %s of a webhook, where receivers have keys of theirs, only that it became another',
    async (_, at) => {
      const body = { organization_id: organization, url: at('CANARY-one') };
      const id = idOf(await door.call('POST', '/v1/webhooks', { body }));
      await door.call('PATCH', `/v1/webhooks/${id}`, { body: { url: at('CANARY-two') } });
      const masked = /^https:\/\/flows\.example\/sha256:[0-9a-f]{8}$/;
      const [changed] = (await lastOf())?.differences?.filter(({ pointer }) => pointer === '/url') ?? [];
      expect(changed).toMatchObject({ before: expect.stringMatching(masked), after: expect.stringMatching(masked) });
      expect(changed?.before).not.toBe(changed?.after);
      await door.call('DELETE', `/v1/webhooks/${id}`);
      expect(JSON.stringify(await entries())).not.toContain('CANARY');
    },
  );

  it('tells of a run that was asked for, and of a plan that was decided on, which it was', async () => {
    const connection = await addConnection(door);
    const target = await addTarget(door, connection);
    const run = idOf(await door.call('POST', `/v1/targets/${target}/provision`, { body: { full: true } }));
    expect(await lastOf()).toMatchObject({ action: 'requestProvision', subjects: { target_id: target, run_id: run } });
    expect(await door.stores.connections.get(connectionId(connection))).not.toBeNull();
  });
});
