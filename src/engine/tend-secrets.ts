/** When it is told how near credentials are to their end, and stored secrets are renewed: each hour, and in the next round once somebody asks for new data keys. */

import { tellCredentials } from './credential-life.ts';
import type { Engine } from './engine.ts';
import { renewSecrets } from './renew-secrets.ts';

const everyMs = 3_600_000;

/** `tendedAt`: what it answered last, null at first. Where there are more secrets to renew, the next round goes on with them. */
export const tendSecrets = async (
  engine: Pick<Engine, 'stores' | 'world' | 'observe' | 'timing'>,
  tendedAt: Date | null,
): Promise<Date | null> => {
  const now = engine.world.now();
  const asked = await engine.stores.installation.dataKeysAsked();
  if (!isDue(tendedAt, asked?.at ?? null, now)) return tendedAt;
  await tellCredentials(engine);
  return (await renewSecrets(engine)) ? tendedAt : now;
};

const isDue = (tendedAt: Date | null, askedAt: Date | null, now: Date): boolean =>
  tendedAt === null || now.getTime() - tendedAt.getTime() >= everyMs || (askedAt !== null && askedAt >= tendedAt);
