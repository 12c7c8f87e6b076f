/** Commands on targets: our records of the systems we write to. */

import { isTooMuch, type Kept, loosenedBy } from '../core/safeguards.ts';
import { type RulesOfTarget, rulesByPath } from '../core/target-paths.ts';
import { guardedNow, inForceNow } from '../engine/in-force.ts';
import { secretsFirst } from '../engine/secrets-first.ts';
import type { Check, CheckReport } from '../model/check.ts';
import type { Connection } from '../model/connection.ts';
import { type ConnectionId, type TargetId, targetId } from '../model/ids.ts';
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
  type Loosened,
  nobodyProtected,
  type Protection,
  type TargetRecord,
} from '../model/target-record.ts';
import type { Secrets, TargetEdit } from '../store/connection-store.ts';
import { newId } from '../store/ids.ts';
import { openable } from '../store/sealed-secrets.ts';
import type { Address } from '../target/target.ts';
import { refuseAbove } from './ceilings.ts';
import { probeSoon } from './probe-soon.ts';
import { meantProtection, type ProtectionWarning, protectionWarnings } from './protection.ts';
import { provisionNow } from './provision-now.ts';
import type { Within } from './reached.ts';
import { readWhatIsNeeded } from './read-what-is-needed.ts';
import { found, invalid, Refused } from './refused.ts';
import { type Connectable, editing, type Room, stale } from './room.ts';
import { cancelAll, refuseInactiveTarget } from './runs.ts';
import { addressChecks, atSameAddress } from './same-address.ts';
import type { New } from './stores-within.ts';
import { defaultRules, type RuleWarning, refuseUnreadable, ruleChecks, ruleWarnings } from './target-rules.ts';
import { changedSettings, parsedSettings, storedAddress } from './target-settings.ts';

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
  readonly approvals?: Approvals | undefined;
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

  const settingsEdit = async (before: Within<TargetRecord>, changes: JsonObject): Promise<SettingsEdit> => {
    const stored = await openable(() => targets.secrets(before));
    const { settings, secrets, isMoved } = changedSettings(room, before, stored, changes);
    if (isMoved) await refuseAnotherSystem(before);
    const credentialVersion = before.credentialVersion + (stored !== null && sameSecrets(secrets, stored) ? 0 : 1);
    return { edit: { settings, credentialVersion }, secrets, isMoved };
  };

  const around = (now: Date) => ({ least: room.leastApprovals, now });

  const refuseTooMuch = (target: Kept): void => {
    const { protected: protection, looserFrom } = guardedNow(room, target);
    if (looserFrom === null || !isTooMuch(protection)) return;
    const detail = `takes out more, with what was taken out within the last day, than stays protected until ${looserFrom.toISOString()}; take out the rest after that`;
    throw invalid({ pointer: '/protected', detail });
  };

  /** Others are to see it coming. */
  const tellLoosened = (before: Loosened | null, target: Pick<TargetRecord, 'id'> & Kept): void => {
    const { loosened, looserFrom } = guardedNow(room, target);
    if (looserFrom === null || loosened?.at.getTime() === before?.at.getTime()) return;
    room.world.log.warn('target.loosened', { target: target.id, until: looserFrom.toISOString() });
  };

  /** Its check says so as well, whenever it is asked for. */
  const tellShared = async (target: Within<TargetRecord>, address: Address): Promise<void> => {
    const others = await atSameAddress(room, target, address);
    if (others.length > 0)
      room.world.log.warn('target.same_address', { target: target.id, others: others.map(({ id }) => id).join(' ') });
  };

  const get = async (id: TargetId): Promise<Within<TargetRecord>> => found(await targets.get(id), 'target');

  const read = async (target: Within<TargetRecord>): Promise<void> =>
    readWhatIsNeeded(room, found(await connections.get(target.connection), 'connection'), [target]);

  return {
    async addTarget(connection: ConnectionId, given: NewTarget): Promise<Within<TargetRecord>> {
      const owner = found(await connections.get(connection), 'connection');
      if (owner.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      refuseAbove(room, 'targets', (await targets.of(owner.id)).length);
      const parsed = parsedSettings(room, given.kind, given.settings);
      const meant = await meantFields(room, owner, given);
      const now = room.world.now();
      const whole = withFields(meant, { ...unlessGiven, ...defaultRules(owner), name: given.kind });
      const fields = { ...whole, ...meantRules(room, given.kind, whole) };
      const target: New<TargetRecord> = {
        ...fields,
        loosened: loosenedBy({ ...fields, loosened: null }, fields, { ...around(now), isElsewhere: true }),
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
      tellLoosened(null, target);
      await tellShared(added, parsed.address);
      await readWhatIsNeeded(room, owner, [added]);
      return added;
    },

    getTarget: get,

    /** As it is guarded at this moment, which may be stricter than it is set. */
    targetInForce: (target: Within<TargetRecord>) => inForceNow(room, target),

    /** What of its protection does not protect as it says. */
    protectionWarnings: (target: Within<TargetRecord>): Promise<readonly ProtectionWarning[]> =>
      protectionWarnings(room.stores, target),

    /** Which of its rules say nothing of anybody. */
    ruleWarnings: (target: Within<TargetRecord>): Promise<readonly RuleWarning[]> => ruleWarnings(room.stores, target),

    async listTargets(connection: ConnectionId): Promise<readonly Within<TargetRecord>[]> {
      return targets.of(found(await connections.get(connection), 'connection').id);
    },

    /** Edits what is given. With `revision`, only when the record is still at it. */
    async editTarget(id: TargetId, changes: TargetChanges, revision: number | null = null): Promise<Edited> {
      const { before, target: edited } = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        refuseDeleting(before);
        const moving = changes.settings === undefined ? nowhere : await settingsEdit(before, changes.settings);
        const owner = found(await connections.get(before.connection), 'connection');
        const fields = {
          ...withFields(await meantFields(room, owner, changes), before),
          ...givenRules(room, before.kind, changes),
        };
        const { isMoved: isElsewhere } = moving;
        const loosened = loosenedBy(before, fields, { ...around(room.world.now()), isElsewhere });
        refuseTooMuch({ ...fields, loosened });
        const edit = { ...fields, loosened, ...moving.edit, ...stateEdit(changes.state) };
        return { before, target: await targets.edit(before.id, before.revision, edit, moving.secrets) };
      });
      room.world.log.info('target.edited', { target: id, revision: edited.revision, state: edited.state });
      tellLoosened(before.loosened, edited);
      const { protected: protection, mapping, matching, state } = changes;
      if ([protection, mapping, matching].some((given) => given !== undefined) || state === 'active')
        await read(edited);
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

    /** The same of a target that is not stored yet. Nothing is kept of it. */
    async checkNewTarget({ kind, settings }: Pick<NewTarget, 'kind' | 'settings'>): Promise<CheckReport> {
      const parsed = parsedSettings(room, kind, settings);
      return proved(room, { id: targetId('none'), kind, settings: parsed.settings }, parsed.secrets);
    },

    /** Lets a target out of quarantine and goes on with what waited. One that is active is left as it is; one that rests by somebody's wish goes on by their word. */
    async releaseTarget(id: TargetId): Promise<Within<TargetRecord>> {
      const before = await get(id);
      refuseDeleting(before);
      if (before.state === 'paused') refuseInactiveTarget(before);
      if (before.state !== 'quarantined') return before;
      await targets.hold(before.id, null);
      const after = await get(id);
      await read(after);
      await provisionNow(room, after);
      room.world.log.info('target.released', { target: id });
      return after;
    },
  };
};

