/** What the audit log says: who asked for what, and what came of it. */

import type { OrganizationId } from './ids.ts';
import type { Json } from './target-record.ts';

/** Whoever acts. `id` names them for good; `name` is what they were called then. */
export type Actor = { readonly kind: ActorKind; readonly id: string; readonly name: string };
/**
 * `configured_key`: one of the configuration, which goes by its name. `person`: somebody who signed in. `consent_link`, `setup_link`: whoever followed that
 * link of a connection; by a consent link, once they have signed in, `id` is their tenant and their object id there. `sign_in`: whoever came to sign in, before it is known who they are. `server`: nobody; the first API key is made so.
 */
export const actorKinds = [
  'api_key',
  'configured_key',
  'person',
  'consent_link',
  'setup_link',
  'sign_in',
  'server',
] as const;
export type ActorKind = (typeof actorKinds)[number];

/** What is done on a page, by whoever calls no operation of the API. */
export const pageActions = ['signIn', 'connectByConsent', 'setUpConnection', 'testSetup', 'consentBySetup'] as const;
export type PageAction = (typeof pageActions)[number];

/** What became another, as the public rendering shows it. `pointer`: JSON Pointer (RFC 6901); null: unassigned, or not there. */
export type Difference = { readonly pointer: string; readonly before: Json; readonly after: Json };

/** `of` is the entry in which it was asked for. */
export type AuditStep =
  /** Written before anything is done. `given`: the names of what was given, never a value. */
  | { readonly kind: 'asked'; readonly given: readonly string[] }
  | { readonly kind: 'done'; readonly of: number; readonly differences: readonly Difference[] }
  /** Nothing was done. `of` is null where it was not let in. */
  | { readonly kind: 'refused'; readonly of: number | null; readonly code: string }
  /** It broke off; what of it was done, the record itself shows. */
  | { readonly kind: 'failed'; readonly of: number };

export const stepKinds = ['asked', 'done', 'refused', 'failed'] as const satisfies readonly AuditStep['kind'][];

export type AuditEntry = {
  /** Counts from 1, without a gap. */
  readonly seq: number;
  readonly at: Date;
  readonly actor: Actor;
  /** Whose things it is about; null: the installation's, or nobody knows. */
  readonly organization: OrganizationId | null;
  /** As the API calls it: the id of the operation; or a `PageAction`. */
  readonly action: string;
  /** What it is about, by the names that the API gives the ids. */
  readonly subjects: Readonly<Record<string, string>>;
  /** Names the call in the log. */
  readonly trace: string | null;
  readonly step: AuditStep;
};
