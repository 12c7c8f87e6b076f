import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { reportPage } from '../../../src/admin/api/setup-outcome-pages.ts';
import { defaultAttributes } from '../../../src/model/connection.ts';
import { connectionId } from '../../../src/model/ids.ts';
import { files } from '../../fixtures/pfx.ts';
import { revealed } from '../../support/secrets.ts';
import { addConnection, addTarget, clientId, clientSecret, type Door, openDoor, tenantId } from './door.ts';
import { emptyTenant } from './tenant.ts';

const publicUrl = 'https://entrain.example';
let door: Door;
let connection: string;
let link: string;
beforeAll(async () => {
  door = await openDoor({ config: { publicUrl } });
});
beforeEach(async () => {
  door.clock.now = new Date('2026-11-02T09:00:00Z');
  connection = await addPending();
  link = await openLink();
});
afterAll(() => door.close());

const addPending = (fields: object = {}): Promise<string> =>
  addConnection(door, {
    name: 'Acme <b>"&',
    tenant_id: undefined,
    client_id: undefined,
    client_secret: undefined,
    ...fields,
  });

const openLink = async (of = connection, body: object = {}): Promise<string> => {
  const asked = { given_to: 'the IT of Acme', ...body };
  const reply = await door.call('POST', `/v1/connections/${of}/setup-link`, { body: asked });
  return z.looseObject({ url: z.string() }).parse(reply.body).url;
};

/** One at which something happens while credentials are tested. */
const doorWhereMeanwhile = (happens: () => Promise<unknown>): Promise<Door> =>
  openDoor({
    config: { publicUrl },
    room: () => ({
      connectSourceOnce: (_connection, secrets) => ({
        ...emptyTenant(secrets, clientSecret),
        check: async () => {
          await happens();
          return { ok: true, checks: [] };
        },
      }),
    }),
  });

type Sent = { readonly status: number; readonly text: string; readonly headers: Headers };
const fromHere = { 'sec-fetch-site': 'same-origin', origin: publicUrl };

const open = async (url = link): Promise<Sent> => read(await fetch(door.base + url.slice(publicUrl.length)));
/** What the page asks them to agree to, which its form sends with what is filled in. */
const asked = ({ text }: Pick<Sent, 'text'>) => ({ question: /name="question" value="(\w+)"/.exec(text)?.[1] ?? '' });
/** From the page as it is now, unless from one that was opened before. */
const send = async (
  what: 'credentials' | 'test' | 'consent',
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = fromHere,
): Promise<Sent> => {
  const address = `${door.base}${link.slice(publicUrl.length)}/${what}`;
  const body = new URLSearchParams({ ...asked(await open()), ...fields });
  return read(await fetch(address, { method: 'POST', headers, body }));
};
const read = async (response: Response): Promise<Sent> => {
  const text = await response.text();
  door.said.push(text);
  return { status: response.status, text, headers: response.headers };
};

/** As a browser sends the form: empty fields, too. */
const filled = {
  tenant_id: ` ${tenantId} `,
  client_id: clientId,
  way: 'client_secret',
  client_secret: clientSecret,
  client_secret_ends_at: '2027-05-01',
  certificate: '',
  pfx: '',
  pfx_password: '',
};
const otherTenant = '7d1e2f3a-0b4c-4d5e-8f60-718293a4b5c6';
const otherClient = '9c8b7a6d-5e4f-4031-a2b3-c4d5e6f70819';
const shown = async (id = connection) => (await door.call('GET', `/v1/connections/${id}`)).body;
const audited = async () =>
  z
    .object({ data: z.array(z.looseObject({ action: z.string(), step: z.string() })) })
    .parse((await door.call('GET', '/v1/audit?limit=200')).body)
    .data.toReversed();

