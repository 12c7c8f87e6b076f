/** Our record of one system we write to. */

import type { Problem } from './connection.ts';
import type { ConnectionId, OrganizationId, TargetId } from './ids.ts';
import type { Limit } from './limit.ts';
import type { Mapping, Matching } from './mapping.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What happens at the target to someone who left the source or the scope. */
export type DeprovisionPolicy =
  | { readonly kind: 'disable' | 'delete' | 'none' }
  | { readonly kind: 'delete_after_days'; readonly days: number };

/** How much one run may take away; the percentages are of what is linked. */
export type Limits = { readonly deprovisions: Limit; readonly memberRemovals: Limit };

export type TargetRecord = {
  readonly id: TargetId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly kind: string;
  readonly name: string;
  readonly state: 'active' | 'paused' | 'quarantined' | 'deleting';
  readonly problem: Problem | null;
  /** Settings of its kind, without the secret ones. */
  readonly settings: JsonObject;
  readonly mapping: Mapping;
  readonly matching: Matching;
  readonly deprovision: DeprovisionPolicy;
  readonly limits: Limits;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
};

/** Entra Connect's own default is 500 deletions a run; a small tenant needs a smaller number and a floor it can live with. */
export const defaultLimits: Limits = {
  deprovisions: { count: 500, percent: 5, floor: 5 },
  memberRemovals: { count: 5_000, percent: 20, floor: 50 },
};
