/** A whole Entrain in memory: one connection, one target, a directory to play with, and a clock that only moves when told. */

import { randomBytes } from 'node:crypto';
import { roomWithin } from '../../src/admin/house.ts';
import { type Approved, planCommands } from '../../src/admin/plans.ts';
import { reconciliationCommands } from '../../src/admin/reconciliations.ts';
import { undoCommands } from '../../src/admin/undo.ts';
import { reachOf } from '../../src/core/access.ts';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { openEgress } from '../../src/egress/index.ts';
import { defaultTiming, type Engine, unobserved } from '../../src/engine/engine.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { newPreviewRun, newProvisionRun, newSyncRun } from '../../src/engine/request-runs.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import type { Turn } from '../../src/engine/turn.ts';
import { defaultCeilings } from '../../src/model/ceilings.ts';
import {
  type Connection,
  defaultAttributes,
  defaultIntervals,
  defaultShrinkLimit,
  unusedCredentials,
} from '../../src/model/connection.ts';
import type { Discrepancy } from '../../src/model/discrepancy.ts';
import { connectionId, organizationId, runId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Run, Shrink, SyncMode } from '../../src/model/run.ts';
import type { Scope } from '../../src/model/scope.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import {
  defaultEscrow,
  defaultLimits,
  type Limits,
  nobodyProtected,
  type TargetRecord,
} from '../../src/model/target-record.ts';
import { silent } from '../../src/model/world.ts';
import { memoryDirectory, memorySource } from '../../src/source/memory.ts';
import type { Source } from '../../src/source/source.ts';
import { createKeyProofs } from '../../src/store/key-proofs.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Stores } from '../../src/store/stores.ts';
import { createVault } from '../../src/store/vault.ts';
import { memoryTarget, memoryTargetState } from '../../src/target/memory.ts';
import { parserOf } from '../../src/target/registry.ts';
import { asWritten, type Target } from '../../src/target/target.ts';
import { hidden } from './secrets.ts';

export const connection = connectionId('con_story');
export const target = targetId('tgt_story');
const organization = organizationId('org_story');

/** Ids that read like what they are: `id('anna')` is the same GUID each time. */
export const id = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;
/** The name that `id` made an id of. */
export const nameIn = (of: string): string => Buffer.from(of.slice(-12).replace(/^0+/, ''), 'hex').toString();

export type StoryOptions = {
  readonly stores?: (now: () => Date) => Stores;
  readonly connection?: Partial<Connection>;
  readonly target?: Partial<TargetRecord>;
  readonly engine?: Partial<Engine>;
  readonly wrapTarget?: (target: Target) => Target;
  readonly wrapSource?: (source: Source) => Source;
};

type More = { group?: string; nested?: boolean; dryRun?: boolean; acceptShrink?: boolean };

const nothingMissing: Shrink = {
  missing: { user: 0, group: 0 },
  known: { user: 0, group: 0 },
  drained: [],
  cleared: [],
  sample: [],
};

