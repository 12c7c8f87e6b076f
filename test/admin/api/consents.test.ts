import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionId } from '../../../src/model/ids.ts';
import type { OurApp } from '../../../src/source/our-app.ts';
import {
  type Arrival,
  appId,
  type ConsentWorld,
  callback,
  desk,
  digestOf,
  invited,
  openConsents,
  publicUrl,
  question,
  stateIn,
} from './consent-world.ts';
import { addTarget, clientId, clientSecret, idOf, newConnection, openDoor, type Reply } from './door.ts';

let world: ConsentWorld;
beforeEach(async () => {
  world = await openConsents();
});
afterEach(() => world.close());

const linkIn = ({ body }: Reply): string =>
  z.looseObject({ oauth2_authorize_url: z.string() }).parse(body).oauth2_authorize_url;
const invite = async (fields: object = {}) => {
  const reply = await world.door.call('POST', '/v1/connections', { body: { ...invited, ...fields } });
  return { id: idOf(reply), link: linkIn(reply) };
};
const again = (id: string, body: object = {}) =>
  world.door.call('POST', `/v1/connections/${id}/consent-link`, { body });
const show = async (id: string) => (await world.door.call('GET', `/v1/connections/${id}`)).body;
const edit = (id: string, body: object) => world.door.call('PATCH', `/v1/connections/${id}`, { body });
const codeOn = ({ body }: Arrival): string | undefined => /Code: ([\w]+)\./.exec(body)?.[1];
/** Where a page leads on to. */
const onwardIn = ({ body }: Arrival): string =>
  (/<a class="button" href="([^"]+)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
