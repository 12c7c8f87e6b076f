/** Somebody else's tenant. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ConsentWorld, callback, invited, openConsents } from '../admin/api/consent-world.ts';
import { idOf, type Reply } from '../admin/api/door.ts';

let world: ConsentWorld;
beforeEach(async () => {
  world = await openConsents();
});
afterEach(() => world.close());

const linkIn = ({ body }: Reply): string =>
  z.looseObject({ oauth2_authorize_url: z.string() }).parse(body).oauth2_authorize_url;

// The redirect after an admin consent names the tenant in its address, which is made by whoever sends it; Microsoft warns not to take it for true. That
// a token can be had for the tenant proves nothing either: Fabrikam consented long ago, for a connection of its own.
// https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent
describe('consent-tenant-spoof', () => {
  /** Acme has a link of its own and claims with it that it came back from Fabrikam. */
  const spoofed = async (fields: object = {}) => {
    const reply = await world.door.call('POST', '/v1/connections', { body: { ...invited, ...fields } });
    const state = new URL(linkIn(reply)).searchParams.get('state');
    const claim = `${callback}?admin_consent=True&tenant=${world.fabrikam.tenantId}&state=${state}`;
    return { id: idOf(reply), claim };
  };
  const nothingOfFabrikam = async (id: string) => {
    expect((await world.door.call('GET', `/v1/connections/${id}`)).body).toMatchObject({
      state: 'pending',
      tenant_id: null,
    });
    const read = world.graph.control
      .requests()
      .filter(({ path, tenant }) => path.startsWith('/v1.0') && tenant === world.fabrikam.tenantId);
    expect(read).toEqual([]);
    expect(world.door.woken).toEqual([]);
  };
  const codeOn = (body: string): string | undefined => /Code: (\w+)\./.exec(body)?.[1];

  it('an administrator of another tenant cannot sign in there', async () => {
    const { id, claim } = await spoofed();
    const arrival = await world.browser(world.contoso).go(claim);
    expect(arrival.url).toContain(`${world.graph.origin}/${world.fabrikam.tenantId}/oauth2/v2.0/authorize`);
    expect(arrival.body).toContain('AADSTS50020');
    await nothingOfFabrikam(id);
  });

  it('nor bring along a sign-in from their own tenant', async () => {
    const { id, claim } = await spoofed();
    for (const app of world.contoso.apps()) app.state = 'active';
    const browser = world.browser(world.contoso);
    const begun = await browser.go(claim, `${world.graph.origin}/${world.fabrikam.tenantId}`);
    const own = (begun.way.at(-1) ?? '').replace(world.fabrikam.tenantId, world.contoso.tenantId);
    const arrival = await browser.go(own);
    expect(arrival.url.startsWith(callback)).toBe(true);
    expect(arrival.status).toBe(400);
    await nothingOfFabrikam(id);
  });

  it('somebody who merely works at Fabrikam may not either', async () => {
    const { id, claim } = await spoofed();
    const arrival = await world.browser(world.fabrikam, 'user').go(claim);
    expect(codeOn(arrival.body)).toBe('administrator_not_proved');
    await nothingOfFabrikam(id);
  });

  it('nor whoever it is, where the login does not tell their roles', async () => {
    const { id, claim } = await spoofed();
    world.graph.control.setKnobs({ rolesInIdTokens: false });
    expect(codeOn((await world.browser(world.fabrikam).go(claim)).body)).toBe('roles_not_told');
    await nothingOfFabrikam(id);
  });

  it('an administrator of Fabrikam who is sent the second half of the way connects nothing', async () => {
    const { id, claim } = await spoofed();
    const begun = await world.browser(world.contoso).go(claim, `${world.graph.origin}/${world.fabrikam.tenantId}`);
    const arrival = await world.browser(world.fabrikam).go(begun.way.at(-1) ?? '');
    expect(codeOn(arrival.body)).toBe('another_browser');
    await nothingOfFabrikam(id);
  });

  it('a link that names a tenant is for no other', async () => {
    const { id, claim } = await spoofed({ tenant_id: world.contoso.tenantId });
    const arrival = await world.browser(world.fabrikam).go(claim);
    expect(codeOn(arrival.body)).toBe('another_tenant');
    expect((await world.door.call('GET', `/v1/connections/${id}`)).body).toMatchObject({ state: 'pending' });
  });
});