describe('a setup link', () => {
  it('is shown once, says who it is for, and is good for three days unless said otherwise', async () => {
    expect(link).toMatch(/^https:\/\/entrain\.example\/setup\/[0-9a-f]{32}_[\w-]{43}$/);
    const reply = await door.call('GET', `/v1/connections/${connection}/setup-link`);
    expect(reply.body).toMatchObject({
      given_to: 'the IT of Acme',
      created_by: 'product',
      expires_at: '2026-11-05T09:00:00.000Z',
      last_used_at: null,
    });
    const secret = link.slice(link.indexOf('_') + 1);
    await open();
    const others = door.said.filter((said) => !said.includes('"url"') && !said.includes('<form'));
    expect(others.join('\n')).not.toContain(secret);
    expect(JSON.stringify(await door.stores.setupLinks.find(connectionId(connection)))).not.toContain(secret);
  });

  it('needs to know where the server is', async () => {
    const nowhere = await openDoor();
    const id = await addConnection(nowhere);
    const reply = await nowhere.call('POST', `/v1/connections/${id}/setup-link`, { body: { given_to: 'IT' } });
    expect(reply.body).toMatchObject({ status: 409, code: 'public_url_missing' });
    await nowhere.close();
  });

  it('leads nowhere once it is over, ended, replaced or altered, or its connection is removed', async () => {
    const [first, altered] = [link, `${link.slice(0, -1)}${link.endsWith('A') ? 'E' : 'A'}`];
    expect((await open(altered)).status).toBe(404);
    link = await openLink();
    expect((await open(first)).status).toBe(404);
    expect((await open()).status).toBe(200);
    door.clock.now = new Date('2026-11-05T09:00:00Z');
    expect((await open()).status).toBe(410);
    expect((await send('credentials', filled)).status).toBe(410);
    door.clock.now = new Date('2026-11-02T09:00:00Z');
    await door.call('DELETE', `/v1/connections/${connection}/setup-link`);
    expect((await open()).status).toBe(404);
    expect((await door.call('DELETE', `/v1/connections/${connection}/setup-link`)).status).toBe(404);
    link = await openLink();
    await door.call('DELETE', `/v1/connections/${connection}`);
    expect((await send('credentials', filled)).status).toBe(404);
    expect(await shown()).toMatchObject({ credentials: null });
  });

  it('opens nothing that whoever writes to the database made of it', async () => {
    const other = await addPending();
    const theirs = await openLink(other);
    const { link: record, proof } = (await door.stores.setupLinks.find(connectionId(other))) ?? {};
    if (record === undefined || proof === undefined) throw new Error('There is no link.');
    const later = new Date('2027-11-02T09:00:00Z');
    for (const edit of [{ expiresAt: later }, { givenTo: 'somebody else' }, { createdBy: 'somebody else' }]) {
      await door.stores.setupLinks.open({ ...record, ...edit }, proof);
      expect((await open(theirs)).status, JSON.stringify(edit)).toBe(404);
    }
    await door.stores.setupLinks.open({ ...record, connection: connectionId(connection) }, proof);
    const moved = theirs.replace(other.slice('con_'.length), connection.slice('con_'.length));
    expect((await open(moved)).status).toBe(404);
    await door.stores.setupLinks.open(record, proof);
    expect((await open(theirs)).status).toBe(200);
  });

  it('opens nothing of the API', async () => {
    const token = link.slice(link.lastIndexOf('/') + 1);
    for (const key of [token, `entrain_${token}`])
      expect((await door.call('GET', `/v1/connections/${connection}`, { key })).status).toBe(401);
    for (const path of ['/setup', '/setup/', '/setup/x/y/z', `${link.slice(publicUrl.length)}/more`])
      expect((await fetch(door.base + path)).status, path).toBe(404);
  });
});

