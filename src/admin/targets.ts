/** Commands on targets: our records of the systems we write to. */

import { approvalsAfter } from '../core/approvals.ts';
import { defaultMapping, defaultMatching } from '../core/default-mapping.ts';
import { areRead, attributesNeeded } from '../core/read-attributes.ts';
import { newSyncRun } from '../engine/request-runs.ts';
import type { CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import { type ConnectionId, runId, type TargetId, targetId } from '../model/ids.ts';
import type { Mapping, Matching } from '../model/mapping.ts';
import {
  type Approvals,
  type DeprovisionPolicy,
  defaultEscrow,
  defaultLimits,
  type EscrowPolicy,
  type JsonObject,
  type LeftGroups,
  type Limits,
  nobodyProtected,
  oneApproval,
  type Protection,
  type TargetRecord,
} from '../model/target-record.ts';
import type { Secrets, TargetEdit } from '../store/connection-store.ts';
import { newId } from '../store/ids.ts';
import {
  type Address,
  type GivenSettings,
  type ParsedTarget,
  SettingsRefused,
  type TargetKind,
} from '../target/target.ts';
import { refuseAbove } from './ceilings.ts';
import { probeSoon } from './probe-soon.ts';
import { meantProtection, type ProtectionWarning, protectionWarnings } from './protection.ts';
import { provisionNow } from './provision-now.ts';
import type { Within } from './reached.ts';
import { found, invalid, Refused } from './refused.ts';
import { editing, type Room, stale, wake } from './room.ts';
import { cancelAll } from './runs.ts';
import { secretsFirst } from './secrets-first.ts';
import type { New } from './stores-within.ts';

/** What a person says of a target; what is left out keeps its value, or gets its default. */
export type TargetFields = {
  readonly name?: string | undefined;
  readonly mapping?: Mapping | undefined;
  readonly matching?: Matching | undefined;
  readonly deprovision?: DeprovisionPolicy | undefined;
  readonly leftGroups?: LeftGroups | undefined;
  /** Limits that are not named keep their value. */
  readonly limits?: Partial<Limits> | undefined;
  readonly protected?: Protection | undefined;
  /** Steps that are not named keep their value. */
  readonly escrow?: Partial<EscrowPolicy> | undefined;
  readonly autoApproveFirst?: boolean | undefined;
  /** How many people approve what is over a limit. */
  readonly approvals?: Approvals['needed'] | undefined;
};
/** `settings` are those of its kind, secret ones among them. */
export type NewTarget = TargetFields & { readonly kind: string; readonly settings: JsonObject };
/**
 * `settings` are merged with the stored ones, `null` takes one away (RFC 7396). `active` lets go of a target that is paused or quarantined.
 */
export type TargetChanges = TargetFields & {
  readonly settings?: JsonObject | undefined;
  readonly state?: 'active' | 'paused' | undefined;
};

/** The record as it was, and as it is now. */
type Edited = { readonly before: Within<TargetRecord>; readonly target: Within<TargetRecord> };

export const targetCommands = (room: Room) => {
  const { connections, targets, ledger } = room.stores;

  /** The accounts we linked live at the old address. At another one the same ids belong to nobody, or to somebody else. */
  const refuseAnotherSystem = async (before: Within<TargetRecord>): Promise<void> => {
    const { user, group } = await ledger.countLinks(before.id);
    if (user + group === 0) return;
    throw new Refused(
      'target_fixed',
      'The address cannot change: accounts at the old one are linked. Remove this target and add the new system as another.',
    );
  };

  const get = async (id: TargetId): Promise<Within<TargetRecord>> => found(await targets.get(id), 'target');

  return {
    async addTarget(connection: ConnectionId, given: NewTarget): Promise<Within<TargetRecord>> {
      const owner = found(await connections.get(connection), 'connection');
      if (owner.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      refuseAbove(room, 'targets', (await targets.of(owner.id)).length);
      const parsed = parseSettings(room, given.kind, given.settings);
      const meant = await meantFields(room, owner, given);
      const now = room.world.now();
      const target: New<TargetRecord> = {
        ...withFields(meant, now, {
          name: given.kind,
          mapping: defaultMapping,
          matching: defaultMatching,
          deprovision: { kind: 'disable' },
          leftGroups: 'leave',
          limits: defaultLimits,
          protected: nobodyProtected,
          escrow: defaultEscrow,
          autoApproveFirst: false,
          approvals: oneApproval,
        }),
        id: targetId(newId('tgt')),
        organization: owner.organization,
        connection: owner.id,
        kind: given.kind,
        state: 'active',
        problem: null,
        quarantine: null,
        settings: parsed.settings,
        credentialVersion: 1,
        createdAt: now,
        updatedAt: now,
        revision: 1,
      };
      const added = await targets.add(target, parsed.secrets);
      room.world.log.info('target.added', { target: target.id, connection, kind: target.kind });
      await readWhatProtects(room, owner, added);
      return added;
    },

    getTarget: get,

    /** What of its protection does not protect as it says. */
    protectionWarnings: (target: Within<TargetRecord>): Promise<readonly ProtectionWarning[]> =>
      protectionWarnings(room.stores, target),

    async listTargets(connection: ConnectionId): Promise<readonly Within<TargetRecord>[]> {
      return targets.of(found(await connections.get(connection), 'connection').id);
    },

    /** Edits what is given. With `revision`, only when the record is still at it. */
    async editTarget(id: TargetId, changes: TargetChanges, revision: number | null = null): Promise<Edited> {
      const { before, target: edited } = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        refuseDeleting(before);
        const stored = changes.settings === undefined ? {} : await targets.secrets(before);
        const parsed = changes.settings === undefined ? null : mergedSettings(room, before, changes.settings, stored);
        if (parsed?.isMoved === true) await refuseAnotherSystem(before);
        const owner = found(await connections.get(before.connection), 'connection');
        const edit = {
          ...withFields(await meantFields(room, owner, changes), room.world.now(), before),
          ...(parsed === null ? {} : { settings: parsed.settings }),
          ...(parsed === null || sameSecrets(parsed.secrets, stored)
            ? {}
            : { credentialVersion: before.credentialVersion + 1 }),
          ...stateEdit(changes.state),
        };
        return { before, target: await targets.edit(before.id, before.revision, edit, parsed?.secrets) };
      });
      room.world.log.info('target.edited', { target: id, revision: edited.revision, state: edited.state });
      if (changes.protected !== undefined)
        await readWhatProtects(room, found(await connections.get(edited.connection), 'connection'), edited);
      return { before, target: edited };
    },

    /** Takes it out of service at once; what is stored of it is purged by maintenance. Nothing is done at the target. */
    async removeTarget(id: TargetId, revision: number | null = null): Promise<Edited> {
      const removed = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        const isGone = before.state === 'deleting';
        return {
          before,
          target: isGone ? before : await targets.edit(before.id, before.revision, { state: 'deleting' }),
        };
      });
      await cancelAll(room, { target: removed.target.id });
      room.world.log.info('target.removed', { target: id });
      return removed;
    },

    /** Proves address, credentials and abilities by real calls that change nothing. */
    async checkTarget(id: TargetId): Promise<CheckReport> {
      return checkOf(room, await get(id));
    },

    /** Lets a target out of quarantine and goes on with what waited. One that is not held is left as it is. */
    async releaseTarget(id: TargetId): Promise<Within<TargetRecord>> {
      const before = await get(id);
      refuseDeleting(before);
      if (before.state !== 'quarantined') return before;
      await targets.hold(before.id, null);
      await provisionNow(room, before);
      room.world.log.info('target.released', { target: id });
      return get(id);
    },
  };
};

