/**
 * What connections and targets have in common: a record that people edit by revision, and its secrets, sealed field by field beside it. No read but
 * `secrets` ever asks the database for them.
 */

import mongoose from 'mongoose';
import type { Problem, Quarantine } from '../../model/connection.ts';
import { StaleRevision } from '../../model/errors.ts';
import { onlyGiven, type SecretChanges, type SecretOf, type Secrets, type Vault } from '../connection-store.ts';
import type { Sealed } from '../sealed-secrets.ts';

/** What every one of these documents has; the schema of each names the rest. */
export type SealedDocument = {
  readonly _id: string;
  readonly organization: string;
  /** Of targets alone: JSON. */
  readonly settings?: string;
  /** A list, because a field name may hold `.` or `$`. */
  readonly secrets: readonly (Sealed & { readonly field: string })[];
  readonly state: string;
  readonly problem: Problem | null;
  readonly quarantine: Quarantine | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
};

const { Mixed } = mongoose.Schema.Types;
export const text = { type: String, required: true };
export const number = { type: Number, required: true };
export const flag = { type: Boolean, required: true };
export const structure = { type: Mixed, required: true };
export const optional = { type: Mixed, default: null };
/** Written field by field, which only works where it is not null. */
export const noted = { type: Mixed };

/** A misspelt field is an error: left out of a filter, it would match every document. */
export const sealedSchema = (
  fields: Readonly<
    Record<string, typeof text | typeof number | typeof flag | typeof structure | typeof optional | typeof noted>
  >,
) =>
  new mongoose.Schema(
    {
      _id: text,
      organization: text,
      secrets: { type: [{ _id: false, field: text, sealed: text, since: Date }], select: false },
      state: text,
      problem: optional,
      quarantine: optional,
      createdAt: { type: Date, required: true },
      updatedAt: { type: Date, required: true },
      revision: number,
      ...fields,
    },
    {
      strict: 'throw',
      strictQuery: 'throw',
      autoIndex: false,
      autoCreate: false,
      versionKey: false,
      minimize: false,
    },
  );

