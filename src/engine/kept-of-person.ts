/**
 * Where people are kept: one row for each store, so that a new one does not compile before somebody says what it holds of people. By the rows they are
 * shown all of it (engine/persons.ts), and by the same rows it is erased.
 */

import { own } from '../core/attributes.ts';
import { nameAttributes } from '../core/names.ts';
import type { RecordedChange } from '../model/change.ts';
import type { Connection } from '../model/connection.ts';
import type { Discrepancy } from '../model/discrepancy.ts';
import type { RecordedEvent } from '../model/event.ts';
import type { PlanId, RunId, SourceId } from '../model/ids.ts';
import type { Escrow, WaitingReference } from '../model/operation.ts';
import type { Staged } from '../model/plan.ts';
import type { Run } from '../model/run.ts';
import { type Remembered, user } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { KeptEntry } from '../store/audit-log.ts';
import type { Lease } from '../store/leases.ts';
import type { About, Entry } from '../store/ledger.ts';
import type { Stores } from '../store/stores.ts';

/** One thing that is kept of somebody. Where it is about several people it says nothing of the others. */
export type Kept =
  | { readonly kind: 'snapshot'; readonly remembered: Remembered }
  | { readonly kind: 'membership'; readonly group: SourceId }
  | { readonly kind: 'change'; readonly recorded: RecordedChange }
  /** A read found them missing, and they were drawn as one of the sample. */
  | { readonly kind: 'sample'; readonly run: Run }
  | { readonly kind: 'account'; readonly target: TargetRecord; readonly about: Pick<About, 'link' | 'former'> }
  | { readonly kind: 'escrow'; readonly target: TargetRecord; readonly escrow: Escrow }
  | { readonly kind: 'operation'; readonly target: TargetRecord; readonly entry: Entry }
  | { readonly kind: 'waiting_reference'; readonly target: TargetRecord; readonly reference: WaitingReference }
  /** They are protected: somebody named them, or a group they are in. */
  | { readonly kind: 'protection'; readonly target: TargetRecord; readonly group: SourceId | null }
  | {
      readonly kind: 'planned_operation';
      readonly target: TargetRecord;
      readonly plan: PlanId;
      readonly staged: Staged;
    }
  | { readonly kind: 'discrepancy'; readonly target: TargetRecord; readonly run: RunId; readonly found: Discrepancy }
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'audit_entry'; readonly entry: KeptEntry };

export type Asked = {
  readonly stores: Stores;
  readonly connection: Connection;
  /** All of the connection. */
  readonly targets: readonly TargetRecord[];
  readonly person: SourceId;
};

/** Under the lease of the connection and of all its targets, while no run is under way. */
export type Erasing = Pick<Asked, 'stores' | 'connection' | 'person'> & {
  readonly own: Lease;
  readonly leases: readonly Lease[];
};

type Shows = (asked: Asked) => AsyncIterable<readonly Kept[]>;
type Row =
  | { readonly people: 'erased'; readonly shows: Shows; readonly forgets: (erasing: Erasing) => Promise<unknown> }
  /** It stays when they are erased. */
  | { readonly people: 'stay'; readonly shows: Shows; readonly because: string }
  | { readonly people: 'none'; readonly because: string };

const nobody = (because: string): Row => ({ people: 'none', because });

export const rows: Readonly<Record<keyof Stores, Row>> = {
  snapshots: {
    people: 'erased',
    shows: ofSnapshot,
    forgets: ({ stores, own, person }) => stores.snapshots.forgetPerson(own, person),
  },
  runs: {
    people: 'erased',
    shows: async function* ({ stores, connection, person }) {
      for await (const runs of stores.runs.missing(connection.id, person))
        yield runs.map((run) => ({ kind: 'sample', run }));
    },
    forgets: ({ stores, connection, person }) => stores.runs.forgetPerson(connection.id, person),
  },
  ledger: {
    people: 'erased',
    shows: ofLedger,
    forgets: ({ stores, leases, person }) => each(leases, (lease) => stores.ledger.forgetPerson(lease, person)),
  },
  plans: {
    people: 'erased',
    shows: async function* ({ stores, targets, person }) {
      for (const target of targets)
        for await (const planned of stores.plans.about(target.id, person))
          yield planned.map(({ plan, staged }) => ({ kind: 'planned_operation', target, plan, staged }));
    },
    forgets: ({ stores, leases, person }) => each(leases, (lease) => stores.plans.forgetPerson(lease, person)),
  },
  discrepancies: {
    people: 'erased',
    shows: async function* ({ stores, targets, person }) {
      for (const target of targets)
        for await (const some of stores.discrepancies.about(target.id, person))
          yield some.map(({ run, found }) => ({ kind: 'discrepancy', target, run, found }));
    },
    forgets: ({ stores, leases, person }) => each(leases, (lease) => stores.discrepancies.forgetPerson(lease, person)),
  },
  events: {
    people: 'erased',
    shows: async function* ({ stores, connection: { organization, id }, person }) {
      for await (const events of stores.events.about(organization, id, person))
        yield events.map((event) => ({ kind: 'event', event }));
    },
    forgets: ({ stores, connection: { organization, id }, person }) =>
      stores.events.forgetPerson(organization, id, person),
  },
  targets: {
    people: 'stay',
    shows: ofTargets,
    because: 'An operator put them among those who are protected, and takes them out by editing the target.',
  },
  audit: {
    people: 'stay',
    shows: async function* ({ stores, connection: { organization, id }, person }) {
      for await (const entries of stores.audit.scan({ organizations: [organization], subject: person }))
        yield entries
          .filter(({ filed: { subjects } }) => subjects.includes(id))
          .map((entry) => ({ kind: 'audit_entry', entry }));
    },
    because: 'Whoever has to show that they were told, or erased, needs it.',
  },
  connections: nobody('Groups of the scope are named, and no people.'),
  deliveries: nobody('Which event was sent to which address, and how that went. What was sent is not kept.'),
  calls: nobody(
    'What was answered is sealed by the key of whoever called, and is kept for a day; which accounts somebody had who was erased is not.',
  ),
  sealed: nobody('Secrets of connections, targets and webhooks.'),
  leases: nobody('Who of ours is at work.'),
  subscriptions: nobody('What Microsoft Graph was asked to tell.'),
  installation: nobody('The database itself.'),
  apiKeys: nobody('People who work with Entrain, not those it brings over.'),
  sessions: nobody('People who work with Entrain, not those it brings over.'),
  consents: nobody('Links that were handed out, by a digest; for ten minutes the id of whoever signed in by one.'),
  setupLinks: nobody('Links that were handed out, by a digest, and for whom.'),
  webhooks: nobody('Addresses that are told.'),
};

