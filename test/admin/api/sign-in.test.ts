import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openSessionSchema } from '../../../src/admin/api/schemas/session.ts';
import { oidcProvider } from '../../../src/admin/oidc.ts';
import { type ApiScope, apiScopes } from '../../../src/model/api-key.ts';
import { secret } from '../../../src/model/secret.ts';
import { type Login, openLogin } from '../../support/login.ts';
import { type Door, openDoor } from './door.ts';
import { cookieName } from './people.ts';

const publicUrl = 'https://entrain.example';
const roleScopes: ReadonlyMap<string, readonly ApiScope[]> = new Map<string, readonly ApiScope[]>([
  ['ops', apiScopes],
  ['desk', ['sync']],
]);

let login: Login;
let door: Door;
beforeAll(async () => {
  login = await openLogin(`${publicUrl}/auth/callback`);
  door = await openDoor({ config: { publicUrl }, identityProvider: providerWith('groups') });
});
beforeEach(() => {
  login.who = { id: 'ann', groups: ['staff', 'ops'] };
  login.asked = 0;
  door.clock.now = new Date();
});
afterAll(async () => {
  await door.close();
  await login.close();
});

const providerWith = (claim: string) =>
  oidcProvider({
    issuer: login.issuer,
    clientId: login.client.id,
    clientSecret: secret(login.client.secret),
    scope: 'openid profile email',
    claim,
    roleScopes,
    redirectUri: `${publicUrl}/auth/callback`,
  });

type Seen = { readonly url: string; readonly status: number; readonly body: string; readonly headers: Headers };
type Browser = {
  readonly cookies: Map<string, string>;
  /** Every `Set-Cookie` of ours. */
  readonly set: string[];
  /** Follows an address; stops before one that begins with `until`. */
  readonly go: (url: string, until?: string) => Promise<Seen>;
};

