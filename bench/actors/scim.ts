/** The simulated SCIM target in a process of its own. */

import { z } from 'zod';
import { type ScimSimulator, startScim } from '../../simulator/scim/index.ts';
import { serve } from '../actor.ts';

let scim: ScimSimulator | null = null;
const running = (): ScimSimulator => {
  if (scim === null) throw new Error('The target was not started.');
  return scim;
};

serve({
  start: async (ask) => {
    scim = await startScim({ latencyMs: z.number().parse(ask), keptRequests: 100_000 });
    return { baseUrl: scim.baseUrl, token: scim.token };
  },
  /** Everything that was asked of it since it was emptied. */
  asked: async () =>
    running()
      .control.requests()
      .map(({ method, path, query, body }) => ({
        method,
        path: query === '' ? path : `${path}?${query}`,
        body: body === null ? null : JSON.stringify(body),
      })),
  /** Without accounts and memories, as on the first day. */
  empty: async () => {
    const { users } = running().control.state();
    running().control.clearAccounts();
    running().control.clearRequests();
    return users;
  },
});
