/** Whoever runs Entrain: edits connections and targets while it works, lets go of what is held back, asks for runs. Makes no mistakes with the database. */

import { type ConnectionChanges, connectionCommands } from '../../src/admin/connections.ts';
import { type House, roomWithin } from '../../src/admin/house.ts';
import { planCommands } from '../../src/admin/plans.ts';
import { reconciliationCommands } from '../../src/admin/reconciliations.ts';
import { Refused } from '../../src/admin/refused.ts';
import { targetCommands } from '../../src/admin/targets.ts';
import { undoCommands } from '../../src/admin/undo.ts';
import { reachOf } from '../../src/core/access.ts';
import type { LeavingPolicies } from '../../src/core/plan.ts';
import { openEgress } from '../../src/egress/index.ts';
import { unobserved } from '../../src/engine/engine.ts';
import { newPreviewRun, newProvisionRun, newSyncRun } from '../../src/engine/request-runs.ts';
import { defaultCeilings } from '../../src/model/ceilings.ts';
import { type ConnectionId, sourceId } from '../../src/model/ids.ts';
import { isEnded, type SyncMode } from '../../src/model/run.ts';
import type { Scope } from '../../src/model/scope.ts';
import { type Approvals, type Limits, nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { silent } from '../../src/model/world.ts';
import { createKeyProofs } from '../../src/store/key-proofs.ts';
import type { Stores } from '../../src/store/stores.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import type { Chance } from './chance.ts';
import {
  anotherProtection,
  type Customer,
  drawLimits,
  drawPolicy,
  drawScope,
  leastLimits,
  noLimits,
} from './customer.ts';
import { decisionsOn, type OnApproved } from './decisions.ts';
import { mappingWith } from './mapping.ts';
import type { Process, Stage } from './process.ts';
import type { Queue } from './queue.ts';
import { surroundingsOf } from './surroundings.ts';
import { newRunId, usual } from './worker.ts';

export type Operator = ReturnType<typeof operatorOf>;

export const operatorOf = (stage: Stage, process: Process, stores: Stores, queue: Queue, onApproved: OnApproved) => {
  const door = queue.doorFor(process);
  const house: House = {
    stores,
    keyProofs: createKeyProofs(new Uint8Array(32)),
    encryptionKeys: async () => ({ current: 'local:now', proves: 'local:now', configured: ['local:now'] }),
    wakeups: door,
    connectSource: () => refuse('connect a source'),
    connectSourceOnce: () => refuse('connect a source'),
    observe: unobserved,
    ourApp: null,
    identityProvider: null,
    cloudInWords: () => ({ title: 'a cloud of its own', adminCenter: null }),
    permissionsNeeded: () => [],
    connectTarget: () => refuse('connect a target'),
    parseTarget: () => refuse('parse the settings of a target'),
    targetPaths: () => scimPath,
    leastApprovals: 1,
    world: { ...surroundingsOf(stage, process), random: () => 0, sleep: process.sleep, log: silent },
    egress: openEgress({ allow: [] }),
    sign: () => ({}),
    canBeNotified: false,
    config: { customCloud: null, returnUrls: [], workload: null, publicUrl: null, ceilings: defaultCeilings },
  };
  const room = roomWithin(house, reachOf({ organizations: null }));
  const editConnection = (id: ConnectionId, changes: ConnectionChanges) =>
    connectionCommands(room).editConnection(id, changes);
  const { editTarget } = targetCommands(room);
  const anotherRun = () => newRunId(stage, process);
  const { approveWaiting, decide, approvePreview } = decisionsOn(
    stage,
    stores,
    planCommands(room, anotherRun),
    onApproved,
  );
  const { requestUndo } = undoCommands(room, anotherRun);
  const { requestReconcile, requestRepair } = reconciliationCommands(room, anotherRun);
  const proposed = new Map<string, Scope>();
  const wanted = (mode: SyncMode) =>
    ({ ...usual, mode, trigger: 'api', id: newRunId(stage, process), at: process.now() }) as const;

  /** `accepts`: a person who looked at the newest read, found that it was held, and found it right. */
  const requestSync = async ({ connection }: Customer, mode: SyncMode, accepts: boolean) => {
    const [latest] = (await stores.runs.list({ connection: connection.id, kind: 'sync' }, null, 1)).items;
    const acceptShrink = accepts && latest?.kind === 'sync' ? latest.shrink : null;
    await stores.runs.request(newSyncRun(connection, { ...wanted(mode), acceptShrink }));
    await door.sync(connection.id, 'person');
  };
  const requestProvision = async ({ target }: Customer, mode: SyncMode, dryRun = false) => {
    await stores.runs.request(newProvisionRun(target, null, { ...wanted(mode), dryRun }));
    await door.provision(target.id, 'person');
  };
  const setScope = async ({ connection, scopes }: Customer, scope: Scope) => {
    scopes.push({ at: stage.scheduler.now(), scope });
    await editConnection(connection.id, { scope });
  };
  const setLimits = async ({ target, limits: known }: Customer, limits: Limits) => {
    known.push({ at: stage.scheduler.now(), limits });
    await editTarget(target.id, { limits });
  };
  const setPolicy = async ({ target, policies }: Customer, policy: LeavingPolicies) => {
    policies.push({ at: stage.scheduler.now(), policy });
    await editTarget(target.id, policy);
  };
  const setProtection = async ({ target, protections }: Customer, protection: Protection) => {
    protections.push({ at: stage.scheduler.now(), protection });
    await editTarget(target.id, { protected: protection });
  };
  /** A higher number holds once it is stored; a lower one from a day later. */
  const setApprovals = async ({ target, approvals }: Customer, needed: Approvals) => {
    const note = (): void => void approvals.push({ at: stage.scheduler.now(), needed });
    if (needed === 1) note();
    await editTarget(target.id, { approvals: needed });
    if (needed === 2) note();
  };
  /** What is held back, or was paused, goes on; a read that was held is taken for true, rightly or not. */
  const letGo = async (customer: Customer) => {
    const { connection, target } = customer;
    const [latest] = (await stores.runs.list({ connection: connection.id, kind: 'sync' }, null, 1)).items;
    if (latest?.state === 'held') await requestSync(customer, 'full', true);
    if ((await stores.connections.get(connection.id))?.state !== 'active')
      await editConnection(connection.id, { state: 'active' });
    if ((await stores.targets.get(target.id))?.state === 'active') return;
    await editTarget(target.id, { state: 'active' });
    await requestProvision(customer, 'delta');
  };

  /** Groups of the scope that are gone are taken out of it. */
  const mendScope = async (customer: Customer) => {
    const scope = customer.scopes.at(-1)?.scope;
    if (scope === undefined || scope.kind === 'all') return;
    const { groups: known } = customer.directory.truth();
    const groups = scope.groups.filter((id) => known.get(id)?.standing === 'there');
    if (groups.length < scope.groups.length)
      await setScope(customer, groups.length === 0 ? { kind: 'all' } : { ...scope, groups });
  };

  /** A group that is gone protects nobody, and leaves everybody in doubt. */
  const mendProtection = async (customer: Customer) => {
    const protection = customer.protections.at(-1)?.protection;
    const { groups: known } = customer.directory.truth();
    const groups = protection?.groups.filter((id) => known.get(id)?.standing === 'there') ?? [];
    if (protection !== undefined && groups.length < protection.groups.length)
      await setProtection(customer, { ...protection, groups });
  };

  return {
    requestSync,
    requestProvision,
    mendScope,
    mendProtection,
    setLimits,
    letGo,
    decide,
    approveWaiting,
    editConnection,
    /** Something, by chance. Says what. */
    async act(customer: Customer, chance: Chance, nth: number): Promise<string> {
      const { connection, target, directory } = customer;
      const acts: Readonly<Record<string, () => Promise<unknown>>> = {
        'scope edited': () => setScope(customer, drawScope(directory, chance, nth)),
        'mapping edited': () =>
          editTarget(target.id, { mapping: mappingWith(chance.happens(0.5, 'maps titles', nth)) }),
        'policy edited': () => setPolicy(customer, drawPolicy(chance, nth)),
        'limits edited': () => setLimits(customer, drawLimits(chance, nth)),
        'target paused': () => editTarget(target.id, { state: 'paused' }),
        'connection paused': () => editConnection(connection.id, { state: 'paused' }),
        'full sync asked for': () => requestSync(customer, 'full', false),
        'shrunk read accepted': () => requestSync(customer, 'full', true),
        'full provision run asked for': () => requestProvision(customer, 'full'),
        'dry run asked for': () => requestProvision(customer, 'full', true),
        'one group asked for': () => requestGroup(customer, chance, nth),
        'run canceled': () => cancelOne(customer),
        'plans decided on': () => decide(customer, chance, nth),
      };
      return await attempt(acts, chance.pick(Object.keys(acts), 'operator', nth));
    },
    /** Somebody is protected from now on, or nobody any more. */
    guard: (customer: Customer, chance: Chance, nth: number): Promise<string> =>
      attempt({ 'somebody protected': () => protect(customer, chance, nth) }, 'somebody protected'),
    /** How many have to approve is another number from now on. */
    changeApprovals: (customer: Customer): Promise<string> =>
      attempt(
        {
          'number of approvals changed': () => setApprovals(customer, customer.approvals.at(-1)?.needed === 2 ? 1 : 2),
        },
        'number of approvals changed',
      ),
    /** Loosens what guards the target, or tightens it. Says which. */
    async changeSafeguards(customer: Customer, chance: Chance, nth: number): Promise<string> {
      const ways: Readonly<Record<string, () => Promise<unknown>>> = {
        'limits lifted': () => setLimits(customer, noLimits),
        'limits tightened': () => setLimits(customer, leastLimits),
        'protection lifted': () => setProtection(customer, nobodyProtected),
      };
      return await attempt(ways, chance.pick(Object.keys(ways), 'safeguard', nth));
    },
    /** Looks at what another scope would mean; later saves it, as often as not. */
    preview: (customer: Customer, chance: Chance, nth: number): Promise<string> =>
      attempt({ 'scope previewed': () => preview(customer, chance, nth) }, 'scope previewed'),
    /** Has what a run did taken back, or what the target really holds looked at and put right. Says which. */
    async amend(customer: Customer, chance: Chance, nth: number): Promise<string> {
      const { target } = customer;
      const amendments: Readonly<Record<string, () => Promise<unknown>>> = {
        'undo asked for': () => undoOne(customer, chance, nth),
        'reconciliation asked for': () => requestReconcile(target.id),
        'repair asked for': () => repair(customer),
      };
      return await attempt(amendments, chance.pick(Object.keys(amendments), 'amendment', nth));
    },
  };

  async function protect(customer: Customer, chance: Chance, nth: number): Promise<void> {
    const protection = anotherProtection(customer, chance, nth);
    await setProtection(customer, protection);
  }

  async function preview(customer: Customer, chance: Chance, nth: number): Promise<void> {
    const { connection, target } = customer;
    const [shown] = (await stores.plans.list({ target: target.id, kind: 'preview' }, null, 1)).items;
    if (shown !== undefined) {
      stage.trace.count('preview.looked_at');
      await approvePreview(shown);
    }
    const thoughtOf = proposed.get(connection.id);
    if (thoughtOf !== undefined && chance.happens(0.5, 'saves the previewed scope', nth)) {
      stage.trace.count('preview.saved');
      return await setScope(customer, thoughtOf);
    }
    const scope = drawScope(customer.directory, chance, 7_000 + nth);
    proposed.set(connection.id, scope);
    const at = process.now();
    await stores.runs.request(
      newPreviewRun(connection, { id: newRunId(stage, process), trigger: 'api', at, proposed: scope }),
    );
    await door.sync(connection.id, 'person');
  }

  async function attempt(acts: Readonly<Record<string, () => Promise<unknown>>>, what: string): Promise<string> {
    try {
      await acts[what]?.();
      stage.trace.count(`operator.${what}`);
      return what;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return `${what}: ${error.code}`;
    }
  }

  /** Mostly the newest. */
  async function undoOne({ target }: Customer, chance: Chance, nth: number): Promise<void> {
    const { items } = await stores.runs.list({ target: target.id, kind: 'provision' }, null, 5);
    const ended = items.filter(({ state, dryRun }) => isEnded(state) && !dryRun);
    const chosen = chance.happens(0.6, 'undoes the newest', nth) ? ended.slice(0, 1) : ended;
    if (chosen.length > 0) await requestUndo(chance.pick(chosen, 'undone run', nth).id);
  }

  async function repair({ target }: Customer): Promise<void> {
    const [newest] = (await stores.runs.list({ target: target.id, kind: 'reconcile' }, null, 1)).items;
    if (newest === undefined) await requestReconcile(target.id);
    else await requestRepair(newest.id);
  }

  async function requestGroup(customer: Customer, chance: Chance, nth: number): Promise<void> {
    const groups = [...customer.directory.truth().groups.values()].filter(({ standing }) => standing === 'there');
    if (groups.length === 0) return;
    const group = sourceId(chance.pick(groups, 'group of a run', nth).id);
    const scope = { group, nested: chance.happens(0.3, 'nested run', nth) };
    const dryRun = chance.happens(0.3, 'dry run of a group', nth);
    await stores.runs.request(newSyncRun(customer.connection, { ...wanted('full'), scope, dryRun }));
    await door.sync(customer.connection.id, 'person');
  }

  async function cancelOne({ connection }: Customer): Promise<void> {
    const { items } = await stores.runs.list({ connection: connection.id, state: 'running' }, null, 1);
    for (const run of items) await stores.runs.cancel(run.id, process.now());
  }
};

const refuse = (what: string): never => {
  throw new Error(`The operator does not ${what}.`);
};
