/**
 * A whole Entrain for an integration test: real processes over real Redis, MongoDB and HTTPS, with a simulated tenant and target. Its processes have the
 * rights of docs/operating.md and no other; what is refused fails the test when it stops.
 */

import { inject } from 'vitest';
import { type Stack, type StackOptions, startStack } from '../../scripts/demo/stack.ts';
import { type Connected, connect, type Tour, tourTenant } from '../../scripts/demo/tour.ts';
import { type GraphOptions, startGraph } from '../../simulator/graph/index.ts';
import { type ScimOptions, startScim } from '../../simulator/scim/index.ts';
import { freshPrefix } from './fresh.ts';
import { leastRights } from './least-rights.ts';

export type WholeEntrain = Tour & { readonly stack: Stack; readonly connected: Connected; stop(): Promise<void> };

export const startWholeEntrain = async (
  options: {
    readonly graph?: GraphOptions;
    readonly scim?: ScimOptions;
    readonly workers?: StackOptions['workers'];
    /** Whether the first run writes without a look at its plan; unless told otherwise, it does. */
    readonly autoApproveFirst?: boolean;
  } = {},
): Promise<WholeEntrain> => {
  const graph = await startGraph({ tenants: [tourTenant(150)], ...options.graph });
  const scim = await startScim(options.scim);
  const services = { mongoUri: inject('mongoUri'), redisUrl: inject('redisUrl') };
  const name = freshPrefix().prefix;
  const rights = await leastRights(services, name);
  const stack = await startStack({
    services,
    name,
    through: rights.through,
    cloud: { origin: graph.origin, caPem: graph.caPem },
    ...(options.workers === undefined ? {} : { workers: options.workers }),
  });
  const stop = async (): Promise<void> => {
    await stack.stop();
    await scim.close();
    await graph.close();
    await rights.close();
  };
  try {
    const tour = { stack, graph, scim };
    const { autoApproveFirst = true } = options;
    return { ...tour, connected: await connect(tour, { autoApproveFirst }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
