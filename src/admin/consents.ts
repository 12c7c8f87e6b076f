/** Connecting a tenant by admin consent: the link that an administrator follows. What becomes of whoever comes back stands in `consent-returns.ts`. */

import { createHash, randomBytes } from 'node:crypto';
import type { Connection } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { OurApp } from '../source/our-app.ts';
import type { Consent } from '../store/consent-store.ts';
import { connectionCommands, type NewConnection } from './connections.ts';
import type { Within } from './reached.ts';
import { found, invalid, Refused } from './refused.ts';
import type { Room } from './room.ts';
import { refuseLimitedSharing } from './workload-trust.ts';

/** `sharedTenant`: the tenant may be one that is read for another organization, too. */
export type ConsentAsk = { readonly returnUrl: string | null; readonly sharedTenant: boolean };
export type ConsentLink = { readonly url: string; readonly expiresAt: Date };
/** A sentence that says what to do. */
export type NoLink = { readonly whyNot: string };

const linkLifeMs = 60 * 60_000;

export const consentCommands = (room: Room) => {
  const { connections } = room.stores;
  const { world, ourApp } = room;

  const linkTo = async (app: OurApp, connection: Within<Connection>, ask: ConsentAsk): Promise<ConsentLink> => {
    const { state, expiresAt } = await openState(room, connection, { ...ask, step: { kind: 'consent' } }, linkLifeMs);
    world.log.info('consent.opened', { connection: connection.id });
    return { url: app.consentUrl({ tenant: connection.tenantId, state }), expiresAt };
  };

  return {
    /** Adds a connection; one without credentials comes with the link to connect it by, or with the reason why there is none. */
    async addConnectionWithLink(
      given: NewConnection,
      returnUrl: string | null,
    ): Promise<{ readonly connection: Connection; readonly link: ConsentLink | NoLink | null }> {
      const byLink = given.clientId === undefined;
      if (returnUrl !== null) refuseReturnUrl(room, returnUrl, byLink);
      const connection = await connectionCommands(room).addConnection(given);
      if (!byLink) return { connection, link: null };
      if (ourApp === null) return { connection, link: { whyNot: noApp().message } };
      const refusal = obstacle(ourApp, connection);
      if (refusal !== null) return { connection, link: { whyNot: refusal.message } };
      return { connection, link: await linkTo(ourApp, connection, { returnUrl, sharedTenant: false }) };
    },

    /** A new link; the one before is void. */
    async openConsent(id: ConnectionId, ask: ConsentAsk): Promise<ConsentLink> {
      const connection = found(await connections.get(id), 'connection');
      if (ask.sharedTenant) refuseLimitedSharing(room.reach);
      if (ourApp === null) throw noApp();
      const refusal = obstacle(ourApp, connection);
      if (refusal !== null) throw refusal;
      if (ask.returnUrl !== null) refuseReturnUrl(room, ask.returnUrl, true);
      return linkTo(ourApp, connection, ask);
    },
  };
};

const noApp = (): Refused =>
  new Refused(
    'consent_not_configured',
    'This server has no application of its own that a tenant could consent to. Set ENTRAIN_APP_CLIENT_ID, with its secret or certificate, for API and workers; or give the connection credentials, or make a setup link for whoever has them.',
  );

/** `state`: only the link holds it. */
export const openState = async (
  { stores, world }: Pick<Room, 'stores' | 'world'>,
  { id: connection }: Within<Connection>,
  kept: Pick<Consent, 'step' | 'returnUrl' | 'sharedTenant'>,
  lifeMs: number,
): Promise<{ readonly state: string; readonly expiresAt: Date }> => {
  const state = randomBytes(32).toString('base64url');
  const expiresAt = new Date(world.now().getTime() + lifeMs);
  await stores.consents.open({ ...kept, digest: digestOf(state), connection, expiresAt });
  return { state, expiresAt };
};

/** Why a connection cannot be connected by our application; null when it can. */
export const obstacle = (app: OurApp, { state, credentials, cloud, tenantId }: Connection): Refused | null => {
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

export const stateForm = /^[\w-]{43}$/;
export const tenantForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const digestOf = (state: string): string => createHash('sha256').update(state).digest('hex');
/** RFC 7636, S256. */
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
export const nonceOf = (verifier: string): string =>
  createHash('sha256').update(`nonce ${verifier}`).digest('base64url');