const whoIn = (tenantId: string): RegExp => new RegExp(`^${tenantId}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
const stillPending = async (id: string) => {
  expect(await show(id)).toMatchObject({ state: 'pending', tenant_id: null, client_id: null });
  expect(world.door.woken).toEqual([]);
};

describe('the link of a new connection', () => {
  it('leads to admin consent of whichever tenant, with everything the application asks for, and a state of its own', async () => {
    const { id, link } = await invite();
    const url = new URL(link);
    expect(url.origin + url.pathname).toBe(`${world.graph.origin}/organizations/v2.0/adminconsent`);
    const { state = '', ...rest } = Object.fromEntries(url.searchParams);
    expect(rest).toEqual({
      client_id: appId,
      redirect_uri: callback,
      scope: `${world.graph.origin}/.default`,
    });
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(await show(id)).toMatchObject({
      state: 'pending',
      oauth2_authorize_url: null,
      refresh_interval_secs: 14_400,
      timeout_secs: 1_800,
      organization_id: 'acme',
    });
    expect(world.door.woken).toEqual([]);
  });

  it('is for the one tenant that was named, if one was', async () => {
    const { link } = await invite({ tenant_id: world.contoso.tenantId });
    expect(new URL(link).pathname).toBe(`/${world.contoso.tenantId}/v2.0/adminconsent`);
    const body = { ...invited, tenant_id: 'contoso.example' };
    const id = idOf(await world.door.call('POST', '/v1/connections', { body }));
    expect((await again(id)).body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/tenant_id' }] });
  });

  it('is kept by the digest of its state, not by the state', async () => {
    const { link } = await invite();
    const state = new URL(link).searchParams.get('state') ?? '';
    expect(await world.door.stores.consents.take(state)).toBeNull();
    expect(JSON.stringify(await world.door.stores.consents.take(digestOf(state)))).not.toContain(state);
  });

  it('is not there without an application of our own, nor for a connection with credentials', async () => {
    const { link: _, id } = await invite();
    const given = await world.door.call('POST', '/v1/connections', { body: newConnection });
    expect(given.body).toMatchObject({ oauth2_authorize_url: null });
    expect((await again(idOf(given))).body).toMatchObject({ code: 'has_credentials' });
    const other = await world.door.call('POST', '/v1/connections', { body: { ...invited, cloud: 'global' } });
    expect(other.body).toMatchObject({ state: 'pending', oauth2_authorize_url: null });
    expect((await again(idOf(other))).body).toMatchObject({ code: 'consent_not_configured' });
    await world.door.call('DELETE', `/v1/connections/${id}`);
    expect((await again(id)).body).toMatchObject({ code: 'connection_deleting' });
    const without = await openDoor();
    const reply = await without.call('POST', '/v1/connections', { body: { ...invited, cloud: 'global' } });
    const toldWhy = expect.stringMatching(/^It has no credentials yet, .* Set ENTRAIN_APP_CLIENT_ID/);
    expect(reply.body).toMatchObject({
      state: 'pending',
      oauth2_authorize_url: null,
      health: { status: 'blocked', code: 'credentials_missing', description: toldWhy },
    });
    expect(
      (await without.call('POST', `/v1/connections/${idOf(reply)}/consent-link`, { body: {} })).body,
    ).toMatchObject({
      code: 'consent_not_configured',
      detail: expect.stringContaining('Set ENTRAIN_APP_CLIENT_ID'),
    });
    await without.close();
  });
});

describe('an administrator who follows the link', () => {
  it('consents, signs in, and is told that the tenant is connected', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    expect(asked.way.map((url) => new URL(url).pathname)).toEqual([
      '/organizations/v2.0/adminconsent',
      '/connect/callback',
      `/${world.contoso.tenantId}/oauth2/v2.0/authorize`,
      '/connect/callback',
    ]);
    expect(asked).toMatchObject({ status: 200, body: expect.stringContaining(question) });
    await stillPending(id);
    const arrival = await browser.press(asked);
    expect(arrival.status).toBe(200);
    expect(arrival.body).toContain('<h1>Connected</h1>');
    // Nobody has asked for a run yet: the schedule is what they may count on.
    expect(arrival.body).toContain(
      'are read from now on, the first time within 4 hours or as soon as acme asks for it',
    );
    expect(await show(id)).toMatchObject({
      state: 'active',
      health: { status: 'waiting' },
      tenant_id: world.contoso.tenantId,
      client_id: appId,
    });
    expect(world.door.woken).toEqual([`schedule ${id} 14400`]);
    expect((await world.door.call('POST', `/v1/connections/${id}/check`)).body).toMatchObject({ ok: true });
    expect(world.door.said.join('\n')).not.toContain('CANARY');
  });

  it('gets a page that loads nothing, is kept nowhere, and shows names as text', async () => {
    const { link } = await invite({ name: 'Acme <i>' });
    const { headers, body } = await world.browser(world.contoso).connect(link);
    expect(body).toContain('Contoso &lt;b&gt;&quot;&amp; is connected for acme (Acme &lt;i&gt;).');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(body).not.toMatch(/<script|<img|https?:\/\//);
  });

  it('is asked before that for which organization what is read of which tenant, on a page whose form goes here alone', async () => {
    const groups = ['9d8f5c1e-2a44-4b0f-8f5d-3c1f0f2f7a11'];
    const { link } = await invite({ name: 'Acme <i>', scope: { group_ids: groups } });
    const { headers, body } = await world.browser(world.contoso).go(link);
    expect(body).toContain('Organization: <strong>acme</strong>');
    expect(body).toContain('<strong>Acme &lt;i&gt;</strong>');
    expect(body).toContain(`<strong>Contoso &lt;b&gt;&quot;&amp;</strong> (<code>${world.contoso.tenantId}</code>)`);
    expect(body).toContain(`<li><code>${groups[0]}</code></li>`);
    expect(body).toContain('displayName');
    expect(headers.get('content-security-policy')).toContain("form-action 'self'; frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is told all that is read at most, those attributes with them that accounts are protected by', async () => {
    const { id, link } = await invite({ attributes: { user: ['displayName', 'mail'] } });
    const protectedBy = { attribute: 'employeeHireDate', value: '2027-01-01' };
    await addTarget(world.door, id, { protected: { ids: [], attributes: [protectedBy] } });
    const { body } = await world.browser(world.contoso).go(link);
    const { attributes } = z
      .looseObject({ attributes: z.object({ user: z.array(z.string()), group: z.array(z.string()) }) })
      .parse(await show(id));
    expect(body).toContain(`of users: ${[...attributes.user, protectedBy.attribute].join(', ')}.`);
    expect(body).toContain(`Of groups: ${attributes.group.join(', ')}, and who is in them.`);
  });

  it('is in the audit log by tenant and object id: nobody else is known to have let us in', async () => {
    const { id, link } = await invite();
    await world.browser(world.contoso).connect(link);
    const { body } = await world.door.call('GET', `/v1/audit?subject_id=${id}&action=connectByConsent`);
    const { data } = z.object({ data: z.array(z.looseObject({ step: z.string(), actor: z.unknown() })) }).parse({
      data: Object(body).data,
    });
    expect(data.map(({ step }) => step)).toEqual(['done', 'asked']);
    const actor = { kind: 'consent_link', id: expect.stringMatching(whoIn(world.contoso.tenantId)) };
    for (const entry of data) expect(entry.actor).toMatchObject(actor);
  });

  it('is in the audit log by the same where they are refused after they have signed in', async () => {
    const { id, link } = await invite();
    const { state = '' } = Object.fromEntries(new URL(link).searchParams);
    await world.browser(world.fabrikam, 'user').go(`${callback}?tenant=${world.fabrikam.tenantId}&state=${state}`);
    const refused = async () =>
      (await world.door.call('GET', `/v1/audit?subject_id=${id}&action=connectByConsent&step=refused&limit=1`)).body;
    const by = (tenantId: string) => ({ kind: 'consent_link', id: expect.stringMatching(whoIn(tenantId)) });
    expect(await refused()).toMatchObject({
      data: [{ code: 'administrator_not_proved', actor: by(world.fabrikam.tenantId) }],
    });
    const browser = world.browser(world.contoso);
    const asked = await browser.go(linkIn(await again(id)));
    await edit(id, { attributes: { user: ['displayName'] } });
    await browser.press(asked);
    expect(await refused()).toMatchObject({ data: [{ code: 'cannot_connect', actor: by(world.contoso.tenantId) }] });
  });

  it('is bound to the browser by a cookie that no script and no other host can touch', async () => {
    const { link } = await invite();
    const { way } = await world.browser(world.contoso).go(link, callback);
    const reply = await world.door.call('GET', (way.at(-1) ?? '').slice('https://entrain.example'.length), {
      key: null,
      headers: {},
      redirect: 'manual',
    });
    expect(reply.status).toBe(302);
    expect(reply.headers.get('set-cookie')).toMatch(
      /^__Host-entrain-connect=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it('is sent back to the product, with what came of it', async () => {
    const { id, link } = await invite({ return_url: `${desk}?customer=7` });
    const { url } = await world.browser(world.contoso).connect(link);
    expect(url).toBe(`${desk}?customer=7&result=connected&connection_id=${id}`);
  });

  it.each([
    'https://desk.example.evil.example/settings/directory',
    'https://desk.example/settings/directory/../other',
    'https://evil.example/?https://desk.example/settings/directory',
    'https://user@desk.example/settings/directory',
    'http://desk.example/settings/directory',
    '//desk.example/settings/directory',
    'javascript:alert(1)',
  ])('is never sent to %s, which nobody listed', async (url) => {
    const reply = await world.door.call('POST', '/v1/connections', { body: { ...invited, return_url: url } });
    expect(reply.body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/return_url' }] });
    const { id } = await invite();
    expect((await again(id, { return_url: url })).body).toMatchObject({ errors: [{ pointer: '/return_url' }] });
  });

  it('and declines, is told so, and leaves everything as it was', async () => {
    const { id, link } = await invite();
    world.graph.control.setKnobs({ consent: 'denied' });
    const arrival = await world.browser(world.contoso).go(link);
    expect(arrival.status).toBe(400);
    expect(arrival.body).toContain('declined the consent');
    expect(codeOn(arrival)).toBe('AADSTS65004');
    await stillPending(id);
    world.graph.control.setKnobs({ consent: 'granted' });
    expect((await world.browser(world.contoso).connect(linkIn(await again(id)))).body).toContain('Connected');
  });

  it('may do it again later, for the same tenant only', async () => {
    const { id, link } = await invite();
    await world.browser(world.contoso).connect(link);
    const other = await world.browser(world.fabrikam).go(linkIn(await again(id)));
    expect(other.status).toBe(400);
    expect(await show(id)).toMatchObject({ state: 'active', tenant_id: world.contoso.tenantId });
    expect((await world.browser(world.contoso).connect(linkIn(await again(id)))).body).toContain('Connected');
  });

  it('cannot be undone by an edit that names another tenant', async () => {
    const { id, link } = await invite();
    await world.browser(world.contoso).connect(link);
    const other = { tenant_id: world.fabrikam.tenantId };
    expect((await edit(id, other)).body).toMatchObject({ code: 'tenant_fixed' });
    expect((await edit(id, { ...other, client_id: clientId, client_secret: clientSecret })).body).toMatchObject({
      code: 'tenant_fixed',
    });
    expect((await edit(id, { cloud: 'global' })).body).toMatchObject({ code: 'tenant_fixed' });
  });

  it('does not wake a connection that somebody paused', async () => {
    const { id, link } = await invite();
    await edit(id, { state: 'paused' });
    await world.browser(world.contoso).connect(link);
    expect(await show(id)).toMatchObject({ state: 'paused', tenant_id: world.contoso.tenantId });
    expect(world.door.woken.filter((line) => line.startsWith('schedule'))).toEqual([]);
  });
});

describe('a consent that is not known everywhere yet', () => {
  it('is waited for some seconds', async () => {
    const { id, link } = await invite();
    world.graph.control.setKnobs({ consentLagMs: 5_000 });
    const { body } = await world.browser(world.contoso).connect(link);
    expect(body).toContain('<h1>Connected</h1>');
    expect(world.graph.clock.waits).toEqual([2_000, 4_000]);
    expect(await show(id)).toMatchObject({ state: 'active' });
  });

  it('is waited for at the sign-in; whoever comes too early all the same signs in once more, by the same link', async () => {
    const { id, link } = await invite();
    world.graph.control.setKnobs({ consentLagMs: 60_000 });
    const browser = world.browser(world.contoso);
    const early = await browser.go(link);
    expect([early.status, early.body]).toEqual([200, expect.stringContaining('<h1>Not yet</h1>')]);
    expect(early.body).toContain('AADSTS700016');
    expect(world.graph.clock.waits).toEqual([2_000, 4_000, 8_000]);
    await stillPending(id);
    await world.graph.clock.sleep(60_000, new AbortController().signal);
    expect(codeOn(await world.browser(world.contoso).go(early.url))).toBe('link_over');
    expect((await browser.connect(onwardIn(early))).body).toContain('<h1>Connected</h1>');
  });

  it('for longer holds the connection back, which is checked again within the minute', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    const [app] = world.contoso.apps();
    // By the servers that give out tokens for reading; those of the sign-in knew of it.
    if (app !== undefined) app.visibleFromMs = world.graph.clock.nowMs() + 600_000;
    const { status, body } = await browser.press(asked);
    expect([status, body]).toEqual([200, expect.stringContaining('Nearly connected')]);
    expect(await show(id)).toMatchObject({
      state: 'quarantined',
      tenant_id: world.contoso.tenantId,
      health: { status: 'blocked', code: 'consent_not_visible', resolution_owner: 'microsoft' },
      quarantine: { probes: 0, next_probe_at: new Date(world.door.clock.now.getTime() + 60_000).toISOString() },
    });
    expect(world.door.woken).toEqual([]);
  });

  it('or lacks a permission, says which, and who adds it', async () => {
    const { id, link } = await invite();
    const [app] = world.contoso.apps();
    if (app !== undefined) app.roles = ['User.Read.All'];
    await world.browser(world.contoso).connect(link);
    expect(await show(id)).toMatchObject({
      state: 'quarantined',
      health: { code: 'permission_missing', resolution_owner: 'your_team' },
    });
  });
});

describe('an address that somebody came back with', () => {
  const come = (query: string) =>
    world.door.call('GET', `/connect/callback${query}`, { key: null, redirect: 'manual' });

  it('is good once', async () => {
    const { id, link } = await invite();
    const { way } = await world.browser(world.contoso).go(link);
    await stillPending(id);
    const before = await show(id);
    for (const url of way.filter((each) => each.startsWith(callback)))
      expect(codeOn(await world.browser(world.contoso).go(url))).toBe('link_over');
    expect(await show(id)).toEqual(before);
  });

  it('is good for an hour', async () => {
    const { id, link } = await invite();
    world.door.clock.now = new Date(world.door.clock.now.getTime() + 3_600_000);
    expect(codeOn(await world.browser(world.contoso).go(link))).toBe('link_over');
    await stillPending(id);
  });

  it('is void once there is a newer link', async () => {
    const { id, link } = await invite();
    const newer = linkIn(await again(id));
    expect(codeOn(await world.browser(world.contoso).go(link))).toBe('link_over');
    expect((await world.browser(world.contoso).connect(newer)).body).toContain('Connected');
  });

  it('of a connection that is being removed connects nothing', async () => {
    const { id, link } = await invite();
    await world.door.call('DELETE', `/v1/connections/${id}`);
    expect(codeOn(await world.browser(world.contoso).go(link))).toBe('cannot_connect');
    expect(await show(id)).toMatchObject({ state: 'deleting', tenant_id: null });
  });

  it('is answered with a question, which is sent by nobody else, from nowhere else, and once', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: publicUrl, 'sec-fetch-site': 'same-site' },
      {},
    ])
      expect((await browser.press(asked, headers)).status, JSON.stringify(headers)).toBe(403);
    await stillPending(id);
    expect((await browser.press(asked)).body).toContain('<h1>Connected</h1>');
    expect(codeOn(await browser.press(asked))).toBe('link_over');
  });

  it('is answered with a question that another browser does not answer, nor one that is late', async () => {
    const { id, link } = await invite();
    const asked = await world.browser(world.contoso).go(link);
    expect(codeOn(await world.browser(world.contoso).press(asked))).toBe('another_browser');
    const browser = world.browser(world.contoso);
    const late = await browser.go(linkIn(await again(id)));
    world.door.clock.now = new Date(world.door.clock.now.getTime() + 600_000);
    expect(codeOn(await browser.press(late))).toBe('link_over');
    await stillPending(id);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['who is read', (id) => edit(id, { scope: { group_ids: ['9d8f5c1e-2a44-4b0f-8f5d-3c1f0f2f7a11'] } })],
    ['what is read of them', (id) => edit(id, { attributes: { user: ['displayName', 'mail', 'employeeHireDate'] } })],
    [
      'what is read of them, as accounts are protected by it,',
      (id) => {
        const attributes = [{ attribute: 'employeeHireDate', value: '2027-01-01' }];
        return addTarget(world.door, id, { protected: { ids: [], attributes } });
      },
    ],
  ])('is answered with a question that is another by now, and connects nothing: %s was edited', async (_, becomes) => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    await becomes(id);
    const arrival = await browser.press(asked);
    expect([arrival.status, codeOn(arrival)]).toEqual([400, 'cannot_connect']);
    expect(await show(id)).toMatchObject({ state: 'pending', tenant_id: null, client_id: null });
  });

  it('is answered with a question that stays the same, whatever else is edited of the connection', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    await edit(id, { description: 'For the helpdesk', refresh_interval_secs: 3_600 });
    expect((await browser.press(asked)).body).toContain('<h1>Connected</h1>');
  });

  it('is answered with a question that becomes another while the tenant is looked at, and connects nothing', async () => {
    let widen: () => Promise<unknown> = async () => {};
    const prove = async (tenantId: string) => {
      await widen();
      return { tenantId, name: null };
    };
    const other = await openConsents({ prove });
    const body = { ...invited, scope: { group_ids: ['9d8f5c1e-2a44-4b0f-8f5d-3c1f0f2f7a11'] } };
    const reply = await other.door.call('POST', '/v1/connections', { body });
    const browser = other.browser(other.contoso);
    const asked = await browser.go(linkIn(reply));
    const path = `/v1/connections/${idOf(reply)}`;
    widen = () => other.door.call('PATCH', path, { body: { scope: 'all' } });
    expect(codeOn(await browser.press(asked))).toBe('cannot_connect');
    expect((await other.door.call('GET', path)).body).toMatchObject({
      state: 'pending',
      tenant_id: null,
      scope: 'all',
    });
    await other.close();
  });

  it('is answered with a question that no address answers', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    expect(codeOn(await browser.go(`${callback}?state=${stateIn(asked.body)}`))).toBe('link_over');
    await stillPending(id);
    expect((await world.door.call('GET', '/connect/confirm', { key: null })).status).toBe(405);
  });

  it('before the sign-in is no answer to the question, be it of the link or of the sign-in that was begun', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const asked = await browser.go(link);
    const answers = async (state: string) =>
      codeOn(await browser.press({ ...asked, body: asked.body.replace(stateIn(asked.body), state) }));
    const stateOf = (url: string) => new URL(url).searchParams.get('state') ?? '';
    expect(await answers(stateOf(linkIn(await again(id))))).toBe('link_over');
    const begun = await browser.go(linkIn(await again(id)), `${world.graph.origin}/${world.contoso.tenantId}/oauth2`);
    expect(await answers(stateOf(begun.url))).toBe('link_over');
    await stillPending(id);
  });

  it('from a sign-in that was begun in another browser connects nothing', async () => {
    const { id, link } = await invite();
    const begun = await world.browser(world.contoso).go(link, `${world.graph.origin}/${world.contoso.tenantId}`);
    const [url = ''] = begun.way.slice(-1);
    expect(codeOn(await world.browser(world.contoso).go(url))).toBe('another_browser');
    await stillPending(id);
  });

  it('from a sign-in of another browser connects nothing, whatever this browser has begun itself', async () => {
    const [mine, theirs] = [await invite(), await invite()];
    const signIn = `${world.graph.origin}/${world.contoso.tenantId}`;
    const begun = await world.browser(world.contoso).go(mine.link, signIn);
    const browser = world.browser(world.contoso);
    await browser.go(theirs.link, signIn);
    expect(codeOn(await browser.go(begun.way.at(-1) ?? ''))).toBe('another_browser');
    await stillPending(mine.id);
  });

  it.each([
    ['without anything', ''],
    ['with a state that nobody made', `?admin_consent=True&tenant=${'0'.repeat(8)}&state=${'x'.repeat(43)}`],
    ['with a state of another form', '?admin_consent=True&state=%7B%22%24ne%22%3Anull%7D'],
    ['with two states', `?state=${'a'.repeat(43)}&state=${'b'.repeat(43)}`],
    ['with an error and no state', '?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E'],
    ['with a very long code', `?code=${'c'.repeat(9_000)}&state=${'x'.repeat(43)}`],
  ])('%s is answered with a page, and nothing of it is repeated', async (_, query) => {
    const { status, body, headers } = await come(query);
    expect(status).toBe(400);
    expect(body).toContain('<h1>Not connected</h1>');
    expect(String(body)).not.toMatch(/script|xxxx|aaaa|cccc/);
    expect(headers.get('location')).toBeNull();
    expect(headers.get('www-authenticate')).toBeNull();
  });

  it('with an error says what the number means, and repeats nothing else', async () => {
    const { id, link } = await invite();
    const state = new URL(link).searchParams.get('state') ?? '';
    const description = encodeURIComponent('AADSTS90094: <script>alert(1)</script> Jane Doe');
    const { body } = await come(
      `?admin_consent=True&tenant=x&error=access_denied&error_description=${description}&state=${state}`,
    );
    expect(body).toContain('an administrator of the tenant has to consent (AADSTS90094)');
    expect(body).not.toMatch(/script|Jane/);
    await stillPending(id);
  });

  it('because the login service was too busy leads to the same step once more, in the same browser', async () => {
    const { id, link } = await invite();
    const browser = world.browser(world.contoso);
    const busy = (url: string) => {
      const state = new URL(url).searchParams.get('state') ?? '';
      return browser.go(`${callback}?error=temporarily_unavailable&error_description=AADSTS90033&state=${state}`);
    };
    const consent = await busy(link);
    expect([consent.status, consent.body]).toEqual([200, expect.stringContaining('<h1>Not yet</h1>')]);
    const signIn = `${world.graph.origin}/${world.contoso.tenantId}`;
    const begun = await browser.go(onwardIn(consent), signIn);
    const elsewhere = new URL(begun.url).searchParams.get('state') ?? '';
    const asked = await busy(begun.url);
    expect(asked.body).toContain('<h1>Not yet</h1>');
    expect(new URL(onwardIn(asked)).searchParams.get('state')).not.toBe(elsewhere);
    await stillPending(id);
    expect((await browser.connect(onwardIn(asked))).body).toContain('<h1>Connected</h1>');
  });

  it('because the login service was too busy helps no other browser on, and makes no link good for longer', async () => {
    const { id, link } = await invite();
    const signIn = `${world.graph.origin}/${world.contoso.tenantId}`;
    const state = ({ url }: Arrival) => new URL(url).searchParams.get('state') ?? '';
    const begun = await world.browser(world.contoso).go(link, signIn);
    const query = `?error=server_error&error_description=x&state=${state(begun)}`;
    expect(codeOn(await world.browser(world.contoso).go(`${callback}${query}`))).toBe('another_browser');
    const browser = world.browser(world.contoso);
    const second = await browser.go(linkIn(await again(id)), signIn);
    world.door.clock.now = new Date(world.door.clock.now.getTime() + 599_000);
    const late = await browser.go(`${callback}?error=server_error&error_description=x&state=${state(second)}`);
    world.door.clock.now = new Date(world.door.clock.now.getTime() + 1_000);
    expect(codeOn(await browser.go(onwardIn(late)))).toBe('link_over');
    await stillPending(id);
  });

  it('that is only looked at by a scanner (HEAD) is not used up', async () => {
    const { link } = await invite();
    const { way } = await world.browser(world.contoso).go(link, callback);
    const path = (way.at(-1) ?? '').slice('https://entrain.example'.length);
    expect((await world.door.call('HEAD', path, { key: null })).status).toBe(405);
    expect((await world.browser(world.contoso).connect(way.at(-1) ?? '')).body).toContain('Connected');
  });

  it('leaves no state, code or name in the log', async () => {
    const { link } = await invite();
    const { way } = await world.browser(world.contoso).connect(link);
    const log = world.door.said.filter((line) => line.startsWith('{"')).filter((line) => line.includes('"event"'));
    expect(log.length).toBeGreaterThan(3);
    for (const url of way)
      for (const name of ['state', 'code', 'nonce'])
        expect(log.join('\n')).not.toContain(new URL(url).searchParams.get(name) ?? 'no such thing');
    expect(log.join('\n')).not.toContain('Contoso');
  });
});

describe('a login that says otherwise than the address', () => {
  const stranger = { tenantId: 'other', personId: 'somebody', isAdministrator: true };
  it.each<readonly [string, Partial<OurApp>]>([
    ['whoever signed in is of another tenant', { signedIn: async () => stranger }],
    ['our token reads another tenant', { prove: async () => ({ tenantId: 'other', name: null }) }],
  ])('is believed: %s', async (_, says) => {
    const other = await openConsents(says);
    const reply = await other.door.call('POST', '/v1/connections', { body: invited });
    const arrival = await other.browser(other.contoso).connect(linkIn(reply));
    expect(codeOn(arrival)).toBe('tenant_not_proved');
    expect((await other.door.call('GET', `/v1/connections/${idOf(reply)}`)).body).toMatchObject({ state: 'pending' });
    await other.close();
  });
});

it('a connection that was connected by consent goes by what its record says, not by who asks', async () => {
  const { id, link } = await invite();
  await world.browser(world.contoso).connect(link);
  const connection = await world.door.stores.connections.get(connectionId(id));
  expect(connection?.credentials).toEqual({ kind: 'admin_consent', clientId: appId });
  expect(await world.door.stores.connections.secrets(connectionId(id))).toEqual({});
});
