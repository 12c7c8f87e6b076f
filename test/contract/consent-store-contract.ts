/** What every store of consents under way promises. */

import { createHash, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectionId } from '../../src/model/ids.ts';
import type { Consent, ConsentStore } from '../../src/store/consent-store.ts';
import { newId } from '../../src/store/ids.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);

export const consentStoreContract = (open: (now: () => Date) => Promise<ConsentStore>): void => {
  let consents: ConsentStore;
  const clock = { now: start };
  beforeAll(async () => {
    consents = await open(() => clock.now);
  });

  const aConsent = (other: Partial<Consent> = {}): Consent => ({
    digest: createHash('sha256').update(randomUUID()).digest('hex'),
    connection: connectionId(newId('con')),
    expiresAt: later(60_000),
    returnUrl: null,
    sharedTenant: false,
    step: { kind: 'consent' },
    ...other,
  });

  describe('a consent under way', () => {
    it('is given whole to whoever brings its state, once', async () => {
      clock.now = start;
      const consent = aConsent({
        returnUrl: 'https://desk.example/done?x=1',
        sharedTenant: true,
        step: { kind: 'sign_in', tenant: '0b7a5d1c-6f0e-4d5a-8f38-2f4e1c9d7a10', challenge: 'abc' },
      });
      await consents.open(consent);
      expect(await consents.take(consent.digest)).toEqual(consent);
      expect(await consents.take(consent.digest)).toBeNull();
    });

    it('is given to one of many who bring it at once', async () => {
      clock.now = start;
      const consent = aConsent();
      await consents.open(consent);
      const taken = await Promise.all(Array.from({ length: 10 }, () => consents.take(consent.digest)));
      expect(taken.filter((one) => one !== null)).toEqual([consent]);
    });

    it('goes when it is over, and no sooner', async () => {
      clock.now = start;
      const [early, late] = [aConsent(), aConsent({ expiresAt: later(120_000) })];
      await consents.open(early);
      await consents.open(late);
      await consents.prune(later(60_000));
      expect([await consents.take(early.digest), await consents.take(late.digest)]).toEqual([null, late]);
    });

    it('is over at its time, to the millisecond', async () => {
      const [early, late] = [aConsent(), aConsent()];
      clock.now = start;
      await consents.open(early);
      await consents.open(late);
      clock.now = later(59_999);
      expect(await consents.take(early.digest)).toEqual(early);
      clock.now = later(60_000);
      expect(await consents.take(late.digest)).toBeNull();
    });

    it('takes the place of what was open for its connection, and of nobody else', async () => {
      clock.now = start;
      const [first, other] = [aConsent(), aConsent()];
      const second = aConsent({ connection: first.connection });
      for (const consent of [first, other, second]) await consents.open(consent);
      expect(await consents.take(first.digest)).toBeNull();
      expect(await consents.take(other.digest)).toEqual(other);
      expect(await consents.take(second.digest)).toEqual(second);
    });

    it('that nobody opened is none', async () => {
      expect(await consents.take('0'.repeat(64))).toBeNull();
    });
  });
};
