/** The control API as functions; `control-http.ts` offers the same under /control. */

import type { FaultScript } from './faults.ts';
import { defaultKnobs, type Knobs } from './knobs.ts';
import type { Counters, Logged } from './request-log.ts';
import type { GraphSubscriptions, Lifecycle } from './subscriptions.ts';
import { controlTenant, type TenantControl } from './tenant-control.ts';
import { addTenant, type TenantWithApps, tenantNamed, type World } from './world.ts';

export type TenantSummary = {
  readonly tenantId: string;
  readonly domain: string;
  readonly name: string;
  readonly apps: readonly {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly roles: readonly string[];
  }[];
};

export type Control = {
  /** By id or domain; the first tenant if not named. */
  tenant(name?: string): TenantControl;
  tenants(): TenantSummary[];
  addTenant(spec: TenantWithApps): TenantControl;
  knobs(): Readonly<Knobs>;
  setKnobs(changes: { [Name in keyof Knobs]?: Knobs[Name] | undefined }): void;
  resetKnobs(): void;
  /** Scripts a fault and gives its number. */
  fault(script: FaultScript): number;
  faults(): { id: number; answer: string; matched: number }[];
  clearFaults(): void;
  requests(): readonly Logged[];
  counters(): Readonly<Counters>;
  /** What applications want to be told of. */
  subscriptions(): ReturnType<GraphSubscriptions['list']>;
  /** Sends an event about a subscription to where it wants it. */
  lifecycle(id: string, event: Lifecycle): void;
  /** Resolves when every notification was sent and answered. */
  notificationsSettled(): Promise<void>;
  /** Forgets requests and counters, and empties the throttling buckets. */
  resetRequests(): void;
};

export function makeControl(world: World, subscriptions: GraphSubscriptions): Control {
  const named = (name?: string): TenantControl => {
    const tenant = name === undefined ? world.tenants.values().next().value : tenantNamed(world, name);
    if (tenant === undefined || tenant === null) throw new Error(`There is no tenant ${name ?? 'at all'}.`);
    return controlTenant(tenant, world.apps, world.knobs, world.now);
  };
  return {
    tenant: named,
    tenants: () => [...world.tenants.values()].map((tenant) => summary(world, tenant.id)),
    addTenant: (spec) => named(addTenant(world, spec, world.tenants.size + 1).id),
    knobs: () => ({ ...world.knobs }),
    setKnobs: (changes) => {
      Object.assign(
        world.knobs,
        Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
      );
    },
    resetKnobs: () => {
      Object.assign(world.knobs, defaultKnobs);
    },
    fault: (script) => world.faults.script(script),
    faults: () => world.faults.list(),
    clearFaults: () => world.faults.clear(),
    subscriptions: () => subscriptions.list(),
    lifecycle: (id, event) => subscriptions.lifecycle(id, event),
    notificationsSettled: () => subscriptions.settled(),
    requests: () => world.log.entries(),
    counters: () => world.log.counters(),
    resetRequests: () => {
      world.log.reset();
      world.throttle.reset();
    },
  };
}

function summary(world: World, tenantId: string): TenantSummary {
  const tenant = world.tenants.get(tenantId);
  if (tenant === undefined) throw new Error(`There is no tenant ${tenantId}.`);
  return {
    tenantId,
    domain: tenant.domain,
    name: tenant.name,
    apps: world.apps
      .filter((app) => app.tenantId === tenantId)
      .map(({ clientId, secrets, roles }) => ({ clientId, clientSecret: secrets[0]?.value ?? '', roles: [...roles] })),
  };
}
