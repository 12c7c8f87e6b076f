/** Our record of one system we write to. */

import type { Problem, Quarantine } from './connection.ts';
import type { ConnectionId, OrganizationId, SourceId, TargetId } from './ids.ts';
import type { Limit } from './limit.ts';
import type { Mapping, Matching } from './mapping.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What happens at the target to someone who left the source or the scope. */
export type DeprovisionPolicy =
  | { readonly kind: 'disable' | 'delete' | 'none' }
  | { readonly kind: 'delete_after_days'; readonly days: number };

/**
 * What happens at the target to a group that left the source or the scope. `leave`: nothing, and its link stays. `delete`: it is deleted, if we made it.
 * Permissions, queues and rules may hang on a group there, and nothing brings them back.
 */
export type LeftGroups = 'leave' | 'delete';

/**
 * What may be taken away, or written, before a person has to look. Each counts what one run wants together with what was done in the 24 hours
 * before; what a person approved does not count. The percentage is of the active accounts and groups; for `deprovisions` and `adoptions` of the accounts alone, for
 * `groupDeletes` of the groups alone, for `memberRemovalsPerGroup` of the members of that group. Null: no limit.
 */
export type Limits = {
  /** Accounts that are disabled or deleted. */
  readonly deprovisions: Limit;
  readonly groupDeletes: Limit;
  /** Memberships of people who stay; who leaves altogether is counted as a deprovision. */
  readonly memberRemovals: Limit;
  readonly memberRemovalsPerGroup: Limit;
  readonly updates: Limit | null;
  readonly creates: Limit | null;
  /** Accounts that were there before, and are linked: whoever has the name gets what they may. */
  readonly adoptions: Limit | null;
};
export type LimitName = keyof Limits;

/** How many people have to approve what is over a limit. */
export type Approvals = 1 | 2;

/** Accounts and groups that no operation ever touches, whatever a plan says. */
export type Protection = {
  /** Source ids and remote ids. */
  readonly ids: readonly string[];
  /** Source attributes: who has one of these values, whatever the case. */
  readonly attributes: readonly { readonly attribute: string; readonly value: string }[];
  /** Source groups: they themselves and who is in them, also by member groups. */
  readonly groups: readonly SourceId[];
};

/** What makes somebody, or two, look before much is taken away. */
export type Safeguards = {
  readonly limits: Limits;
  readonly protected: Protection;
  readonly approvals: Approvals;
};

/** `from`: what was in force until then, and still is for a day (`core/safeguards.ts`). */
export type Loosened = { readonly from: Safeguards; readonly at: Date };

/**
 * When an object that failed is tried again: so many hours after it failed for the first time, the second time and so on, the last of them again and
 * again, until so many days after it first failed. Then it is given up: it stays listed, and is tried when it changes or a person asks.
 */
export type EscrowPolicy = { readonly retryAfterHours: readonly number[]; readonly giveUpAfterDays: number };

/** The steps Entra provisioning is known for: soon at first, then with falling frequency, and after four weeks not by itself any more. */
export const defaultEscrow: EscrowPolicy = { retryAfterHours: [6, 12, 24], giveUpAfterDays: 28 };

/** `limits`, `protected` and `approvals` as they are set; what is in force may be stricter. */
export type TargetRecord = Safeguards & {
  readonly id: TargetId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly kind: string;
  readonly name: string;
  readonly state: 'active' | 'paused' | 'quarantined' | 'deleting';
  readonly problem: Problem | null;
  readonly quarantine: Quarantine | null;
  /** Settings of its kind, without the secret ones. */
  readonly settings: JsonObject;
  /** Counts up whenever its secrets are given anew: other credentials may reach another system at the same address. */
  readonly credentialVersion: number;
  readonly mapping: Mapping;
  readonly matching: Matching;
  readonly deprovision: DeprovisionPolicy;
  readonly leftGroups: LeftGroups;
  /** When its safeguards were loosened last, where two people had to approve. Null: what is set is in force. */
  readonly loosened: Loosened | null;
  readonly escrow: EscrowPolicy;
  /** The first run, and the first after a change of scope, mapping, matching or of what happens to who leaves, does what it finds without a look at the plan. */
  readonly autoApproveFirst: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
};

/** As it is guarded now: its safeguards are those in force. `looserFrom`: when what is set comes into force, where that is looser; null: it is. */
export type TargetInForce = TargetRecord & { readonly looserFrom: Date | null };

/** Entra Connect's own default is 500 deletions a run; a small tenant needs a smaller number and a floor it can live with. */
export const defaultLimits: Limits = {
  deprovisions: { count: 500, percent: 5, floor: 5 },
  groupDeletes: { count: 5, percent: 10, floor: 2 },
  memberRemovals: { count: 5_000, percent: 20, floor: 50 },
  memberRemovalsPerGroup: { count: 1_000, percent: 50, floor: 10 },
  updates: null,
  creates: null,
  adoptions: { count: 50, percent: 5, floor: 5 },
};

export const nobodyProtected: Protection = { ids: [], attributes: [], groups: [] };
