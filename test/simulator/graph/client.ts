/** A bare client for the conformance tests: a token, and requests whose answers are looked at as they are. */

import { Agent, fetch } from 'undici';
import type { GraphSimulator } from '../../../simulator/graph/index.ts';

/** Answers are looked at in any shape, as a client without types would. */
type Loose = ReturnType<typeof JSON.parse>;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Loose;
};
type Asked = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly redirect?: 'manual';
};
type Headers = { get(name: string): string | null };

export async function connect(graph: GraphSimulator, tenantPlace = 0) {
  const dispatcher = new Agent({ connect: { ca: graph.caPem } });
  const tenant = graph.tenants[tenantPlace];
  const app = tenant?.apps[0];
  if (tenant === undefined || app === undefined) throw new Error('The simulator has no such tenant.');

  const send = async (url: string, asked: Asked = {}): Promise<Answer> => {
    const response = await fetch(url.startsWith('https:') ? url : graph.origin + url, {
      dispatcher,
      redirect: asked.redirect ?? 'follow',
      method: asked.method ?? 'GET',
      ...(asked.headers === undefined ? {} : { headers: asked.headers }),
      ...(asked.body === undefined
        ? {}
        : { body: typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  };

  const login = (
    changes: Record<string, string | undefined> = {},
    name = tenant.tenantId,
    headers = {},
  ): Promise<Answer> => {
    const form = {
      client_id: app.clientId,
      client_secret: app.clientSecret,
      grant_type: 'client_credentials',
      scope: 'https://graph.microsoft.com/.default',
      ...changes,
    };
    const sent = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return send(`/${name}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(sent).toString(),
    });
  };

  const { body } = await login();
  const authorized = (headers: Record<string, string> = {}) => ({
    authorization: `Bearer ${body.access_token}`,
    ...headers,
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    send(path.startsWith('https:') ? path : `/v1.0${path}`, { headers: authorized(headers) });
  const post = (path: string, payload: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    send(`/v1.0${path}`, {
      method: 'POST',
      headers: authorized({ 'content-type': 'application/json', ...headers }),
      body: payload,
    });

  /** All pages from here on: every object, and the last link. */
  const round = async (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ value: Loose[]; link: string; pages: Loose[] }> => {
    const pages = [];
    for (let link: string | undefined = path; link !== undefined; ) {
      const page = await get(link, headers);
      if (page.status !== 200) throw new Error(`${page.status} ${page.text}`);
      pages.push(page.body);
      link = page.body['@odata.nextLink'];
    }
    return { value: pages.flatMap((page) => page.value), link: pages.at(-1)?.['@odata.deltaLink'], pages };
  };
  return { tenant, app, send, login, get, post, round, close: () => dispatcher.close() };
}

export type GraphClient = Awaited<ReturnType<typeof connect>>;

function parsed(text: string): Loose {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