const meantFields = async (room: Room, connection: Within<Connection>, given: TargetFields): Promise<TargetFields> =>
  given.protected === undefined
    ? given
    : { ...given, protected: await meantProtection(room.stores, connection, given.protected) };

/** Nothing is taken away before it is read who is protected, so that is not left to the schedule. */
const readWhatProtects = async (room: Room, connection: Within<Connection>, target: TargetRecord): Promise<void> => {
  if (connection.state !== 'active' || target.state !== 'active') return;
  const head = await room.stores.snapshots.head(connection.id);
  if (head.version === 0 || areRead(attributesNeeded(target.protected), head.attributes)) return;
  const wanted = { mode: 'full', scope: null, dryRun: false, trigger: 'api' } as const;
  const run = newSyncRun(connection, { ...wanted, id: runId(newId('run')), at: room.world.now() });
  await room.stores.runs.request(run);
  await wake(room, 'sync', () => room.wakeups.sync(connection.id, 'person'));
  room.world.log.info('run.requested', { run: run.id, kind: run.kind, connection: connection.id });
};

export const checkOf = async (room: Room, record: Within<TargetRecord>): Promise<CheckReport> => {
  const report = await secretsFirst(
    () => room.stores.targets.secrets(record),
    async (secrets) => {
      const target = room.connectTarget(record, secrets);
      try {
        return await target.check(AbortSignal.timeout(checkTimeoutMs));
      } finally {
        await target.close();
      }
    },
  );
  if (report.ok) await probeSoon(room.stores.targets, record.id, room.world.now());
  return report;
};

