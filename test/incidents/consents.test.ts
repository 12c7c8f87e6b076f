/** Somebody else's tenant. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ConsentWorld, callback, invited, openConsents, question } from '../admin/api/consent-world.ts';
import { idOf, type Reply } from '../admin/api/door.ts';

let world: ConsentWorld;
beforeEach(async () => {
  world = await openConsents();
});
afterEach(() => world.close());

const codeOn = (body: string): string | undefined => /Code: (\w+)\./.exec(body)?.[1];
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

// Whoever has a key of one organization sends a link, or the second half of one, to an administrator of a tenant that consented long ago. They see no
// consent then, but an account picker of Microsoft, and are an administrator of the very tenant: what they do not know is for whom.
describe('consent-tenant-phish', () => {
  const keyOf = async (organization: string): Promise<string> => {
    const body = { name: organization, scopes: ['configure', 'audit'], organization_ids: [organization] };
    return z.looseObject({ key: z.string() }).parse((await world.door.call('POST', '/v1/api-keys', { body })).body).key;
  };
  const pendingOf = async (organization: string) => {
    const key = await keyOf(organization);
    const body = { ...invited, organization_id: organization, name: 'Fabrikam, for the yearly audit' };
    const reply = await world.door.call('POST', '/v1/connections', { key, body });
    return { id: idOf(reply), key, link: linkIn(reply) };
  };
  const claimOf = (link: string): string =>
    `${callback}?admin_consent=True&tenant=${world.fabrikam.tenantId}&state=${new URL(link).searchParams.get('state')}`;
  const shown = async (id: string) => (await world.door.call('GET', `/v1/connections/${id}`)).body;
  const again = async (id: string, key: string) =>
    linkIn(await world.door.call('POST', `/v1/connections/${id}/consent-link`, { key, body: {} }));
  /** Of people and groups; the name of the tenant is shown to whoever proved that it is theirs. */
  const readOfFabrikam = () =>
    world.graph.control
      .requests()
      .filter(({ path, tenant }) => path.startsWith('/v1.0') && tenant === world.fabrikam.tenantId)
      .filter(({ path }) => !path.startsWith('/v1.0/organization'));

  it('connects nothing before the administrator of Fabrikam says so to a page that names whom it is for', async () => {
    const { id, key, link } = await pendingOf('mallory');
    for (const way of [async () => claimOf(link), () => again(id, key)]) {
      const arrival = await world.browser(world.fabrikam).go(await way());
      expect(arrival.body).toContain(question);
      expect(arrival.body).toContain('Organization: <strong>mallory</strong>');
      expect(arrival.body).toContain('<strong>Fabrikam</strong>');
      expect(await shown(id)).toMatchObject({ state: 'pending', tenant_id: null });
      expect(readOfFabrikam()).toEqual([]);
    }
  });

  describe('while Fabrikam is read for its own organization', () => {
    const alsoFabrikam = async () => {
      const own = await pendingOf('fabrikam');
      await world.browser(world.fabrikam).connect(own.link);
      expect(await shown(own.id)).toMatchObject({ state: 'active' });
      return own;
    };

    it('is refused, with a page that says whom to ask and an entry in the audit log', async () => {
      await alsoFabrikam();
      const { id, key, link } = await pendingOf('mallory');
      const arrival = await world.browser(world.fabrikam).go(claimOf(link));
      expect([arrival.status, codeOn(arrival.body)]).toEqual([400, 'tenant_taken']);
      expect(arrival.body).toContain('ask them');
      expect(await shown(id)).toMatchObject({ state: 'pending', tenant_id: null });
      const { body } = await world.door.call('GET', '/v1/audit?organization_id=mallory&step=refused', { key });
      expect(body).toMatchObject({ data: [{ action: 'connectByConsent', subjects: { connection_id: id } }] });
      expect(JSON.stringify(body)).toContain('tenant_taken');
    });

    it('is not kept from Fabrikam by whoever merely names it, with credentials that open nothing', async () => {
      const key = await keyOf('mallory');
      const made = { ...invited, organization_id: 'mallory', tenant_id: world.fabrikam.tenantId, name: 'Taken' };
      const madeUp = { client_id: '0c9e8d7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b', client_secret: 'x' };
      expect((await world.door.call('POST', '/v1/connections', { key, body: { ...made, ...madeUp } })).status).toBe(
        201,
      );
      const own = await alsoFabrikam();
      expect(await shown(own.id)).toMatchObject({ tenant_id: world.fabrikam.tenantId });
    });

    it('is told to nobody who has not proved to be of Fabrikam', async () => {
      await alsoFabrikam();
      const { link } = await pendingOf('mallory');
      expect(codeOn((await world.browser(world.fabrikam, 'user').go(claimOf(link))).body)).toBe(
        'administrator_not_proved',
      );
    });

    it('is let through by the operator alone, for one link', async () => {
      await alsoFabrikam();
      const { id, key } = await pendingOf('subsidiary');
      const share = (by?: string) =>
        world.door.call('POST', `/v1/connections/${id}/consent-link`, {
          ...(by === undefined ? {} : { key: by }),
          body: { shared_tenant: true },
        });
      expect(await share(key)).toMatchObject({ status: 403, body: { code: 'key_is_limited' } });
      expect((await world.browser(world.fabrikam).connect(linkIn(await share()))).body).toContain('Connected');
      expect(await shown(id)).toMatchObject({ state: 'active', tenant_id: world.fabrikam.tenantId });
      expect((await world.browser(world.fabrikam).connect(await again(id, key))).body).toContain('Connected');
    });

    it('is refused also when both administrators say so at the same moment', async () => {
      const [first, both] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let writes = 0;
      await world.close();
      // Whoever comes first writes it down once the other was answered, or is about to write, too.
      world = await openConsents({}, ({ stores }) => ({
        stores: {
          ...stores,
          connections: {
            ...stores.connections,
            edit: async (...given) => {
              writes += 1;
              first.resolve();
              if (writes > 1) both.resolve();
              await both.promise;
              return stores.connections.edit(...given);
            },
          },
        },
      }));
      const asked = async (organization: string) => {
        const { id, link } = await pendingOf(organization);
        const browser = world.browser(world.fabrikam);
        const page = await browser.go(link);
        return { id, say: () => browser.press(page) };
      };
      const [own, mallory] = [await asked('fabrikam'), await asked('mallory')];
      const said = own.say();
      await first.promise;
      expect(codeOn((await mallory.say()).body)).toBe('tenant_taken');
      both.resolve();
      expect((await said).body).toContain('Connected');
      expect(await shown(mallory.id)).toMatchObject({ state: 'pending', tenant_id: null });
    });

    it('is refused also when it began before the other', async () => {
      const { id, link } = await pendingOf('mallory');
      const browser = world.browser(world.fabrikam);
      const asked = await browser.go(link);
      expect(asked.body).toContain(question);
      await alsoFabrikam();
      expect(codeOn((await browser.press(asked)).body)).toBe('tenant_taken');
      expect(await shown(id)).toMatchObject({ state: 'pending', tenant_id: null });
    });
  });
});