describe('the page of a setup link', () => {
  it('says what to copy, which permissions and why, and until when', async () => {
    connection = await addPending({ scope: { group_ids: ['3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91'] } });
    const { text } = await open(await openLink());
    for (const value of ['User.Read.All', 'GroupMember.Read.All', '3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91'])
      expect(text).toContain(`data-copy="${value}"`);
    expect(text).toContain('to read users, their managers');
    expect(text).toContain('the IT of Acme');
    expect(text).toContain('2026-11-05 09:00 UTC');
  });

  it('asks for what the sync and the check ask for: by the targets, and where changes are to be told', async () => {
    const { user, group } = defaultAttributes;
    connection = await addPending({ attributes: { user: [...user, 'signInActivity'], group } });
    link = await openLink();
    const byAll = (await open()).text;
    expect(byAll).toContain('AuditLog.Read.All');
    expect(byAll).not.toMatch(/\bGroup\.Read\.All/);
    const joining = { attribute: 'employeeHireDate', value: '2026-12-01T00:00:00Z' };
    await addTarget(door, connection, { protected: { ids: [], attributes: [joining] } });
    await door.stores.subscriptions.want(connectionId(connection), true);
    const byTarget = (await open()).text;
    expect(byTarget).not.toContain('AuditLog.Read.All');
    expect(byTarget).toMatch(/\bGroup\.Read\.All/);
    await send('credentials', filled);
    await door.call('POST', `/v1/connections/${connection}/check`);
    const [first, second] = door.checked.slice(-2);
    expect(first).toMatchObject({ watched: true });
    expect(first?.attributes.user).toContain('employeeHireDate');
    expect(first?.attributes.user).not.toContain('signInActivity');
    expect([second?.attributes, second?.watched]).toEqual([first?.attributes, true]);
  });

  it('shows which attributes are read at most, those with them that accounts are protected by', async () => {
    const attributes = { user: ['displayName', 'employeeId'], group: ['displayName'] };
    connection = await addPending({ attributes });
    const joining = { attribute: 'employeeHireDate', value: '2026-12-01T00:00:00Z' };
    await addTarget(door, connection, { protected: { ids: [], attributes: [joining] } });
    const { text } = await open(await openLink());
    const [, user = '', group = ''] =
      /At most, of users: ([^.]+)\.<\/p><p>Of groups: ([^.]+), and who/.exec(text) ?? [];
    expect(user.split(', ')).toEqual(expect.arrayContaining(['displayName', 'employeeId', 'employeeHireDate']));
    expect(user).not.toContain('streetAddress');
    expect(group.split(', ')).toContain('displayName');
  });

  it('says first for which organization, which whoever sent the link cannot choose, and before anything is filled in', async () => {
    connection = await addConnection(door, {
      organization_id: 'mallory',
      name: 'Fabrikam, for the yearly audit',
      tenant_id: undefined,
      client_id: undefined,
      client_secret: undefined,
    });
    link = await openLink(connection, { given_to: 'the IT of Fabrikam' });
    const { text } = await open();
    const places = ['Organization: <strong>mallory</strong>', 'Is the organization not yours', 'Fabrikam', '<form'];
    const found = places.map((words) => text.indexOf(words));
    expect(Math.min(...found)).toBeGreaterThan(0);
    expect(found[0]).toBeLessThan(Math.min(...found.slice(1)));
    expect(found[1]).toBeLessThan(found[3] ?? 0);
    expect(text).toContain('as whoever made the link named it: <strong>Fabrikam');
    const given = { ...filled, tenant_id: otherClient };
    expect((await send('credentials', given)).text).toContain('Organization: <strong>mallory</strong>');
    expect((await send('test')).text).toContain('Organization: <strong>mallory</strong>');
  });

  it('asks for what the chosen way takes and nothing else, and breaks the name of a permission at its dots', async () => {
    const { text } = await open();
    const [secret = '', certificate = ''] = (text.split('class="by-secret"')[1] ?? '').split('class="by-certificate"');
    expect(secret).toMatch(/id="client_secret".*id="client_secret_ends_at"/s);
    expect(secret).toContain('The secret ends on (optional)');
    expect(certificate).toMatch(/id="certificate".*id="certificate-pfx"/s);
    expect(text).toContain('fieldset:has([value=client_secret]:checked) .by-certificate');
    expect(text).toContain('<code>GroupMember.<wbr>Read.<wbr>All</code>');
  });

  it('shows names as text, loads nothing, and is framed by nobody', async () => {
    const { text, headers } = await open();
    expect(text).toContain('Acme &lt;b&gt;&quot;&amp;');
    expect(text).not.toMatch(/<b>|<link|<img|src=|style=| on\w+=/);
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    );
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
  });

  it.each([
    ['global', 'global cloud', 'https://entra.microsoft.com'],
    ['us_gov', 'US Government (GCC High)', 'https://entra.microsoft.us'],
    ['us_gov_dod', 'US Government (DoD)', 'https://entra.microsoft.us'],
    ['china', '21Vianet', 'https://entra.microsoftonline.cn'],
  ])('of a tenant in %s names that cloud, and leads to its admin center alone', async (cloud, title, adminCenter) => {
    connection = await addPending({ cloud });
    const { text } = await open(await openLink());
    expect(text).toContain(title);
    const led = [...text.matchAll(/href="(https:[^"]+)"/g)].map(([, href]) => href);
    expect(led).toEqual([adminCenter]);
  });

  it('offers admin consent only where there is an application for it', async () => {
    expect((await open()).text).not.toContain('/consent"');
    expect((await send('consent')).status).toBe(409);
  });
});

