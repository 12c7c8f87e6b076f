/** Proofs that go by the keys that are configured at the moment, as after a restart with others. */

import type { KeyProofs } from '../../src/store/api-key-store.ts';
import { createKeyProofs } from '../../src/store/key-proofs.ts';

/** `keys`: the current one first. */
export const proofsAsConfigured = (keys: () => readonly Uint8Array[]): KeyProofs => {
  const current = () => createKeyProofs(keys()[0] ?? new Uint8Array(32), keys().slice(1));
  return {
    prove: (...given) => current().prove(...given),
    check: (...given) => current().check(...given),
    keyOf: (...given) => current().keyOf(...given),
  };
};
