/** A tenant behind the real protocol code: `src/source/graph` over a transport that asks the simulated Graph in this process. */

import { batch, isBatch } from '../../simulator/graph/batch.ts';
import { type Answer, Faults as Scripted } from '../../simulator/graph/faults.ts';
import { KeptAnswers } from '../../simulator/graph/kept-answers.ts';
import { defaultKnobs, type Knobs } from '../../simulator/graph/knobs.ts';
import { fractions } from '../../simulator/graph/random.ts';
import { faultReply, GraphFault, type Reply } from '../../simulator/graph/reply.ts';
import { RequestLog } from '../../simulator/graph/request-log.ts';
import { type Asked, answerOne, type Identity } from '../../simulator/graph/service.ts';
import { controlTenant } from '../../simulator/graph/tenant-control.ts';
import { Throttle } from '../../simulator/graph/throttle.ts';
import type { Issuer } from '../../simulator/graph/tokens.ts';
import { addTenant, type World } from '../../simulator/graph/world.ts';
import { SourceError } from '../../src/model/errors.ts';
import { templateOf } from '../../src/source/graph/client.ts';
import type { Tokens } from '../../src/source/graph/credentials.ts';
import { defaultLimits, sourceOver } from '../../src/source/graph/index.ts';
import { rolesOf } from '../../src/source/graph/permissions.ts';
import type { Call, Transport } from '../../src/source/graph/transport.ts';
import { circlesOf } from './circles.ts';
import type { Backend } from './directory.ts';
import type { Fault, FaultKind } from './faults.ts';
import { inCircle, kindsFor, kindsInBatch, refuseWith, spoiled } from './graph-answers.ts';
import { oldListsOf } from './old-lists.ts';
import type { Process, Stage } from './process.ts';
import { replicaOf, withoutUnknown } from './replica.ts';
import { networkMs, surroundingsOf } from './surroundings.ts';

const graphUrl = 'https://graph.example';
const everyRole = ['User.Read.All', 'GroupMember.Read.All', 'Organization.Read.All'];

/** `largestList`: objects on a page of a list, whatever is asked for; a small tenant would have one page otherwise. `listsAgeMs`: how old lists are. */
export type GraphHabits = {
  readonly knobs: Partial<Knobs>;
  readonly largestList: number;
  readonly listsAgeMs: number;
};
/** For so long a token that is given says nothing of the permission to read users, and goes on saying nothing of it. */
export type LostPermission = { readonly fromMs: number; readonly forMs: number };

export const graphBackend = (
  stage: Stage,
  seed: number,
  habits: GraphHabits,
  lostPermission: LostPermission | null,
): Backend => {
  const knobs: Knobs = { ...calmKnobs, ...habits.knobs };
  let largestList = habits.largestList;
  const shortLists: number[] = [];
  const replica = replicaOf(stage);
  const circles = circlesOf(stage);
  const oldLists = oldListsOf(stage, habits.listsAgeMs);
  /** What whoever answers the request under way does not know. */
  let unknown: ReadonlySet<string> = new Set();
  const world: World = {
    tenants: new Map(),
    codes: new Map(),
    apps: [],
    knobs,
    faults: new FaultsOfBatches(stage, () => unknown),
    log: new RequestLog(),
    kept: new KeptAnswers(),
    throttle: new Throttle(),
    issuer: noIssuer,
    random: fractions(seed),
    now: stage.scheduler.now,
    origin: () => graphUrl,
  };
  const tenant = addTenant(world, { users: 0, groups: 0, teamSize: 1, apps: [] }, seed);
  const control = controlTenant(tenant, world.apps, knobs, stage.scheduler.now);
  let isCalm = false;
  let granted: readonly string[] = everyRole;
  if (lostPermission !== null && stage.faults.allows(`lost permission of ${tenant.id}#0`)) {
    const from = stage.scheduler.now() + lostPermission.fromMs;
    stage.scheduler.at(from, () => {
      if (isCalm) return;
      granted = everyRole.slice(1);
      stage.trace.count('graph.lost_a_permission');
    });
    stage.scheduler.at(from + lostPermission.forMs, () => {
      granted = everyRole;
    });
  }
  const answer = (call: Call, fault: Fault | null): Reply => {
    const asked = askedBy(call, largestList, stage.scheduler.now());
    // Graph goes by what the token says, however old it is.
    const identity: Identity = { tenant, appId: 'simulated', roles: rolesOf(call.token) ?? new Set() };
    unknown = replica.unknown();
    try {
      if (fault !== null) refuseWith(fault);
      const whole = isBatch(asked.method, asked.path)
        ? batch(world, identity, asked)
        : answerOne(world, identity, asked);
      const known = withoutUnknown(whole, asked.path, unknown);
      const reply = oldLists.with(known, asked);
      // Members are asked for in batches.
      const isLagging =
        known.body !== whole.body && (asked.path.includes('/groups') || isBatch(asked.method, asked.path));
      const isCut = fault !== null && isShort(fault) && asked.path.includes('/groups');
      if (isCut || isLagging) shortLists.push(stage.scheduler.now());
      if (fault?.kind === 'circle') circles.begin(call.url, fault.roll);
      if (circles.leadsToItself(call.url)) return inCircle(reply, call.url);
      return fault === null || reply.status >= 300 ? reply : spoiled(reply, fault, call.url);
    } catch (error) {
      if (error instanceof GraphFault) return faultReply(error, asked.ids);
      throw error;
    }
  };
  return {
    tenantId: tenant.id,
    shortLists,
    hire: ({ userPrincipalName, displayName, jobTitle, department, manager }) =>
      control.hire({
        userPrincipalName,
        displayName,
        properties: { jobTitle, department },
        ...(manager === null ? {} : { manager }),
      }),
    change: (id, properties) => control.update(id, properties),
    setManager: (id, manager) => control.move(id, { manager }),
    recycle: (id) => {
      control.softDelete(id);
      oldLists.left(id);
    },
    restore: (id) => {
      control.restore(id);
      oldLists.returned(id);
    },
    purge: (id) => {
      control.hardDelete(id);
      oldLists.left(id);
    },
    found: (displayName) => control.createGroup({ displayName }),
    join: control.join,
    leave: control.leave,
    expireWatermarks: control.expireDeltaLinks,
    expirePlaces: control.expirePages,
    fallsBehind: replica.fallsBehind,
    calm: () => {
      // An order is no lie; and one that changed in the middle of a round would skip somebody.
      Object.assign(knobs, calmKnobs, { shuffle: knobs.shuffle });
      replica.catchUp();
      circles.end();
      isCalm = true;
      granted = everyRole;
      oldLists.end();
      largestList = Number.POSITIVE_INFINITY;
    },
    connect: (process) =>
      sourceOver({
        graphUrl,
        tenantId: tenant.id,
        registrant: 'your_team',
        permissionsUrl: null,
        application: null,
        tokens: tokensFor(process, () => granted),
        transport: transportFor(stage, process, answer),
        limits: defaultLimits,
        world: surroundingsOf(stage, process),
        onRequest: () => {},
      }),
  };
};