describe('credentials that somebody fills in', () => {
  it('are tested, and kept because they pass', async () => {
    const { status, text } = await send('credentials', filled);
    expect(status).toBe(200);
    expect(text).toContain('Connected');
    expect(text).toContain('The secret is accepted.');
    expect(await shown()).toMatchObject({
      state: 'active',
      tenant_id: tenantId,
      client_id: clientId,
      credentials: { kind: 'client_secret', ends_at: '2027-05-01T00:00:00.000Z' },
    });
    expect(revealed(await door.stores.connections.secrets(connectionId(connection)))).toEqual({ clientSecret });
    expect(door.woken.at(-1)).toBe(`schedule ${connection} 14400`);
    expect(door.said.join('\n')).not.toContain(clientSecret);
  });

  it('are in the audit log, by the link, without their values', async () => {
    await send('credentials', filled);
    const [asked, done] = (await audited()).slice(-2);
    expect(asked).toMatchObject({
      action: 'setUpConnection',
      actor: { kind: 'setup_link', name: 'the IT of Acme' },
      organization_id: 'acme',
      step: 'asked',
      given: ['/client_id', '/client_secret', '/client_secret_ends_at', '/tenant_id'],
    });
    expect(done).toMatchObject({ step: 'done' });
    expect(JSON.stringify(done)).toContain('"after":"active"');
    expect(JSON.stringify(await audited())).not.toContain(clientSecret);
  });

  it('that do not pass are not kept, and it is said who mends what', async () => {
    const { text } = await send('credentials', { ...filled, client_secret: 'CANARY~wrong' });
    expect(text).toContain('✗');
    expect(text).toContain('The secret is wrong.');
    expect(text).toContain('You can mend it</strong>: Send another.');
    expect(text).not.toContain('CANARY');
    expect(await shown()).toMatchObject({ state: 'pending', credentials: null, tenant_id: null });
    expect((await audited()).at(-1)).toMatchObject({ step: 'refused', code: 'check_failed' });
  });

  it('of a tenant that there is not are for whoever typed them to mend', async () => {
    const stored = await door.stores.connections.get(connectionId(connection));
    if (stored === null) throw new Error('There is no connection.');
    const remedy = { code: 'AADSTS90002', owner: 'your_team', todo: 'Ask the customer.', link: null } as const;
    const line = { name: 'Credentials', ok: false, detail: 'The tenant does not exist.', remedy } as const;
    const page = reportPage(stored, { ok: false, checks: [line] }, 'not_kept', '/setup/x');
    expect(page).toContain('You can mend it</strong>: Compare the Directory (tenant) ID');
    expect(page).not.toContain('Ask the customer');
  });

  it('that are misspelt or missing come back with what was typed, but for the secret', async () => {
    const { status, text } = await send('credentials', {
      ...filled,
      tenant_id: 'no tenant',
      client_secret: 'CANARY~1',
    });
    expect(status).toBe(422);
    expect(text).toContain('role="alert"');
    expect(text).toContain('must be the directory id');
    expect(text).toMatch(/id="tenant_id"[^>]*value="no tenant"[^>]*aria-invalid="true"/);
    expect(text).not.toContain('CANARY');
    expect((await send('credentials', { ...filled, client_secret: '' })).text).toContain(
      'is needed: the value of the secret',
    );
    expect((await send('credentials', { ...filled, way: 'certificate' })).text).toContain('with its private key');
    expect((await send('credentials', { ...filled, client_secret: '', pfx: 'MIIK' })).text).toContain(
      'was given, and a client secret chosen: choose the certificate',
    );
    expect((await send('credentials', {})).status).toBe(400);
    expect(await shown()).toMatchObject({ credentials: null });
  });

  it('that look like the id of a secret are told from its value', async () => {
    const { text } = await send('credentials', { ...filled, client_secret: tenantId });
    expect(text).toContain('looks like the id of a secret');
  });

  it('take the place of a secret that ends', async () => {
    await send('credentials', filled);
    const page = (await open()).text;
    expect(page).toContain('✓ Connected');
    expect(page).toContain('ends on 2027-05-01');
    await send('credentials', { ...filled, client_secret_ends_at: '2028-05-01' });
    expect(await shown()).toMatchObject({ credentials: { ends_at: '2028-05-01T00:00:00.000Z' } });
  });

  it('of another application take the place of those before, and of a second one, only where that is said', async () => {
    await send('credentials', filled);
    await door.call('POST', `/v1/connections/${connection}/credentials/second`, {
      body: { client_secret: clientSecret },
    });
    const page = (await open()).text;
    expect(page).toMatch(new RegExp(`id="client_id"[^>]*value="${clientId}"`));
    const slip = { ...filled, client_id: otherClient };
    const { status, text } = await send('credentials', slip);
    expect(status).toBe(422);
    expect(text).toContain(`is not that of the application until now, ${clientId}`);
    expect(text).toMatch(new RegExp(`id="client_id"[^>]*value="${otherClient}"[^>]*aria-invalid="true"`));
    expect(await shown()).toMatchObject({ client_id: clientId, credentials: { second: expect.anything() } });
    expect((await send('credentials', { ...slip, other_application: 'yes' })).text).toContain('Connected');
    expect(await shown()).toMatchObject({ client_id: otherClient, credentials: { second: null } });
  });

  it('never lead away from the tenant that was proved by admin consent, and may be of an application in it', async () => {
    const proved = { kind: 'admin_consent', clientId: otherClient } as const;
    const edit = { tenantId, credentials: proved, state: 'active' } as const;
    await door.stores.connections.edit(connectionId(connection), 1, edit);
    const { status, text } = await send('credentials', { ...filled, tenant_id: otherTenant });
    expect(status).toBe(422);
    expect(text).toMatch(/id="tenant_id"[^>]*aria-invalid="true"/);
    expect(await shown()).toMatchObject({ tenant_id: tenantId, credentials: { kind: 'admin_consent' } });
    expect((await send('credentials', filled)).status).toBe(200);
    expect(await shown()).toMatchObject({ tenant_id: tenantId, credentials: { kind: 'client_secret' } });
  });

  it('never lead to another tenant than the one the connection was made for', async () => {
    connection = await addPending({ tenant_id: otherTenant });
    link = await openLink();
    expect((await open()).text).toMatch(new RegExp(`id="tenant_id"[^>]*value="${otherTenant}"[^>]* readonly`));
    const { status, text } = await send('credentials', filled);
    expect(status).toBe(422);
    expect(text).toMatch(/id="tenant_id"[^>]*aria-invalid="true"/);
    expect(text).toContain('the connection was made for that tenant');
    expect(await shown()).toMatchObject({ state: 'pending', tenant_id: otherTenant, credentials: null });
    expect((await send('credentials', { ...filled, tenant_id: otherTenant.toUpperCase() })).status).toBe(200);
    expect(await shown()).toMatchObject({ state: 'active', credentials: { kind: 'client_secret' } });
  });

  it('lead to no second tenant once the first was set up, nor while it is', async () => {
    const both = await Promise.all([
      send('credentials', filled),
      send('credentials', { ...filled, tenant_id: otherTenant }),
    ]);
    // The later one finds it set up, or set up while its test was made.
    expect(both.map(({ status }) => (status === 200 ? 'kept' : 'refused')).toSorted()).toEqual(['kept', 'refused']);
    const { tenant_id: kept } = z.looseObject({ tenant_id: z.string() }).parse(await shown());
    const another = kept === tenantId ? otherTenant : tenantId;
    expect((await send('credentials', { ...filled, tenant_id: another })).status).toBe(422);
    expect(await shown()).toMatchObject({ tenant_id: kept });
  });

  it('are not kept of a connection that was given to another tenant while they were tested', async () => {
    const racing: Door = await doorWhereMeanwhile(() =>
      racing.call('PATCH', `/v1/connections/${pending}`, { body: { tenant_id: otherTenant } }),
    );
    const without = { tenant_id: undefined, client_id: undefined, client_secret: undefined };
    const pending = await addConnection(racing, without);
    const made = await racing.call('POST', `/v1/connections/${pending}/setup-link`, { body: { given_to: 'their IT' } });
    const { url } = z.looseObject({ url: z.string() }).parse(made.body);
    const address = `${racing.base}${url.slice(publicUrl.length)}/credentials`;
    const page = { text: await (await fetch(racing.base + url.slice(publicUrl.length))).text() };
    const body = new URLSearchParams({ ...asked(page), ...filled });
    const sent = await fetch(address, { method: 'POST', headers: fromHere, body });
    expect([sent.status, await sent.text()]).toEqual([409, expect.stringContaining('edited by somebody else')]);
    expect((await racing.call('GET', `/v1/connections/${pending}`)).body).toMatchObject({
      state: 'pending',
      tenant_id: otherTenant,
      credentials: null,
    });
    await racing.close();
  });

  it.each([
    ['scope', { scope: 'all' }, 'Everybody in the tenant'],
    ['attributes', { attributes: { user: ['displayName', 'employeeId', 'streetAddress'] } }, 'streetAddress'],
    ['cloud', { cloud: 'china' }, '21Vianet'],
  ])('are not kept by a page that said something else: %s was edited', async (_what, edit, said) => {
    const scope = { group_ids: ['3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91'] };
    connection = await addPending({ scope, attributes: { user: ['displayName'], group: ['displayName'] } });
    link = await openLink();
    const page = await open();
    expect(page.text).not.toContain(said);
    const edited = await door.call('PATCH', `/v1/connections/${connection}`, { body: edit });
    expect(edited.status).toBe(200);
    const tested = door.checked.length;
    const { status, text } = await send('credentials', { ...filled, ...asked(page) });
    expect([status, door.checked.length]).toEqual([409, tested]);
    expect(text).toContain('Look once more at for whom it is read');
    expect(text).toContain(said);
    expect(text).toMatch(new RegExp(`id="client_id"[^>]*value="${clientId}"`));
    expect(text).not.toContain(clientSecret);
    expect(await shown()).toMatchObject({ state: 'pending', tenant_id: null, credentials: null });
    expect((await audited()).at(-1)).toMatchObject({ step: 'refused', code: 'stale_revision' });
    expect((await send('credentials', { ...filled, ...asked({ text }) })).status).toBe(200);
    expect(await shown()).toMatchObject({ state: 'active', tenant_id: tenantId });
  });

  it('are not kept where more is read, while they are tested, because accounts are protected by it', async () => {
    const attributes = [{ attribute: 'employeeHireDate', value: '2026-12-01T00:00:00Z' }];
    const racing: Door = await doorWhereMeanwhile(() =>
      addTarget(racing, pending, { protected: { ids: [], attributes } }),
    );
    const without = { tenant_id: undefined, client_id: undefined, client_secret: undefined };
    const pending = await addConnection(racing, without);
    const made = await racing.call('POST', `/v1/connections/${pending}/setup-link`, { body: { given_to: 'their IT' } });
    const url = racing.base + z.looseObject({ url: z.string() }).parse(made.body).url.slice(publicUrl.length);
    const page = { text: await (await fetch(url)).text() };
    const body = new URLSearchParams({ ...asked(page), ...filled });
    const sent = await fetch(`${url}/credentials`, { method: 'POST', headers: fromHere, body });
    expect([sent.status, await sent.text()]).toEqual([409, expect.stringContaining('employeeHireDate')]);
    expect((await racing.call('GET', `/v1/connections/${pending}`)).body).toMatchObject({
      state: 'pending',
      credentials: null,
    });
    await racing.close();
  });

  it('of a tenant that is read for another organization are not kept, and a tenant of one’s own is renewed', async () => {
    const theirs = await addConnection(door, { organization_id: 'fabrikam', tenant_id: otherTenant });
    const given = { ...filled, tenant_id: otherTenant };
    await door.stores.connections.noteUse(connectionId(theirs), 1, { directoryId: otherTenant });
    const { status, text } = await send('credentials', given);
    expect(status).toBe(409);
    expect(text).toContain('read for another organization already');
    expect(text).not.toContain('fabrikam');
    expect(await shown()).toMatchObject({ state: 'pending', credentials: null });
    expect((await audited()).at(-1)).toMatchObject({ step: 'refused', code: 'tenant_taken' });
    // Where the operator has both read it, both go on.
    connection = await addConnection(door, { organization_id: 'subsidiary', tenant_id: otherTenant });
    await door.stores.connections.noteUse(connectionId(connection), 1, { directoryId: otherTenant });
    link = await openLink();
    expect((await send('credentials', given)).status).toBe(200);
  });

  it('may be a PFX file; one that cannot be opened is said to be so', async () => {
    const fields = { ...filled, way: 'certificate', client_secret: '', pfx: files.modern };
    const { status, text } = await send('credentials', { ...fields, pfx_password: 'not the password' });
    expect(status).toBe(422);
    expect(text).toContain('Certificate file');
  });
});

