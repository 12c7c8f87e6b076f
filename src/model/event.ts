/**
 * What others are told of: by ids, codes and the names of attributes, never by what an attribute holds. Whoever is told asks the API for the rest, with
 * a key that may see it.
 */

import type { CredentialName, CredentialStage, ResolutionOwner } from './connection.ts';
import type { ConnectionId, EventId, OrganizationId, PlanId, RunId, SourceId, TargetId } from './ids.ts';
import type { EndedState, Run } from './run.ts';
import type { GoneReason } from './source-object.ts';

export const eventTypes = [
  'run.completed',
  'run.blocked',
  'person.created',
  'person.updated',
  'person.disabled',
  'person.removed',
  'plan.approved_once',
  'connection.degraded',
  'connection.recovered',
  'credential.expiring',
] as const;
export type EventType = (typeof eventTypes)[number];

/** `blocked`: it ended `held`, and waits for a person. */
type RunEvent = {
  readonly type: 'run.completed' | 'run.blocked';
  readonly run: RunId;
  readonly kind: Run['kind'];
  readonly state: EndedState;
  readonly target: TargetId | null;
  readonly code: string | null;
};
/** As of a committed version of the snapshot. */
export type PersonEvent = { readonly person: SourceId; readonly version: number } & (
  | { readonly type: 'person.created' | 'person.disabled' }
  | { readonly type: 'person.updated'; readonly attributes: readonly string[] }
  | { readonly type: 'person.removed'; readonly why: GoneReason }
);
/** What the health of the connection became by what a sync or a check found, and the code and owner that it shows. */
type ConnectionEvent =
  | {
      readonly type: 'connection.degraded';
      readonly status: DegradedStatus;
      readonly code: string;
      readonly owner: ResolutionOwner;
    }
  /** What was told by `connection.degraded` is over. `code`: what was told last. */
  | { readonly type: 'connection.recovered'; readonly code: string }
  | CredentialEvent;
export type DegradedStatus = 'degraded' | 'blocked';

/** `isLast`: the connection is without any once this one has ended. */
type CredentialEvent = {
  readonly type: 'credential.expiring';
  readonly credential: CredentialName;
  readonly stage: CredentialStage;
  readonly endsAt: Date;
  readonly isLast: boolean;
};

/** Somebody else has to approve it, too. */
type PlanEvent = { readonly type: 'plan.approved_once'; readonly plan: PlanId; readonly target: TargetId };

export type EventAbout = RunEvent | PersonEvent | PlanEvent | ConnectionEvent;

/**
 * `key`: names what happened, so that whoever records it again, after a crash, records it once: `run|run_…`, `approved_once|pln_…`.
 */
export type NewEvent = {
  readonly key: string;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly at: Date;
  readonly about: EventAbout;
};

/** `sequence` counts from 1 within the organization, without gaps. */
export type RecordedEvent = NewEvent & { readonly id: EventId; readonly sequence: number };
