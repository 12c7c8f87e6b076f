/**
 * Brings stored secrets under the key-encryption key of now, once that was changed, and encrypts anew those whose data key is too old, or was there when
 * somebody asked for new ones. Harmless to repeat.
 */

import { KeysUnavailable } from '../model/errors.ts';
import type { Engine } from './engine.ts';

/** So many at once, as each may be a call to whoever keeps the keys. */
const atOnce = 100;

/** Whether there are more. What cannot be brought over now is told, and tried again. */
export const renewSecrets = async (
  engine: Pick<Engine, 'stores' | 'world' | 'observe' | 'timing'>,
): Promise<boolean> => {
  try {
    const secrets = await engine.stores.sealed.renew(atOnce, await dataKeysSince(engine));
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

/** Data keys from before then have had their time. */
const dataKeysSince = async ({ stores, world, timing }: Pick<Engine, 'stores' | 'world' | 'timing'>): Promise<Date> => {
  const asked = await stores.installation.dataKeysAsked();
  const oldestMs = timing.dataKeyMs === undefined ? 0 : world.now().getTime() - timing.dataKeyMs;
  return new Date(Math.max(oldestMs, asked?.at.getTime() ?? 0));
};