describe('a form of a setup link', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another site of the same company', { 'sec-fetch-site': 'same-site', origin: 'https://other.example' }],
    ['a page that hides where it is', { origin: 'null' }],
    ['nowhere', {}],
  ])('sent from %s does nothing', async (_where, headers) => {
    expect((await send('credentials', filled, headers)).status).toBe(403);
    expect(await shown()).toMatchObject({ credentials: null });
  });

  it('is taken so many times in ten minutes, whatever it holds', async () => {
    for (let nth = 1; nth <= 10; nth += 1)
      expect((await send('credentials', { ...filled, client_id: 'x' })).status).toBe(422);
    expect((await send('credentials', filled)).status).toBe(429);
    expect((await send('test')).status).toBe(429);
    expect((await open()).status).toBe(200);
    door.clock.now = new Date('2026-11-02T09:10:00Z');
    expect((await send('credentials', filled)).status).toBe(200);
  });

  it('tests what is kept, and tells nothing of targets', async () => {
    expect((await send('test')).status).toBe(409);
    await send('credentials', filled);
    const { text } = await send('test');
    expect(text).toContain('Everything works');
    expect(text).toContain('✓');
    expect((await audited()).at(-1)).toMatchObject({ action: 'testSetup', step: 'done' });
  });

  it('tests a connection that is held back, and does not leave what passes for a day', async () => {
    await send('credentials', filled);
    const id = connectionId(connection);
    const held = { since: door.clock.now, probes: 9, nextProbeAt: new Date('2026-11-03T09:00:00Z') };
    await door.stores.connections.hold(id, { code: 'AADSTS700016', message: 'x', owner: 'customer_it' }, held);
    expect((await open()).text).toContain('Connected, and not in use now');
    const { text } = await send('test');
    expect(text).toContain('within a minute or two it is tested once more by itself, and then used again');
    expect(await shown()).toMatchObject({
      state: 'quarantined',
      quarantine: { probes: 9, next_probe_at: '2026-11-02T09:00:00.000Z' },
    });
  });
});

it('what breaks on our side is told as that, with a trace and nothing else', async () => {
  const { edit } = door.stores.connections;
  door.stores.connections.edit = async () => {
    throw new Error('not primary at mongodb://10.0.0.1');
  };
  const { status, text } = await send('credentials', filled);
  door.stores.connections.edit = edit;
  expect(status).toBe(500);
  expect(text).toMatch(/tell your contact: [0-9a-f]{32}/);
  expect(text).not.toContain('10.0.0.1');
});
