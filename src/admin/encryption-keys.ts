/** Which keys stored secrets and API keys need, so that a person knows when an earlier one may go. */

import { isLive } from '../core/access.ts';
import type { OperatorRoom } from './room.ts';

/** `isNeeded`: something that is stored would be lost without it. */
export type KeyInUse = {
  readonly key: string;
  readonly isCurrent: boolean;
  readonly isConfigured: boolean;
  readonly secrets: number;
  readonly apiKeys: number;
  readonly isNeeded: boolean;
};

export const encryptionKeyQueries = (room: OperatorRoom) => ({
  /** The one that seals now first; then the others that are configured, or that something needs. */
  async listEncryptionKeys(): Promise<readonly KeyInUse[]> {
    const { current, configured, proves } = await room.encryptionKeys();
    const secrets = await room.operator.sealed.count();
    const proofs = await countProofs(room);
    return [...new Set([current, ...configured, ...secrets.keys(), ...proofs.keys()])].map((key) => {
      const [ofSecrets, ofApiKeys] = [secrets.get(key) ?? 0, proofs.get(key) ?? 0];
      return {
        key,
        isCurrent: key === current,
        isConfigured: configured.includes(key),
        secrets: ofSecrets,
        apiKeys: ofApiKeys,
        isNeeded: key === current || key === proves || ofSecrets + ofApiKeys > 0,
      };
    });
  },
});

const pageSize = 200;

/** By which key each API key is proved that is not over; there are not many. */
const countProofs = async ({
  operator: { apiKeys },
  keyProofs,
  world,
}: OperatorRoom): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  let after: string | null = null;
  do {
    const page = await apiKeys.list(after, pageSize);
    for (const record of page.items) {
      const found = isLive(record, world.now()) ? await apiKeys.find(record.id) : null;
      const key = found && (keyProofs.keyOf(found.proof) ?? 'unknown');
      if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    after = page.next;
  } while (after !== null);
  return counts;
};