const isShort = ({ kind }: Fault): boolean => kind === 'empty_list' || kind === 'partial_list';

const calmKnobs: Knobs = { ...defaultKnobs, throttling: false, gzip: false };

/** Tokens are not checked here: who asks is known. */
const noIssuer: Issuer = {
  issue: () => Promise.reject(new Error('No tokens are issued in this process.')),
  verify: () => Promise.reject(new Error('No tokens are verified in this process.')),
  identify: () => Promise.reject(new Error('Nobody signs in in this process.')),
  jwks: { keys: [] },
};

/** What strikes the questions of a batch one by one. */
class FaultsOfBatches extends Scripted {
  readonly #stage: Stage;
  readonly #unknown: () => ReadonlySet<string>;
  constructor(stage: Stage, unknown: () => ReadonlySet<string>) {
    super();
    this.#stage = stage;
    this.#unknown = unknown;
  }

  override take({ method, target }: { readonly method: string; readonly target: string }): Answer | null {
    for (const id of this.#unknown())
      if (target.toLowerCase().includes(id))
        return { answer: 'error', status: 404, code: 'Request_ResourceNotFound', message: '' };
    const site = `graph batched ${method} ${templateOf(target.replace(/^\/v1\.0/, ''))}`;
    const fault = this.#stage.faults.strike(site, kindsInBatch);
    if (fault === null) return null;
    if (fault.kind === 'refused')
      return { answer: 'error', status: 403, code: 'Authorization_RequestDenied', message: '' };
    return fault.kind === 'throttled'
      ? { answer: 'throttled', retryAfter: fault.roll < 0.3 ? null : { seconds: Math.ceil(fault.roll * 20) } }
      : { answer: 'gateway_timeout' };
  }
}

const ofLogin: readonly FaultKind[] = ['crash_before', 'pause', 'unavailable', 'unauthorized'];

const tokensFor = (process: Process, granted: () => readonly string[]): Tokens => {
  let kept: string | null = null;
  return {
    get: async (signal) => {
      kept ??= await process.call({
        site: 'login',
        kinds: ofLogin,
        latencyMs: 40,
        signal,
        effect: (fault) => logIn(fault, granted()),
      });
      return kept;
    },
    drop: () => {
      kept = null;
    },
  };
};

const logIn = (fault: Fault | null, roles: readonly string[]): string => {
  if (fault?.kind === 'unavailable') throw new SourceError('unavailable', 'The login service gave no token.');
  if (fault?.kind === 'unauthorized')
    throw new SourceError('unauthorized', 'The client secret has expired.', { code: 'AADSTS7000222' });
  return `simulated.${Buffer.from(JSON.stringify({ roles })).toString('base64url')}.unsigned`;
};

const transportFor = (
  stage: Stage,
  process: Process,
  answer: (call: Call, fault: Fault | null) => Reply,
): Transport => ({
  send: (call, signal, onHead) => {
    const template = templateOf(call.url);
    const site = `graph ${call.method} ${template}`;
    return process.call({
      site,
      kinds: kindsFor(template),
      latencyMs: networkMs(stage, site),
      signal,
      effect: (fault) => {
        if (!call.url.startsWith(`${graphUrl}/`))
          stage.report({ invariant: 'I5', what: `${process.name} sent the token elsewhere: ${call.url}` });
        const { status, headers, body } = answer(call, fault);
        // Whoever is there to hear it is told how the answer begins before the rest has come, also of one that is cut off.
        if (status === 200 && process.isAlive() && !process.isFrozen()) onHead?.(body.slice(0, headLength));
        return { status, headers: lowerCased(headers), text: body };
      },
    });
  },
  sent: async () => {},
});

const headLength = 4_096;

const askedBy = ({ method, url, body }: Call, largestList: number, nowMs: number): Asked => {
  const [path = '', ...query] = url.slice(graphUrl.length).split('?');
  return {
    method,
    path,
    query: query
      .join('?')
      .replace(/(\$top=)(\d+)/, (_, name: string, top: string) => `${name}${Math.min(Number(top), largestList)}`),
    header: () => undefined,
    body: body === undefined ? null : JSON.parse(JSON.stringify(body)),
    origin: graphUrl,
    ids: { requestId: 'simulated', clientRequestId: 'simulated', nowMs },
  };
};

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
