/**
 * One person across everything that is kept: what there is, for whoever has a right to see it, and its end. Who is erased must be gone, and no longer
 * have an account that somebody would then forget to switch off: what is erased cannot be acted on any more (docs/decisions/0031).
 */

import { operationAbout } from '../core/forget.ts';
import { windowMs } from '../core/guard.ts';
import type { Connection } from '../model/connection.ts';
import type { SourceId, TargetId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import { type Membership, type Remembered, user } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { About } from '../store/ledger.ts';
import type { Stores } from '../store/stores.ts';
import { type Asked, forgetIn, type Kept, keptIn } from './kept-of-person.ts';
import { type Holding, withLeases } from './lease-keeper.ts';

/**
 * All that is kept of somebody, in batches as they are asked for; null: nothing. It looks through the change log and the operations of every target.
 * Throws when it is asked on after `signal`.
 */
export const keptOf = async (
  stores: Stores,
  connection: Connection,
  person: SourceId,
  signal: AbortSignal,
): Promise<AsyncIterable<readonly Kept[]> | null> => {
  const targets = await stores.targets.of(connection.id);
  const batches = keptIn({ stores, connection, targets, person });
  const first = await batches.next();
  // Whoever asks is in the audit log before they are answered, whoever they ask about.
  if (first.done || first.value.every(({ kind }) => kind === 'audit_entry')) return null;
  const begun = first.value;
  return (async function* () {
    yield begun;
    for await (const batch of batches) {
      signal.throwIfAborted();
      yield batch;
    }
  })();
};

/** `left`: their accounts, which stay at the targets as they are. */
export type Erasure =
  | { readonly kind: 'erased'; readonly left: readonly { readonly target: TargetId; readonly link: Link }[] }
  | { readonly kind: 'unknown' | 'in_scope' }
  /** `why`: a sentence that says what to wait for, or to do. */
  | { readonly kind: 'not_yet'; readonly why: string };

/** Under the leases of the connection and all of its targets, so that nobody else is at work on any of them. */
export const erasePerson = async (
  erasing: Holding,
  connection: Connection,
  person: SourceId,
  signal: AbortSignal,
): Promise<Erasure> => {
  const targets = await erasing.stores.targets.of(connection.id);
  const keys: readonly [LeaseKey, ...LeaseKey[]] = [connection.id, ...targets.map(({ id }) => id)];
  const erased = await withLeases(
    erasing,
    keys,
    async ([own, ...leases]) => {
      if (own === undefined) throw new Error('The connection has no lease.');
      const known = await knownOf({ stores: erasing.stores, connection, targets, person });
      if (known === null) return { kind: 'unknown' } as const;
      if (known.remembered?.gone === null) return { kind: 'in_scope' } as const;
      const why = await whyNotYet(erasing, connection, known, person);
      if (why !== null) return { kind: 'not_yet', why } as const;
      await forget(erasing, connection, person, own, leases);
      const left = known.targets.flatMap(({ record, about: { link } }) =>
        link === null ? [] : [{ target: record.id, link }],
      );
      return { kind: 'erased', left } as const;
    },
    signal,
  );
  return erased ?? { kind: 'not_yet', why: underWay };
};

const underWay = 'A run is under way, and may hold them. Ask again when it has ended.';

type Known = {
  readonly remembered: Remembered | null;
  readonly targets: readonly { readonly record: TargetRecord; readonly about: About }[];
};

/** Null: nothing is kept of them that could be erased. */
const knownOf = async (asked: Asked): Promise<Known | null> => {
  const { stores, connection, targets, person } = asked;
  const ref = user(person);
  const remembered = (await stores.snapshots.recall(connection.id, [ref])).get(person) ?? null;
  if (remembered === null && (await keptIn(asked, ['erased']).next()).done) return null;
  const known = targets.map(async (record) => {
    const about = (await stores.ledger.about(record.id, [ref])).get(person);
    return about === undefined ? [] : [{ record, about }];
  });
  return { remembered, targets: (await Promise.all(known)).flat() };
};

/** The first thing that would go wrong if they were forgotten now; null: nothing. */
const whyNotYet = async (
  { stores, world }: Holding,
  connection: Connection,
  { targets }: Known,
  person: SourceId,
): Promise<string | null> => {
  if (await isUnderWay(stores, connection)) return underWay;
  const recently = new Date(world.now().getTime() - windowMs);
  for (const { record, about } of targets) {
    const at = `At ${record.name} (${record.id})`;
    const { isOpen, isRecent } = await operationsOn(stores, record.id, person, recently);
    if (isOpen) return `${at} it is not known yet what became of an operation on them. Ask again after the next run.`;
    if (isRecent)
      return `${at} something was done to them within the last 24 hours, which counts against its limits. Ask again after that.`;
    if (about.link?.state === 'active' && record.deprovision.kind !== 'none')
      return `${at} their account is still on. Ask again when it was switched off or deleted: nobody would do that any more.`;
    if (about.link !== null && record.deprovision.kind === 'delete_after_days')
      return `${at} their account is to be deleted later, which would be forgotten. Ask again after that, or change what happens to who leaves.`;
    const plan = await planAbout(stores, record.id, person);
    if (plan !== null)
      return `${at} they are in the plan ${plan}, which waits or is approved. Ask again when it was carried out or rejected.`;
  }
  return null;
};

/** A run that was begun goes on from what it has kept. */
export const isUnderWay = async ({ runs }: Stores, { id }: Connection): Promise<boolean> => {
  for (const state of ['running', 'waiting'] as const) {
    if ((await runs.list({ connection: id, state }, null, 1)).items.length > 0) return true;
  }
  return false;
};

/** Of memberships the limits count how many, and by no name. */
const operationsOn = async (
  stores: Stores,
  target: TargetId,
  person: SourceId,
  recently: Date,
): Promise<{ readonly isOpen: boolean; readonly isRecent: boolean }> => {
  let isOpen = false;
  for await (const intents of stores.ledger.openIntents(target))
    isOpen ||= intents.some(({ operation }) => operationAbout(operation, person) !== null);
  let isRecent = false;
  for await (const entries of stores.ledger.entriesAbout(target, person, recently))
    isRecent ||= entries.some(({ operation }) => operation.ref.type === 'user');
  return { isOpen, isRecent };
};

const planAbout = async (stores: Stores, target: TargetId, person: SourceId): Promise<string | null> => {
  for await (const planned of stores.plans.about(target, person))
    for (const id of new Set(planned.map(({ plan }) => plan))) {
      const state = (await stores.plans.get(id))?.standing.state;
      if (state === 'waiting' || state === 'approved') return id;
    }
  return null;
};

/**
 * Before anything goes the watermark does: the next sync reads everybody, and with it goes the list of whom the last one saw.
 */
const forget = async (
  { stores, world }: Holding,
  connection: Connection,
  person: SourceId,
  own: Lease,
  leases: readonly Lease[],
): Promise<void> => {
  const head = await stores.snapshots.head(connection.id);
  const memberships: Membership[] = [];
  for await (const some of stores.snapshots.groupsOf(connection.id, [person])) memberships.push(...some);
  const reset = await stores.snapshots.begin(own, 'erase');
  const members = memberships.map(({ group }) => ({ group, added: [], removed: [user(person)] }));
  if (members.length > 0) await reset.put({ objects: [], members, seen: [], resume: null });
  await reset.commit({ watermark: null, counts: head.counts, full: false });
  // What was just committed is in its place once the next draft is opened.
  await (await stores.snapshots.begin(own, 'erased')).discard();
  await forgetIn({ stores, connection, person, own, leases });
  world.log.info('person.erased', { connection: connection.id, targets: leases.length });
};
