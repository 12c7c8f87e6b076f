/**
 * Who comes back from a consent link. It is a stranger with an address of their making: `tenant` in it is a claim. That our token reads the tenant proves
 * only that somebody there consented once, perhaps for another organization. So they sign in, and only an administrator of the very tenant connects it.
 * The link may come from anybody, too, and where somebody consented long ago Microsoft shows nothing but an account picker: so they read on a page of ours
 * for which organization the tenant is to be read, and nothing is written before they say so there.
 */

import { randomBytes } from 'node:crypto';
import type { Connection, Problem } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Consent, ConsentStep } from '../store/consent-store.ts';
import { isSame } from '../store/is-same.ts';
import { audited, auditRecorder } from './audit.ts';
import {
  anotherBrowser,
  anotherTenant,
  cannotConnect,
  linkOver,
  noCode,
  noTenant,
  tenantTaken,
} from './consent-problems.ts';
import { challengeOf, digestOf, nonceOf, obstacle, openState, stateForm, tenantForm } from './consents.ts';
import { lookAt, nameOf, type Seen, strangerIn } from './prove-consent.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import { editing, type Hall, type Room, wake } from './room.ts';

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
      readonly connection: Connection;
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

/** What the login service says when it is the one who cannot (RFC 6749 §4.1.2.1). */
const passing: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);

/** Of each of the two: the sign-in, and the page that asks whether it is meant. */
const stepLifeMs = 10 * 60_000;

type Failed = Extract<Outcome, { kind: 'failed' }>;

/** A consent whose state somebody brought, and what it is about. */
type Return = {
  readonly app: OurApp;
  readonly consent: Within<Consent>;
  readonly room: Room;
  readonly connection: Within<Connection>;
};

