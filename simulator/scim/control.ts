/** What a test may see and do beside the protocol: look at the accounts, read the log, arm faults, change habits, seed. */

import { z } from 'zod';
import type { Effect, Effects } from './effects.ts';
import { ScimError } from './errors.ts';
import { type FaultInput, type Faults, faultSchema } from './faults.ts';
import { digest, type Json, type JsonObject } from './json.ts';
import type { Counters, LoggedRequest, RequestLog } from './log.ts';
import { type Knobs, knobsSchema, type Personality, personalities } from './personality.ts';
import { everything, render } from './render.ts';
import { createResource } from './resources.ts';
import type { World } from './routes.ts';
import { groupType, type ResourceType, userType } from './schemas.ts';
import type { Resource } from './store.ts';

export type State = {
  readonly users: number;
  readonly groups: number;
  readonly knobs: Knobs;
  readonly counters: Counters;
  readonly faults: ReturnType<Faults['list']>;
};

export type Seed = { readonly users?: readonly JsonObject[]; readonly groups?: readonly JsonObject[] };
export type Seeded = { readonly users: readonly string[]; readonly groups: readonly string[] };
export type Accounts = { readonly users: readonly JsonObject[]; readonly groups: readonly JsonObject[] };

/** One stable hash per resource, and one over all of them. */
export type Fingerprint = { readonly whole: string; readonly resources: Readonly<Record<string, string>> };

export type Control = {
  state(): State;
  /** The last requests, oldest first. */
  requests(): readonly LoggedRequest[];
  /** What requests truly did, oldest first; only what came after the effect of this number, if given. */
  effects(after?: number): readonly Effect[];
  /** Empties the log and sets its counters to nought. */
  clearRequests(): void;
  /** Arms faults; returns their ids. */
  addFaults(faults: readonly FaultInput[]): readonly number[];
  clearFaults(): void;
  /** A personality sets every knob; knobs beside it are set on top. */
  setKnobs(change: KnobsChange): Knobs;
  /** Accounts that were there before anybody synchronized: by the same checks as POST, with an `id` of one's own if given. */
  seed(seed: Seed): Seeded;
  /** What the target truly holds, members included, whatever it shows to clients. */
  accounts(): Accounts;
  /** Removes every account. */
  clearAccounts(): void;
  fingerprint(exclude?: readonly string[]): Fingerprint;
};

const knobsChange = knobsSchema.partial().extend({ personality: z.enum(['strict', 'lenient', 'lossy']).optional() });
type KnobsChange = { readonly [K in keyof Knobs]?: Knobs[K] | undefined } & {
  readonly personality?: Personality | undefined;
};

export type Controlled = {
  readonly world: () => World;
  readonly log: RequestLog;
  readonly effects: Effects;
  readonly faults: Faults;
  setKnobs(knobs: Knobs): void;
};

export function controlOf({ world, log, effects, faults, setKnobs }: Controlled): Control {
  return {
    state: () => ({
      users: world().store.count('User'),
      groups: world().store.count('Group'),
      knobs: world().knobs,
      counters: log.counters(),
      faults: faults.list(),
    }),
    requests: () => log.requests(),
    effects: (after = 0) => effects.after(after),
    clearRequests: () => log.clear(),
    addFaults: (added) => added.map((fault) => faults.add(fault)),
    clearFaults: () => {
      faults.clear();
      world().staleReads.clear();
    },
    setKnobs: ({ personality, ...change }) => {
      const base = personality === undefined ? world().knobs : personalities[personality];
      const knobs = knobsSchema.parse({ ...base, ...change });
      setKnobs(knobs);
      return knobs;
    },
    seed: ({ users = [], groups = [] }) => ({
      users: users.map((user) => plant(user, userType, world())),
      groups: groups.map((group) => plant(group, groupType, world())),
    }),
    accounts: () => ({ users: allOf('User', world()), groups: allOf('Group', world()) }),
    clearAccounts: () => world().store.clear(),
    fingerprint: (exclude = []) => fingerprintOf(world(), new Set(exclude)),
  };
}

/** The same control over HTTP, below /control; JSON in and out. */
export function controlOverHttp(
  control: Control,
  method: string,
  path: string,
  query: URLSearchParams,
  text: string,
): Controlling {
  try {
    return { status: 200, body: act(control, `${method} ${path}`, query, text) };
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
    if (error instanceof SyntaxError) return { status: 400, body: { error: error.message } };
    if (error instanceof ScimError) return { status: error.status, body: { error: error.message } };
    throw error;
  }
}

