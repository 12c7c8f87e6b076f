/** Everything one simulator holds. */

import { type App, type AppSpec, makeApp } from './apps.ts';
import type { Faults } from './faults.ts';
import type { KeptAnswers } from './kept-answers.ts';
import type { Knobs } from './knobs.ts';
import { guidFrom } from './object-ids.ts';
import type { RequestLog } from './request-log.ts';
import type { SignIn } from './sign-in-code.ts';
import { makeTenant, type Tenant, type TenantSpec } from './tenant.ts';
import type { Throttle } from './throttle.ts';
import type { Issuer } from './tokens.ts';

export type TenantWithApps = TenantSpec & { readonly apps?: readonly AppSpec[] };

export type World = {
  readonly tenants: Map<string, Tenant>;
  readonly apps: App[];
  readonly knobs: Knobs;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly kept: KeptAnswers;
  readonly throttle: Throttle;
  readonly issuer: Issuer;
  /** Codes that were handed out at a sign-in and not redeemed yet. */
  readonly codes: Map<string, SignIn>;
  readonly random: () => number;
  readonly now: () => number;
  /** Known once the server listens. */
  readonly origin: () => string;
};

/** A tenant with its registrations; without any it gets one with the permissions a directory sync needs. */
export function addTenant(world: Pick<World, 'tenants' | 'apps' | 'now'>, spec: TenantWithApps, seed: number): Tenant {
  const tenant = makeTenant(spec, spec.seed ?? seed, world.now());
  if (world.tenants.has(tenant.id)) throw new Error(`Two tenants cannot have the same id ${tenant.id}.`);
  world.tenants.set(tenant.id, tenant);
  for (const [place, app] of (spec.apps ?? [{}]).entries()) {
    world.apps.push(makeApp(app, tenant.id, guidFrom(tenant.seed, 100 + place), world.now()));
  }
  return tenant;
}

/** The tenant with this id or one of its domains. */
export function tenantNamed(world: World, name: string): Tenant | null {
  const wanted = name.toLowerCase();
  const byId = world.tenants.get(wanted);
  if (byId !== undefined) return byId;
  return (
    [...world.tenants.values()].find(({ domain, initialDomain }) => domain === wanted || initialDomain === wanted) ??
    null
  );
}
