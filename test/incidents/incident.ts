/** Where incidents are played again: the real engine between a simulated Graph and a simulated SCIM target, both over real HTTP. */

import { afterEach, expect } from 'vitest';
import type { TenantControl } from '../../simulator/graph/index.ts';
import { type Control, type Effect, startScim } from '../../simulator/scim/index.ts';
import { openEgress } from '../../src/egress/index.ts';
import { witnessesAt } from '../../src/engine/witnesses.ts';
import { type Connection, defaultAttributes } from '../../src/model/connection.ts';
import type { Run } from '../../src/model/run.ts';
import type { JsonObject, TargetRecord } from '../../src/model/target-record.ts';
import type { Stores } from '../../src/store/stores.ts';
import { scim as scimKind } from '../../src/target/scim/index.ts';
import type { Target } from '../../src/target/target.ts';
import { everyRole, type Graph, openGraph, sourceOf } from '../support/graph.ts';
import { type Story, story, target as targetOfStory } from '../support/story.ts';

export type Incident = {
  /** The cloud: its faults, its knobs. */
  readonly graph: Graph['control'];
  readonly tenant: TenantControl;
  readonly target: Control;
  readonly story: Story;
  /** A new token, with what the application is granted by now. */
  signIn(): void;
  /** A worker that has learned nothing of the target yet. */
  restart(): void;
  full: Story['full'];
  delta: Story['delta'];
  /** A run as usual, which must go through. */
  inStep(mode?: 'full' | 'delta'): Promise<Run>;
  /** What has been taken away at the target since the beginning or the last `forget`: disabled, deleted, put out of a group. */
  taken(): readonly string[];
  /** And what was made there. */
  made(): readonly string[];
  forget(): void;
};

export type IncidentOptions = {
  readonly users?: number;
  readonly groups?: number;
  /** Of the application; all that a sync can use unless given. */
  readonly roles?: readonly string[];
  readonly connection?: (tenant: TenantControl) => Partial<Connection>;
  readonly record?: Partial<TargetRecord>;
  readonly settings?: JsonObject;
};

/** A connection that does not read managers: its users come from a list, not from an enumeration of the delta query. */
export const listed: IncidentOptions = {
  connection: () => ({
    attributes: { ...defaultAttributes, user: defaultAttributes.user.filter((name) => name !== 'manager') },
  }),
};

/** How a full read asks for users, with managers and without. */
export const ways: readonly (readonly [name: string, path: string, options: IncidentOptions])[] = [
  ['an enumeration', '/users/delta', {}],
  ['a list', '/users\\?', listed],
];

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

export type Keeping = { readonly stores: (now: () => Date) => Stores; readonly close: () => Promise<void> };
let keeping: (() => Promise<Keeping>) | null = null;
/** From now on each incident is kept in stores of its own that this opens, and not in memory. */
export const keepIn = (open: () => Promise<Keeping>): void => {
  keeping = open;
};

/** Simulators are on this machine. */
const egress = openEgress({ allow: ['http://127.0.0.1'] });

/** A tenant that was brought over to the target as a whole, before anything goes wrong. */
export const incident = async (options: IncidentOptions = {}): Promise<Incident> => {
  const { users = 40, groups = 8, roles = everyRole } = options;
  const kept = (await keeping?.()) ?? null;
  if (kept !== null) closers.push(kept.close);
  const graph = await openGraph({ tenants: [{ users, groups, apps: [{ roles: [...roles] }] }] });
  closers.push(graph.close);
  const simulator = await startScim();
  closers.push(simulator.close);
  let source = sourceOf(graph);
  const settings = { base_url: simulator.baseUrl, token: simulator.token, ...options.settings };
  let target: Target | null = null;
  const connected = (): Target => {
    target ??= scimKind.parse(settings).connect({
      ...graph.clock,
      egress,
      witnesses: (type) => witnessesAt(s.stores.ledger, targetOfStory)(type),
    });
    return target;
  };
  const restart = (): void => {
    const left = target;
    target = null;
    if (left !== null) closers.push(() => left.close());
  };
  closers.push(async () => await target?.close());
  const s: Story = await story({
    ...(kept === null ? {} : { stores: kept.stores }),
    engine: { connectSource: () => source, connectTarget: connected },
    connection: options.connection?.(graph.control.tenant()) ?? {},
    target: { kind: 'scim', ...options.record },
  });
  let since = 0;
  const effects = (): readonly Effect[] => simulator.control.effects(since);
  const forget = (): void => {
    since = simulator.control.effects().at(-1)?.number ?? 0;
  };
  const inStep = async (mode: 'full' | 'delta' = 'full'): Promise<Run> => {
    const run = await s[mode]();
    expect(run).toMatchObject({ state: 'succeeded' });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    return run;
  };
  await inStep();
  forget();
  return {
    graph: graph.control,
    tenant: graph.control.tenant(),
    target: simulator.control,
    story: s,
    signIn: () => {
      source = sourceOf(graph);
    },
    restart,
    full: s.full,
    delta: s.delta,
    inStep,
    taken: () => effects().flatMap(takenBy),
    made: () =>
      effects().flatMap(({ type, externalId, what }) => (what.kind === 'created' ? [`${type} ${externalId}`] : [])),
    forget,
  };
};

const takenBy = ({ type, externalId, what }: Effect): readonly string[] => {
  switch (what.kind) {
    case 'deleted':
    case 'switched_off':
      return [`${type} ${externalId} ${what.kind}`];
    case 'left':
      return [`${what.members.length} left ${externalId}`];
    default:
      return [];
  }
};

/** All accounts and groups, as they truly are. */
export const everything = ({ target }: Incident): unknown => target.fingerprint().resources;