const meantFields = async (room: Room, connection: Within<Connection>, given: TargetFields): Promise<TargetFields> => {
  refuseUnreadable(connection, { mapping: given.mapping, matching: given.matching });
  return given.protected === undefined
    ? given
    : { ...given, protected: await meantProtection(room.stores, connection, given.protected) };
};

/** With each path by its one name. Throws `Refused` for rules that the kind does not take. */
const meantRules = (room: Room, kind: string, given: RulesOfTarget): RulesOfTarget => {
  const { rules, refused } = rulesByPath(given, room.targetPaths(kind));
  if (refused.length > 0)
    throw new Refused('mapping_refused', 'A rule of the mapping or the matching names what it may not.', refused);
  return rules;
};

/** Those alone: rules of before that would be refused now keep nobody from another edit. */
const givenRules = (room: Room, kind: string, { mapping, matching }: TargetFields): Partial<RulesOfTarget> => {
  const nothing = { user: [], group: [] };
  const rules = meantRules(room, kind, { mapping: mapping ?? nothing, matching: matching ?? nothing });
  return { ...(mapping && { mapping: rules.mapping }), ...(matching && { matching: rules.matching }) };
};

export const checkOf = async (room: Room, record: Within<TargetRecord>): Promise<CheckReport> => {
  const report = await secretsFirst(
    () => room.stores.targets.secrets(record),
    async (secrets) => {
      const { ok, checks } = await proved(room, record, secrets);
      return { ok, checks: [...checks, ...(await sharingChecks(room, record, secrets))] };
    },
  );
  if (report.ok) await probeSoon(room.stores.targets, record.id, room.world.now());
  return { ...report, checks: [...report.checks, ...(await ruleChecks(room.stores, record))] };
};

