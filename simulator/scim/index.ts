/** A SCIM 2.0 service provider on this machine, for tests, demo and benchmarks: as strict as the RFCs, or as strange as real targets. */

import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type Control, controlOf } from './control.ts';
import { Effects } from './effects.ts';
import { Faults } from './faults.ts';
import { RequestLog } from './log.ts';
import { type Knobs, type Personality, personalities } from './personality.ts';
import type { World } from './routes.ts';
import { listener } from './server.ts';
import { StaleReads } from './stale-reads.ts';
import { Store } from './store.ts';

export type { Accounts, Control, Fingerprint, Seed, Seeded, State } from './control.ts';
export type { Effect } from './effects.ts';
export type { FaultAnswer, FaultInput } from './faults.ts';
export type { Json, JsonObject } from './json.ts';
export type { Counters, LoggedRequest } from './log.ts';
export type { Knobs, Personality } from './personality.ts';

export type ScimOptions = {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** The bearer token; `scim-token` unless given. */
  readonly token?: string;
  readonly personality?: Personality;
  /** Set on top of the personality. */
  readonly knobs?: Partial<Knobs>;
  readonly latencyMs?: number;
  readonly now?: () => Date;
  readonly newId?: () => string;
  /** How many requests the log keeps in full. */
  readonly keptRequests?: number;
};

export type ScimSimulator = {
  readonly origin: string;
  /** Where SCIM begins: `{origin}/scim/v2`. */
  readonly baseUrl: string;
  readonly token: string;
  readonly control: Control;
  close(): Promise<void>;
};

const BASE_PATH = '/scim/v2';

export async function startScim(options: ScimOptions = {}): Promise<ScimSimulator> {
  const {
    token = 'scim-token',
    personality = 'strict',
    latencyMs = 0,
    now = () => new Date(),
    newId = randomUUID,
  } = options;
  let knobs: Knobs = { ...personalities[personality], latencyMs, ...options.knobs };
  let baseUrl = '';
  const parts = { store: new Store(), staleReads: new StaleReads(), token, now, newId };
  const faults = new Faults();
  const log = new RequestLog(options.keptRequests ?? 50_000);
  const effects = new Effects();
  const world = (): World => ({ ...parts, knobs, baseUrl });
  const control = controlOf({
    world,
    log,
    effects,
    faults,
    setKnobs: (next) => {
      knobs = next;
    },
  });
  const server = createServer(listener({ basePath: BASE_PATH, world, log, effects, faults, control }));
  // Clients keep their connections; a server that closes them first would look like a fault nobody asked for.
  server.keepAliveTimeout = 60_000;
  const origin = await listening(server, options.port ?? 0);
  baseUrl = `${origin}${BASE_PATH}`;
  return { origin, baseUrl, token, control, close: () => closed(server) };
}

const listening = (server: Server, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`);
    });
  });

/** Ends requests that were left hanging, too. */
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
