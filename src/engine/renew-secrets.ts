/** Brings stored secrets under the key-encryption key of now, once that was changed. Harmless to repeat. */

import { KeysUnavailable } from '../model/errors.ts';
import type { Engine } from './engine.ts';

/** So many at once, as each may be a call to whoever keeps the keys. */
const atOnce = 100;

/** Whether there are more. What cannot be brought over now is told, and tried again. */
export const renewSecrets = async (engine: Pick<Engine, 'stores' | 'world' | 'observe'>): Promise<boolean> => {
  try {
    const secrets = await engine.stores.sealed.renew(atOnce);
    if (secrets === 0) return false;
    engine.observe.renewed(secrets);
    engine.world.log.info('secrets.renewed', { secrets });
    return secrets === atOnce;
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    engine.world.log.warn('secrets.not_renewed', { code: error.code, message: error.message });
    return false;
  }
};
