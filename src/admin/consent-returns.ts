/**
 * Who comes back from a consent link. It is a stranger with an address of their making: `tenant` in it is a claim. That our token reads the tenant proves
 * only that somebody there consented once, perhaps for another organization. So they sign in, and only an administrator of the very tenant connects it.
 * The link may come from anybody, too, and where somebody consented long ago Microsoft shows nothing but an account picker: so they read on a page of ours
 * for which organization the tenant is to be read, and nothing is written before they say so there.
 */

import { randomBytes } from 'node:crypto';
import type { Problem } from '../model/connection.ts';
import type { ConfirmStep, Consent, ConsentStep } from '../store/consent-store.ts';
import { isSame } from '../store/is-same.ts';
import { auditRecorder } from './audit.ts';
import { connectByConsent } from './connect-by-consent.ts';
import {
  askedBy,
  type Failed,
  isForOne,
  mayBe,
  type Outcome,
  type Return,
  type Returned,
  signedInAs,
} from './consent-outcome.ts';
import {
  anotherBrowser,
  anotherTenant,
  cannotConnect,
  linkOver,
  noCode,
  noTenant,
  tenantTaken,
} from './consent-problems.ts';
import { digestOfQuestion, isStillAsked, questionOf } from './consent-question.ts';
import { challengeOf, digestOf, nonceOf, obstacle, openState, stateForm, tenantForm } from './consents.ts';
import { lookAt, nameOf, type Seen, visitorIn } from './prove-consent.ts';
import type { Within } from './reached.ts';
import { type Hall, wake } from './room.ts';
import { toBeRead } from './to-be-read.ts';

/** What the login service says when it is the one who cannot (RFC 6749 §4.1.2.1). */
const passing: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);

/** Of each of the two: the sign-in, and the page that asks whether it is meant. */
const stepLifeMs = 10 * 60_000;

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
      if (!(await isStillAsked(back.room, back.connection, step))) return refused(back, cannotConnect);
      const seen = await lookAt(back.room, back.app, await toBeRead(back.room, back.connection), step.tenant);
      return seen.kind === 'refused' ? refused(back, seen.problem) : settle(back, step, seen);
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
    const { by, stranger } = await visitorIn(room, app, { tenant, code, verifier, nonce: nonceOf(verifier) });
    if (stranger !== null)
      return stranger.mayPass ? again(back, stranger.problem, verifier) : refused(back, stranger.problem, by);
    if (isForOne(back, connection) && (await room.engine.isTenantOfOthers(connection, tenant)))
      return refused(back, tenantTaken, by);
    const name = await nameOf(app, tenant);
    const question = await questionOf(room, connection);
    const asked = { by, question: digestOfQuestion(question) };
    const step = { kind: 'confirm', tenant, challenge: challengeOf(verifier), ...asked } as const;
    const { state } = await openState(room, connection, { ...keptOf(consent), step }, stepLifeMs);
    return { kind: 'to_confirm', question, tenant, name, state, verifier };
  }

  /** One write: whatever breaks off before it leaves the connection as it was. */
  async function settle(back: Return, step: ConfirmStep, seen: Seen): Promise<Outcome> {
    const { room, consent } = back;
    const after = await connectByConsent(audit, back, step, seen);
    if ('code' in after) return failed(consent, after);
    if (after.state === 'active') await wake(room, 'schedule', () => room.wakeups.schedule(after));
    world.log.info('connection.connected', { connection: after.id, state: after.state, code: after.problem?.code });
    const { returnUrl } = consent;
    return seen.kind === 'waits'
      ? { kind: 'waiting', connection: after, problem: seen.problem, returnUrl }
      : { kind: 'connected', connection: after, tenant: seen.name ?? step.tenant, returnUrl };
  }

  async function refused(
    { consent, connection }: Return,
    problem: Problem,
    by: string | null = signedInAs(consent),
  ): Promise<Failed> {
    const step = { kind: 'refused', of: null, code: problem.code } as const;
    // They are refused whether that can be written down or not.
    await audit.recordAudit({ ...askedBy(consent, connection, by), step }).catch(() => {});
    return failed(consent, problem);
  }

  function failed(consent: Consent | null, problem: Problem): Failed {
    const connection = consent?.connection ?? null;
    world.log.warn('consent.refused', { connection, code: problem.code });
    return { kind: 'failed', problem, connection, returnUrl: consent?.returnUrl ?? null };
  }
};

/** What goes on to the next step. */
const keptOf = ({ returnUrl, sharedTenant }: Consent) => ({ returnUrl, sharedTenant });

/** The verifier, where it is that of the browser which was sent to sign in. */
const proofIn = ({ challenge }: Exclude<ConsentStep, { kind: 'consent' }>, verifier: string | null): string | null =>
  verifier !== null && isSame(challengeOf(verifier), challenge) ? verifier : null;
