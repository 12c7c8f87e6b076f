/** A target behind the real protocol code: `src/target/scim` over a transport that asks the simulated SCIM service in this process. */

import { isObject, type Json } from '../../simulator/scim/json.ts';
import { type Knobs, type Personality, personalities } from '../../simulator/scim/personality.ts';
import { type Answer, type Decision, decide, type ScimRequest, type World } from '../../simulator/scim/routes.ts';
import { ENTERPRISE, GROUP, USER } from '../../simulator/scim/schemas.ts';
import { StaleReads } from '../../simulator/scim/stale-reads.ts';
import { type Change, type Resource, Store } from '../../simulator/scim/store.ts';
import { connectScim } from '../../src/target/scim/index.ts';
import { parseSettings } from '../../src/target/scim/settings.ts';
import type { Received, Sent, Transport } from '../../src/target/scim/transport.ts';
import { hidden } from '../support/secrets.ts';
import type { Fault, FaultKind } from './faults.ts';
import { ConnectionLost } from './graph-answers.ts';
import type { Process, Stage } from './process.ts';
import type { EffectWitness, Remote, RemoteSystem } from './remote.ts';
import { networkMs, surroundingsOf, tempoOf } from './surroundings.ts';

export type ScimHabits = {
  readonly personality: Personality;
  readonly knobs: Partial<Knobs>;
  readonly settings: { readonly concurrency: number; readonly verify: 'doubt' | 'always' };
  /** Now and then it says that somebody was switched off, and does nothing: that is looked at, also where nothing else is. */
  readonly losesSwitchOffs: boolean;
  /** For so long it can only replace, though it shows the members of no group; null: never. */
  readonly lostPatch: ScimHabits['lostRoute'];
  /** For so long, from so many ms after the beginning on, a gateway in front of it has no route to it; null: never. */
  readonly lostRoute: { readonly fromMs: number; readonly forMs: number } | null;
};

const basePath = '/scim/v2';

export const scimRemote = (
  stage: Stage,
  name: string,
  { personality, knobs: some, settings: own, lostRoute, lostPatch, losesSwitchOffs }: ScimHabits,
  witness: EffectWitness,
  lost: Set<string>,
): RemoteSystem => {
  const { scheduler } = stage;
  const baseUrl = `https://${name}.example${basePath}`;
  const token = `token-of-${name}`;
  const kinds = kindsOf(own.verify);
  let knobs: Knobs = { ...personalities[personality], ...noChance, ...some };
  const tempo = tempoOf(stage, name);
  let made = 0;
  let hasRoute = true;
  let isCalm = false;
  const loseRoute = (): void => {
    if (isCalm) return;
    hasRoute = false;
    stage.trace.count('target.lost_its_route');
  };
  if (lostRoute !== null && stage.faults.allows(`lost route of ${name}#0`)) {
    const from = scheduler.now() + lostRoute.fromMs;
    scheduler.at(from, loseRoute);
    scheduler.at(from + lostRoute.forMs, () => {
      hasRoute = true;
    });
  }
  if (lostPatch !== null && stage.faults.allows(`lost PATCH of ${name}#0`)) {
    const from = scheduler.now() + lostPatch.fromMs;
    const setPatch = (patch: Knobs['patch']) => (): void => {
      if (isCalm) return;
      knobs = { ...knobs, patch };
      if (patch === 'unsupported') stage.trace.count('target.lost_its_patch');
    };
    scheduler.at(from, setPatch('unsupported'));
    scheduler.at(from + lostPatch.forMs, setPatch('supported'));
  }
  const parts = {
    store: new Store(),
    staleReads: new StaleReads(),
    token,
    now: () => new Date(scheduler.now()),
    newId: () => {
      made += 1;
      return `${name}-${made}`;
    },
  };
  const world = (): World => ({ ...parts, knobs, baseUrl });
  const { store } = parts;
  const find = (id: string): Remote | null => {
    const resource = store.find(id);
    return resource === undefined ? null : seen(resource);
  };
  const commit = (change: Change): void => store.commit(change, parts.now().toISOString());
  /** What the target's own people do. */
  const act = (method: string, path: string, body: Json): string => {
    const { change } = decide(requestOf({ method, path, body: JSON.stringify(body), token }), world());
    if (change === null) return '';
    commit(change);
    return change.kind === 'remove' ? change.before.id : change.after.id;
  };
  const answer = (sent: Sent, fault: Fault | null, process: Process): Received => {
    if (!hasRoute) return withoutRoute(sent);
    const decision = decide(requestFrom(sent), world());
    return carriedOut(decision, fault, process);
  };
  let switchOffs = 0;
  const losesSwitchOff = (change: Change): boolean => {
    if (!losesSwitchOffs || isCalm || !switchesOff(change)) return false;
    switchOffs += 1;
    if (!stage.chance.happens(0.5, `switch-off of ${name} is lost`, switchOffs)) return false;
    return stage.faults.allows(`lost switch-off of ${name}#${switchOffs}`);
  };
  const carriedOut = ({ answer: said, change }: Decision, fault: Fault | null, process: Process): Received => {
    if (change === null) return received(said, fault);
    if (fault?.kind === 'lost_write') {
      const externalId = change.kind === 'create' ? seen(change.after).externalId : null;
      if (externalId !== null) lost.add(externalId);
      return received(said, fault);
    }
    if (losesSwitchOff(change)) {
      stage.trace.count('target.lost_a_switch_off');
      return received(said, fault);
    }
    const { id } = change.kind === 'remove' ? change.before : change.after;
    const before = find(id);
    if (fault?.kind === 'stale_read') {
      parts.staleReads.hold(id, change.kind === 'create' ? null : change.before, Number.POSITIVE_INFINITY);
      scheduler.at(scheduler.now() + Math.ceil(fault.roll * mostStaleMs), () => parts.staleReads.clear());
    }
    commit(change);
    const after = find(id);
    if (before?.stamp !== after?.stamp) witness({ before, after }, process);
    return received(said, fault);
  };
  return {
    kind: 'scim',
    settings: { base_url: baseUrl, ...own },
    secrets: hidden({ token }),
    connect: (process, record, secrets, witnesses) => {
      const { settings } = parseSettings({ ...record.settings, ...secrets });
      return connectScim(
        settings,
        { ...surroundingsOf(stage, process), witnesses },
        transportFor(stage, process, kinds, tempo.changeMs, answer),
      );
    },
    objects: () => [...store.all('User'), ...store.all('Group')].map(seen),
    find,
    addAccount: ({ userName, title }) => act('POST', '/Users', { schemas: [USER], userName, title, active: true }),
    addGroup: (displayName, members) =>
      act('POST', '/Groups', { schemas: [GROUP], displayName, members: members.map((value) => ({ value })) }),
    retitle: (id, title) =>
      void act('PATCH', `/Users/${id}`, {
        schemas: [patchSchema],
        Operations: [{ op: 'replace', path: 'title', value: title }],
      }),
    remove: (id) => void act('DELETE', `/${store.find(id)?.type.name ?? 'User'}s/${id}`, null),
    calm: () => {
      knobs = { ...personalities[personality], ...noChance, ...some };
      parts.staleReads.clear();
      isCalm = true;
      hasRoute = true;
      tempo.calm();
    },
  };
};