export const story = async (options: StoryOptions = {}) => {
  let clock = Date.parse('2026-03-02T08:00:00Z');
  let runs = 0;
  const now = (): Date => new Date(clock);
  const stores = options.stores?.(now) ?? createMemoryStores({ now, vault: createVault(randomBytes(32)) });
  const directory = memoryDirectory();
  const remote = memoryTargetState();
  const source = (options.wrapSource ?? ((made) => made))(memorySource(directory));
  const engine: Engine = {
    stores,
    world: { now, stopwatch: stopwatchBy(now), random: () => 0.5, sleep: untilAborted, log: silent },
    connectSource: () => source,
    connectTarget: () => (options.wrapTarget ?? ((made) => made))(memoryTarget(remote)),
    wakeTarget: async () => {},
    newRunId: () => {
      runs += 1;
      return runId(`run_${String(runs).padStart(6, '0')}`);
    },
    targetPaths: () => asWritten,
    leastApprovals: 1,
    owner: 'worker',
    timing: defaultTiming,
    observe: unobserved,
    failpoint: async () => {},
    ...options.engine,
  };
  await stores.connections.add(
    { ...plainConnection(now()), ...options.connection },
    hidden({ clientSecret: 'not-a-real-secret' }),
  );
  await stores.targets.add({ ...plainTarget(now()), ...options.target }, {});

  /** What the newest held read was held for. */
  const newestShrink = async (): Promise<Shrink> => {
    const { items } = await stores.runs.list({ connection, kind: 'sync', state: 'held' }, null, 1);
    const held = items.find((one) => one.kind === 'sync');
    return held?.shrink ?? nothingMissing;
  };
  const requestSync = async (mode: SyncMode, more: More = {}): Promise<Run> => {
    const scope = more.group === undefined ? null : { group: sourceId(more.group), nested: more.nested ?? false };
    const wanted = {
      id: engine.newRunId(),
      mode,
      scope,
      dryRun: more.dryRun ?? false,
      acceptShrink: more.acceptShrink === true ? await newestShrink() : null,
      trigger: 'api',
      at: now(),
    } as const;
    return (await stores.runs.request(newSyncRun({ id: connection, organization }, wanted))).run;
  };
  const requestProvision = async (mode: SyncMode = 'delta', dryRun = false): Promise<Run> => {
    const wanted = { id: engine.newRunId(), mode, scope: null, dryRun, trigger: 'api', at: now() } as const;
    return (await stores.runs.request(newProvisionRun({ id: target, connection, organization }, null, wanted))).run;
  };
  const requestPreview = async (proposed: Scope): Promise<Run> => {
    const wanted = { id: engine.newRunId(), trigger: 'api', at: now(), proposed } as const;
    return (await stores.runs.request(newPreviewRun({ id: connection, organization }, wanted))).run;
  };
  /** Takes turns until nothing is due; time passes only to where the next turn is due, `patience` times at most. */
  const settle = async (turn: () => Promise<Turn>, patience = 50): Promise<void> => {
    for (let turns = 0; turns < patience; turns += 1) {
      const result = await turn();
      if (result.next === 'done') return;
      clock = Math.max(clock, result.at.getTime());
    }
    throw new Error('The turns do not come to an end.');
  };
  const signal = new AbortController().signal;
  const syncAll = () => settle(() => syncTurn(engine, connection, signal));
  const provisionAll = () => settle(() => provisionTurn(engine, target, signal));
  const run = async (wanted: Run): Promise<Run> => {
    await syncAll();
    await provisionAll();
    return await ended(wanted);
  };
  /** `acceptShrink`: somebody looks at the read, should it be held, and lets the next one pass. */
  const sync = async (mode: SyncMode, { acceptShrink = false, ...more }: More): Promise<Run> => {
    const first = await run(await requestSync(mode, more));
    return acceptShrink && first.state === 'held'
      ? await run(await requestSync(mode, { ...more, acceptShrink }))
      : first;
  };
  const house = {
    ...engine,
    connectSourceOnce: engine.connectSource,
    connectTarget: () => (options.wrapTarget ?? ((made) => made))(memoryTarget(remote)),
    wakeups: { sync: nobody, provision: nobody, schedule: nobody, unschedule: nobody },
    parseTarget: parserOf([]),
    keyProofs: createKeyProofs(new Uint8Array(32)),
    encryptionKeys: async () => ({ current: 'local:now', proves: 'local:now', configured: ['local:now'] }),
    ourApp: null,
    egress: openEgress({ allow: [] }),
    sign: () => ({}),
    canBeNotified: false,
    identityProvider: null,
    cloudInWords: () => ({ title: 'a cloud of its own', adminCenter: null }),
    permissionsNeeded: () => [],
    config: { customCloud: null, returnUrls: [], workload: null, publicUrl: null, ceilings: defaultCeilings },
  };
  const room = roomWithin(house, reachOf({ organizations: null }));
  const plans = planCommands(room, engine.newRunId);
  /** One approval releases it, unless the story says otherwise. */
  const released = async (asked: Promise<Approved>) => {
    const { plan, run } = await asked;
    if (run === null) throw new Error(`The plan ${plan.id} takes another approval.`);
    return { plan, run };
  };
  const commands = {
    ...plans,
    approvePlan: (...asked: Parameters<typeof plans.approvePlan>) => released(plans.approvePlan(...asked)),
    applyPlan: (...asked: Parameters<typeof plans.applyPlan>) => released(plans.applyPlan(...asked)),
    /** Also where it takes another one. */
    approveOnce: plans.approvePlan,
    ...reconciliationCommands(room, engine.newRunId),
    ...undoCommands(room, engine.newRunId),
  };
  const newestPlan = async (): Promise<Plan> => {
    const [newest] = (await stores.plans.list({ target }, null, 1)).items;
    if (newest === undefined) throw new Error('Nothing was planned.');
    return newest;
  };
  const ended = async (wanted: Run): Promise<Run> => {
    const found = await stores.runs.get(wanted.id);
    if (found === null) throw new Error(`${wanted.id} is gone`);
    return found;
  };
  return {
    engine,
    stores,
    directory,
    remote,
    now,
    pass: (ms: number) => {
      clock += ms;
    },
    requestSync,
    requestProvision,
    syncAll,
    provisionAll,
    ended,
    full: async (more: More = {}) => sync('full', more),
    delta: async (more: More = {}) => sync('delta', more),
    requestPreview,
    editTarget: async (change: Parameters<Stores['targets']['edit']>[2]): Promise<void> => {
      const record = await stores.targets.get(target);
      await stores.targets.edit(target, record?.revision ?? 0, change);
    },
    /** What another scope would mean. */
    preview: async (proposed: Scope) => run(await requestPreview(proposed)),
    saveScope: async (scope: Scope): Promise<void> => {
      const record = await stores.connections.get(connection);
      await stores.connections.edit(connection, record?.revision ?? 0, { scope });
    },
    provision: async (mode: SyncMode = 'delta', dryRun = false) => run(await requestProvision(mode, dryRun)),
    /** What a person may do about plans, and about what a target really holds. */
    commands,
    newestPlan,
    /** What a plan holds, in a few words each. */
    held: async (plan: Plan): Promise<readonly string[]> => {
      const lines: string[] = [];
      for await (const staged of stores.plans.scan(plan))
        for (const { operation } of staged)
          lines.push(
            'members' in operation
              ? `${operation.action} ${operation.members.length}`
              : `${operation.action} ${operation.ref.type}`,
          );
      return lines.sort();
    },
    /** Somebody approves the newest plan, and it is carried out. */
    approve: async (): Promise<Run> => {
      const { id: plan, kind } = await newestPlan();
      const word = { by: 'anna', reason: 'It is right.' };
      const { run: wanted } = await (kind === 'dry_run'
        ? commands.applyPlan(plan, word)
        : commands.approvePlan(plan, word));
      return await run(wanted);
    },
    /** Has the target compared with the links. */
    reconcile: async (): Promise<Run> => run((await commands.requestReconcile(target)).run),
    /** Has a plan made of what a reconcile run found. */
    planRepair: async (of: Run): Promise<Run> => run((await commands.requestRepair(of.id)).run),
    /** Has a plan made of what takes a run back. */
    planUndo: async (of: Run): Promise<Run> => run((await commands.requestUndo(of.id)).run),
    /** What a reconcile run found. */
    discrepancies: async (by: Run): Promise<readonly Discrepancy[]> =>
      (await stores.discrepancies.page({ target, run: by.id }, {}, null, 1_000)).items,
    /** The newest provision run. */
    provisioned: async (): Promise<Run> => {
      const [newest] = (await stores.runs.list({ kind: 'provision' }, null, 1)).items;
      if (newest === undefined) throw new Error('Nothing was provisioned.');
      return newest;
    },
    hire: (name: string, attributes: Attributes = {}) =>
      directory.setUser(id(name), { ...person(name), ...attributes }),
    found: (name: string, attributes: Attributes = {}) =>
      directory.setGroup(id(name), { displayName: name, ...attributes }),
    /** The accounts of the target by user name: on or off. */
    accounts: (): Record<string, 'on' | 'off'> =>
      Object.fromEntries(
        [...remote.objects.values()]
          .filter(({ type }) => type === 'user')
          .map(
            ({ attributes }) =>
              [nameOf(attributes['userName']), attributes['active'] === false ? 'off' : 'on'] as const,
          )
          .sort(),
      ),
    /** The groups of the target and who is in them, by name. */
    groups: (): Record<string, string[]> =>
      Object.fromEntries(
        [...remote.objects.values()]
          .filter(({ type }) => type === 'group')
          .map((group) => [
            String(group.attributes['displayName']),
            [...(remote.members.get(group.remoteId) ?? [])]
              .map((member) => {
                const attributes = remote.objects.get(member)?.attributes ?? {};
                return nameOf(attributes['userName'] ?? attributes['displayName']);
              })
              .sort(),
          ]),
      ),
    account: (name: string) =>
      [...remote.objects.values()].find(({ attributes }) => nameOf(attributes['userName']) === name),
    writes: (): number => remote.applied.length,
  };
};

