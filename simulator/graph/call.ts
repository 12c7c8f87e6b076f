/** One request to Graph as the handlers see it: already authenticated, its path and query already read. */

import type { App } from './apps.ts';
import type { Json } from './json.ts';
import type { Knobs } from './knobs.ts';
import type { Query } from './odata.ts';
import type { Tenant } from './tenant.ts';

export type Call = {
  readonly method: string;
  /** Decoded segments below the version. */
  readonly path: readonly string[];
  readonly query: Query;
  readonly header: (name: string) => string | undefined;
  readonly body: Json;
  readonly tenant: Tenant;
  readonly appId: string;
  readonly roles: ReadonlySet<string>;
  /** A registration of the tenant. */
  readonly appNamed: (clientId: string) => App | undefined;
  readonly knobs: Knobs;
  /** `https://host:port/v1.0` as the client called it, for links. */
  readonly base: string;
  readonly nowMs: number;
  readonly random: () => number;
};

/** A segment of the path; routes only ask for those that their pattern has. */
export const segment = (call: Call, place: number): string => call.path[place] ?? '';

/** Advanced queries need this header and `$count=true` (aad-advanced-queries page). */
export const isEventual = (call: Call): boolean => call.header('consistencylevel')?.toLowerCase() === 'eventual';
