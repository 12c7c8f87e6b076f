/** The bare limit: the same requests, each body parsed and thrown away. Nothing is looked at but the link to the next page. */

import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { request } from 'undici';
import { z } from 'zod';
import { defaultAttributes } from '../../src/model/connection.ts';
import type { Handlers } from '../actor.ts';
import { type Figures, measured } from '../figures.ts';
import { agent, attributesOf, place, tokenFor } from './access.ts';

const ask = place.extend({
  managers: z.boolean(),
  groups: z.boolean(),
  /** Whether bodies are parsed; without, it is the socket and the unzipping alone. */
  parse: z.boolean().default(true),
});
type Ask = z.infer<typeof ask>;

export const bareRead: Handlers = {
  bareRead: async (given) => {
    const what = ask.parse(given);
    const token = await tokenFor(what);
    return await measured(() => readAll(what, token));
  },
};

/** Chains that do not wait for each other are read side by side: it is the limit. */
export const readAll = async (what: Ask, token: string): Promise<Figures> => {
  const counts = { pages: 0, objects: 0 };
  const select = `$select=id,${attributesOf(defaultAttributes.user).join(',')}`;
  // Lists do not carry the manager; a delta query does, and everything else with it.
  const users = what.managers ? `/users/delta?${select},manager` : `/users?${select}&$top=999`;
  const chains = [chain(what, token, users, counts)];
  if (what.groups) chains.push(groupsAndMembers(what, token, counts));
  await Promise.all(chains);
  return counts;
};

type Counts = { pages: number; objects: number };

const chain = async (what: Ask, token: string, path: string, counts: Counts): Promise<string[]> => {
  const ids: string[] = [];
  for (let link: string | null = `${what.origin}/v1.0${path}`; link !== null; ) {
    const text: string = await get(link, token);
    counts.pages += 1;
    if (!what.parse) {
      link = linkIn(text);
      continue;
    }
    const page: Page = JSON.parse(text);
    counts.objects += page.value.length;
    if (path.startsWith('/groups?')) for (const { id } of page.value) ids.push(id);
    link = page['@odata.nextLink'] ?? null;
  }
  return ids;
};

type Page = { readonly value: readonly { readonly id: string }[]; readonly '@odata.nextLink'?: string };

const linkIn = (text: string): string | null => /"@odata\.nextLink":"([^"]+)"/.exec(text.slice(0, 8_192))?.[1] ?? null;

const batchSize = 20;
const batchesAtOnce = 4;

const groupsAndMembers = async (what: Ask, token: string, counts: Counts): Promise<string[]> => {
  const groups = `/groups?$select=id,${defaultAttributes.group.join(',')}&$top=999`;
  const ids = await chain(what, token, groups, counts);
  const open = Array.from({ length: Math.ceil(ids.length / batchSize) }, (_, at) =>
    ids.slice(at * batchSize, (at + 1) * batchSize),
  );
  const lane = async (): Promise<void> => {
    for (let some = open.shift(); some !== undefined; some = open.shift()) await members(what, token, some, counts);
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, lane));
  return ids;
};

type BatchAnswer = { readonly responses: readonly { readonly body: Page }[] };

const members = async (what: Ask, token: string, ids: readonly string[], counts: Counts): Promise<void> => {
  const requests = ids.map((id) => ({ id, method: 'GET', url: `/groups/${id}/members?$select=id&$top=999` }));
  const text = await send(`${what.origin}/v1.0/$batch`, token, JSON.stringify({ requests }));
  const answer: BatchAnswer = JSON.parse(text);
  counts.pages += 1;
  for (const { body } of answer.responses) {
    counts.objects += body.value.length;
    const next = body['@odata.nextLink'];
    if (next !== undefined) await chain(what, token, next.slice(`${what.origin}/v1.0`.length), counts);
  }
};

const get = (url: string, token: string): Promise<string> => send(url, token, null);

const unzip = promisify(gunzip);
const send = async (url: string, token: string, body: string | null): Promise<string> => {
  const reply = await request(url, {
    method: body === null ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      'accept-encoding': 'gzip',
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    body,
    dispatcher: agent,
  });
  const bytes = Buffer.from(await reply.body.arrayBuffer());
  if (reply.statusCode !== 200) throw new Error(`${url}: ${reply.statusCode} ${bytes.toString().slice(0, 300)}`);
  return (reply.headers['content-encoding'] === 'gzip' ? await unzip(bytes) : bytes).toString('utf8');
};
