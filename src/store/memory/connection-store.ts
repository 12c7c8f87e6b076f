/** Connections and targets in memory: the same promises as the ones in MongoDB, for tests and simulations. Secrets are sealed here too. */

import { batches } from '../../core/batches.ts';
import type { Problem, Quarantine } from '../../model/connection.ts';
import { StaleRevision } from '../../model/errors.ts';
import {
  type ConnectionStore,
  onlyGiven,
  type SecretChanges,
  type Secrets,
  type TargetStore,
  type Vault,
} from '../connection-store.ts';

/** What connections and targets have in common. */
type Held = {
  readonly id: string;
  readonly state: string;
  readonly problem: Problem | null;
  readonly quarantine: Quarantine | null;
  readonly revision: number;
};
type Row<T> = { readonly record: T; readonly sealed: Secrets };

const batchSize = 500;

export const createMemoryConnectionStore = (vault: Vault, now: () => Date): ConnectionStore => {
  const shelf = createShelf<Parameters<ConnectionStore['add']>[0]>(vault, now);
  return {
    ...shelf,
    list: async ({ organization }, after, limit) => {
      const found = shelf
        .sorted()
        .filter((connection) => organization === undefined || connection.organization === organization)
        .filter(({ id }) => after === null || id > after);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    all: async function* () {
      yield* batches(shelf.sorted(), batchSize);
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

export const createMemoryTargetStore = (vault: Vault, now: () => Date): TargetStore => {
  const shelf = createShelf<Parameters<TargetStore['add']>[0]>(vault, now);
  return {
    ...shelf,
    of: async (connection) => shelf.sorted().filter((target) => target.connection === connection),
  };
};

export const createShelf = <T extends Held & { readonly updatedAt: Date }>(vault: Vault, now: () => Date) => {
  const rows = new Map<string, Row<T>>();
  const mapSecrets = (secrets: Secrets, each: (text: string, field: string) => string): Secrets =>
    Object.fromEntries(Object.entries(secrets).map(([field, text]) => [field, each(text, field)]));
  const seal = (id: string, secrets: Secrets): Secrets =>
    mapSecrets(secrets, (text, field) => vault.seal(text, id, field));
  const merged = (id: string, sealed: Secrets, changes: SecretChanges): Secrets => {
    const kept = Object.entries(sealed).filter(([field]) => !Object.hasOwn(changes, field));
    return { ...Object.fromEntries(kept), ...seal(id, onlyGiven(changes)) };
  };

  return {
    sorted: (): T[] => [...rows.values()].map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1)),
    add: async (record: T, secrets: Secrets): Promise<void> => {
      if (rows.has(record.id)) throw new Error(`${record.id} exists already.`);
      rows.set(record.id, { record, sealed: seal(record.id, secrets) });
    },
    get: async (id: T['id']): Promise<T | null> => rows.get(id)?.record ?? null,
    edit: async (id: T['id'], revision: number, edit: Partial<T>, secrets: SecretChanges = {}): Promise<T> => {
      const row = rows.get(id);
      if (row?.record.revision !== revision) throw new StaleRevision(`${id} is not at revision ${revision} any more.`);
      const record = { ...row.record, ...edit, updatedAt: now(), revision: revision + 1 };
      rows.set(id, { record, sealed: merged(id, row.sealed, secrets) });
      return record;
    },
    /** What is known of a record at this revision, which stays the same. False when there is nothing new, or no such record. */
    note: (id: T['id'], revision: number, noting: (record: T) => Partial<T> | null): boolean => {
      const row = rows.get(id);
      const known = row?.record.revision === revision ? noting(row.record) : null;
      if (row === undefined || known === null) return false;
      rows.set(id, { ...row, record: { ...row.record, ...known } });
      return true;
    },
    hold: async (id: T['id'], problem: Problem | null, quarantine: Quarantine | null = null): Promise<void> => {
      const row = rows.get(id);
      if (!row) return;
      const state = held(row.record.state, problem);
      const flipped = state === row.record.state ? {} : { state, quarantine };
      rows.set(id, { ...row, record: { ...row.record, problem, ...flipped } });
    },
    probed: async (id: T['id'], quarantine: Quarantine): Promise<void> => {
      const row = rows.get(id);
      if (row?.record.state === 'quarantined') rows.set(id, { ...row, record: { ...row.record, quarantine } });
    },
    proved: async (id: T['id']): Promise<void> => {
      const row = rows.get(id);
      if (row?.record.state === 'active') rows.set(id, { ...row, record: { ...row.record, quarantine: null } });
    },
    secrets: async (id: T['id']): Promise<Secrets> =>
      mapSecrets(rows.get(id)?.sealed ?? {}, (text, field) => vault.open(text, id, field)),
    remove: async (id: T['id']): Promise<void> => {
      rows.delete(id);
    },
  };
};

/** Only what is active can be held back, and only what is held back let go: what a person paused stays paused. */
const held = (state: string, problem: Problem | null): string => {
  if (problem && state === 'active') return 'quarantined';
  return !problem && state === 'quarantined' ? 'active' : state;
};