export const consentReturns = (hall: Hall) => {
  const { world, ourApp } = hall;
  const audit = auditRecorder(hall);

  return {
    /** `verifier`: what the browser kept since it was sent to sign in. Never throws for what somebody came back with. */
    async comeBack(returned: Returned, verifier: string | null): Promise<Outcome> {
      const back = await opened(returned.state);
      if ('kind' in back) return back;
      if (returned.error !== null) {
        const { word, description } = returned.error;
        const problem = back.app.problemOf(word, description);
        return passing.has(word) ? again(back, problem, verifier) : refused(back, problem);
      }
      const { step } = back.consent;
      switch (step.kind) {
        case 'consent':
          return toSignIn(back, returned.tenant);
        case 'sign_in':
          return signedIn(back, step.tenant, proofIn(step, verifier), returned.code);
        case 'confirm':
          // Said by a form of ours, and by no address that somebody is sent to.
          return refused(back, linkOver);
      }
    },

    /** They say that the tenant is to be read for the organization. `state`: of the form. */
    async confirm(state: string | null, verifier: string | null): Promise<Outcome> {
      const back = await opened(state);
      if ('kind' in back) return back;
      const { step } = back.consent;
      if (step.kind !== 'confirm') return refused(back, linkOver);
      if (proofIn(step, verifier) === null) return refused(back, anotherBrowser);
      const seen = await lookAt(back.room, back.app, back.connection, step.tenant);
      return seen.kind === 'refused' ? refused(back, seen.problem) : settle(back, step.tenant, seen);
    },
  };

  /** What the state was made for; or what they are told in its place. */
  async function opened(state: string | null): Promise<Return | Failed> {
    const consent = await taken(state);
    if (ourApp === null || consent === null) return failed(null, linkOver);
    const entered = await hall.roomOf(consent.connection);
    if (entered === null) return failed(consent, cannotConnect);
    const back: Return = { ...entered, app: ourApp, consent };
    return obstacle(ourApp, back.connection) === null ? back : refused(back, cannotConnect);
  }

  async function taken(state: string | null): Promise<Within<Consent> | null> {
    return state === null || !stateForm.test(state) ? null : hall.stores.consents.take(digestOf(state));
  }

  async function toSignIn(back: Return, claimed: string | null): Promise<Outcome> {
    const { app, room, connection, consent } = back;
    const tenant = claimed?.toLowerCase() ?? '';
    if (!tenantForm.test(tenant)) return refused(back, noTenant);
    if (!mayBe(connection, tenant)) return refused(back, anotherTenant);
    const verifier = randomBytes(32).toString('base64url');
    const challenge = challengeOf(verifier);
    const step = { kind: 'sign_in', tenant, challenge } as const;
    const { state } = await openState(room, connection, { ...keptOf(consent), step }, stepLifeMs);
    return { kind: 'sign_in', url: app.signInUrl({ tenant, state, challenge, nonce: nonceOf(verifier) }), verifier };
  }

  /** The same step with another state, which is good for as long as the one that they brought. */
  async function again(back: Return, problem: Problem, brought: string | null): Promise<Outcome> {
    const { app, room, connection, consent } = back;
    const { step } = consent;
    const stateAnew = async (): Promise<string> => {
      world.log.info('consent.delayed', { connection: connection.id, code: problem.code });
      const lifeMs = consent.expiresAt.getTime() - world.now().getTime();
      return (await openState(room, connection, { ...keptOf(consent), step }, lifeMs)).state;
    };
    switch (step.kind) {
      case 'consent': {
        const url = app.consentUrl({ tenant: connection.tenantId, state: await stateAnew() });
        return { kind: 'again', problem, url, verifier: null };
      }
      case 'sign_in': {
        const verifier = proofIn(step, brought);
        if (verifier === null) return refused(back, anotherBrowser);
        const { tenant, challenge } = step;
        const url = app.signInUrl({ tenant, state: await stateAnew(), challenge, nonce: nonceOf(verifier) });
        return { kind: 'again', problem, url, verifier };
      }
      case 'confirm':
        return refused(back, problem);
    }
  }

  /** They are who they say. Not before that anybody is told that the tenant is read for others: whose customer somebody is is nobody's business. */
  async function signedIn(
    back: Return,
    tenant: string,
    verifier: string | null,
    code: string | null,
  ): Promise<Outcome> {
    if (verifier === null) return refused(back, anotherBrowser);
    if (code === null) return refused(back, noCode);
    const { room, app, connection, consent } = back;
    const stranger = await strangerIn(room, app, { tenant, code, verifier, nonce: nonceOf(verifier) });
    if (stranger !== null)
      return stranger.mayPass ? again(back, stranger.problem, verifier) : refused(back, stranger.problem);
    if (isForOne(back, connection) && (await room.engine.isTenantOfOthers(connection, tenant)))
      return refused(back, tenantTaken);
    const name = await nameOf(app, tenant);
    const step = { kind: 'confirm', tenant, challenge: challengeOf(verifier) } as const;
    const { state } = await openState(room, connection, { ...keptOf(consent), step }, stepLifeMs);
    return { kind: 'to_confirm', connection, tenant, name, state, verifier };
  }

  /** One write: whatever breaks off before it leaves the connection as it was. */
  async function settle(back: Return, tenant: string, seen: Seen): Promise<Outcome> {
    const { room, consent } = back;
    const after = await written(back, tenant, seen);
    if ('code' in after) return failed(consent, after);
    if (after.state === 'active') await wake(room, 'schedule', () => room.wakeups.schedule(after));
    world.log.info('connection.connected', { connection: after.id, state: after.state, code: after.problem?.code });
    const { returnUrl } = consent;
    return seen.kind === 'waits'
      ? { kind: 'waiting', connection: after, problem: seen.problem, returnUrl }
      : { kind: 'connected', connection: after, tenant: seen.name ?? tenant, returnUrl };
  }

  /** Or why not: it was removed or changed meanwhile, or the tenant was connected for others. */
  async function written(back: Return, tenant: string, seen: Seen): Promise<Connection | Problem> {
    const { app, room, connection: asked, consent } = back;
    const { connections } = room.stores;
    const connection = async () => found(await connections.get(asked.id), 'connection');
    const edit = () =>
      editing(null, async () => {
        const before = await connection();
        const refusal = obstacle(app, before);
        if (refusal !== null) throw refusal;
        if (!mayBe(before, tenant)) throw new Refused('tenant_fixed', 'The connection is to another tenant by now.');
        if (isForOne(back, before) && !(await room.engine.takeTenant(before, tenant)))
          throw new Refused('tenant_taken', 'The tenant is read for another organization by now.');
        const after = await connections.edit(before.id, before.revision, editOf(app, before, tenant, seen));
        return { before, after };
      });
    try {
      const what = { ...askedBy(consent, await connection()), given: [] };
      const { after } = await audited(audit, what, edit, ({ before, after }) => ({
        before: connectedAs(before),
        after: connectedAs(after),
      }));
      return after;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return error.code === 'tenant_taken' ? tenantTaken : cannotConnect;
    }
  }

  /** What a person paused stays paused. What cannot be read yet is held back, and probed until it can. */
  function editOf(app: OurApp, { state }: Connection, tenant: string, seen: Seen) {
    const credentials = { kind: 'admin_consent', clientId: app.clientId } as const;
    const problem = seen.kind === 'waits' ? seen.problem : null;
    const paused = { tenantId: tenant, credentials, problem };
    if (state === 'paused') return paused;
    if (problem === null) return { ...paused, state: 'active', quarantine: null } as const;
    const since = world.now();
    const nextProbeAt = new Date(since.getTime() + firstProbeMs);
    return { ...paused, state: 'quarantined', quarantine: { since, probes: 0, nextProbeAt } } as const;
  }

  async function refused({ consent, connection }: Return, problem: Problem): Promise<Failed> {
    const step = { kind: 'refused', of: null, code: problem.code } as const;
    // They are refused whether that can be written down or not.
    await audit.recordAudit({ ...askedBy(consent, connection), step }).catch(() => {});
    return failed(consent, problem);
  }

  function failed(consent: Consent | null, problem: Problem): Failed {
    const connection = consent?.connection ?? null;
    world.log.warn('consent.refused', { connection, code: problem.code });
    return { kind: 'failed', problem, connection, returnUrl: consent?.returnUrl ?? null };
  }
};

