/** Consents under way, in memory. */

import type { Consent, ConsentStore } from '../consent-store.ts';

export const createMemoryConsentStore = (now: () => Date): ConsentStore => {
  const open = new Map<string, Consent>();
  return {
    open: async (consent) => {
      for (const [digest, { connection, expiresAt }] of open)
        if (connection === consent.connection || expiresAt <= now()) open.delete(digest);
      open.set(consent.digest, consent);
    },
    take: async (digest) => {
      const found = open.get(digest) ?? null;
      open.delete(digest);
      return found !== null && found.expiresAt > now() ? found : null;
    },
    prune: async (at) => {
      for (const [digest, { expiresAt }] of open) if (expiresAt <= at) open.delete(digest);
    },
  };
};
