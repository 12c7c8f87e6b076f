/**
 * Who comes back from a consent link. It is a stranger with an address of their making: `tenant` in it is a claim. That our token reads the tenant proves
 * only that somebody there consented once, perhaps for another organization. So they sign in, and only an administrator of the very tenant connects it.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Connection, Problem } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Consent, ConsentStep } from '../store/consent-store.ts';
import { audited, auditRecorder } from './audit.ts';
import { challengeOf, digestOf, nonceOf, obstacle, openState, stateForm, tenantForm } from './consents.ts';
import { proveConsent, type Verdict } from './prove-consent.ts';
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

const signInLifeMs = 10 * 60_000;

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
      const consent = await taken(returned.state);
      if (ourApp === null || consent === null) return failed(null, linkOver);
      const entered = await hall.roomOf(consent.connection);
      if (entered === null) return failed(consent, cannotConnect);
      const back: Return = { ...entered, app: ourApp, consent };
      if (obstacle(ourApp, back.connection) !== null) return refused(back, cannotConnect);
      if (returned.error !== null)
        return refused(back, ourApp.problemOf(returned.error.word, returned.error.description));
      return consent.step.kind === 'consent'
        ? toSignIn(back, returned.tenant)
        : signedIn(back, consent.step, returned.code, verifier);
    },
  };

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
    const { state } = await openState(room, connection, step, consent.returnUrl, signInLifeMs);
    return { kind: 'sign_in', url: app.signInUrl({ tenant, state, challenge, nonce: nonceOf(verifier) }), verifier };
  }

  async function signedIn(
    back: Return,
    { tenant, challenge }: Extract<ConsentStep, { kind: 'sign_in' }>,
    code: string | null,
    verifier: string | null,
  ): Promise<Outcome> {
    if (verifier === null || !same(challengeOf(verifier), challenge)) return refused(back, anotherBrowser);
    if (code === null) return refused(back, noCode);
    const { room, app, connection } = back;
    const verdict = await proveConsent(room, app, connection, { tenant, code, verifier, nonce: nonceOf(verifier) });
    return verdict.kind === 'refused' ? refused(back, verdict.problem) : settle(back, tenant, verdict);
  }

  /** One write: whatever breaks off before it leaves the connection as it was. */
  async function settle(
    back: Return,
    tenant: string,
    verdict: Exclude<Verdict, { kind: 'refused' }>,
  ): Promise<Outcome> {
    const { room, consent } = back;
    const after = await written(back, tenant, verdict);
    if (after === null) return failed(consent, cannotConnect);
    if (after.state === 'active') await wake(room, 'schedule', () => room.wakeups.schedule(after));
    world.log.info('connection.connected', { connection: after.id, state: after.state, code: after.problem?.code });
    const { returnUrl } = consent;
    return verdict.kind === 'waits'
      ? { kind: 'waiting', connection: after, problem: verdict.problem, returnUrl }
      : { kind: 'connected', connection: after, tenant: verdict.name ?? tenant, returnUrl };
  }

  /** Null: it was removed or changed meanwhile. */
  async function written(
    { app, room, connection: { id }, consent }: Return,
    tenant: string,
    verdict: Exclude<Verdict, { kind: 'refused' }>,
  ): Promise<Connection | null> {
    const { connections } = room.stores;
    const connection = async () => found(await connections.get(id), 'connection');
    const edit = () =>
      editing(null, async () => {
        const before = await connection();
        const refusal = obstacle(app, before);
        if (refusal !== null) throw refusal;
        if (!mayBe(before, tenant)) throw new Refused('tenant_fixed', 'The connection is to another tenant by now.');
        const after = await connections.edit(before.id, before.revision, editOf(app, before, tenant, verdict));
        return { before, after };
      });
    try {
      const asked = { ...askedBy(consent, await connection()), given: [] };
      const { after } = await audited(audit, asked, edit, ({ before, after }) => ({
        before: connectedAs(before),
        after: connectedAs(after),
      }));
      return after;
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  /** What a person paused stays paused. What cannot be read yet is held back, and probed until it can. */
  function editOf(app: OurApp, { state }: Connection, tenant: string, verdict: Exclude<Verdict, { kind: 'refused' }>) {
    const credentials = { kind: 'admin_consent', clientId: app.clientId } as const;
    const problem = verdict.kind === 'waits' ? verdict.problem : null;
    const paused = { tenantId: tenant, credentials, problem };
    if (state === 'paused') return paused;
    if (problem === null) return { ...paused, state: 'active', quarantine: null } as const;
    const since = world.now();
    const nextProbeAt = new Date(since.getTime() + firstProbeMs);
    return { ...paused, state: 'quarantined', quarantine: { since, probes: 0, nextProbeAt } } as const;
  }

  async function refused({ consent, connection }: Return, problem: Problem): Promise<Outcome> {
    const step = { kind: 'refused', of: null, code: problem.code } as const;
    // They are refused whether that can be written down or not.
    await audit.recordAudit({ ...askedBy(consent, connection), step }).catch(() => {});
    return failed(consent, problem);
  }

  function failed(consent: Consent | null, problem: Problem): Outcome {
    const connection = consent?.connection ?? null;
    world.log.warn('consent.refused', { connection, code: problem.code });
    return { kind: 'failed', problem, connection, returnUrl: consent?.returnUrl ?? null };
  }
};

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

const same = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const problem = (code: string, owner: Problem['owner'], message: string): Problem => ({ code, owner, message });

const linkOver = problem(
  'link_over',
  'your_team',
  'This link was used before, was replaced by a newer one, or is over. If you have just connected, all is well and you can close this page; otherwise ask for a new link.',
);
const cannotConnect = problem(
  'cannot_connect',
  'your_team',
  'The connection was removed or changed since the link was made. Ask for a new link.',
);
const noTenant = problem(
  'no_tenant',
  'your_team',
  'The login service did not say which tenant it was. Ask for a new link.',
);
const anotherTenant = problem(
  'another_tenant',
  'customer_it',
  'This link is for another tenant. Sign in with an administrator of the tenant that is to be connected, and ask for a new link.',
);
const anotherBrowser = problem(
  'another_browser',
  'customer_it',
  'The sign-in was not begun in this browser. Open a new link, and stay in the same browser until the end; it must accept cookies.',
);
const noCode = problem('no_code', 'microsoft', 'The login service sent no code. Ask for a new link, and try again.');
