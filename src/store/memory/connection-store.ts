/** Connections and targets in memory: the same promises as the ones in MongoDB, for tests and simulations. Secrets are sealed here too. */

import { batches } from '../../core/batches.ts';
import type { Problem, Quarantine } from '../../model/connection.ts';
import { StaleRevision } from '../../model/errors.ts';
import type { Secret } from '../../model/secret.ts';
import type { JsonObject } from '../../model/target-record.ts';
import {
  type ConnectionStore,
  onlyGiven,
  type SecretChanges,
  type SecretOf,
  type Secrets,
  type TargetStore,
  type Vault,
} from '../connection-store.ts';
import type { Sealed } from '../sealed-secrets.ts';
import { type Keep, keptByNobody } from './backup.ts';

/** What connections and targets have in common. */
type Held = {
  readonly id: string;
  readonly organization: string;
  readonly state: string;
  readonly problem: Problem | null;
  readonly quarantine: Quarantine | null;
  readonly revision: number;
  /** Of targets alone. */
  readonly settings?: JsonObject;
};
type Row<T> = { readonly record: T; readonly sealed: Readonly<Record<string, Sealed>> };
/** What a shelf lets whoever tends all secrets do with its own. */
export type Shelf = { readonly sealed: () => Iterable<ShelvedSecret> };
type ShelvedSecret = { readonly of: SecretOf; readonly kept: Sealed; readonly replace: (next: Sealed) => boolean };

const batchSize = 500;

