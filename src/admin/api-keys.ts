/** Commands on API keys, and the question whose key somebody brings. */

import { randomBytes } from 'node:crypto';
import { isLive, isToBeNoted } from '../core/access.ts';
import { errorFacts } from '../logger.ts';
import type { Access, ApiKeyRecord, Caller } from '../model/api-key.ts';
import { type ApiKeyId, apiKeyId } from '../model/ids.ts';
import { newId } from '../store/ids.ts';
import type { Page } from '../store/snapshot-store.ts';
import { found, invalid } from './refused.ts';
import type { Hall, OperatorRoom } from './room.ts';

export type NewApiKey = Access & {
  readonly name: string;
  readonly createdBy: string;
  /** Null: a year from now. */
  readonly expiresAt: Date | null;
};
/** `key`: shown this once, and kept nowhere. */
export type MadeApiKey = { readonly record: ApiKeyRecord; readonly key: string };

export const apiKeyCommands = ({ operator: { apiKeys }, world, keyProofs }: OperatorRoom) => ({
  async createApiKey(given: NewApiKey): Promise<MadeApiKey> {
    const now = world.now();
    if (given.expiresAt !== null && given.expiresAt <= now)
      throw invalid({ pointer: '/expires_at', detail: 'must be in the future' });
    const id = apiKeyId(newId('key'));
    const secret = randomBytes(32).toString('base64url');
    const record: ApiKeyRecord = {
      ...given,
      id,
      createdAt: now,
      expiresAt: given.expiresAt ?? new Date(now.getTime() + yearMs),
      revokedAt: null,
      lastUsedAt: null,
    };
    await apiKeys.add(record, keyProofs.prove(secret));
    return { record, key: textOf(id, secret) };
  },

  listApiKeys(after: string | null, limit: number): Promise<Page<ApiKeyRecord>> {
    return apiKeys.list(after, limit);
  },

  async revokeApiKey(id: ApiKeyId): Promise<ApiKeyRecord> {
    return found(await apiKeys.revoke(id, world.now()), 'API key');
  },
});

export const keyHolders = ({ stores, world, keyProofs }: Hall) => ({
  /** Null: no key of ours, or one that is over. */
  async callerWith(presented: string): Promise<Caller | null> {
    const parts = partsOf(presented);
    const kept = parts && (await stores.apiKeys.find(parts.id));
    if (!kept) return null;
    const { record, proof } = kept;
    const checked = keyProofs.check(parts.secret, proof);
    const now = world.now();
    if (checked === 'wrong' || !isLive(record, now)) return null;
    if (checked === 'older' || isToBeNoted(record, now)) {
      // That it could not be noted keeps nobody out.
      await stores.apiKeys
        .used(record.id, now, checked === 'older' ? keyProofs.prove(parts.secret) : proof)
        .catch((error: unknown) => world.log.warn('api_key.use_not_noted', { key: record.id, ...errorFacts(error) }));
    }
    const { name, scopes, organizations } = record;
    return {
      id: record.id,
      name,
      scopes,
      organizations,
      actor: { kind: 'api_key', id: record.id, name },
      session: null,
    };
  },
});

const yearMs = 365 * 86_400_000;

/** A prefix that scanners for leaked secrets can know, the id, and 256 bits of chance. */
const textOf = (id: ApiKeyId, secret: string): string => `entrain_${id.slice('key_'.length)}_${secret}`;

const partsOf = (presented: string): { readonly id: ApiKeyId; readonly secret: string } | null => {
  const [, id, secret] = /^entrain_([0-9a-f]{32})_([\w-]{43})$/.exec(presented) ?? [];
  return id === undefined || secret === undefined ? null : { id: apiKeyId(`key_${id}`), secret };
};
