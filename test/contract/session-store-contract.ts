/** What every store of sessions promises. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.ts';
import { newId } from '../../src/store/ids.ts';
import type { SessionStore } from '../../src/store/session-store.ts';

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

  describe('a session', () => {
    it('is found by its digest alone, whole', async () => {
      const session = aSession();
      await sessions.open(session, 'digest 1', start);
      expect(await sessions.find('digest 1')).toEqual(session);
      expect(await sessions.find('digest 2')).toBeNull();
    });

    it('keeps when somebody was last seen, and is not brought back by that', async () => {
      await sessions.open(aSession(), 'digest 3', start);
      await sessions.seen('digest 3', later(5));
      expect(await sessions.find('digest 3')).toMatchObject({ lastSeenAt: later(5), createdAt: start });
      await sessions.close('digest 3');
      await sessions.seen('digest 3', later(6));
      expect(await sessions.find('digest 3')).toBeNull();
    });

    it('goes when it is closed, or when another begins that knows it to be over', async () => {
      await sessions.open(aSession(), 'digest 4', start);
      await sessions.open(aSession({ createdAt: later(10) }), 'digest 5', start);
      await sessions.open(aSession({ createdAt: later(20) }), 'digest 6', later(10));
      expect(await sessions.find('digest 4')).toBeNull();
      expect(await sessions.find('digest 5')).not.toBeNull();
      await sessions.close('digest 5');
      expect(await sessions.find('digest 5')).toBeNull();
    });
  });
};
