/**
 * Connecting a tenant by admin consent: the link that an administrator follows, and what becomes of whoever comes back. Who comes back is a stranger
 * with an address of their making: `tenant` in it is a claim. That our token reads the tenant proves only that somebody there consented once, perhaps
 * for another organization. So they sign in, and only an administrator of the very tenant connects it.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Connection, Problem } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Consent, ConsentStep } from '../store/consent-store.ts';
import { auditCommands, audited } from './audit.ts';
import { connectionCommands, type NewConnection } from './connections.ts';
import { proveConsent, type Verdict } from './prove-consent.ts';
import { found, invalid, Refused } from './refused.ts';
import { editing, type Room, wake } from './room.ts';
import type { Reach } from './workload-trust.ts';

export type ConsentLink = { readonly url: string; readonly expiresAt: Date };

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

const linkLifeMs = 60 * 60_000;
const signInLifeMs = 10 * 60_000;

export const consentCommands = (room: Room) => {
  const { connections, consents } = room.stores;
  const { world, ourApp } = room;
  const audit = auditCommands(room);

  /** The state, which only the link holds. */
  const open = async (
    connection: ConnectionId,
    step: ConsentStep,
    returnUrl: string | null,
    lifeMs: number,
  ): Promise<{ readonly state: string; readonly expiresAt: Date }> => {
    const state = randomBytes(32).toString('base64url');
    const expiresAt = new Date(world.now().getTime() + lifeMs);
    await consents.open({ digest: digestOf(state), connection, step, returnUrl, expiresAt });
    return { state, expiresAt };
  };

  const linkTo = async (app: OurApp, connection: Connection, returnUrl: string | null): Promise<ConsentLink> => {
    const { state, expiresAt } = await open(connection.id, { kind: 'consent' }, returnUrl, linkLifeMs);
    world.log.info('consent.opened', { connection: connection.id });
    return { url: app.consentUrl({ tenant: connection.tenantId, state }), expiresAt };
  };

  return {
    /** Adds a connection; one without credentials comes with the link to connect it by, where this server has an application of its own. */
    async addConnectionWithLink(
      given: NewConnection,
      returnUrl: string | null,
      by: Reach,
    ): Promise<{ readonly connection: Connection; readonly link: ConsentLink | null }> {
      const byLink = given.clientId === undefined;
      if (returnUrl !== null) refuseReturnUrl(room, returnUrl, byLink);
      const connection = await connectionCommands(room).addConnection(given, by);
      const possible = byLink && ourApp !== null && obstacle(ourApp, connection) === null;
      return { connection, link: possible ? await linkTo(ourApp, connection, returnUrl) : null };
    },

    /** A new link; the one before is void. */
    async openConsent(id: ConnectionId, returnUrl: string | null): Promise<ConsentLink> {
      const connection = found(await connections.get(id), 'connection');
      if (ourApp === null)
        throw new Refused('consent_not_configured', 'Set ENTRAIN_APP_CLIENT_ID, or give the connection credentials.');
      const refusal = obstacle(ourApp, connection);
      if (refusal !== null) throw refusal;
      if (returnUrl !== null) refuseReturnUrl(room, returnUrl, true);
      return linkTo(ourApp, connection, returnUrl);
    },

    /** `verifier`: what the browser kept since it was sent to sign in. Never throws for what somebody came back with. */
    async comeBack(returned: Returned, verifier: string | null): Promise<Outcome> {
      const consent = await taken(returned.state);
      if (ourApp === null || consent === null) return refused(null, linkOver);
      const connection = await connections.get(consent.connection);
      if (connection === null || obstacle(ourApp, connection) !== null) return refused(consent, cannotConnect);
      if (returned.error !== null)
        return refused(consent, ourApp.problemOf(returned.error.word, returned.error.description));
      return consent.step.kind === 'consent'
        ? toSignIn(ourApp, consent, connection, returned.tenant)
        : signedIn(ourApp, consent, consent.step, connection, returned.code, verifier);
    },
  };

  async function taken(state: string | null): Promise<Consent | null> {
    return state === null || !stateForm.test(state) ? null : consents.take(digestOf(state));
  }

  async function toSignIn(
    app: OurApp,
    consent: Consent,
    connection: Connection,
    claimed: string | null,
  ): Promise<Outcome> {
    const tenant = claimed?.toLowerCase() ?? '';
    if (!tenantForm.test(tenant)) return refused(consent, noTenant);
    if (!mayBe(connection, tenant)) return refused(consent, anotherTenant);
    const verifier = randomBytes(32).toString('base64url');
    const challenge = challengeOf(verifier);
    const { state } = await open(
      connection.id,
      { kind: 'sign_in', tenant, challenge },
      consent.returnUrl,
      signInLifeMs,
    );
    return { kind: 'sign_in', url: app.signInUrl({ tenant, state, challenge, nonce: nonceOf(verifier) }), verifier };
  }

  async function signedIn(
    app: OurApp,
    consent: Consent,
    { tenant, challenge }: Extract<ConsentStep, { kind: 'sign_in' }>,
    connection: Connection,
    code: string | null,
    verifier: string | null,
  ): Promise<Outcome> {
    if (verifier === null || !same(challengeOf(verifier), challenge)) return refused(consent, anotherBrowser);
    if (code === null) return refused(consent, noCode);
    const verdict = await proveConsent(room, app, connection, { tenant, code, verifier, nonce: nonceOf(verifier) });
    return verdict.kind === 'refused' ? refused(consent, verdict.problem) : settle(app, consent, tenant, verdict);
  }

  /** One write: whatever breaks off before it leaves the connection as it was. */
  async function settle(
    app: OurApp,
    consent: Consent,
    tenant: string,
    verdict: Exclude<Verdict, { kind: 'refused' }>,
  ): Promise<Outcome> {
    const after = await written(app, consent, tenant, verdict);
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
    app: OurApp,
    consent: Consent,
    tenant: string,
    verdict: Exclude<Verdict, { kind: 'refused' }>,
  ): Promise<Connection | null> {
    const connection = async () => found(await connections.get(consent.connection), 'connection');
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

  async function refused(consent: Consent | null, problem: Problem): Promise<Outcome> {
    const step = { kind: 'refused', of: null, code: problem.code } as const;
    const named = consent && (await connections.get(consent.connection));
    // They are refused whether that can be written down or not.
    if (consent && named) await audit.recordAudit({ ...askedBy(consent, named), step }).catch(() => {});
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

/** Why a connection cannot be connected by our application; null when it can. */
const obstacle = (app: OurApp, { state, credentials, cloud, tenantId }: Connection): Refused | null => {
  if (state === 'deleting') return new Refused('connection_deleting', 'The connection is being removed.');
  if (credentials !== null && credentials.kind !== 'admin_consent')
    return new Refused('has_credentials', 'The connection has credentials of an app registration. Add another one.');
  if (cloud !== app.cloud)
    return new Refused('consent_not_configured', `This server has an application in the cloud ${app.cloud} only.`);
  if (tenantId !== null && !tenantForm.test(tenantId.toLowerCase()))
    return invalid({ pointer: '/tenant_id', detail: 'must be the directory id (a GUID) to connect it by consent' });
  return null;
};

/** Whether it can be connected by admin consent. */
export const mayConnect = (app: OurApp, connection: Connection): boolean => obstacle(app, connection) === null;

/** A tenant that is named at creation, or was connected before, is the only one that may be. */
const mayBe = ({ tenantId }: Connection, tenant: string): boolean =>
  tenantId === null || tenantId.toLowerCase() === tenant;

/** Nobody is sent anywhere but to addresses that the operator listed; the query is the caller's. */
const refuseReturnUrl = ({ config }: Room, text: string, byLink: boolean): void => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const listed =
    url !== null &&
    url.username === '' &&
    url.password === '' &&
    config.returnUrls.includes(`${url.origin}${url.pathname}`);
  if (!byLink) throw invalid({ pointer: '/return_url', detail: 'is for connections without credentials' });
  if (!listed) throw invalid({ pointer: '/return_url', detail: 'is not one of ENTRAIN_RETURN_URLS' });
};

const stateForm = /^[\w-]{43}$/;
const tenantForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const digestOf = (state: string): string => createHash('sha256').update(state).digest('hex');
/** RFC 7636, S256. */
const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
const nonceOf = (verifier: string): string => createHash('sha256').update(`nonce ${verifier}`).digest('base64url');

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