export const createMemoryConnectionStore = (
  vault: Vault,
  now: () => Date,
  keep: Keep = keptByNobody,
): ConnectionStore & Shelf => {
  const shelf = createShelf<Parameters<ConnectionStore['add']>[0]>(vault, now, keep);
  return {
    ...shelf,
    list: async ({ organizations }, after, limit) => {
      const found = shelf
        .sorted()
        .filter(({ organization }) => organizations?.includes(organization) ?? true)
        .filter(({ id }) => after === null || id > after);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    all: async function* () {
      yield* batches(shelf.sorted(), batchSize);
    },
    noteReading: async (id, revision, note) => {
      shelf.note(id, revision, () => note);
    },
    noteUse: async (id, revision, note) => {
      shelf.note(id, revision, ({ credentialUse }) => ({ credentialUse: { ...credentialUse, ...note } }));
    },
    noteTold: async (id, revision, place, told) =>
      shelf.note(id, revision, ({ credentialUse }) => {
        const before = credentialUse.told[place];
        if (before?.stage === told.stage && before.endsAt.getTime() === told.endsAt.getTime()) return null;
        return { credentialUse: { ...credentialUse, told: { ...credentialUse.told, [place]: told } } };
      }),
  };
};

export const createMemoryTargetStore = (
  vault: Vault,
  now: () => Date,
  keep: Keep = keptByNobody,
): TargetStore & Shelf => {
  const shelf = createShelf<Parameters<TargetStore['add']>[0]>(vault, now, keep);
  return {
    ...shelf,
    secrets: ({ id, settings }) => shelf.secrets(id, settings),
    of: async (connection) => shelf.sorted().filter((target) => target.connection === connection),
    forgetLoosened: async (id, at) => {
      shelf.amend(id, ({ loosened }) => (loosened?.at.getTime() === at.getTime() ? { loosened: null } : null));
    },
  };
};

export const createShelf = <T extends Held & { readonly updatedAt: Date }>(
  vault: Vault,
  now: () => Date,
  keep: Keep = keptByNobody,
) => {
  const rows = keep(new Map<string, Row<T>>());
  const mapSecrets = async <From, To>(
    owner: Pick<Held, 'organization' | 'id' | 'settings'>,
    secrets: Readonly<Record<string, From>>,
    each: (one: From, of: SecretOf) => Promise<To>,
  ): Promise<Readonly<Record<string, To>>> => {
    const mapped = Object.entries(secrets).map(
      async ([field, one]) => [field, await each(one, secretOf(owner, field))] as const,
    );
    return Object.fromEntries(await Promise.all(mapped));
  };

  const sealOne = async (one: Secret, of: SecretOf): Promise<Sealed> => {
    const since = now();
    return { sealed: await vault.seal(one, of), since };
  };

  /** Whatever its revision, which stays the same. */
  const amend = (id: T['id'], amending: (record: T) => Partial<T> | null): boolean => {
    const row = rows.get(id);
    const known = row === undefined ? null : amending(row.record);
    if (row === undefined || known === null) return false;
    rows.set(id, { ...row, record: { ...row.record, ...known } });
    return true;
  };

  const hold = (id: T['id'], problem: Problem | null, quarantine: Quarantine | null): void => {
    const row = rows.get(id);
    if (!row) return;
    const state = held(row.record.state, problem);
    const flipped = state === row.record.state ? {} : { state, quarantine };
    rows.set(id, { ...row, record: { ...row.record, problem, ...flipped } });
  };

  return {
    sorted: (): T[] => [...rows.values()].map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1)),
    add: async (record: T, secrets: Secrets): Promise<void> => {
      const sealed = await mapSecrets(record, secrets, sealOne);
      if (rows.has(record.id)) throw new Error(`${record.id} exists already.`);
      rows.set(record.id, { record, sealed });
    },
    get: async (id: T['id']): Promise<T | null> => rows.get(id)?.record ?? null,
    edit: async (id: T['id'], revision: number, edit: Partial<T>, secrets: SecretChanges = {}): Promise<T> => {
      const before = rows.get(id)?.record;
      const given = before === undefined ? {} : await mapSecrets({ ...before, ...edit }, onlyGiven(secrets), sealOne);
      const row = rows.get(id);
      if (row?.record.revision !== revision) throw new StaleRevision(`${id} is not at revision ${revision} any more.`);
      const record = { ...row.record, ...edit, updatedAt: now(), revision: revision + 1 };
      const isElsewhere = secretOf(record, '').settings !== secretOf(row.record, '').settings;
      const kept = Object.entries(row.sealed).filter(([field]) => !isElsewhere && !Object.hasOwn(secrets, field));
      rows.set(id, { record, sealed: { ...Object.fromEntries(kept), ...given } });
      return record;
    },
    sealed: function* (): Generator<ShelvedSecret> {
      for (const { record, sealed: all } of [...rows.values()])
        for (const [field, kept] of Object.entries(all)) {
          const of = secretOf(record, field);
          const replace = (next: Sealed): boolean => {
            const row = rows.get(record.id);
            if (row?.sealed[field]?.sealed !== kept.sealed) return false;
            rows.set(record.id, { ...row, sealed: { ...row.sealed, [field]: next } });
            return true;
          };
          yield { of, kept, replace };
        }
    },
    /** What is known of a record at this revision, which stays the same. False when there is nothing new, or no such record. */
    note: (id: T['id'], revision: number, noting: (record: T) => Partial<T> | null): boolean =>
      amend(id, (record) => (record.revision === revision ? noting(record) : null)),
    amend,
    hold: async (id: T['id'], problem: Problem | null, quarantine: Quarantine | null = null): Promise<void> =>
      hold(id, problem, quarantine),
    holdAt: async (id: T['id'], revision: number, problem: Problem, quarantine: Quarantine): Promise<boolean> => {
      if (rows.get(id)?.record.revision !== revision) return false;
      hold(id, problem, quarantine);
      return true;
    },
    probed: async (id: T['id'], quarantine: Quarantine, found?: Problem): Promise<void> => {
      const row = rows.get(id);
      if (row?.record.state !== 'quarantined') return;
      rows.set(id, { ...row, record: { ...row.record, quarantine, problem: found ?? row.record.problem } });
    },
    proved: async (id: T['id']): Promise<void> => {
      const row = rows.get(id);
      if (row?.record.state === 'active') rows.set(id, { ...row, record: { ...row.record, quarantine: null } });
    },
    /** `settings`: as whoever asks knows them. */
    secrets: async (id: T['id'], settings?: JsonObject): Promise<Secrets> => {
      const row = rows.get(id);
      if (row === undefined) return {};
      const { organization } = row.record;
      const owner = { id, organization, ...(settings === undefined ? {} : { settings }) };
      return await mapSecrets(owner, row.sealed, (one, of) => vault.open(one.sealed, of));
    },
    remove: async (id: T['id']): Promise<void> => {
      rows.delete(id);
    },
  };
};

const secretOf = (
  { organization, id, settings }: Pick<Held, 'organization' | 'id' | 'settings'>,
  field: string,
): SecretOf => ({
  organization,
  record: id,
  field,
  settings: settings === undefined ? undefined : JSON.stringify(settings),
});

/** Only what is active can be held back, and only what is held back let go: what a person paused stays paused. */
const held = (state: string, problem: Problem | null): string => {
  if (problem && state === 'active') return 'quarantined';
  return !problem && state === 'quarantined' ? 'active' : state;
};
