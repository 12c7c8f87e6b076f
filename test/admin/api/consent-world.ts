/** Two tenants, our application, the real door, and browsers that go between them. */

import { createHash } from 'node:crypto';
import type { Knobs, TenantControl } from '../../../simulator/graph/index.ts';
import type { House } from '../../../src/admin/house.ts';
import { secret } from '../../../src/model/secret.ts';
import { connectedSources } from '../../../src/source/graph/connected.ts';
import { type AppRegistration, ourApp } from '../../../src/source/graph/our-app.ts';
import type { OurApp } from '../../../src/source/our-app.ts';
import { type Graph, openGraph } from '../../support/graph.ts';
import { type Door, openDoor } from './door.ts';

export const publicUrl = 'https://entrain.example';
export const callback = `${publicUrl}/connect/callback`;
export const appId = '7f0c2f7e-3a52-4f6e-9a0b-1b2c3d4e5f60';
const appSecret = 'CANARY~our-own-secret';
export const desk = 'https://desk.example/settings/directory';

export type Arrival = {
  /** The address that was shown in the end. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Every address on the way, the first one included. */
  readonly way: readonly string[];
};
export type Browser = {
  /** Follows an address as far as it leads; `until` stops it before an address that begins so. */
  go(url: string, until?: string): Promise<Arrival>;
  /** Sends the form of a page. `headers`: in place of what a browser says of where it is from. */
  press(page: Arrival, headers?: Readonly<Record<string, string>>): Promise<Arrival>;
  /** Follows a link, and confirms what it is asked on the way. */
  connect(url: string): Promise<Arrival>;
};

export const question = '<h1>Connect this tenant?</h1>';

export type ConsentWorld = {
  readonly graph: Graph;
  readonly door: Door;
  /** Not consented to our application yet. */
  readonly contoso: TenantControl;
  /** Consented to it long ago. */
  readonly fabrikam: TenantControl;
  /** The browser of somebody who is signed in there. */
  browser(tenant: TenantControl, as?: Knobs['signedInAs']): Browser;
  close(): Promise<void>;
};

/** `says`: what our application finds out, in place of what the simulator tells it. `room`: what the door stands on beside that. */
export const openConsents = async (
  says: Partial<OurApp> = {},
  room: (defaults: House) => Partial<House> = () => ({}),
): Promise<ConsentWorld> => {
  const app = {
    clientId: appId,
    secret: appSecret,
    redirectUris: [callback],
  };
  const graph = await openGraph({
    tenants: [
      { name: 'Contoso <b>"&', domain: 'contoso.example', users: 5, apps: [{ ...app, state: 'missing' }] },
      { name: 'Fabrikam', domain: 'fabrikam.example', users: 5, seed: 77, apps: [app] },
    ],
  });
  const clouds = { custom: { loginUrl: graph.origin, graphUrl: graph.origin } };
  const registration: AppRegistration = {
    clientId: appId,
    cloud: 'custom',
    proof: { kind: 'client_secret', secret: secret(appSecret) },
  };
  const sources = connectedSources({ clouds, world: graph.clock, app: registration, assertion: null });
  const door = await openDoor({
    config: { customCloud: { ...clouds.custom, caFile: null }, returnUrls: [desk], publicUrl },
    room: (defaults) => ({
      ourApp: { ...ourApp({ registration, redirectUri: callback, clouds, world: graph.clock }), ...says },
      connectSource: sources.connect,
      connectSourceOnce: sources.connectOnce,
      world: { ...defaults.world, sleep: graph.clock.sleep },
      ...room(defaults),
    }),
  });
  return {
    graph,
    door,
    contoso: graph.control.tenant('contoso.example'),
    fabrikam: graph.control.tenant('fabrikam.example'),
    browser: (tenant, as = 'administrator') => browserOf(graph, door, tenant, as),
    close: async () => {
      await door.close();
      await graph.close();
    },
  };
};

/** A connection that waits for a consent. */
export const invited = { vendor: 'MS_ENTRA', organization_id: 'acme', name: 'Acme', cloud: 'custom' };

const mostHops = 10;

const browserOf = (graph: Graph, door: Door, tenant: TenantControl, signedInAs: Knobs['signedInAs']): Browser => {
  let cookie: string | null = null;
  const fetched = async (url: string, request: RequestInit): Promise<Response> => {
    if (!url.startsWith(publicUrl)) {
      graph.control.setKnobs({ signedInTo: tenant.tenantId, signedInAs });
      return fetch(url, { redirect: 'manual' });
    }
    const response = await fetch(door.base + url.slice(publicUrl.length), {
      ...request,
      redirect: 'manual',
      headers: { ...Object(request.headers), ...(cookie === null ? {} : { cookie: `other=1; ${cookie}` }) },
    });
    const set = response.headers.get('set-cookie');
    if (set !== null) cookie = set.includes('Max-Age=0') ? null : (set.split(';')[0] ?? null);
    return response;
  };
  const led = async (start: string, first: RequestInit = {}, until?: string): Promise<Arrival> => {
    const way: string[] = [];
    for (let [url, request] = [start, first]; way.length < mostHops; request = {}) {
      way.push(url);
      const ends = (until !== undefined && url.startsWith(until)) || url.startsWith('https://desk.example');
      if (ends) return { url, status: 0, headers: new Headers(), body: '', way };
      const response = await fetched(url, request);
      const refresh = response.headers.get('refresh')?.replace(/^0; url=/, '') ?? null;
      const location = response.headers.get('location') ?? refresh;
      const body = await response.text();
      door.said.push(body);
      if (location === null) return { url, status: response.status, headers: response.headers, body, way };
      url = location;
    }
    throw new Error(`The browser is sent in a circle: ${way.join(' → ')}`);
  };
  const press: Browser['press'] = ({ body }, headers = { origin: publicUrl, 'sec-fetch-site': 'same-origin' }) => {
    const [, action = ''] = /<form method="post" action="([^"]+)">/.exec(body) ?? [];
    const state = stateIn(body);
    return led(action, { method: 'POST', headers, body: new URLSearchParams({ state }) });
  };
  return {
    go: (start, until) => led(start, {}, until),
    press,
    connect: async (url) => {
      const page = await led(url);
      return page.body.includes(question) ? press(page) : page;
    },
  };
};

/** What the form of a question carries. */
export const stateIn = (body: string): string => /name="state" value="([\w-]{43})"/.exec(body)?.[1] ?? '';

export const digestOf = (state: string): string => createHash('sha256').update(state).digest('hex');
