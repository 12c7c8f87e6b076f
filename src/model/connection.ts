/** Our record of one tenant we read. */

import type { ConnectionId, OrganizationId } from './ids.ts';
import type { Limit } from './limit.ts';
import type { Scope } from './scope.ts';
import type { ObjectType } from './source-object.ts';

/** National clouds (Microsoft Graph, "National cloud deployments"), and `custom`: a cloud the operator describes in the configuration. */
export type CloudName = 'global' | 'us_gov' | 'us_gov_dod' | 'china' | 'custom';
/** A cloud as people know it. `adminCenter`: where its tenants are administered, an origin; null where that is not known. */
export type CloudInWords = { readonly title: string; readonly adminCenter: string | null };

/** What shows that we are an application which the customer registered. The secret itself is kept sealed, apart from the record. */
export type Credential =
  /** `endsAt` is what we were told, absent when nobody said. */
  | { readonly kind: 'client_secret'; readonly endsAt?: Date }
  /** `thumbprint`: SHA-1 in hexadecimal, as Entra shows it. */
  | { readonly kind: 'certificate'; readonly thumbprint: string; readonly endsAt: Date }
  /** No secret at all: the application trusts the workload that we run as (a federated credential). */
  | { readonly kind: 'workload_identity' };

/** How we prove who we are to the tenant. */
export type Credentials =
  /** `second`: another one of the same application, while it takes the place of the first. */
  | (Credential & { readonly clientId: string; readonly second?: Credential })
  /** Our own application, which an administrator of the tenant consented to. */
  | { readonly kind: 'admin_consent'; readonly clientId: string };

export const credentialPlaces = ['first', 'second'] as const;
export type CredentialPlace = (typeof credentialPlaces)[number];
/** As others are told: one of the customer's, or that of our own application, which is not theirs to renew and ends for all who consented to it. */
export type CredentialName = CredentialPlace | 'our_application';

/** How near the end of a credential is: it is told once as each of these begins. */
export const credentialStages = ['60_days', '30_days', '14_days', '7_days', '1_day', 'ended'] as const;
export type CredentialStage = (typeof credentialStages)[number];

/** What workers came to know of the credentials since they were given; others begin it anew. */
export type CredentialUse = {
  /** The one that the login service took last. */
  readonly inUse: CredentialPlace;
  /** When the tenant's own record of the application was looked at, and when each ends by it. */
  readonly read: { readonly at: Date; readonly ends: CredentialEnds } | null;
  /** What was told last of each. */
  readonly told: Readonly<Partial<Record<CredentialPlace, CredentialTold>>>;
  /** Of the tenant that they open, as its own token names it; absent: nobody looked yet. A tenant may be given by one of its domains. */
  readonly directoryId?: string;
  /** Whether another organization's connection reads that tenant, when it was looked last; absent: nobody looked yet. */
  readonly readTwice?: boolean;
};
export type CredentialEnds = Readonly<Partial<Record<CredentialPlace, Date>>>;
export type CredentialTold = { readonly endsAt: Date; readonly stage: CredentialStage };

export const unusedCredentials: CredentialUse = { inUse: 'first', read: null, told: {} };

/** `pending`: no credentials yet. `quarantined`: held back until someone acts; `problem` says who and why. */
export type ConnectionState = 'pending' | 'active' | 'paused' | 'quarantined' | 'deleting';

/** Held back, and looked after: `nextProbeAt` says when it is probed; null: a probe let it go, and it has not proved well yet. */
export type Quarantine = { readonly since: Date; readonly probes: number; readonly nextProbeAt: Date | null };

export type Connection = {
  readonly id: ConnectionId;
  readonly organization: OrganizationId;
  readonly vendor: 'MS_ENTRA';
  /** Set once: people, tickets and logs go by it. */
  readonly name: string;
  readonly description: string | null;
  readonly state: ConnectionState;
  readonly problem: Problem | null;
  readonly quarantine: Quarantine | null;
  /** When a read of the tenant was committed first; null: nobody was read yet. */
  readonly firstReadAt: Date | null;
  readonly trouble: Trouble | null;
  /** The code by which others were told last that it is not well; null: nobody was, or they were told that it is again. */
  readonly toldUnwell: string | null;
  /** The directory id (GUID) or a verified domain of the Entra tenant. */
  readonly tenantId: string | null;
  /** Who named it: that a tenant is read for two organizations, none of them can say. */
  readonly namedBy: 'operator' | 'organization';
  readonly cloud: CloudName;
  readonly credentials: Credentials | null;
  readonly credentialUse: CredentialUse;
  readonly scope: Scope;
  /** Source attributes that are read, per type of object. */
  readonly attributes: Readonly<Record<ObjectType, readonly string[]>>;
  /** Seconds between delta syncs. */
  readonly refreshIntervalSecs: number;
  /** Seconds between full syncs. */
  readonly fullSyncIntervalSecs: number;
  /** Seconds after which a run is ended cleanly. */
  readonly timeoutSecs: number;
  /** How many of the known users, and of the known groups, a full sync may find missing; over it the read is held. */
  readonly shrinkLimit: Limit;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Counts the edits of this record; an edit names the revision it was made against. */
  readonly revision: number;
};

/** Who can mend a problem. */
export type ResolutionOwner = 'customer_it' | 'your_team' | 'microsoft' | 'target_vendor';
/** A fault in words: a stable code, one sentence for a person, and who must act. */
export type Problem = { readonly code: string; readonly message: string; readonly owner: ResolutionOwner };

/**
 * By what the last read came to no end, or a check failed since, while nothing holds the connection back. `since`: of a run, when the first in a row did
 * not get through; of a check, when it was made.
 */
export type Trouble = { readonly problem: Problem; readonly found: 'run' | 'check'; readonly since: Date };

export const defaultIntervals = {
  refreshIntervalSecs: 14_400,
  fullSyncIntervalSecs: 604_800,
  timeoutSecs: 1_800,
} as const;

/** People who left are told by delta syncs: a full sync finds few of them missing, unless the read is wrong or the scope was changed. */
export const defaultShrinkLimit: Limit = { count: 500, percent: 5, floor: 5 };

/** What is read when a connection does not say otherwise: what the default attribute mapping needs. `manager` is a reference. */
export const defaultAttributes: Readonly<Record<ObjectType, readonly string[]>> = {
  user: [
    'accountEnabled',
    'businessPhones',
    'city',
    'companyName',
    'country',
    'department',
    'displayName',
    'employeeId',
    'employeeType',
    'givenName',
    'jobTitle',
    'mail',
    'mailNickname',
    'manager',
    'mobilePhone',
    'officeLocation',
    'postalCode',
    'preferredLanguage',
    'state',
    'streetAddress',
    'surname',
    'usageLocation',
    'userPrincipalName',
    'userType',
  ],
  group: [
    'description',
    'displayName',
    'groupTypes',
    'mail',
    'mailEnabled',
    'mailNickname',
    'securityEnabled',
    'visibility',
  ],
};
