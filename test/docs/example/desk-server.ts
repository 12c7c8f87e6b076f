/** Desk itself, as small as the example of docs/adding-a-target.md needs it, and with a switch for each trouble it can make. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Attributes, ObjectType } from '../../../src/model/source-object.ts';
import type { Trouble } from '../../contract/target-contract.ts';

type Item = { readonly id: string; fields: Attributes; readonly members: Set<string> };
type Reply = { readonly status: number; readonly body?: unknown };

export const startDesk = async (token: string) => {
  const held = { user: new Map<string, Item>(), group: new Map<string, Item>() };
  const trouble = new Set<Trouble>();
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    held,
    trouble,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const write = request.method !== 'GET';
    if (trouble.has('throttled')) return send(response, { status: 429 }, { 'retry-after': '60' });
    if (trouble.has('unauthorized') || request.headers.authorization !== `Bearer ${token}`)
      return send(response, { status: 401 });
    if (trouble.has('no_route')) return send(response, { status: 404 });
    if (trouble.has('web_page')) return void response.writeHead(200).end('<html>Sign in</html>');
    const reply = carryOut(request.method ?? '', new URL(request.url ?? '', 'http://desk'), body);
    if (write && trouble.delete('fails_after_commit')) return send(response, { status: 500 });
    if (write && trouble.delete('hangs_up_after_commit')) return void request.socket.destroy();
    if (trouble.has('truncated')) return void response.writeHead(200).end(JSON.stringify(reply.body).slice(0, 9));
    send(response, reply);
  }

  function carryOut(method: string, url: URL, body: string): Reply {
    const [, place, id, , member] = url.pathname.split('/').map(decodeURIComponent);
    const type: ObjectType = place === 'people' ? 'user' : 'group';
    if (id === undefined) return method === 'POST' ? create(type, fieldsIn(body)) : list(type, url.searchParams);
    const item = held[type].get(id);
    if (item === undefined) return { status: 404 };
    if (member !== undefined) return changeMembers(method, item, member);
    if (method === 'PATCH') return update(type, item, fieldsIn(body));
    if (method === 'DELETE') return remove(type, id);
    return { status: 200, body: shown(item) };
  }

  function create(type: ObjectType, fields: Attributes): Reply {
    const fault = faultOf(type, fields, null);
    if (fault !== null) return { status: fault };
    const item: Item = { id: crypto.randomUUID(), fields, members: new Set() };
    held[type].set(item.id, item);
    return { status: 201, body: trouble.delete('sends_no_id') ? {} : shown(item) };
  }

  function update(type: ObjectType, item: Item, fields: Attributes): Reply {
    const next = Object.fromEntries(
      Object.entries({ ...item.fields, ...fields }).filter(([, value]) => value !== null),
    );
    const fault = faultOf(type, next, item.id);
    if (fault !== null) return { status: fault };
    if (!trouble.has('loses_writes')) item.fields = next;
    return { status: 200, body: shown(item) };
  }

  function remove(type: ObjectType, id: string): Reply {
    held[type].delete(id);
    for (const { members } of held.group.values()) members.delete(id);
    return { status: 204 };
  }

  function changeMembers(method: string, team: Item, member: string): Reply {
    if (method === 'PUT' && !held.user.has(member) && !held.group.has(member)) return { status: 422 };
    if (!trouble.has('loses_writes')) team.members[method === 'PUT' ? 'add' : 'delete'](member);
    return { status: 200, body: { members: [...team.members] } };
  }

  function list(type: ObjectType, query: URLSearchParams): Reply {
    const asked = trouble.has('ignores_filters') ? [] : [...query];
    const found = [...held[type].values()].filter(({ fields }) =>
      asked.every(([name, value]) => (fields[name] ?? null) === value),
    );
    return { status: 200, body: { items: found.map(shown) } };
  }

  function faultOf(type: ObjectType, { userName }: Attributes, id: string | null): number | null {
    if (type === 'group') return null;
    if (typeof userName !== 'string') return 422;
    const taken = [...held.user.values()].some(
      (other) => other.id !== id && sameName(other.fields['userName'], userName),
    );
    return taken && !trouble.has('allows_duplicates') ? 409 : null;
  }
};

const sameName = (left: unknown, right: string): boolean =>
  typeof left === 'string' && left.toLowerCase() === right.toLowerCase();

const shown = ({ id, fields }: Item) => ({ id, fields });

const fieldsIn = (body: string): Attributes =>
  z
    .object({ fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])) })
    .parse(JSON.parse(body)).fields;

const send = (response: ServerResponse, { status, body }: Reply, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};
