/** The simulated Graph in a process of its own. Its answers are kept and given again, so that it is not what is measured. */

import { z } from 'zod';
import { type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { knobsSchema } from '../../simulator/graph/knobs.ts';
import { serve } from '../actor.ts';

const start = z.object({
  tenants: z.array(
    z.object({ users: z.number(), groups: z.number(), teamSize: z.number().nullable(), seed: z.number() }),
  ),
});
const change = z.object({ tenant: z.string(), users: z.number(), from: z.number().default(0), stamp: z.string() });

let graph: GraphSimulator | null = null;
const running = (): GraphSimulator => {
  if (graph === null) throw new Error('The simulator was not started.');
  return graph;
};

serve({
  start: async (ask) => {
    const { tenants } = start.parse(ask);
    graph = await startGraph({ tenants, throttling: false, keepAnswers: true, listPageSize: 100 });
    return {
      origin: graph.origin,
      caPem: graph.caPem,
      tenants: graph.control.tenants().map(({ tenantId, apps }) => ({
        tenantId,
        clientId: apps[0]?.clientId ?? '',
        clientSecret: apps[0]?.clientSecret ?? '',
      })),
    };
  },
  knobs: async (ask) => running().control.setKnobs(knobsSchema.parse(ask)),
  counters: async () => {
    const { toGraph, batched, units, bytes } = running().control.counters();
    return { requests: toGraph, batched, units, bytes, longestChain: longestChain(running().control.requests()) };
  },
  reset: async () => running().control.resetRequests(),
  /** Gives so many users another job title, from the nth on, and the first after the last. */
  change: async (ask) => {
    const { tenant, users, from, stamp } = change.parse(ask);
    const control = running().control.tenant(tenant);
    for (const id of usersFrom(control.users(), from, users)) control.update(id, { jobTitle: `Title ${stamp}` });
  },
  hire: async (ask) => {
    running().control.tenant(z.string().parse(ask)).hire({});
  },
  groups: async (ask) => {
    const groups = running().control.tenant(z.string().parse(ask)).groups();
    return { found: groups.length, memberships: groups.reduce((sum, group) => sum + group.members, 0) };
  },
  memberships: async (ask) => {
    const control = running().control.tenant(z.string().parse(ask));
    return control.groups().reduce((sum, group) => sum + group.members, 0);
  },
});

const usersFrom = (users: readonly string[], from: number, count: number): readonly string[] => {
  const first = from % Math.max(1, users.length);
  const some = users.slice(first, first + count);
  return [...some, ...users.slice(0, Math.min(first, count - some.length))];
};

/** Pages of one list come one after the other; what else is asked goes on beside them. Of the newest 10,000 requests, which is what is kept. */
const longestChain = (requests: readonly { readonly method: string; readonly path: string }[]): number => {
  const pages = new Map<string, number>();
  for (const { method, path } of requests)
    if (method === 'GET' && path.startsWith('/v1.0/')) pages.set(path, (pages.get(path) ?? 0) + 1);
  return Math.max(0, ...pages.values());
};
