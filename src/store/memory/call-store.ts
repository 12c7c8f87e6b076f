/** Calls with an Idempotency-Key, in memory. */

import type { CallStore, KeptCall } from '../call-store.ts';

export const createMemoryCallStore = (): CallStore => {
  const calls = new Map<string, KeptCall>();
  const own = ({ digest, attempt }: Pick<KeptCall, 'digest' | 'attempt'>): KeptCall | null => {
    const kept = calls.get(digest);
    return kept?.attempt === attempt ? kept : null;
  };
  return {
    begin: async (call) => {
      const known = calls.get(call.digest);
      if (known !== undefined && known.expiresAt > call.begunAt) return known;
      calls.set(call.digest, call);
      return null;
    },
    end: async (call, outcome) => {
      const kept = own(call);
      if (kept !== null) calls.set(kept.digest, { ...kept, outcome });
    },
    forget: async (call) => {
      const kept = own(call);
      if (kept !== null) calls.delete(kept.digest);
    },
    proofs: async function* (now) {
      for (const { proof, expiresAt } of calls.values()) if (expiresAt > now) yield proof;
    },
    prune: async (now) => {
      for (const [digest, { expiresAt }] of calls) if (expiresAt <= now) calls.delete(digest);
    },
  };
};
