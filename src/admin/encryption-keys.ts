/** Which keys stored secrets and proofs need, so that a person knows when an earlier one may go; and new data keys for everything that is stored. */

import { isLive } from '../core/access.ts';
import type { DataKeysAsked } from '../store/installation.ts';
import { everyApiKey } from './api-keys.ts';
import type { OperatorRoom } from './room.ts';

/** What is proved by a key: API keys, setup links and calls with an Idempotency-Key, as long as they are not over. */
const provedKinds = ['apiKeys', 'setupLinks', 'calls'] as const;
type ProvedKind = (typeof provedKinds)[number];

/** `isNeeded`: something that is stored would be lost without it. */
export type KeyInUse = Readonly<Record<ProvedKind, number>> & {
  readonly key: string;
  readonly isCurrent: boolean;
  readonly isConfigured: boolean;
  readonly secrets: number;
  readonly isNeeded: boolean;
};

/** `left`: secrets whose data key is from before it was asked for. */
export type DataKeyRenewal = DataKeysAsked & { readonly left: number };

/** One that has not come to its end by then meets secrets that nobody can open; it may be asked for again. */
const longestRenewalMs = 24 * 3_600_000;

export const encryptionKeyCommands = (room: OperatorRoom) => {
  const { installation, sealed } = room.operator;
  const renewalOf = async (asked: DataKeysAsked): Promise<DataKeyRenewal> => ({
    ...asked,
    left: await sealed.countOlder(asked.at),
  });

  return {
    /** The one that seals now first; then the others that are configured, or that something needs. */
    async listEncryptionKeys(): Promise<readonly KeyInUse[]> {
      const { current, configured, proves } = await room.encryptionKeys();
      const secrets = await sealed.count();
      const proofs = await countProofs(room);
      const provedBy = provedKinds.flatMap((kind) => [...proofs[kind].keys()]);
      return [...new Set([current, ...configured, ...secrets.keys(), ...provedBy])].map((key) => {
        const [ofSecrets, apiKeys] = [secrets.get(key) ?? 0, proofs.apiKeys.get(key) ?? 0];
        const [setupLinks, calls] = [proofs.setupLinks.get(key) ?? 0, proofs.calls.get(key) ?? 0];
        return {
          key,
          isCurrent: key === current,
          isConfigured: configured.includes(key),
          secrets: ofSecrets,
          apiKeys,
          setupLinks,
          calls,
          isNeeded: key === current || key === proves || ofSecrets + apiKeys + setupLinks + calls > 0,
        };
      });
    },

    /** Null: nobody ever asked. */
    async dataKeyRenewal(): Promise<DataKeyRenewal | null> {
      const asked = await installation.dataKeysAsked();
      return asked && (await renewalOf(asked));
    },

    /** Has a scheduler encrypt every stored secret anew. Asked for again while that is under way, it stays the same. */
    async renewDataKeys(by: string): Promise<DataKeyRenewal> {
      const at = room.world.now();
      const before = await installation.dataKeysAsked();
      const known = before && (await renewalOf(before));
      if (known !== null && known.left > 0 && at.getTime() - known.at.getTime() < longestRenewalMs) return known;
      const asked = await installation.askForDataKeys({ at, by }, before?.at ?? null);
      room.world.log.info('data_keys.asked', { at: asked.at.toISOString() });
      return await renewalOf(asked);
    },
  };
};

type Counts = ReadonlyMap<string, number>;

/** By which key each of them is proved. */
const countProofs = async (room: OperatorRoom): Promise<Readonly<Record<ProvedKind, Counts>>> => {
  const { operator, keyProofs, world } = room;
  const counted = async (proofs: AsyncIterable<string>): Promise<Counts> => {
    const counts = new Map<string, number>();
    for await (const proof of proofs) {
      const key = keyProofs.keyOf(proof) ?? 'unknown';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  };
  return {
    apiKeys: await counted(apiKeyProofs(room)),
    setupLinks: await counted(operator.setupLinkProofs()),
    calls: await counted(operator.callProofs(world.now())),
  };
};

async function* apiKeyProofs({ operator: { apiKeys }, world }: OperatorRoom): AsyncGenerator<string> {
  for await (const record of everyApiKey(apiKeys)) {
    const found = isLive(record, world.now()) ? await apiKeys.find(record.id) : null;
    if (found !== null && found.proof !== null) yield found.proof;
  }
}