/** Row by row, in batches. What stays when they are erased comes last. */
export async function* keptIn(
  asked: Asked,
  which: readonly Row['people'][] = ['erased', 'stay'],
): AsyncGenerator<readonly Kept[]> {
  for (const row of Object.values(rows)) {
    if (row.people === 'none' || !which.includes(row.people)) continue;
    for await (const kept of row.shows(asked)) if (kept.length > 0) yield kept;
  }
}

/** The snapshot is last, for it is how they are found again if this is broken off. */
export const forgetIn = async (erasing: Erasing): Promise<void> => {
  const { snapshots, ...others } = rows;
  for (const row of [...Object.values(others), snapshots]) if (row.people === 'erased') await row.forgets(erasing);
};

async function* ofSnapshot({ stores, connection: { id }, person }: Asked): AsyncGenerator<readonly Kept[]> {
  const remembered = (await stores.snapshots.recall(id, [user(person)])).get(person);
  if (remembered !== undefined) yield [{ kind: 'snapshot', remembered }];
  for await (const memberships of stores.snapshots.groupsOf(id, [person]))
    yield memberships.map(({ group }) => ({ kind: 'membership', group }));
  for await (const changes of stores.snapshots.changesAbout(id, person))
    yield changes.map((recorded) => ({ kind: 'change', recorded }));
}

async function* ofLedger({ stores: { ledger }, targets, person }: Asked): AsyncGenerator<readonly Kept[]> {
  for (const target of targets) {
    const { id } = target;
    const about = (await ledger.about(id, [user(person)])).get(person);
    if (about !== undefined && (about.link ?? about.former) !== null) yield [{ kind: 'account', target, about }];
    if (about?.escrow) yield [{ kind: 'escrow', target, escrow: about.escrow }];
    const groups = [...(await ledger.guarded(id))].filter(([, members]) => members.some((one) => one.id === person));
    yield groups.map(([group]) => ({ kind: 'protection', target, group }));
    for (const waiting of [ledger.waitingFor(id, [user(person)]), ledger.waitingOn(id, [person])])
      for await (const references of waiting)
        yield references.map((reference) => ({ kind: 'waiting_reference', target, reference }));
    for await (const entries of ledger.entriesAbout(id, person))
      yield entries.map((entry) => ({ kind: 'operation', target, entry }));
  }
}

/** Somebody may be named by their object id, by what they are called, or by their account. */
async function* ofTargets({ stores, connection, targets, person }: Asked): AsyncGenerator<readonly Kept[]> {
  const attributes =
    (await stores.snapshots.recall(connection.id, [user(person)])).get(person)?.object.attributes ?? {};
  const called = [nameAttributes.user_principal_name, nameAttributes.mail].map((name) => own(attributes, name));
  for (const target of targets) {
    const about = (await stores.ledger.about(target.id, [user(person)])).get(person);
    const account = (about?.link ?? about?.former)?.remoteId ?? null;
    const known = [person, account, ...called];
    const names = new Set(known.flatMap((name) => (typeof name === 'string' ? [name.toLowerCase()] : [])));
    const ids = [...target.protected.ids, ...(target.loosened?.from.protected.ids ?? [])];
    if (ids.some((id) => names.has(id.trim().toLowerCase()))) yield [{ kind: 'protection', target, group: null }];
  }
}

const each = async (leases: readonly Lease[], work: (lease: Lease) => Promise<void>): Promise<void> => {
  for (const lease of leases) await work(lease);
};