/** Keeps cookies of both sites, and goes where it is sent. */
const openBrowser = (): Browser => {
  const [cookies, theirs] = [new Map<string, string>(), new Map<string, string>()];
  const set: string[] = [];
  const visit = async (url: string): Promise<Response> => {
    const isOurs = url.startsWith(publicUrl);
    const jar = isOurs ? cookies : theirs;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const address = isOurs ? door.base + url.slice(publicUrl.length) : url;
    const response = await fetch(address, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const line of response.headers.getSetCookie()) {
      if (isOurs) set.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0|1970/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    set,
    go: async (start, until) => {
      let url = start;
      for (let hop = 0; hop < 12; hop += 1) {
        if (until !== undefined && url.startsWith(until)) return { url, status: 0, body: '', headers: new Headers() };
        const response = await visit(url);
        const location = response.headers.get('location');
        const body = await response.text();
        if (url.startsWith(publicUrl)) door.said.push(body);
        if (location === null) return { url, status: response.status, body, headers: response.headers };
        url = new URL(location, url).href;
      }
      throw new Error('The browser is sent in a circle.');
    },
  };
};

const signIn = async (browser: Browser, query = ''): Promise<Seen> => browser.go(`${publicUrl}/auth/sign-in${query}`);

/** What a page of ours sends in this browser. */
const headersOf = async (browser: Browser): Promise<Readonly<Record<string, string>>> => {
  const cookie = `${cookieName}=${browser.cookies.get(cookieName)}`;
  const { body } = await door.call('GET', '/v1/session', { key: null, headers: { cookie } });
  const told = z.looseObject({ session: z.looseObject({ csrf_token: z.string() }).nullish() }).parse(body);
  return { cookie, 'sec-fetch-site': 'same-origin', 'x-csrf-token': told.session?.csrf_token ?? '' };
};
const whoIs = async (browser: Browser) =>
  (await door.call('GET', '/v1/session', { key: null, headers: await headersOf(browser) })).body;
const codeOn = ({ body }: Seen): string | undefined => /Code: (\w+)\./.exec(body)?.[1];

describe('somebody who signs in', () => {
  it('shows the provider who they are, with PKCE, and is known by issuer and subject from then on', async () => {
    const browser = openBrowser();
    const there = await browser.go(`${publicUrl}/auth/sign-in`, `${login.issuer}/auth`);
    const asked = Object.fromEntries(new URL(there.url).searchParams);
    expect(asked).toMatchObject({ code_challenge_method: 'S256', scope: 'openid profile email', max_age: '43200' });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name]).toMatch(/^[\w-]{43}$/);
    const seen = await browser.go(there.url);
    expect(seen.body).toContain('You are signed in as ann@acme.example.');
    expect(await whoIs(browser)).toMatchObject({
      kind: 'person',
      id: expect.stringMatching(/^per_[0-9a-f]{32}$/),
      name: 'ann@acme.example',
      scopes: [...apiScopes],
      session: { fresh: true },
    });
  });

  it('has a cookie that no script and no other host gets at, and the database has only its digest', async () => {
    const browser = openBrowser();
    await signIn(browser);
    const line = browser.set.find((one) => one.startsWith(cookieName)) ?? '';
    expect(line).toMatch(/^__Host-entrain-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const token = browser.cookies.get(cookieName) ?? '';
    expect(await door.stores.sessions.find(token)).toBeNull();
    expect(door.said.join('\n')).not.toContain(token);
    expect(door.said.join('\n')).not.toMatch(/CANARY/);
    expect([...browser.cookies.keys()]).toEqual([cookieName]);
  });

  it('is in the audit log, and so is what they do', async () => {
    const browser = openBrowser();
    await signIn(browser);
    const headers = await headersOf(browser);
    await door.call('POST', '/v1/restores', { key: null, headers, body: { reason: 'a trial' } });
    const { body } = await door.call('GET', '/v1/audit?limit=10', { key: null, headers });
    const entries = z.looseObject({ data: z.array(z.looseObject({ action: z.string() })) }).parse(body).data;
    const actor = { kind: 'person', name: 'ann@acme.example' };
    expect(entries.slice(0, 4)).toMatchObject([
      { action: 'declareRestore', step: 'done', actor },
      { action: 'declareRestore', step: 'asked', actor },
      { action: 'signIn', step: 'done', actor },
      { action: 'signIn', step: 'asked', actor },
    ]);
  });

  it('goes back to where they came from, within this server alone', async () => {
    const browser = openBrowser();
    const there = await browser.go(
      `${publicUrl}/auth/sign-in?return_to=/console/runs%3Fstate%3Dheld`,
      `${publicUrl}/console`,
    );
    expect(there.url).toBe(`${publicUrl}/console/runs?state=held`);
    for (const elsewhere of ['//evil.example', '/\\evil.example', 'https://evil.example', '/%0d%0aSet-Cookie:x'])
      expect((await signIn(openBrowser(), `?return_to=${encodeURIComponent(elsewhere)}`)).body).toContain('Signed in');
  });

  it('may do what their roles are good for, and nothing without one', async () => {
    login.who = { id: 'joe', groups: ['desk', 'staff'] };
    const joe = openBrowser();
    await signIn(joe);
    expect(await whoIs(joe)).toMatchObject({ scopes: ['sync'] });
    const headers = await headersOf(joe);
    expect((await door.call('GET', '/v1/api-keys', { key: null, headers })).status).toBe(403);
    login.who = { id: 'eve', groups: ['staff'] };
    const eve = openBrowser();
    const seen = await signIn(eve);
    expect([seen.status, codeOn(seen)]).toEqual([403, 'no_role']);
    expect(eve.cookies.size).toBe(0);
  });

  it('has another session each time, and the one before is over', async () => {
    const browser = openBrowser();
    await signIn(browser);
    const first = `${cookieName}=${browser.cookies.get(cookieName)}`;
    await signIn(browser);
    expect(`${cookieName}=${browser.cookies.get(cookieName)}`).not.toBe(first);
    const { status } = await door.call('GET', '/v1/session', { key: null, headers: { cookie: first } });
    expect(status).toBe(401);
  });
});

describe('a session', () => {
  const statusAfter = async (browser: Browser, minutes: number): Promise<number> => {
    door.clock.now = new Date(door.clock.now.getTime() + minutes * 60_000);
    const headers = { cookie: `${cookieName}=${browser.cookies.get(cookieName)}` };
    return (await door.call('GET', '/v1/connections', { key: null, headers })).status;
  };

  it('is over after half an hour without a call, and goes on with each', async () => {
    login.who = { id: 'joe', groups: ['desk'] };
    const browser = openBrowser();
    await signIn(browser);
    expect([await statusAfter(browser, 29), await statusAfter(browser, 29)]).toEqual([200, 200]);
    expect(await statusAfter(browser, 31)).toBe(401);
  });

  it('is over after twelve hours, whatever is called', async () => {
    login.who = { id: 'joe', groups: ['desk'] };
    const browser = openBrowser();
    await signIn(browser);
    for (let call = 1; call < 36; call += 1) expect(await statusAfter(browser, 20)).toBe(200);
    expect(await statusAfter(browser, 20)).toBe(401);
  });

  it('of whoever may do much is over after an hour; signed in at the provider, they are back with the roles of now', async () => {
    const browser = openBrowser();
    await signIn(browser);
    expect([await statusAfter(browser, 29), await statusAfter(browser, 29)]).toEqual([200, 200]);
    expect(await statusAfter(browser, 2)).toBe(401);
    door.clock.now = new Date();
    login.asked = 0;
    login.who = { id: 'ann', groups: ['desk'] };
    await signIn(browser);
    expect(login.asked).toBe(0);
    expect(await whoIs(browser)).toMatchObject({ name: 'ann@acme.example', scopes: ['sync'] });
  });

  it('is over once they sign out', async () => {
    const browser = openBrowser();
    await signIn(browser);
    const headers = await headersOf(browser);
    const reply = await door.call('DELETE', '/v1/session', { key: null, headers });
    expect(reply.status).toBe(204);
    expect(reply.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await door.call('GET', '/v1/session', { key: null, headers })).status).toBe(401);
  });
});