/** `D`: the documents as the schema of the model says. `toFields`: how an edit is written where the document differs from the record. */
export const createSealedRecords = <D extends SealedDocument, R, E extends object>(around: {
  readonly model: mongoose.Model<SealedDocument>;
  readonly vault: Vault;
  readonly now: () => Date;
  readonly toRecord: (document: D) => R;
  readonly toFields: (edit: E) => object & Pick<SealedDocument, 'settings'>;
}) => {
  const { model, vault, now, toRecord, toFields } = around;

  const seal = (owner: Owner, secrets: Secrets): Promise<SealedDocument['secrets']> =>
    Promise.all(
      Object.entries(secrets).map(async ([field, clear]) => ({
        field,
        since: now(),
        sealed: await vault.seal(clear, secretOf(owner, field)),
      })),
    );
  const sealedOf = (filter: { readonly _id: string; readonly revision?: number }) =>
    model
      .findOne(filter, { organization: 1, settings: 1, secrets: 1 }, guarded)
      .lean<Owner & Partial<Pick<SealedDocument, 'secrets'>>>();

  type Merged = { readonly before: SealedDocument['secrets']; readonly after: SealedDocument['secrets'] };
  /** What is given replaces what is stored, field by field. Of a revision that is over, the edit that follows is refused. */
  const mergedSecrets = async (id: string, revision: number, edit: E, changes: SecretChanges): Promise<Merged> => {
    const stored = await sealedOf({ _id: id, revision });
    if (stored === null) return { before: [], after: [] };
    const before = stored.secrets ?? [];
    const next: Owner = { ...stored, ...settingsIn(toFields(edit)) };
    const kept = next.settings === stored.settings ? before.filter(({ field }) => !Object.hasOwn(changes, field)) : [];
    return { before, after: [...kept, ...(await seal(next, onlyGiven(changes)))] };
  };

  const stillThere = (before: SealedDocument['secrets']) =>
    before.length === 0 ? {} : { 'secrets.sealed': mongoose.trusted({ $all: before.map(({ sealed }) => sealed) }) };

  const edited = async (id: string, revision: number, edit: E, secrets: Merged | null): Promise<D | null> =>
    await model
      .findOneAndUpdate(
        { _id: id, revision, ...(secrets === null ? {} : stillThere(secrets.before)) },
        {
          $set: { ...toFields(edit), updatedAt: now(), ...(secrets === null ? {} : { secrets: secrets.after }) },
          $inc: { revision: 1 },
        },
        { ...guarded, returnDocument: 'after' },
      )
      .lean<D>();

  /** Only what is active can be held back, and only what is held back let go: what a person paused stays paused. False: there is no such one. */
  const hold = async (
    which: { readonly _id: string; readonly revision?: number },
    problem: Problem | null,
    quarantine: Quarantine | null,
  ): Promise<boolean> => {
    const [from, to] = problem ? ['active', 'quarantined'] : ['quarantined', 'active'];
    const flipped = await model.updateOne(
      { ...which, state: from },
      { $set: { state: to, problem, quarantine } },
      guarded,
    );
    if (flipped.matchedCount > 0) return true;
    return (await model.updateOne(which, { $set: { problem } }, guarded)).matchedCount > 0;
  };

  return {
    add: async (document: Omit<D, 'secrets'> & Owner, secrets: Secrets): Promise<void> => {
      await model.create({ ...document, secrets: await seal(document, secrets) });
    },
    get: async (id: string): Promise<R | null> => {
      const found = await model.findOne({ _id: id }, {}, guarded).lean<D>();
      return found && toRecord(found);
    },
    /** In id order, `after` an id; `where` names fields that must be equal, or equal to one of several. */
    find: async (
      where: Readonly<Record<string, string | readonly string[]>>,
      after: string | null,
      limit: number,
    ): Promise<readonly R[]> => {
      const equal = Object.entries(where).map(([field, value]) => [
        field,
        typeof value === 'string' ? value : mongoose.trusted({ $in: [...value] }),
      ]);
      const filter = {
        ...Object.fromEntries(equal),
        ...(after === null ? {} : { _id: mongoose.trusted({ $gt: after }) }),
      };
      const found = await model.find(filter, {}, guarded).sort({ _id: 1 }).limit(limit).lean<readonly D[]>();
      return found.map(toRecord);
    },
    edit: async (id: string, revision: number, edit: E, secrets: SecretChanges = {}): Promise<R> => {
      const isOfSecrets = Object.keys(secrets).length > 0 || toFields(edit).settings !== undefined;
      for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
        const merged = isOfSecrets ? await mergedSecrets(id, revision, edit, secrets) : null;
        const found = await edited(id, revision, edit, merged);
        if (found !== null) return toRecord(found);
        // Secrets that are kept may have been sealed anew meanwhile, which is no edit: then it is made again on these.
        if (!isOfSecrets || (await sealedOf({ _id: id, revision })) === null) break;
      }
      throw new StaleRevision(`${id} is not at revision ${revision} any more.`);
    },
    hold: async (id: string, problem: Problem | null, quarantine: Quarantine | null = null): Promise<void> => {
      await hold({ _id: id }, problem, quarantine);
    },
    holdAt: (id: string, revision: number, problem: Problem, quarantine: Quarantine): Promise<boolean> =>
      hold({ _id: id, revision }, problem, quarantine),
    probed: async (id: string, quarantine: Quarantine, found?: Problem): Promise<void> => {
      const note = found === undefined ? { quarantine } : { quarantine, problem: found };
      await model.updateOne({ _id: id, state: 'quarantined' }, { $set: note }, guarded);
    },
    proved: async (id: string): Promise<void> => {
      await model.updateOne({ _id: id, state: 'active' }, { $set: { quarantine: null } }, guarded);
    },
    /** `settings`: as whoever asks knows them. */
    secrets: async (id: string, settings?: string): Promise<Secrets> => {
      const found = await sealedOf({ _id: id });
      if (found === null) return {};
      const { _id, organization, secrets = [] } = found;
      const owner: Owner = { _id, organization, ...(settings === undefined ? {} : { settings }) };
      const opened = secrets.map(
        async ({ field, sealed }) => [field, await vault.open(sealed, secretOf(owner, field))] as const,
      );
      return Object.fromEntries(await Promise.all(opened));
    },
    remove: async (id: string): Promise<void> => {
      await model.deleteOne({ _id: id }, guarded);
    },
  };
};

type Owner = Pick<SealedDocument, '_id' | 'organization' | 'settings'>;
export const secretOf = ({ _id, organization, settings }: Owner, field: string): SecretOf => ({
  organization,
  record: _id,
  field,
  settings,
});

const settingsIn = ({ settings }: Pick<SealedDocument, 'settings'>): Pick<SealedDocument, 'settings'> =>
  settings === undefined ? {} : { settings };

/** How often an edit of secrets meets others being sealed anew. */
const mostAttempts = 5;

/** A filter whose values hold operators nobody vouched for is taken for what it says literally. */
export const guarded = { sanitizeFilter: true } as const;
