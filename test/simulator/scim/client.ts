/** Speaks to the simulated target as any client would, and builds bodies that name only what matters. */

import { type JsonObject, type ScimOptions, type ScimSimulator, startScim } from '../../../simulator/scim/index.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export type Reply = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: Body };

/** Answers are read by name in these tests; what is not there is undefined. */
export type Body = { readonly [name: string]: unknown } & {
  readonly id: string;
  readonly meta: { readonly version: string; readonly lastModified: string; readonly location: string };
  readonly totalResults: number;
  readonly Resources: readonly Body[];
};

export type Client = ScimSimulator & {
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body: unknown): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, ...operations: readonly unknown[]): Promise<Reply>;
  search(path: '/Users' | '/Groups', filter: string): Promise<Reply>;
  /** The id of a new user, or group. */
  createUser(userName: string, more?: JsonObject): Promise<string>;
  createGroup(displayName: string, ...members: readonly string[]): Promise<string>;
};

export async function startClient(options: ScimOptions = {}): Promise<Client> {
  const simulator = await startScim(options);
  const send: Client['send'] = async (method, path, body, headers = {}) => {
    const response = await fetch(simulator.baseUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${simulator.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  };
  const post: Client['post'] = (path, body) => send('POST', path, body);
  return {
    ...simulator,
    send,
    post,
    get: (path, headers) => send('GET', path, undefined, headers),
    patch: (path, ...operations) => send('PATCH', path, { schemas: [PATCH_OP], Operations: operations }),
    search: (path, filter) => send('GET', `${path}?filter=${encodeURIComponent(filter)}`),
    createUser: async (userName, more = {}) => (await post('/Users', user(userName, more))).body.id,
    createGroup: async (displayName, ...members) =>
      (await post('/Groups', { schemas: [GROUP], displayName, members: members.map((value) => ({ value })) })).body.id,
  };
}

export const user = (userName: string, more: JsonObject = {}): JsonObject => ({
  schemas: ENTERPRISE in more ? [USER, ENTERPRISE] : [USER],
  userName,
  ...more,
});

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse('{}');
  }
}
