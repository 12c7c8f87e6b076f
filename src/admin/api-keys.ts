/** Commands on API keys, and the question whose key somebody brings. */

import { randomBytes } from 'node:crypto';
import { isLive, isToBeNoted, latestEndOfKey, mayDo } from '../core/access.ts';
import { mostMakers } from '../core/approvals.ts';
import { errorFacts } from '../logger.ts';
import type { Access, ApiKeyRecord, Caller } from '../model/api-key.ts';
import { type ApiKeyId, apiKeyId, type OrganizationId } from '../model/ids.ts';
import { firstApiKeyId, type Proved } from '../store/api-key-store.ts';
import { newId } from '../store/ids.ts';
import type { Page } from '../store/snapshot-store.ts';
import { refuseAbove } from './ceilings.ts';
import { found, invalid } from './refused.ts';
import type { Hall, OperatorRoom } from './room.ts';
import type { StoresOfOperator } from './stores-within.ts';

export type NewApiKey = Access & {
  readonly name: string;
  readonly createdBy: string;
  readonly makers: ApiKeyRecord['makers'];
  /** Null: a year from now. */
  readonly expiresAt: Date | null;
};
/** `key`: shown this once, and kept nowhere. */
export type MadeApiKey = { readonly record: ApiKeyRecord; readonly key: string };

/** `keep`: whether it is kept, for there is no other and never was one; of many servers that ask at once, one is told so. */
export type FirstApiKey = { readonly made: MadeApiKey; readonly keep: () => Promise<boolean> };

export const apiKeyCommands = ({ operator: { apiKeys }, world, keyProofs, config }: OperatorRoom) => ({
  async createApiKey(given: NewApiKey): Promise<MadeApiKey> {
    const now = world.now();
    if (given.expiresAt !== null && given.expiresAt <= now)
      throw invalid({ pointer: '/expires_at', detail: 'must be in the future' });
    if (given.expiresAt !== null && given.expiresAt > latestEndOfKey(now))
      throw invalid({ pointer: '/expires_at', detail: 'must be within five years: make another key before then' });
    if (given.makers.length > mostMakers)
      throw invalid({
        pointer: '',
        detail: `is made by a key that ${mostMakers} others were made for: take an earlier one`,
      });
    const inForce = await countInForce(apiKeys, given.organizations ?? [], now);
    for (const count of inForce.values()) refuseAbove({ config }, 'apiKeys', count);
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
    await apiKeys.add(record, keyProofs.prove(rightsOf(record, secret)));
    return { record, key: textOf(id, secret) };
  },

  /** Where there never was a key: one that may do everything. It is not kept yet. */
  firstApiKey(createdBy: string): FirstApiKey {
    const createdAt = world.now();
    const secret = randomBytes(32).toString('base64url');
    const record: ApiKeyRecord = {
      id: firstApiKeyId,
      name: 'first',
      scopes: ['admin'],
      organizations: null,
      createdAt,
      createdBy,
      makers: [],
      expiresAt: new Date(createdAt.getTime() + yearMs),
      revokedAt: null,
      lastUsedAt: null,
    };
    const { id, ...first } = record;
    return {
      made: { record, key: textOf(id, secret) },
      keep: async () => (await apiKeys.addFirst(first, keyProofs.prove(rightsOf(record, secret)))) !== null,
    };
  },

  /** Whether some key that is kept may do everything, and is not over. */
  async isAdminKeyInForce(): Promise<boolean> {
    for await (const record of everyApiKey(apiKeys))
      if (isLive(record, world.now()) && record.organizations === null && mayDo(record, 'admin')) return true;
    return false;
  },

  listApiKeys(after: string | null, limit: number): Promise<Page<ApiKeyRecord>> {
    return apiKeys.list(after, limit);
  },

  async revokeApiKey(id: ApiKeyId): Promise<ApiKeyRecord> {
    return found(await apiKeys.revoke(id, world.now()), 'API key');
  },
});

export const keyHolders = ({ stores, world, keyProofs }: Hall) => {
  const holderOf = async (presented: string) => {
    const parts = partsOf(presented);
    const kept = parts && (await stores.apiKeys.find(parts.id));
    if (!kept) return null;
    const { record, proof } = kept;
    const rights = rightsOf(record, parts.secret);
    const checked = keyProofs.check(rights, proof);
    if (checked === 'wrong' || !isLive(record, world.now())) return null;
    return { record, rights, checked };
  };

  return {
    /** Null: no key of ours, or one that is over. */
    async callerWith(presented: string): Promise<Caller | null> {
      const holder = await holderOf(presented);
      if (holder === null) return null;
      const { record, rights, checked } = holder;
      const now = world.now();
      if (checked === 'older' || isToBeNoted(record, now)) {
        // That it could not be noted keeps nobody out.
        await stores.apiKeys
          .used(record.id, now, keyProofs.prove(rights))
          .catch((error: unknown) => world.log.warn('api_key.use_not_noted', { key: record.id, ...errorFacts(error) }));
      }
      return callerOf(record);
    },

    /** The same where nothing may be written: workers have no right to. */
    async callerSeen(presented: string): Promise<Caller | null> {
      const holder = await holderOf(presented);
      return holder && callerOf(holder.record);
    },
  };
};

const callerOf = ({ id, name, scopes, organizations, makers }: ApiKeyRecord): Caller => ({
  id,
  name,
  scopes,
  organizations,
  actor: { kind: 'api_key', id, name },
  makers,
  session: null,
});

/** For each organization, the keys that are limited to it, or to it and others. */
const countInForce = async (
  keys: StoresOfOperator['apiKeys'],
  organizations: readonly OrganizationId[],
  now: Date,
): Promise<ReadonlyMap<OrganizationId, number>> => {
  const counts = new Map(organizations.map((organization) => [organization, 0]));
  if (counts.size === 0) return counts;
  for await (const record of everyApiKey(keys)) {
    if (!isLive(record, now)) continue;
    for (const organization of record.organizations ?? []) {
      const count = counts.get(organization);
      if (count !== undefined) counts.set(organization, count + 1);
    }
  }
  return counts;
};

const pageSize = 200;

/** Newest first, also those that are over; there are not many. */
export async function* everyApiKey(keys: StoresOfOperator['apiKeys']): AsyncGenerator<ApiKeyRecord> {
  let after: string | null = null;
  do {
    const page: Page<ApiKeyRecord> = await keys.list(after, pageSize);
    yield* page.items;
    after = page.next;
  } while (after !== null);
}

/**
 * What is proved of a key: all that says what it is good for, and for whom, since whoever writes to the database could edit that. When it was used last
 * gives no right; that it was revoked only takes some away, and goes with the proof.
 */
const rightsOf = (record: ApiKeyRecord, secret: string): Proved => [
  'api key',
  record.id,
  secret,
  record.name,
  record.scopes.toSorted(),
  record.organizations?.toSorted() ?? null,
  record.createdAt.getTime(),
  record.createdBy,
  record.makers.map(({ kind, id }) => [kind, id]),
  record.expiresAt.getTime(),
];

const yearMs = 365 * 86_400_000;

/** A prefix that scanners for leaked secrets can know, the id, and 256 bits of chance. */
const textOf = (id: ApiKeyId, secret: string): string => `entrain_${id.slice('key_'.length)}_${secret}`;

const partsOf = (presented: string): { readonly id: ApiKeyId; readonly secret: string } | null => {
  const [, id, secret] = /^entrain_([0-9a-f]{32})_([\w-]{43})$/.exec(presented) ?? [];
  return id === undefined || secret === undefined ? null : { id: apiKeyId(`key_${id}`), secret };
};
