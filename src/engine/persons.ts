/**
 * One person across everything that is kept: what there is, for whoever has a right to see it, and its end. Who is erased must be gone, and no longer
 * have an account that somebody would then forget to switch off: what is erased cannot be acted on any more (docs/decisions/0031).
 */

import { isAbout } from '../core/forget.ts';
import { windowMs } from '../core/guard.ts';
import type { RecordedChange } from '../model/change.ts';
import { refOf } from '../model/change.ts';
import type { Connection } from '../model/connection.ts';
import type { SourceId, TargetId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import { type Membership, type Remembered, user } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { About, Entry } from '../store/ledger.ts';
import type { Stores } from '../store/stores.ts';
import { type Holding, withLease } from './lease-keeper.ts';

export type Kept = {
  readonly remembered: Remembered | null;
  readonly memberOf: readonly SourceId[];
  readonly changes: readonly RecordedChange[];
  readonly targets: readonly {
    readonly record: TargetRecord;
    readonly about: About;
    readonly operations: readonly Entry[];
  }[];
};

/** Null: nothing is kept of them. It looks through the change log and the operations of every target. */
export const keptOf = async (stores: Stores, connection: Connection, person: SourceId): Promise<Kept | null> => {
  const ref = user(person);
  const remembered = (await stores.snapshots.recall(connection.id, [ref])).get(person) ?? null;
  const targets = await Promise.all(
    (await stores.targets.of(connection.id)).map(async (record) => ({
      record,
      about: (await stores.ledger.about(record.id, [ref])).get(person) ?? nothing,
      operations: await stores.ledger.entriesOn(record.id, ref),
    })),
  );
  const isKnown = targets.some(({ about, operations }) => operations.length > 0 || isAnything(about));
  if (remembered === null && !isKnown) return null;
  const memberships = await collect<Membership>(stores.snapshots.groupsOf(connection.id, [person]));
  const changes = await collect<RecordedChange>(
    stores.snapshots.changesAfter(connection.id, 0),
    ({ change }) => change.kind !== 'members' && refOf(change).type === 'user' && refOf(change).id === person,
  );
  return { remembered, memberOf: memberships.map(({ group }) => group), changes, targets };
};

const nothing: About = { link: null, former: null, linkedBy: null, escrow: null, escrowedBy: null };
const isAnything = ({ link, former, escrow }: About): boolean => link !== null || former !== null || escrow !== null;

const collect = async <T>(batches: AsyncIterable<readonly T[]>, isMeant = (_: T): boolean => true): Promise<T[]> => {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch.filter(isMeant));
  return found;
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
  const keys: readonly LeaseKey[] = [connection.id, ...targets.map(({ id }) => id)];
  const erased = await underAll(
    erasing,
    keys,
    async ([own, ...leases]) => {
      if (own === undefined) throw new Error('The connection has no lease.');
      const known = await keptOf(erasing.stores, connection, person);
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

/** Null: somebody else is at work on one of them. */
const underAll = async <T>(
  erasing: Holding,
  keys: readonly LeaseKey[],
  work: (leases: readonly Lease[]) => Promise<T>,
  signal: AbortSignal,
): Promise<T | null> => {
  const [first, ...rest] = keys;
  if (first === undefined) return await work([]);
  const held = await withLease(
    erasing,
    first,
    (lease) => underAll(erasing, rest, (leases) => work([lease, ...leases]), signal),
    signal,
  );
  return 'busyUntil' in held ? null : held.result;
};

/** The first thing that would go wrong if they were forgotten now; null: nothing. */
const whyNotYet = async (
  { stores, world }: Holding,
  connection: Connection,
  { targets }: Kept,
  person: SourceId,
): Promise<string | null> => {
  if (await isUnderWay(stores, connection)) return underWay;
  const recently = new Date(world.now().getTime() - windowMs);
  for (const { record, about, operations } of targets) {
    const at = `At ${record.name} (${record.id})`;
    if (operations.some(({ state }) => state === 'open'))
      return `${at} it is not known yet what became of an operation on them. Ask again after the next run.`;
    if (operations.some((one) => one.at > recently))
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
const isUnderWay = async ({ runs }: Stores, { id }: Connection): Promise<boolean> => {
  for (const state of ['running', 'waiting'] as const) {
    if ((await runs.list({ connection: id, state }, null, 1)).items.length > 0) return true;
  }
  return false;
};

const planAbout = async (stores: Stores, target: TargetId, person: SourceId): Promise<string | null> => {
  for (const state of ['waiting', 'approved'] as const) {
    let after: string | null = null;
    do {
      const page = await stores.plans.list({ target, state }, after, 100);
      for (const plan of page.items)
        for await (const steps of stores.plans.scan(plan))
          if (steps.some(({ operation }) => isAbout(operation, person))) return plan.id;
      after = page.next;
    } while (after !== null);
  }
  return null;
};

/**
 * The snapshot is last, for it is how they are found again if this is broken off. Before anything goes the watermark does: the next sync reads
 * everybody, and with it goes the list of whom the last one saw.
 */
const forget = async (
  { stores, world }: Holding,
  { id, organization }: Connection,
  person: SourceId,
  own: Lease,
  leases: readonly Lease[],
): Promise<void> => {
  const head = await stores.snapshots.head(id);
  const memberships = await collect<Membership>(stores.snapshots.groupsOf(id, [person]));
  const reset = await stores.snapshots.begin(own, 'erase');
  const members = memberships.map(({ group }) => ({ group, added: [], removed: [user(person)] }));
  if (members.length > 0) await reset.put({ objects: [], members, seen: [], resume: null });
  await reset.commit({ watermark: null, counts: head.counts, full: false });
  // What was just committed is in its place once the next draft is opened.
  await (await stores.snapshots.begin(own, 'erased')).discard();
  await stores.events.forgetPerson(organization, id, person);
  for (const lease of leases) {
    await stores.discrepancies.forgetPerson(lease, person);
    await stores.plans.forgetPerson(lease, person);
    await stores.ledger.forgetPerson(lease, person);
  }
  await stores.runs.forgetPerson(id, person);
  await stores.snapshots.forgetPerson(own, person);
  world.log.info('person.erased', { connection: id, targets: leases.length });
};
