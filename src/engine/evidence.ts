/** What taking something away rests on: the version of the snapshot that has it, and the read that told it. */

import { batches } from '../core/batches.ts';
import type { Evidence } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { RunFilter } from '../store/run-store.ts';
import { newestRuns } from './newest-runs.ts';
import type { Pending } from './pending.ts';
import type { Provisioning, Read } from './provisioning.ts';

export const withEvidence = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Pending[]> => {
  const all: Pending[] = [];
  const newest = once(() => lastReadBy(work, work.through));
  for (const some of batches(pending, 500)) {
    const refs = some.flatMap(({ planned: { operation } }): Ref[] => ('members' in operation ? [] : [operation.ref]));
    const remembered = refs.length === 0 ? null : await work.engine.stores.snapshots.recall(work.run.connection, refs);
    for (const one of some) {
      const { operation } = one.planned;
      const version =
        'members' in operation
          ? (newestOf(one.told, operation.members) ?? (await newest()))
          : (remembered?.get(operation.ref.id)?.version ?? null);
      all.push({ ...one, evidence: await evidenceOf(work, version) });
    }
  }
  return all;
};

const once = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask();
    return asked;
  };
};

/** Null where no change is on record that ended one of these memberships, as with what a reconcile run found: then the snapshot as it is lacks them. */
const newestOf = (told: Pending['told'], members: readonly { readonly ref: Ref }[]): number | null => {
  const versions = members.flatMap(({ ref }) => told?.get(ref.id) ?? []);
  return versions.length === 0 ? null : Math.max(...versions);
};

const evidenceOf = async (work: Provisioning, version: number | null): Promise<Evidence> => {
  const read = version === null ? null : await readOf(work, version);
  return { version, run: read?.run ?? null, read: read?.kind ?? null, confirmed: null };
};

/**
 * What rests on the snapshot as it was then. Where nothing changed with a version, and no run says that it committed it (it is about to, or died, or only
 * gave up its place), that is the last version before of which one does: nothing has changed since.
 */
export const evidenceAsOf = async (work: Provisioning, version: number): Promise<Evidence> =>
  await evidenceOf(work, await lastReadBy(work, version));

const lastReadBy = async (work: Provisioning, version: number): Promise<number> => {
  if ((await readOf(work, version)) !== null) return version;
  for await (const read of newestRuns(work.engine.stores.runs, readsOf(work), mostReads))
    if (read.version !== null && read.version <= version) return read.version;
  return version;
};

/**
 * The version itself says it, also where whoever committed it died, or is about to say so. Of one with which nothing changed, or of before that was kept,
 * a run does. Null where neither is on record any more.
 */
export const readOf = async (work: Provisioning, version: number): Promise<Read | null> => {
  const known = work.reads.get(version);
  if (known !== undefined) return known;
  const { snapshots } = work.engine.stores;
  const read = (await snapshots.committedBy(work.run.connection, version)) ?? (await readOfRun(work, version));
  work.reads.set(version, read);
  return read;
};

const readOfRun = async ({ engine, run: { connection } }: Provisioning, version: number): Promise<Read | null> => {
  const [run] = (await engine.stores.runs.list({ connection, kind: 'sync', version }, null, 1)).items;
  return run?.kind === 'sync' ? { run: run.id, kind: run.read, at: run.finishedAt ?? run.createdAt } : null;
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
