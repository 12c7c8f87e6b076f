/** Writing to a target without anything around it: the same requests as fast as they go, and the usual loop with one request a person. */

import { Pool } from 'undici';
import { z } from 'zod';
import type { Handlers } from '../actor.ts';
import { measured } from '../figures.ts';

export const asked = z.object({ method: z.string(), path: z.string(), body: z.string().nullable() });
export type Asked = z.infer<typeof asked>;
const ask = z.object({ baseUrl: z.string(), token: z.string(), requests: z.array(asked), connections: z.number() });
type Ask = z.infer<typeof ask>;

export const rawProvision: Handlers = {
  /** All of them in order, `connections` under way at a time. */
  rawProvision: async (given) => {
    const what = ask.parse(given);
    const { origin, pathname } = new URL(what.baseUrl);
    const pool = new Pool(origin, { connections: what.connections, pipelining: 1 });
    try {
      return await measured(async () => {
        let next = 0;
        const lane = async (): Promise<void> => {
          for (let request = what.requests[next++]; request !== undefined; request = what.requests[next++]) {
            const { statusCode, body } = await pool.request({
              method: request.method === 'POST' ? 'POST' : request.method === 'PATCH' ? 'PATCH' : 'GET',
              path: `${pathname}${request.path}`,
              headers: headersOf(what),
              body: request.body,
            });
            const text = await body.text();
            if (statusCode >= 400) throw new Error(`${request.method} ${request.path}: ${statusCode} ${text}`);
            JSON.parse(text);
          }
        };
        await Promise.all(Array.from({ length: what.connections }, lane));
        return { requests: what.requests.length };
      });
    } finally {
      await pool.close();
    }
  },
  /** One after the other with the global fetch, creates alone. */
  usualProvision: async (given) => {
    const what = ask.parse(given);
    return await measured(async () => {
      for (const { method, path, body } of what.requests) {
        const answer = await fetch(`${what.baseUrl}${path}`, { method, body, headers: headersOf(what) });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
        await answer.json();
      }
      return { requests: what.requests.length };
    });
  },
};

const headersOf = ({ token }: Ask) => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/scim+json',
  accept: 'application/scim+json, application/json',
});