describe('who is signed in', () => {
  const listed = async (headers: Readonly<Record<string, string>>) => {
    const { body } = await door.call('GET', '/v1/sessions', { key: null, headers });
    return z.object({ data: z.array(openSessionSchema), next_cursor: z.null() }).parse(body).data;
  };

  it('is seen by administrators, with since when and how long, and by no word of what is secret', async () => {
    await door.stores.sessions.prune(new Date(8.64e15), new Date(8.64e15));
    const ann = openBrowser();
    await signIn(ann);
    login.who = { id: 'joe', groups: ['desk'] };
    const joe = openBrowser();
    await signIn(joe);
    const headers = await headersOf(ann);
    const all = await listed(headers);
    expect(all).toMatchObject([
      { name: 'joe@acme.example', subject: 'joe', issuer: login.issuer, scopes: ['sync'], own: false },
      { name: 'ann@acme.example', subject: 'ann', scopes: [...apiScopes], own: true },
    ]);
    const [, mine] = all;
    expect(mine?.person_id).toMatch(/^per_[0-9a-f]{32}$/);
    expect(Date.parse(mine?.ends_at ?? '') - Date.parse(mine?.last_used_at ?? '')).toBe(30 * 60_000);
    const secrets = [ann, joe].map(({ cookies }) => cookies.get(cookieName) ?? '');
    const digests = secrets.map((secret) => createHash('sha256').update(secret).digest('hex'));
    for (const secret of [...secrets, ...digests]) expect(JSON.stringify(all)).not.toContain(secret);
    // The id of a session opens nothing.
    const cookie = `${cookieName}=${mine?.id}`;
    expect((await door.call('GET', '/v1/session', { key: null, headers: { cookie } })).status).toBe(401);
    expect((await door.call('GET', '/v1/sessions', { key: null, headers: await headersOf(joe) })).status).toBe(403);
  });

  it('is whoever comes still: those who are idle or long there are not among them', async () => {
    await door.stores.sessions.prune(new Date(8.64e15), new Date(8.64e15));
    await signIn(openBrowser());
    door.clock.now = new Date(door.clock.now.getTime() + 31 * 60_000);
    const ann = openBrowser();
    await signIn(ann);
    expect(await listed(await headersOf(ann))).toHaveLength(1);
    for (const minutes of [29, 29]) {
      door.clock.now = new Date(door.clock.now.getTime() + minutes * 60_000);
      await headersOf(ann);
    }
    const another = openBrowser();
    await signIn(another);
    expect(await listed(await headersOf(another))).toHaveLength(2);
    // Ann was there four minutes ago, and is an administrator.
    door.clock.now = new Date(door.clock.now.getTime() + 4 * 60_000);
    expect(await listed(await headersOf(another))).toHaveLength(1);
  });

  it('is signed out at once when an administrator ends it, and everybody else stays', async () => {
    const ann = openBrowser();
    await signIn(ann);
    login.who = { id: 'joe', groups: ['desk'] };
    const joe = openBrowser();
    await signIn(joe);
    const headers = await headersOf(ann);
    const theirs = (await listed(headers)).find(({ subject, own }) => subject === 'joe' && !own);
    const end = () => door.call('DELETE', `/v1/sessions/${theirs?.id}`, { key: null, headers });
    expect((await end()).status).toBe(204);
    const cookie = `${cookieName}=${joe.cookies.get(cookieName)}`;
    expect((await door.call('GET', '/v1/session', { key: null, headers: { cookie } })).status).toBe(401);
    expect((await door.call('GET', '/v1/session', { key: null, headers })).status).toBe(200);
    expect((await end()).body).toMatchObject({ status: 404, code: 'not_found' });
    const { body } = await door.call('GET', '/v1/audit?action=endOpenSession&step=done', { key: null, headers });
    expect(z.object({ data: z.array(z.looseObject({})) }).parse(body).data[0]).toMatchObject({
      actor: { kind: 'person', name: 'ann@acme.example' },
      subjects: { session_id: theirs?.id, person_id: theirs?.person_id },
    });
  });
});

