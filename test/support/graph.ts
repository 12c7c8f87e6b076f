/** A simulated Graph with a source in front of it, and a clock that both share: waiting takes no time. */

import { type GraphOptions, type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { type SourceId, sourceId } from '../../src/model/ids.ts';
import { secret as hide } from '../../src/model/secret.ts';
import { silent, type World } from '../../src/model/world.ts';
import { graphSource, type GraphOptions as SourceOptions, trustCa } from '../../src/source/graph/index.ts';
import { assigned, type View } from './folded.ts';

export type Clock = World & {
  /** Every wait, in ms. */
  readonly waits: number[];
  readonly nowMs: () => number;
};

export const clock = (): Clock => {
  let aheadMs = 0;
  const nowMs = (): number => Date.now() + aheadMs;
  const waits: number[] = [];
  return {
    waits,
    nowMs,
    now: () => new Date(nowMs()),
    stopwatch: () => {
      const from = nowMs();
      return () => nowMs() - from;
    },
    random: () => 0.5,
    log: silent,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      aheadMs += ms;
    },
  };
};

/** What a directory sync can be granted; the last one shows the members of groups that hide them. */
export const everyRole = ['User.Read.All', 'GroupMember.Read.All', 'Organization.Read.All', 'Member.Read.Hidden'];

export type Graph = GraphSimulator & { readonly clock: Clock };

export const openGraph = async (options: GraphOptions = {}): Promise<Graph> => {
  const world = clock();
  const graph = await startGraph({ now: world.nowMs, ...options });
  trustCa(graph.caPem);
  return { ...graph, clock: world };
};

/** A source of one tenant; the last one that was added if not named. `secret`: another than the right one. */
export const sourceOf = (
  graph: Graph,
  { secret, ...changes }: Partial<SourceOptions> & { readonly secret?: string } = {},
  tenantId?: string,
) => {
  const tenants = graph.control.tenants();
  const tenant = tenants.find((one) => one.tenantId === tenantId) ?? tenants.at(-1);
  const app = tenant?.apps[0];
  if (tenant === undefined || app === undefined) throw new Error('The simulator has no such tenant.');
  return graphSource({
    connection: {
      tenantId: tenant.tenantId,
      cloud: 'custom',
      credentials: { kind: 'client_secret', clientId: app.clientId, endsAt: new Date('2099-01-01') },
    },
    proof: { kind: 'client_secret', secret: hide(secret ?? app.clientSecret) },
    clouds: { custom: { loginUrl: graph.origin, graphUrl: graph.origin } },
    world: graph.clock,
    ...changes,
  });
};

/** What the tenant holds, seen from its inside. */
export const truthOf = (tenant: ReturnType<Graph['control']['tenant']>, names: readonly string[]): View => {
  const groups = tenant.groups();
  const ids = new Set([...tenant.users(), ...groups.map(({ id }) => id)]);
  return {
    users: Object.fromEntries(
      tenant.users().map((id) => {
        const user = tenant.user(id);
        return [id, assigned(Object.fromEntries(names.map((name) => [name, shown(user[name])])))];
      }),
    ),
    groups: Object.fromEntries(groups.map(({ id, displayName }) => [id, { displayName }])),
    members: Object.fromEntries(
      groups.map(({ id }) => [
        id,
        tenant
          .members(id)
          .filter((one) => ids.has(one))
          .sort(),
      ]),
    ),
  };
};

export const ids = (texts: readonly string[]): readonly SourceId[] => texts.map((text) => sourceId(text));

const shown = (value: unknown): string | boolean | null =>
  typeof value === 'string' || typeof value === 'boolean' ? value : null;
