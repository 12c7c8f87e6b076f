/** How many credentials are how near their end, for the metrics. */

import { endOf } from '../core/credential-life.ts';
import { type CredentialStage, credentialPlaces } from '../model/connection.ts';
import type { Stores } from '../store/stores.ts';

export type CredentialsEnding = Readonly<Record<CredentialStage, number>>;

/** A scrape must not cost a look at every connection: the answer is good for this long. */
const keptMs = 60_000;

export const credentialsEndingOf = (
  stores: Pick<Stores, 'connections'>,
  now: () => Date,
): (() => Promise<CredentialsEnding>) => {
  let kept: { readonly at: number; readonly counts: Promise<CredentialsEnding> } | null = null;
  return () => {
    const at = now();
    if (kept === null || at.getTime() - kept.at >= keptMs) kept = { at: at.getTime(), counts: countEnding(stores, at) };
    return kept.counts;
  };
};

const countEnding = async ({ connections }: Pick<Stores, 'connections'>, at: Date): Promise<CredentialsEnding> => {
  const counts = { '60_days': 0, '30_days': 0, '14_days': 0, '7_days': 0, '1_day': 0, ended: 0 };
  for await (const batch of connections.all())
    for (const connection of batch)
      for (const place of credentialPlaces) {
        const stage = connection.state === 'deleting' ? null : endOf(connection, place, at)?.stage;
        if (stage) counts[stage] += 1;
      }
  return counts;
};