/** Whether it matters who else reads the tenant: one that was connected to it before may be so again. */
const isForOne = ({ consent }: Return, { credentials }: Connection): boolean =>
  !consent.sharedTenant && credentials?.kind !== 'admin_consent';

/** What goes on to the next step. */
const keptOf = ({ returnUrl, sharedTenant }: Consent) => ({ returnUrl, sharedTenant });

/** The verifier, where it is that of the browser which was sent to sign in. */
const proofIn = ({ challenge }: Exclude<ConsentStep, { kind: 'consent' }>, verifier: string | null): string | null =>
  verifier !== null && isSame(challengeOf(verifier), challenge) ? verifier : null;

const askedBy = ({ connection }: Consent, { organization }: Connection) => ({
  actor: { kind: 'consent_link', id: connection, name: 'whoever followed the link' } as const,
  organization,
  action: 'connectByConsent',
  subjects: { connection_id: connection },
  trace: null,
});

/** What a consent edits. */
const connectedAs = ({ tenantId, credentials, state, revision }: Connection): JsonObject => ({
  tenant_id: tenantId,
  credentials: credentials && { kind: credentials.kind, client_id: credentials.clientId },
  state,
  revision,
});

/** A consent is usually known everywhere within a minute or two. */
const firstProbeMs = 60_000;

/** A tenant that is named at creation, or was connected before, is the only one that may be. */
const mayBe = ({ tenantId }: Connection, tenant: string): boolean =>
  tenantId === null || tenantId.toLowerCase() === tenant;
