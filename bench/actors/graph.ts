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
const change = z.object({ tenant: z.string(), users: z.number(), stamp: z.string() });

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
    return { requests: toGraph, batched, units, bytes };
  },
  reset: async () => running().control.resetRequests(),
  /** Gives so many users another job title. */
  change: async (ask) => {
    const { tenant, users, stamp } = change.parse(ask);
    const control = running().control.tenant(tenant);
    for (const id of firstUsers(control.users(), users)) control.update(id, { jobTitle: `Title ${stamp}` });
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

const firstUsers = (users: readonly string[], count: number): readonly string[] => users.slice(0, count);