describe('what cannot be taken back', () => {
  it('takes a sign-in of the last five minutes, for which the provider asks anew', async () => {
    const browser = openBrowser();
    await signIn(browser);
    const makeKey = async () =>
      door.call('POST', '/v1/api-keys', {
        key: null,
        headers: await headersOf(browser),
        body: { name: 'desk', scopes: ['read'] },
      });
    expect((await makeKey()).status).toBe(201);
    door.clock.now = new Date(Date.now() + 6 * 60_000);
    expect((await makeKey()).body).toMatchObject({
      code: 'step_up_required',
      detail: expect.stringContaining('fresh=1'),
    });
    // Signed in at the provider, they need not show anything to get another session; to get a fresh one they do.
    login.asked = 0;
    await signIn(browser);
    expect(login.asked).toBe(0);
    expect((await makeKey()).status).toBe(403);
    const there = await browser.go(`${publicUrl}/auth/sign-in?fresh=1`, `${login.issuer}/auth`);
    expect(Object.fromEntries(new URL(there.url).searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
    await browser.go(there.url);
    expect(login.asked).toBe(1);
    door.clock.now = new Date();
    expect((await makeKey()).status).toBe(201);
  });
});

describe('a sign-in is refused', () => {
  const refusals = async () => {
    const { body } = await door.call('GET', '/v1/audit?action=signIn&step=refused&limit=100');
    return z.looseObject({ data: z.array(z.looseObject({})) }).parse(body).data;
  };

  it('in another browser than it was begun in', async () => {
    const { url } = await openBrowser().go(`${publicUrl}/auth/sign-in`, `${publicUrl}/auth/callback`);
    const other = openBrowser();
    expect(codeOn(await other.go(url))).toBe('another_browser');
    expect(other.cookies.size).toBe(0);
  });

  it('and that is in the audit log, with the reason, though nobody knows who it was', async () => {
    const before = await refusals();
    const browser = openBrowser();
    const { url } = await browser.go(`${publicUrl}/auth/sign-in`, `${publicUrl}/auth/callback`);
    await openBrowser().go(url);
    const forged = new URL(url);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await browser.go(forged.href)).status).toBe(403);
    const after = await refusals();
    expect(after).toHaveLength(before.length + 2);
    const written = JSON.stringify(
      after.filter((one) => !before.some((old) => JSON.stringify(old) === JSON.stringify(one))),
    );
    expect(written).toContain('"sign_in"');
    expect(written).toContain('"another_browser"');
    expect(written).not.toContain('xxxx');
  });

  it('and beyond a number of times from one address in the log alone, so that nobody fills the audit log', async () => {
    for (let nth = 0; nth < 25; nth += 1) await openBrowser().go(`${publicUrl}/auth/callback?code=x`);
    const full = await refusals();
    expect(codeOn(await openBrowser().go(`${publicUrl}/auth/callback?code=x`))).toBe('another_browser');
    expect(await refusals()).toHaveLength(full.length);
    expect(full.length).toBeGreaterThan(0);
  });

  it('in a browser that began another, and when its code was used before', async () => {
    const [one, other] = [openBrowser(), openBrowser()];
    const { url } = await one.go(`${publicUrl}/auth/sign-in`, `${publicUrl}/auth/callback`);
    await other.go(`${publicUrl}/auth/sign-in`, `${publicUrl}/auth/callback`);
    expect((await other.go(url)).status).toBe(403);
    expect(other.cookies.has(cookieName)).toBe(false);
    const kept = new Map(one.cookies);
    expect((await one.go(url)).status).toBe(200);
    const again = openBrowser();
    for (const [name, value] of kept) again.cookies.set(name, value);
    expect((await again.go(url)).status).toBe(403);
    expect(again.cookies.has(cookieName)).toBe(false);
  });

  it('when the person refuses, without a word of the provider', async () => {
    login.who = null;
    const browser = openBrowser();
    const seen = await signIn(browser);
    expect([seen.status, codeOn(seen)]).toEqual([403, 'access_denied']);
    expect(door.said.join('\n')).not.toContain('CANARY');
    expect(browser.cookies.size).toBe(0);
  });

  it('when the provider cannot be reached, and is tried again the next time', async () => {
    const gone = oidcProvider({
      issuer: 'http://127.0.0.1:9',
      clientId: 'entrain',
      clientSecret: secret('secret'),
      scope: 'openid',
      claim: 'groups',
      roleScopes,
      redirectUri: `${publicUrl}/auth/callback`,
    });
    await expect(gone.signInUrl({ state: 's', nonce: 'n', challenge: 'c', fresh: false })).rejects.toMatchObject({
      code: 'provider_unreachable',
    });
  });
});
