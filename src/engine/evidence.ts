/** What taking something away rests on: the version of the snapshot that has it, and the read that told it. */

import { batches } from '../core/batches.ts';
import type { Evidence } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
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
      all.push({ ...one, evidence: await evidenceOf(work, version) });
    }
  }
  return all;
};

/** Null where no change is on record that ended one of these memberships, as with what a reconcile run found: then the snapshot as it is lacks them. */
const newestOf = (told: Pending['told'], members: readonly { readonly ref: Ref }[]): number | null => {
  const versions = members.flatMap(({ ref }) => told?.get(ref.id) ?? []);
  return versions.length === 0 ? null : Math.max(...versions);
};

export const evidenceOf = async (work: Provisioning, version: number | null): Promise<Evidence> => {
  const read = version === null ? null : await readOf(work, version);
  return { version, run: read?.run ?? null, read: read?.kind ?? null, confirmed: null };
};

/** Null where the run is not on record: forgotten long ago, or about to be written down as ended. */
export const readOf = async (work: Provisioning, version: number): Promise<Read | null> => {
  const known = work.reads.get(version);
  if (known !== undefined) return known;
  const filter = { connection: work.run.connection, kind: 'sync', version } as const;
  const [run] = (await work.engine.stores.runs.list(filter, null, 1)).items;
  const read = run?.kind === 'sync' ? { run: run.id, kind: run.read, at: run.finishedAt ?? run.createdAt } : null;
  work.reads.set(version, read);
  return read;
};

/** When the last read began that would have told of somebody who is back: one of everybody, or of what changed. Null: none is on record. */
export const lastReadAt = async ({ engine, run }: Provisioning): Promise<Date | null> => {
  const filter = { connection: run.connection, kind: 'sync', state: 'succeeded' } as const;
  const { items } = await engine.stores.runs.list(filter, null, mostReads);
  const whole = items.find((one) => one.kind === 'sync' && one.read !== null && one.read !== 'group');
  return whole === undefined ? null : (whole.startedAt ?? whole.createdAt);
};
/** Who has read so many groups one by one since is asked about twice. */
const mostReads = 20;