export type Controlling = { readonly status: number; readonly body: unknown };

/** What there is, for whoever plays with the simulator by hand. */
export const controlCalls: Readonly<Record<string, string>> = {
  'GET /control': 'lists these calls',
  'GET /control/state': 'counts accounts, and shows how the target behaves and what is scripted',
  'GET /control/accounts': 'lists users and groups as they are',
  'DELETE /control/accounts': 'removes all of them',
  'POST /control/seed': 'puts users and groups there: {"users": […], "groups": […]}',
  'GET /control/fingerprint': 'shows a hash of everything; exclude=id,id leaves some out',
  'GET /control/requests': 'lists the requests that came',
  'DELETE /control/requests': 'forgets them',
  'GET /control/effects': 'lists what was changed; after=n goes on from there',
  'GET /control/knobs': 'shows how the target behaves',
  'PATCH /control/knobs': 'sets some of it',
  'GET /control/faults': 'lists scripted faults',
  'POST /control/faults': 'scripts one, or a list of them',
  'DELETE /control/faults': 'ends all faults',
};

function act(control: Control, route: string, query: URLSearchParams, text: string): unknown {
  switch (route) {
    case 'GET /control':
      return controlCalls;
    case 'GET /control/state':
      return control.state();
    case 'GET /control/requests':
      return { requests: control.requests() };
    case 'GET /control/effects':
      return {
        effects: control.effects(
          z.coerce
            .number()
            .int()
            .min(0)
            .parse(query.get('after') ?? 0),
        ),
      };
    case 'DELETE /control/requests':
      return control.clearRequests();
    case 'GET /control/faults':
      return control.state().faults;
    case 'POST /control/faults':
      return {
        ids: control.addFaults(
          z.union([z.array(faultSchema), faultSchema.transform((one) => [one])]).parse(JSON.parse(text)),
        ),
      };
    case 'DELETE /control/faults':
      return control.clearFaults();
    case 'GET /control/knobs':
      return control.state().knobs;
    case 'PATCH /control/knobs':
      return control.setKnobs(knobsChange.parse(JSON.parse(text)));
    case 'POST /control/seed':
      return control.seed(seedSchema.parse(JSON.parse(text)));
    case 'GET /control/accounts':
      return control.accounts();
    case 'DELETE /control/accounts':
      return control.clearAccounts();
    case 'GET /control/fingerprint':
      return control.fingerprint((query.get('exclude') ?? '').split(','));
    default:
      throw new ScimError(404, null, `${route} is no control route; GET /control lists them.`);
  }
}

const json: z.ZodType<Json> = z.json();
const resources = z.array(z.record(z.string(), json)).default([]);
const seedSchema = z.strictObject({ users: resources, groups: resources });

function plant({ id, ...body }: JsonObject, type: ResourceType, world: World): string {
  const newId = typeof id === 'string' ? () => id : world.newId;
  if (typeof id === 'string' && world.store.find(id) !== undefined)
    throw new ScimError(409, 'uniqueness', `The id ${id} is taken.`);
  const schemas = [type.core.id, ...type.extensions.map((one) => one.id).filter((urn) => urn in body)];
  const change = createResource({ ...body, schemas }, type, { ...world, newId });
  world.store.commit(change, change.after.createdAt);
  return change.after.id;
}

const allOf = (type: 'User' | 'Group', world: World): readonly JsonObject[] =>
  world.store.all(type).map((resource) => truly(resource, world));

const truly = (resource: Resource, world: World): JsonObject =>
  render(resource, everything, { ...world, knobs: personalities.strict });

/** A user's groups are the groups' own: joining one changes the group, not the user. The order of members means nothing. */
function fingerprintOf(world: World, exclude: ReadonlySet<string>): Fingerprint {
  const hashes: Record<string, string> = {};
  for (const resource of [...world.store.all('User'), ...world.store.all('Group')]) {
    if (exclude.has(resource.id)) continue;
    const members = Array.from(resource.members.values(), ({ value }) => value).sort();
    hashes[resource.id] = digest({
      attributes: resource.attributes,
      members,
      version: resource.version,
      modifiedAt: resource.modifiedAt,
    });
  }
  return { whole: digest(hashes), resources: hashes };
}
