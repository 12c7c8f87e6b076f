/** What taking something away rests on: the version of the snapshot that has it, and the read that told it. */

import { batches } from '../core/batches.ts';
import type { Evidence } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { RunFilter } from '../store/run-store.ts';
import type { Pending } from './pending.ts';
import type { Provisioning, Read } from './provisioning.ts';

export const withEvidence = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Pending[]> => {
  const all: Pending[] = [];
  for (const some of batches(pending, 500)) {
    const refs = some.flatMap(({ planned: { operation } }): Ref[] => ('members' in operation ? [] : [operation.ref]));
    const remembered = refs.length === 0 ? null : await work.engine.stores.snapshots.recall(work.run.connection, refs);
    for (const one of some) {
      const { operation } = one.planned;
      const version =
        'members' in operation
          ? (newestOf(one.told, operation.members) ?? work.through)
          : (remembered?.get(operation.ref.id)?.version ?? null);
      all.push({ ...one, evidence: version === null ? nothing : await evidenceAsOf(work, version) });
    }
  }
  return all;
};

/** Null where no change is on record that ended one of these memberships, as with what a reconcile run found: then the snapshot as it is lacks them. */
const newestOf = (told: Pending['told'], members: readonly { readonly ref: Ref }[]): number | null => {
  const versions = members.flatMap(({ ref }) => told?.get(ref.id) ?? []);
  return versions.length === 0 ? null : Math.max(...versions);
};

const nothing: Evidence = { version: null, run: null, read: null, confirmed: null };

/** What rests on the snapshot as it was then. */
export const evidenceAsOf = async (work: Provisioning, version: number): Promise<Evidence> => {
  const told = await toldBy(work, version);
  return { version: told?.version ?? version, run: told?.run ?? null, read: told?.kind ?? null, confirmed: null };
};

/** Who committed this version. Null where it is not on record. */
export const readOf = async (work: Provisioning, version: number): Promise<Read | null> => {
  const told = await toldBy(work, version);
  return told?.version === version ? told : null;
};

/**
 * The version itself says it, also where whoever committed it died, or is about to say so. Of one with which nothing changed a run does. Where none says that
 * it committed it (it is about to, or died, or failed afterwards, or only gave up its place), that is the last version before with which something changed.
 */
const toldBy = async (work: Provisioning, version: number): Promise<Read | null> => {
  const known = work.reads.get(version);
  if (known !== undefined) return known;
  const last = await work.engine.stores.snapshots.committedBy(work.run.connection, version);
  const read = last?.version === version ? last : ((await readOfRun(work, version)) ?? last);
  work.reads.set(version, read);
  return read;
};

const readOfRun = async ({ engine, run: { connection } }: Provisioning, version: number): Promise<Read | null> => {
  const [run] = (await engine.stores.runs.list({ connection, kind: 'sync', version }, null, 1)).items;
  return run?.kind === 'sync' ? { version, run: run.id, kind: run.read, at: run.finishedAt ?? run.createdAt } : null;
};

/** When the last read began that would have told of somebody who is back: one of everybody, or of what changed. Null: none is on record. */
export const lastReadAt = async (work: Provisioning): Promise<Date | null> => {
  const { items } = await work.engine.stores.runs.list(readsOf(work), null, mostReads);
  const whole = items.find((one) => one.kind === 'sync' && one.read !== null && one.read !== 'group');
  return whole === undefined ? null : (whole.startedAt ?? whole.createdAt);
};

/** The newest come first. */
const readsOf = ({ run: { connection } }: Provisioning) =>
  ({ connection, kind: 'sync', state: 'succeeded' }) as const satisfies RunFilter;
/** Who has read so many groups one by one since is asked about twice. */
const mostReads = 20;