const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const switchesOff = (change: Change): boolean =>
  change.kind !== 'remove' &&
  change.kind !== 'create' &&
  change.before.attributes['active'] !== false &&
  change.after.attributes['active'] === false;

/** How long readers may not see a write. */
const mostStaleMs = 15_000;

/** What goes wrong by counting would go wrong at another place in every schedule: here chance decides it. */
const noChance: Partial<Knobs> = { lostWriteEvery: 0, failedAfterCommitEvery: 0 };

const seen = (resource: Resource): Remote => {
  const { type, id, attributes, version, modifiedAt } = resource;
  const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
  const extension = attributes[ENTERPRISE];
  const enterprise = isObject(extension) ? extension : {};
  const manager = enterprise['manager'];
  const members = new Set(Array.from(resource.members.values(), ({ value }) => value));
  return {
    id,
    type: type.name === 'User' ? 'user' : 'group',
    externalId: text(attributes['externalId']),
    name: text(attributes[type.name === 'User' ? 'userName' : 'displayName']) ?? '',
    displayName: text(attributes['displayName']),
    active: attributes['active'] !== false,
    title: text(attributes['title']),
    department: text(enterprise['department']),
    manager: isObject(manager) ? text(manager['value']) : null,
    members,
    stamp: JSON.stringify([attributes, [...members].sort(), version, modifiedAt]),
  };
};

const ofProcess: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause'];
const ofConnecting: readonly FaultKind[] = ['crash_before', 'pause'];
const ofAnswer: readonly FaultKind[] = [
  ...ofProcess,
  ...(['throttled', 'unavailable', 'reset', 'timeout', 'truncated', 'web_page', 'unauthorized'] as const),
];
const ofWrite: readonly FaultKind[] = [...ofAnswer, 'fails_after', 'reset_after', 'timeout_after'];
const ofCreate: readonly FaultKind[] = [...ofWrite, 'no_id'];
/** Whoever does not look after each write has not been promised that these are noticed. */
const whereVerified: readonly FaultKind[] = ['lost_write', 'stale_read'];
const kindsOf = (verify: ScimHabits['settings']['verify']) => {
  const further = verify === 'always' ? whereVerified : [];
  const ofWrites = [...ofWrite, ...further];
  const ofCreates = [...ofCreate, ...further];
  return (method: string): readonly FaultKind[] =>
    method === 'GET' ? ofAnswer : method === 'POST' ? ofCreates : ofWrites;
};