/** Time that passes by this clock, as `World` wants it. */
export const stopwatchBy = (now: () => Date) => (): (() => number) => {
  const from = now().getTime();
  return () => now().getTime() - from;
};

export type Story = Awaited<ReturnType<typeof story>>;

const nobody = async (): Promise<void> => {};

const nameOf = (userName: unknown): string => String(userName).replace(/@.*$/, '');

export const person = (name: string): Attributes => ({
  userPrincipalName: `${name}@contoso.example`,
  displayName: name,
  accountEnabled: true,
  mail: `${name}@contoso.example`,
});

const untilAborted = (_ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** A limit that no story passes. */
export const anyNumber: Limit = { count: 1_000, percent: 100, floor: 1_000 };
/** Any number of people may go, and leave groups. */
export const free: Limits = {
  ...defaultLimits,
  deprovisions: anyNumber,
  memberRemovals: anyNumber,
  memberRemovalsPerGroup: anyNumber,
};

export const plainConnection = (at: Date): Connection => ({
  id: connection,
  organization,
  vendor: 'MS_ENTRA',
  name: 'Contoso',
  description: null,
  state: 'active',
  problem: null,
  quarantine: null,
  firstReadAt: null,
  trouble: null,
  toldUnwell: null,
  tenantId: '11111111-1111-4111-8111-111111111111',
  namedBy: 'operator',
  cloud: 'global',
  credentials: { kind: 'client_secret', clientId: '22222222-2222-4222-8222-222222222222' },
  credentialUse: unusedCredentials,
  scope: { kind: 'all' },
  attributes: defaultAttributes,
  ...defaultIntervals,
  shrinkLimit: defaultShrinkLimit,
  createdAt: at,
  updatedAt: at,
  revision: 1,
});

export const plainTarget = (at: Date): TargetRecord => ({
  id: target,
  organization,
  connection,
  kind: 'memory',
  name: 'Helpdesk',
  state: 'active',
  problem: null,
  quarantine: null,
  settings: {},
  mapping: defaultMapping,
  matching: defaultMatching,
  deprovision: { kind: 'disable' },
  leftGroups: 'leave',
  limits: defaultLimits,
  escrow: defaultEscrow,
  protected: nobodyProtected,
  autoApproveFirst: true,
  approvals: 1,
  loosened: null,
  credentialVersion: 1,
  createdAt: at,
  updatedAt: at,
  revision: 1,
});