const checkTimeoutMs = 30_000;

const refuseDeleting = (target: TargetRecord): void => {
  if (target.state === 'deleting') throw new Refused('target_deleting', 'The target is being removed.');
};

/** Written only when the person means it: the engine may quarantine the target at the same moment. */
const stateEdit = (state: TargetChanges['state']): TargetEdit => {
  if (state === undefined) return {};
  return state === 'active' ? { state, problem: null, quarantine: null } : { state };
};

/** What is edited as it is given; the rest of an edit is worked out. */
type Editable = Pick<
  TargetRecord,
  Exclude<keyof TargetEdit, 'settings' | 'credentialVersion' | 'state' | 'problem' | 'quarantine'>
>;

const withFields = (given: TargetFields, now: Date, base: Editable): Editable => ({
  name: given.name ?? base.name,
  mapping: given.mapping ?? base.mapping,
  matching: given.matching ?? base.matching,
  deprovision: given.deprovision ?? base.deprovision,
  leftGroups: given.leftGroups ?? base.leftGroups,
  limits: { ...base.limits, ...given.limits },
  protected: given.protected ?? base.protected,
  escrow: { ...base.escrow, ...given.escrow },
  autoApproveFirst: given.autoApproveFirst ?? base.autoApproveFirst,
  approvals: approvalsAfter(base.approvals, given.approvals ?? base.approvals.needed, now),
});

const sameSecrets = (given: Secrets, stored: Secrets): boolean =>
  Object.entries(given).every(([field, one]) => one.is(stored[field]));

/** Stored secrets go with the stored address only: sent to a new one, they would be given away. There they must be given again. */
const mergedSettings = (
  room: Room,
  before: TargetRecord,
  changes: JsonObject,
  secrets: Secrets,
): ParsedTarget & { readonly isMoved: boolean } => {
  const kept = { ...before.settings, ...secrets };
  const parsed = parseSettings(room, before.kind, merge(kept, changes));
  if (placeOf(parsed.address) === storedPlace(room, before.kind, kept)) return { ...parsed, isMoved: false };
  return { ...parseSettings(room, before.kind, merge(before.settings, changes)), isMoved: true };
};

/** Whatever may be called by now. Null: it is not known, and so not the same. */
const storedPlace = (room: Room, kind: string, settings: GivenSettings): string | null => {
  try {
    return placeOf(kindNamed(room, kind).parse(settings).address);
  } catch (error) {
    if (error instanceof SettingsRefused) return null;
    throw error;
  }
};

/** With the path, which may be another customer's at the same host. */
const placeOf = ({ url }: Address): string => `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`;

const merge = (stored: GivenSettings, changes: JsonObject): GivenSettings =>
  Object.fromEntries(Object.entries({ ...stored, ...changes }).filter(([, value]) => value !== null));

const parseSettings = (room: Room, kind: string, settings: GivenSettings): ParsedTarget => {
  const known = kindNamed(room, kind);
  try {
    const parsed = known.parse(settings);
    refuseUncallable(room, parsed.address);
    return parsed;
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error;
    throw invalid(...error.issues.map(({ pointer, message }) => ({ pointer: `/settings${pointer}`, detail: message })));
  }
};

const kindNamed = ({ targetKinds }: Room, kind: string): TargetKind => {
  const known = targetKinds.find((candidate) => candidate.kind === kind);
  if (known !== undefined) return known;
  const kinds = targetKinds.map((candidate) => candidate.kind).join(', ');
  throw invalid({ pointer: '/kind', detail: `must be one of: ${kinds}` });
};

/** What an address tells by itself is told at once; what its name stands for, when it is called. */
const refuseUncallable = ({ egress }: Room, { setting, url }: Address): void => {
  const detail = egress.refusalOf(url);
  if (detail !== null) throw invalid({ pointer: `/settings/${setting}`, detail });
};
