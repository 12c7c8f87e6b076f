/** Commands of signing in and out, and the question who somebody is whose browser brings a session. */

import { createHash, randomBytes } from 'node:crypto';
import {
  absoluteMs,
  endOf,
  idleMs,
  isFresh,
  isOn,
  isSeenToBeNoted,
  type RoleScopes,
  scopesOf,
} from '../core/sessions.ts';
import { errorFacts } from '../logger.ts';
import type { ApiScope, Caller } from '../model/api-key.ts';
import type { Actor, PageAction } from '../model/audit.ts';
import type { Person, Session } from '../model/session.ts';
import type { Proved } from '../store/api-key-store.ts';
import { newId } from '../store/ids.ts';
import type { Page } from '../store/snapshot-store.ts';
import { audited, auditRecorder } from './audit.ts';
import { type IdentityProvider, type SignedInPerson, SignInFailed } from './identity-provider.ts';
import { found } from './refused.ts';
import type { Hall, OperatorRoom } from './room.ts';

/** `token`: for the browser alone; kept nowhere. */
export type OpenedSession = { readonly session: Session; readonly token: string };

/** `actor`: as the audit log has them. `scopes`: what their roles are good for now. */
export type OpenSession = {
  readonly session: Session;
  readonly actor: Actor;
  readonly scopes: readonly ApiScope[];
  readonly endsAt: Date;
};

const signIn = 'signIn' satisfies PageAction;

export const sessionCommands = (hall: Hall) => {
  const { stores, world, identityProvider, keyProofs } = hall;
  const audit = auditRecorder(hall);

  return {
    /** Opens a session in place of the one that the browser had. Throws `SignInFailed` for whoever has no role that is good for anything. */
    async signIn(
      { person, authenticatedAt }: SignedInPerson,
      before: string | null,
      trace: string,
    ): Promise<OpenedSession> {
      const asked = { actor: actorOf(person), organization: null, action: signIn, subjects: {}, trace, given: [] };
      const open = async (): Promise<OpenedSession> => {
        if (scopesOf(person.roles, roleScopes()).length === 0)
          throw new SignInFailed('no_role', `${person.name} has no role that is good for anything here.`);
        const now = world.now();
        const token = randomBytes(32).toString('base64url');
        const session: Session = { ...person, id: newId('ses'), authenticatedAt, createdAt: now, lastSeenAt: now };
        if (before !== null) await stores.sessions.close(digestOf(before));
        const proof = keyProofs.prove(provedOf(session, token));
        await stores.sessions.open({ session, proof }, digestOf(token), new Date(now.getTime() - absoluteMs));
        return { session, token };
      };
      const opened = await audited(
        audit,
        asked,
        open,
        ({ session: { id, roles } }) => ({
          subjects: { session_id: id },
          after: { scopes: scopesOf(roles, roleScopes()) },
        }),
        (error) => (error instanceof SignInFailed ? error.code : null),
      );
      world.log.info('session.opened', { session: opened.session.id });
      return opened;
    },

    /** Before it is known who it is. They are refused whether that can be written down or not. */
    async refuseSignIn({ code }: SignInFailed, trace: string): Promise<void> {
      const step = { kind: 'refused', of: null, code } as const;
      await audit
        .recordAudit({ actor: somebody, organization: null, action: signIn, subjects: {}, trace, step })
        .catch(() => {});
    },

    /** Null: there is no such session, or it is over. Only who comes has used it: who merely stays is out when they have been idle. */
    async callerBySession(token: string, how: 'comes' | 'stays'): Promise<Caller | null> {
      const digest = digestOf(token);
      const kept = await stores.sessions.find(digest);
      const now = world.now();
      if (kept === null || identityProvider === null) return null;
      const { session, proof } = kept;
      const scopes = scopesOf(session.roles, roleScopes());
      if (!isOn(session, scopes, now)) return null;
      const proved = provedOf(session, token);
      const checked = keyProofs.check(proved, proof);
      if (checked === 'wrong') return null;
      if (how === 'comes' && (checked === 'older' || isSeenToBeNoted(session, now))) {
        // That it could not be noted signs nobody out.
        await stores.sessions
          .seen(digest, now, keyProofs.prove(proved))
          .catch((error: unknown) =>
            world.log.warn('session.not_noted', { session: session.id, ...errorFacts(error) }),
          );
      }
      return {
        id: actorOf(session).id,
        name: session.name,
        scopes,
        organizations: null,
        actor: actorOf(session),
        makers: [],
        session: {
          id: session.id,
          digest,
          csrfToken: csrfTokenOf(token),
          isFresh: isFresh(session, now),
          endsAt: endOf(how === 'comes' ? { createdAt: session.createdAt, lastSeenAt: now } : session, scopes),
        },
      };
    },

    async signOut({ session }: Caller): Promise<void> {
      const { id, digest } = found(session, 'session');
      await stores.sessions.close(digest);
      world.log.info('session.closed', { session: id });
    },
  };

  function roleScopes(): RoleScopes {
    return roleScopesOf(identityProvider);
  }
};

/** The sessions of everybody. */
export const openSessionCommands = ({ operator: { sessions }, world, identityProvider }: OperatorRoom) => {
  const openSessionOf = (session: Session): OpenSession => {
    const scopes = scopesOf(session.roles, roleScopesOf(identityProvider));
    return { session, actor: actorOf(session), scopes, endsAt: endOf(session, scopes) };
  };

  return {
    /** Who is signed in, whoever signed in last first. A page may hold fewer than there is room for: those who may do much are out sooner. */
    async listSessions(after: string | null, limit: number): Promise<Page<OpenSession>> {
      const now = world.now();
      const still = {
        createdAfter: new Date(now.getTime() - absoluteMs),
        seenAfter: new Date(now.getTime() - idleMs),
      };
      const { items, next } = await sessions.list(still, after, limit);
      return { items: items.map(openSessionOf).filter(({ endsAt }) => endsAt > now), next };
    },

    /** Signs somebody out at once, in the browser that has this session. */
    async endSession(id: string): Promise<OpenSession> {
      const ended = found(await sessions.end(id), 'session');
      world.log.info('session.ended', { session: id });
      return openSessionOf(ended);
    },
  };
};

const roleScopesOf = (provider: IdentityProvider | null): RoleScopes => provider?.roleScopes ?? new Map();

/** OpenID Connect Core §5.7: the issuer and the subject together name somebody for good. */
const actorOf = ({ issuer, subject, name }: Person): Actor => ({
  kind: 'person',
  id: `per_${createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 32)}`,
  name,
});

const somebody: Actor = { kind: 'sign_in', id: 'sign_in', name: 'whoever came to sign in' };

/**
 * What is proved of a session: all that says whose it is, what it is good for and since when, since whoever writes to the database could make one up. When
 * somebody was last seen is theirs to say.
 */
const provedOf = (session: Session, token: string): Proved => [
  'session',
  session.id,
  token,
  session.issuer,
  session.subject,
  session.name,
  session.roles.toSorted(),
  session.authenticatedAt.getTime(),
  session.createdAt.getTime(),
];

const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');
/** Known to whoever may read answers of this server with the session, and to no other site. */
const csrfTokenOf = (token: string): string => createHash('sha256').update(`csrf ${token}`).digest('base64url');
