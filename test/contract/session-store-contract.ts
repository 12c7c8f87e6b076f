/** What every store of sessions promises. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.ts';
import { newId } from '../../src/store/ids.ts';
import type { KeptSession, SessionStore } from '../../src/store/session-store.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);

export const sessionStoreContract = (open: () => Promise<SessionStore>): void => {
  let sessions: SessionStore;
  beforeAll(async () => {
    sessions = await open();
  });

  const aSession = (other: Partial<Session> = {}): Session => ({
    id: newId('ses'),
    issuer: 'https://login.example',
    subject: 'a1',
    name: 'ops@acme.example',
    roles: ['entrain-admins', 'all'],
    authenticatedAt: start,
    createdAt: start,
    lastSeenAt: start,
    ...other,
  });

  const kept = (session: Session): KeptSession => ({ session, proof: 'proof' });

  describe('a session', () => {
    it('is found by its digest alone, whole', async () => {
      const session = aSession();
      await sessions.open(kept(session), 'digest 1', start);
      expect(await sessions.find('digest 1')).toEqual({ session, proof: 'proof' });
      expect(await sessions.find('digest 2')).toBeNull();
    });

    it('keeps when somebody was last seen, and is not brought back by that', async () => {
      await sessions.open(kept(aSession()), 'digest 3', start);
      await sessions.seen('digest 3', later(5), 'new proof');
      expect(await sessions.find('digest 3')).toMatchObject({
        session: { lastSeenAt: later(5), createdAt: start },
        proof: 'new proof',
      });
      await sessions.close('digest 3');
      await sessions.seen('digest 3', later(6), 'new proof');
      expect(await sessions.find('digest 3')).toBeNull();
    });

    it('goes when it is closed, or when another begins that knows it to be over', async () => {
      await sessions.open(kept(aSession()), 'digest 4', start);
      await sessions.open(kept(aSession({ createdAt: later(10) })), 'digest 5', start);
      await sessions.open(kept(aSession({ createdAt: later(20) })), 'digest 6', later(10));
      expect(await sessions.find('digest 4')).toBeNull();
      expect(await sessions.find('digest 5')).not.toBeNull();
      await sessions.close('digest 5');
      expect(await sessions.find('digest 5')).toBeNull();
    });

    it('is among those who are signed in until it is over, newest first and page by page', async () => {
      await sessions.prune(later(1_000_000), later(1_000_000));
      const [old, idle, one, two, three] = [
        aSession({ createdAt: later(10), lastSeenAt: later(100) }),
        aSession({ createdAt: later(50), lastSeenAt: later(60) }),
        ...[50, 51, 52].map((ms) => aSession({ createdAt: later(ms), lastSeenAt: later(100) })),
      ];
      const all = [old, idle, one, two, three].flatMap((session) => session ?? []);
      for (const session of all) await sessions.open(kept(session), `digest of ${session.id}`, start);
      const still = { createdAfter: later(20), seenAfter: later(80) };
      const first = await sessions.list(still, null, 2);
      expect(first.items).toEqual([three, two]);
      const second = await sessions.list(still, first.next, 2);
      expect(second).toEqual({ items: [one], next: null });
    });

    it('is ended by its id, once, and no other with it', async () => {
      const [mine, other] = [aSession(), aSession()];
      await sessions.open(kept(mine), 'digest 7', start);
      await sessions.open(kept(other), 'digest 8', start);
      expect(await sessions.end(mine.id)).toEqual(mine);
      expect([await sessions.find('digest 7'), await sessions.find('digest 8')]).toEqual([null, kept(other)]);
      expect(await sessions.end(mine.id)).toBeNull();
      expect(await sessions.end('digest 8')).toBeNull();
    });

    it('goes when it began long ago, or when nobody has come by it for long', async () => {
      await sessions.open(kept(aSession({ createdAt: later(10), lastSeenAt: later(100) })), 'digest old', start);
      await sessions.open(kept(aSession({ createdAt: later(50), lastSeenAt: later(60) })), 'digest idle', start);
      await sessions.open(kept(aSession({ createdAt: later(50), lastSeenAt: later(100) })), 'digest on', start);
      await sessions.prune(later(20), later(80));
      const found = await Promise.all(['old', 'idle', 'on'].map((name) => sessions.find(`digest ${name}`)));
      expect(found.map((one) => one !== null)).toEqual([false, false, true]);
    });
  });
};
