/** Somebody who comes back from a consent link: what they bring, which consent it is of, and what becomes of them. */

import type { PageAction } from '../model/audit.ts';
import type { Connection, Problem } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Consent } from '../store/consent-store.ts';
import type { Question } from './consent-question.ts';
import type { Within } from './reached.ts';
import type { Room } from './room.ts';

/** What somebody came back with, as the address says it. */
export type Returned = {
  readonly state: string | null;
  readonly error: { readonly word: string; readonly description: string } | null;
  readonly tenant: string | null;
  readonly code: string | null;
};

export type Outcome =
  /** They show who they are; `verifier` stays with their browser. */
  | { readonly kind: 'sign_in'; readonly url: string; readonly verifier: string }
  /** They did, and say in the same browser whether it is to be read for the organization; `state` is in the form alone. `name`: of the tenant, where it is told. */
  | {
      readonly kind: 'to_confirm';
      readonly question: Question;
      readonly tenant: string;
      readonly name: string | null;
      readonly state: string;
      readonly verifier: string;
    }
  /** Nothing was wrong with who came: they may go the same step once more. `verifier`: where they were sent to sign in. */
  | { readonly kind: 'again'; readonly problem: Problem; readonly url: string; readonly verifier: string | null }
  | {
      readonly kind: 'connected';
      readonly connection: Connection;
      readonly tenant: string;
      readonly returnUrl: string | null;
    }
  /** It is theirs, but it cannot be read yet; it is tried again by itself. */
  | {
      readonly kind: 'waiting';
      readonly connection: Connection;
      readonly problem: Problem;
      readonly returnUrl: string | null;
    }
  | {
      readonly kind: 'failed';
      readonly problem: Problem;
      readonly connection: ConnectionId | null;
      readonly returnUrl: string | null;
    };

export type Failed = Extract<Outcome, { kind: 'failed' }>;

/** A consent whose state somebody brought, and what it is about. */
export type Return = {
  readonly app: OurApp;
  readonly consent: Within<Consent>;
  readonly room: Room;
  readonly connection: Within<Connection>;
};

/** Whether it matters who else reads the tenant: one that was connected to it before may be so again. */
export const isForOne = ({ consent }: Return, { credentials }: Connection): boolean =>
  !consent.sharedTenant && credentials?.kind !== 'admin_consent';

/** A tenant that is named at creation, or was connected before, is the only one that may be. */
export const mayBe = ({ tenantId }: Connection, tenant: string): boolean =>
  tenantId === null || tenantId.toLowerCase() === tenant;

/** Whose doing it is, for the audit log. `by`: who signed in, and where; null: nobody has yet. */
export const askedBy = ({ connection }: Consent, { organization }: Connection, by: string | null) => ({
  actor: {
    kind: 'consent_link',
    id: by ?? connection,
    name: by === null ? 'whoever followed the link' : 'whoever followed the link and signed in',
  } as const,
  organization,
  action: 'connectByConsent' satisfies PageAction,
  subjects: { connection_id: connection },
  trace: null,
});

/** Who has shown already who they are. */
export const signedInAs = ({ step }: Consent): string | null => (step.kind === 'confirm' ? step.by : null);
