/** Whose tenant it is that somebody connects, and whether it can be read: nothing of it is taken from the address they came back with. */

import { problemIn } from '../core/health.ts';
import type { Connection, Problem } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { OurApp, SignedIn } from '../source/our-app.ts';
import type { ToProve } from '../source/source.ts';
import type { Around } from './room.ts';

/** `waits`: it is theirs, and cannot be read (yet). */
export type Seen =
  | { readonly kind: 'waits'; readonly problem: Problem }
  | { readonly kind: 'works'; readonly name: string | null };
type Verdict = Seen | { readonly kind: 'refused'; readonly problem: Problem };

type Proof = Parameters<OurApp['signedIn']>[0];

/** All of one step, waits included. The person looks at an empty page meanwhile. */
const patienceMs = 40_000;
/** Of the name alone: without it the page shows the id. */
const namePatienceMs = 10_000;
/** A consent that was just given is unknown to some servers for seconds, sometimes minutes. */
const waitsMs = [2_000, 4_000, 8_000] as const;

/** Why whoever signed in connects nothing. `mayPass`: it says nothing about them, and another sign-in may go well. */
export type Stranger = { readonly problem: Problem; readonly mayPass: boolean };

/** Who came. `by`: their tenant and their id there, as the login service says; null: it did not. `stranger` null: they are an administrator of the tenant. */
export type Visitor =
  | { readonly by: string; readonly stranger: null }
  | { readonly by: string | null; readonly stranger: Stranger };

/** The login finds the application before it looks at the code, so a code that came too early is still good. */
export const visitorIn = (room: Around, app: OurApp, proof: Proof): Promise<Visitor> => {
  const signal = AbortSignal.timeout(patienceMs);
  return patiently(room, () => askedWho(app, proof, signal), signal);
};

const askedWho = async (app: OurApp, proof: Proof, signal: AbortSignal): Promise<Look<Visitor>> => {
  const nobody = (problem: Problem, mayPass: boolean, young = false): Look<Visitor> => ({
    found: { by: null, stranger: { problem, mayPass } },
    young,
  });
  try {
    const who = await app.signedIn(proof, signal);
    const problem = strangenessOf(who, proof.tenant);
    const by = `${who.tenantId}/${who.personId}`;
    const found = problem === null ? { by, stranger: null } : { by, stranger: { problem, mayPass: false } };
    return { found, young: false };
  } catch (error) {
    if (isTimeout(error)) return nobody(noAnswer, true);
    const problem = problemOf(error);
    if (isYoung(problem.code)) return nobody(tooEarly(problem.code), true, true);
    return nobody(problem, error instanceof SourceError && error.fault === 'unavailable');
  }
};

const strangenessOf = ({ tenantId, isAdministrator }: SignedIn, tenant: string): Problem | null => {
  if (tenantId !== tenant) return notTheirs;
  if (isAdministrator === null) return rolesNotTold;
  return isAdministrator ? null : notAdministrator;
};

/** What the tenant is called; null while it cannot be read, which is found out by a whole look later on. */
export const nameOf = async (app: OurApp, tenant: string): Promise<string | null> => {
  try {
    const { tenantId, name } = await app.prove(tenant, AbortSignal.timeout(namePatienceMs));
    return tenantId === tenant ? name : null;
  } catch (error) {
    problemOf(error);
    return null;
  }
};

/** Whether the tenant can be read. */
export const lookAt = (
  room: Around,
  app: OurApp,
  connection: Connection & ToProve,
  tenant: string,
): Promise<Verdict> => {
  const signal = AbortSignal.timeout(patienceMs);
  return patiently(room, () => looked(room, app, connection, tenant, signal), signal);
};

/** `young`: it may be so only because the consent is not known everywhere yet. */
type Look<Found> = { readonly found: Found; readonly young: boolean };

/** Once more after each wait, as long as it is only too early. */
const patiently = async <Found>(
  room: Around,
  look: () => Promise<Look<Found>>,
  signal: AbortSignal,
): Promise<Found> => {
  let { found, young } = await look();
  for (const ms of waitsMs) {
    if (!young || !(await waited(room, ms, signal))) break;
    ({ found, young } = await look());
  }
  return found;
};

/** By the calls of a connection test, with a new token each time. */
const looked = async (
  room: Around,
  app: OurApp,
  connection: Connection & ToProve,
  tenant: string,
  signal: AbortSignal,
): Promise<Look<Verdict>> => {
  try {
    const { tenantId, name } = await app.prove(tenant, signal);
    if (tenantId !== tenant) return { found: { kind: 'refused', problem: notTheirs }, young: false };
    const credentials = { kind: 'admin_consent', clientId: app.clientId } as const;
    const source = room.connectSourceOnce({ ...connection, tenantId, credentials }, {});
    const problem = problemIn(await source.check(connection, signal));
    if (problem === null) return { found: { kind: 'works', name }, young: false };
    return { found: { kind: 'waits', problem }, young: isYoung(problem.code) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.code === 'AnotherTenant') return { found: { kind: 'refused', problem }, young: false };
    const young = isYoung(problem.code);
    return { found: { kind: 'waits', problem: young ? notVisible(problem) : problem }, young };
  }
};

const waited = async ({ world }: Around, ms: number, signal: AbortSignal): Promise<boolean> => {
  try {
    await world.sleep(ms, signal);
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  }
};

/** What is said of a service principal, or of its permissions, before they are known everywhere. */
const youngCodes: ReadonlySet<string> = new Set([
  'AADSTS700016',
  'AADSTS7000229',
  'Authorization_IdentityNotFound',
  'permission_missing',
  'permission_refused',
]);
const isYoung = (code: string): boolean => youngCodes.has(code);

const problemOf = (error: unknown): Problem => {
  if (isTimeout(error)) return notVisible(null);
  if (!(error instanceof SourceError)) throw error;
  const { code, fault, mend } = error;
  return { code: code ?? `source_${fault}`, message: error.message, owner: mend?.owner ?? 'microsoft' };
};

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

const notVisible = (cause: Problem | null): Problem => ({
  code: 'consent_not_visible',
  message: `The consent was given, and Microsoft's servers do not all know of it yet${cause === null ? '' : ` (${cause.code})`}. It is tried again by itself.`,
  owner: 'microsoft',
});

/** Of the sign-in, where nothing is tried again without the person. */
const tooEarly = (code: string): Problem => ({
  code: 'consent_not_visible',
  message: `The consent was given, and Microsoft's servers do not all know of it yet (${code}). That can take some minutes.`,
  owner: 'microsoft',
});

const noAnswer: Problem = {
  code: 'login_no_answer',
  message: 'The login service did not answer in time.',
  owner: 'microsoft',
};

const notTheirs: Problem = {
  code: 'tenant_not_proved',
  message:
    'Whoever signed in is not of the tenant that was named. Sign in with an administrator of the tenant that is to be connected, and ask for a new link.',
  owner: 'customer_it',
};
const notAdministrator: Problem = {
  code: 'administrator_not_proved',
  message:
    'Whoever signed in may not consent for the tenant. A Global Administrator or Privileged Role Administrator has to follow the link; ask for a new one.',
  owner: 'customer_it',
};
const rolesNotTold: Problem = {
  code: 'roles_not_told',
  message:
    'The login service does not tell the roles of whoever signed in. In the registration of the application, add the groups claim "Directory roles" to ID tokens (Token configuration).',
  owner: 'your_team',
};