const transportFor = (
  stage: Stage,
  process: Process,
  kinds: ReturnType<typeof kindsOf>,
  changeMs: (site: string) => number,
  answer: (sent: Sent, fault: Fault | null, process: Process) => Received,
): Transport => {
  const send = (sent: Sent, signal: AbortSignal): Promise<Received> => {
    const site = siteOf(sent);
    return process.call({
      site,
      kinds: kinds(sent.method),
      latencyMs: networkMs(stage, site) + (sent.method === 'GET' || sent.method === 'POST' ? 0 : changeMs(site)),
      signal,
      effect: (fault) => {
        const instead = fault === null ? null : replacement(fault);
        if (instead !== null) return instead;
        if (fault?.kind === 'timeout') return late(stage);
        const given = answer(sent, fault, process);
        if (fault?.kind === 'reset_after') throw new ConnectionLost('ECONNRESET');
        if (fault?.kind === 'timeout_after') return late(stage);
        return given;
      },
    });
  };
  return {
    // The first byte goes out once there is a connection: in the time that takes, the process may stand still.
    exchange: async (sent, signal, beforeWrite) => {
      if (opensConnection(stage, sent)) await connectionTo(stage, process, signal);
      beforeWrite?.();
      return await send(sent, signal);
    },
    close: async () => {},
  };
};

const connecting = 'scim connect';

/** Mostly there is one that is kept. Whatever changes something waits for one now and then. */
const opensConnection = ({ chance, faults }: Stage, sent: Sent): boolean => {
  if (sent.method === 'GET') return false;
  const site = siteOf(sent);
  return chance.happens(0.1, 'opens a connection', (faults.sites.get(site)?.calls ?? 0) + site.length * 1_000);
};

const connectionTo = (stage: Stage, process: Process, signal: AbortSignal): Promise<void> =>
  process.call({
    site: connecting,
    kinds: ofConnecting,
    latencyMs: networkMs(stage, connecting),
    signal,
    effect: () => {},
  });

/** The ids of this target hold a dash, its endpoints do not. */
const siteOf = ({ method, path }: Sent): string =>
  `scim ${method} ${path
    .slice(basePath.length)
    .replace(/[?].*$/, '')
    .replace(/[^/]*-[^/]*$/, '{id}')}`;

/** Nobody waits for longer than this. */
const patienceMs = 30_000;

const late = ({ scheduler }: Stage): Promise<never> =>
  new Promise((_, reject) => {
    scheduler.at(scheduler.now() + patienceMs, () => reject(new ConnectionLost('ETIMEDOUT')));
  });

/** What is answered without looking at the request; throws what breaks the exchange off. */
const replacement = ({ kind, roll }: Fault): Received | null => {
  switch (kind) {
    case 'throttled':
      return plain(429, roll < 0.2 ? {} : { 'retry-after': String(Math.ceil(roll * 30)) });
    case 'unavailable':
      return plain(roll < 0.5 ? 503 : 500);
    case 'unauthorized':
      return plain(401);
    case 'web_page':
      return { ...plain(roll < 0.5 ? 200 : 404, { 'content-type': 'text/html' }), ...textOf('<html>Sign in</html>') };
    case 'reset':
      throw new ConnectionLost('ECONNRESET');
    default:
      return null;
  }
};

const received = (answer: Answer, fault: Fault | null): Received => {
  if (fault?.kind === 'fails_after') return plain(fault.roll < 0.5 ? 500 : 502);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const whole =
    answer.body === null ? '' : JSON.stringify(fault?.kind === 'no_id' ? withoutId(answer.body) : answer.body);
  const text = fault?.kind === 'truncated' ? whole.slice(0, Math.floor(whole.length * fault.roll)) : whole;
  const { location: _location, ...nameless } = headers;
  return {
    status: answer.status,
    headers: { ...(fault?.kind === 'no_id' ? nameless : headers), ...(whole === '' ? {} : scimJson) },
    ...textOf(text),
  };
};

const scimJson = { 'content-type': 'application/scim+json; charset=utf-8' };

const withoutId = ({ id: _id, meta: _meta, ...body }: Exclude<Answer['body'], null>) => body;

const plain = (status: number, headers: Readonly<Record<string, string>> = {}): Received => ({
  status,
  headers,
  ...textOf(''),
});

/** As gateways have it: JSON that is not SCIM's, or nothing at all. */
const withoutRoute = ({ method }: Sent): Received => ({
  ...plain(404, { 'content-type': 'application/json' }),
  ...textOf(method === 'DELETE' ? '' : '{"message":"no Route matched with those values"}'),
});

const textOf = (text: string): Pick<Received, 'text' | 'bytes'> => ({ text, bytes: Buffer.byteLength(text) });

const requestFrom = ({ method, path, headers, body }: Sent): ScimRequest => {
  const [below = '', query = ''] = path.slice(basePath.length).split('?');
  return { method, path: below, query: new URLSearchParams(query), header: (name) => headers[name], body: body ?? '' };
};

const requestOf = (asked: { method: string; path: string; body: string; token: string }): ScimRequest => ({
  method: asked.method,
  path: asked.path,
  query: new URLSearchParams(),
  header: (name) => (name === 'authorization' ? `Bearer ${asked.token}` : 'application/scim+json'),
  body: asked.body,
});