const sharingChecks = async (room: Room, record: Within<TargetRecord>, secrets: Secrets): Promise<readonly Check[]> => {
  const address = storedAddress(room, record.kind, { ...record.settings, ...secrets });
  return address === null ? [] : addressChecks(await atSameAddress(room, record, address));
};

const proved = async (room: Room, record: Connectable, secrets: Secrets): Promise<CheckReport> => {
  const target = room.connectTarget(record, secrets);
  try {
    return await target.check(AbortSignal.timeout(checkTimeoutMs));
  } finally {
    await target.close();
  }
};

const checkTimeoutMs = 30_000;

const refuseDeleting = (target: TargetRecord): void => {
  if (target.state === 'deleting') throw new Refused('target_deleting', 'The target is being removed.');
};

/** What an edit of its settings comes to; most edits have none. */
type SettingsEdit = {
  readonly edit: Pick<TargetEdit, 'settings' | 'credentialVersion'>;
  readonly secrets?: Secrets;
  readonly isMoved: boolean;
};
const nowhere: SettingsEdit = { edit: {}, isMoved: false };

/** Written only when the person means it: the engine may quarantine the target at the same moment. */
const stateEdit = (state: TargetChanges['state']): TargetEdit => {
  if (state === undefined) return {};
  return state === 'active' ? { state, problem: null, quarantine: null } : { state };
};

/** What is edited as it is given; the rest of an edit is worked out. */
type Editable = Pick<
  TargetRecord,
  Exclude<keyof TargetEdit, 'settings' | 'credentialVersion' | 'loosened' | 'state' | 'problem' | 'quarantine'>
>;

const unlessGiven: Omit<Editable, 'name' | 'mapping' | 'matching'> = {
  deprovision: { kind: 'disable' },
  leftGroups: 'leave',
  limits: defaultLimits,
  protected: nobodyProtected,
  escrow: defaultEscrow,
  autoApproveFirst: false,
  approvals: 1,
};

const withFields = (given: TargetFields, base: Editable): Editable => ({
  name: given.name ?? base.name,
  mapping: given.mapping ?? base.mapping,
  matching: given.matching ?? base.matching,
  deprovision: given.deprovision ?? base.deprovision,
  leftGroups: given.leftGroups ?? base.leftGroups,
  limits: { ...base.limits, ...given.limits },
  protected: given.protected ?? base.protected,
  escrow: { ...base.escrow, ...given.escrow },
  autoApproveFirst: given.autoApproveFirst ?? base.autoApproveFirst,
  approvals: given.approvals ?? base.approvals,
});

const sameSecrets = (given: Secrets, stored: Secrets): boolean =>
  Object.entries(given).every(([field, one]) => one.is(stored[field]));
