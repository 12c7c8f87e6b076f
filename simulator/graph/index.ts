/** The simulator of Microsoft Graph and of the Entra login, on one HTTPS origin. */

import type { AddressInfo } from 'node:net';
import { type Authority, localAuthority } from '../tls.ts';
import { type Control, makeControl, type TenantSummary } from './control.ts';
import { controlReply } from './control-http.ts';
import { Faults } from './faults.ts';
import { KeptAnswers } from './kept-answers.ts';
import { defaultKnobs, type Knobs } from './knobs.ts';
import { fractions } from './random.ts';
import { RequestLog } from './request-log.ts';
import { makeServer } from './server.ts';
import { makeSubscriptions } from './subscriptions.ts';
import { Throttle } from './throttle.ts';
import { makeIssuer } from './tokens.ts';
import { addTenant, type TenantWithApps, type World } from './world.ts';

export type { Control, TenantSummary } from './control.ts';
export type { Answer, FaultScript } from './faults.ts';
export type { Knobs } from './knobs.ts';
export type { Logged } from './request-log.ts';
export type { TenantControl } from './tenant-control.ts';
export type { TenantWithApps } from './world.ts';

export type GraphOptions = Partial<Knobs> & {
  /** Certificates to serve with; made anew if not given. */
  readonly ca?: Authority;
  /** 0, any free port, if not given. */
  readonly port?: number;
  /** The origin that clients know it by, where something stands between. */
  readonly reachedAs?: string;
  /** One tenant of 50 users if not given. */
  readonly tenants?: readonly TenantWithApps[];
  /** Everything generated follows from it. */
  readonly seed?: number;
  readonly now?: () => number;
};

export type GraphSimulator = {
  /** `https://localhost:port`: login and Graph. */
  readonly origin: string;
  readonly caPem: string;
  readonly control: Control;
  readonly tenants: readonly TenantSummary[];
  close(): Promise<void>;
};

export async function startGraph(options: GraphOptions = {}): Promise<GraphSimulator> {
  const { ca, port = 0, reachedAs, tenants = [{}], seed = 1, now = Date.now, ...knobs } = options;
  const authority = ca ?? (await localAuthority());
  let origin = '';
  const world: World = {
    tenants: new Map(),
    apps: [],
    knobs: { ...defaultKnobs, ...knobs },
    faults: new Faults(),
    log: new RequestLog(),
    kept: new KeptAnswers(),
    throttle: new Throttle(),
    issuer: await makeIssuer(() => origin, now),
    codes: new Map(),
    random: fractions(seed),
    now,
    origin: () => origin,
  };
  for (const [place, tenant] of tenants.entries()) addTenant(world, tenant, seed + place);
  const subscriptions = makeSubscriptions(world);
  const control = makeControl(world, subscriptions);
  const sideDoor: Parameters<typeof makeServer>[2] = (...request) => controlReply(control, ...request);
  const server = makeServer(world, authority, sideDoor, subscriptions);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  origin = reachedAs ?? `https://localhost:${portOf(server.address())}`;
  return {
    origin,
    caPem: authority.caPem,
    control,
    tenants: control.tenants(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The simulator does not listen on a port.');
  return address.port;
}
