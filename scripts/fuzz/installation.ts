// A whole Entrain for one role to be let loose on: beside it a simulated tenant and target, an identity provider, and somebody who hears webhooks.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';
import { type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { type ScimSimulator, startScim } from '../../simulator/scim/index.ts';
import { type Login, openLogin } from '../../test/support/login.ts';
import { ourAppAt } from '../demo/our-app.ts';
import { type Stack, startStack } from '../demo/stack.ts';
import { tourTenant } from '../demo/tour.ts';
import { freePort } from '../services/child.ts';
import type { Services } from '../services.ts';

export type Installation = {
  readonly stack: Stack;
  readonly graph: GraphSimulator;
  readonly scim: ScimSimulator;
  readonly login: Login;
  /** Where messages of webhooks are taken, whatever they say. */
  readonly hookUrl: string;
  readonly stop: () => Promise<void>;
};

/** Without a worker: whatever connections are made up, nobody is to read them. */
export const startInstallation = async (
  services: Pick<Services, 'mongoUri' | 'redisUrl'>,
  name: string,
  heard: (text: string) => void,
): Promise<Installation> => {
  const cleanUp: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of cleanUp.splice(0)) await end();
  };
  try {
    const port = await freePort();
    const ours = ourAppAt(port);
    const graph = await startGraph({ tenants: [tourTenant(50), { users: 5, apps: [ours.registration] }] });
    cleanUp.unshift(() => graph.close());
    const scim = await startScim();
    cleanUp.unshift(() => scim.close());
    const login = await openLogin(`${ours.publicUrl}/auth/callback`);
    cleanUp.unshift(() => login.close());
    const hook = await openHook();
    cleanUp.unshift(hook.close);
    const stack = await startStack({
      services,
      name,
      port,
      cloud: { origin: graph.origin, caPem: graph.caPem },
      workers: [],
      env: {
        ...ours.env,
        ENTRAIN_OIDC_ISSUER: login.issuer,
        ENTRAIN_OIDC_CLIENT_ID: login.client.id,
        ENTRAIN_OIDC_CLIENT_SECRET: login.client.secret,
        ENTRAIN_OIDC_ROLES: 'ops=admin,desk=sync',
      },
      heard,
    });
    cleanUp.unshift(() => stack.stop());
    return { stack, graph, scim, login, hookUrl: hook.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const openHook = async (): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}/entrain`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
