/** Keeps data keys that were unwrapped, in memory alone, so that nobody outside is asked anew at every run. */

import type { KeyEncryption, WrappedKey } from './key-encryption.ts';

/** A key-encryption key that was taken away opens nothing more after this long. */
const keptMs = 5 * 60_000;
/** Beyond this many the one that was used longest ago is let go. */
const mostKept = 5_000;

type Kept = { readonly dataKey: Promise<Uint8Array>; readonly untilMs: number };

/** `nowMs`: of a clock that only goes on. */
export const cachedKeys = (keys: KeyEncryption, nowMs: () => number, most = mostKept): KeyEncryption => {
  const kept = new Map<string, Kept>();
  return {
    ...keys,
    unwrap: (wrapped, signal) => {
      const id = idOf(wrapped);
      const found = kept.get(id);
      kept.delete(id);
      const fresh = found !== undefined && found.untilMs > nowMs() ? found : ask(wrapped, signal, id);
      kept.set(id, fresh);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
      return fresh.dataKey;
    },
  };

  /** Whoever comes meanwhile waits for the same answer. What failed is asked for again. */
  function ask(wrapped: WrappedKey, signal: AbortSignal, id: string): Kept {
    const fresh = { dataKey: keys.unwrap(wrapped, signal), untilMs: nowMs() + keptMs };
    fresh.dataKey.catch(() => {
      if (kept.get(id) === fresh) kept.delete(id);
    });
    return fresh;
  }
};

const idOf = ({ key, bytes }: WrappedKey): string => `${key} ${Buffer.from(bytes).toString('base64url')}`;
