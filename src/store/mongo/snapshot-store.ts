/** The snapshot in MongoDB, without transactions: every step is one document, and the head is the only commit point. */

import { StaleFence } from '../../model/errors.ts';
import { type ConnectionId, connectionId, type Resume } from '../../model/ids.ts';
import { user } from '../../model/source-object.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { type HeadDocument, headOf } from './heads.ts';
import { keyOf } from './object-documents.ts';
import { type Part, wholePartOf } from './places.ts';
import { forgetStaged, rollForward } from './roll-forward.ts';
import { eraseSnapshot, type SnapshotCollections, snapshotCollections } from './snapshot-collections.ts';
import { openDraft } from './snapshot-draft.ts';
import { snapshotReads, type Versioned } from './snapshot-reads.ts';

export const createMongoSnapshotStore = (
  db: Db,
  around: {
    readonly now: () => Date;
    /** Called after every write with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): SnapshotStore => {
  const { now, probe = () => {} } = around;
  const stores = snapshotCollections(db);
  const { heads, names, changes, versions } = stores;

  /** The committed version. What is not rolled forward yet is laid over what is. */
  const committed = async (connection: ConnectionId): Promise<Versioned> => {
    const head = await heads.read(connection);
    const settled = head?.settled ?? null;
    if (!head || head.rolled === head.version) return { connection, parts: [], settled, version: head?.version ?? 0 };
    return { connection, parts: await versions.parts(connection, head.version), settled, version: head.version };
  };

  return {
    ...snapshotReads(stores, {
      view: committed,
      head: async (connection) => headOf(connection, await heads.read(connection)),
    }),
    begin: async (lease, signature) => {
      const connection = connectionId(lease.key);
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const head = await heads.held(lease);
        if (head.rolled < head.version)
          await rollForward(stores, connection, {
            version: head.version,
            parts: await versions.parts(connection, head.version),
            ...notesOf(head),
          });
        const { taken, resume } = await continued(stores, connection, head, signature);
        if (!(await heads.open(lease, head, { signature, parts: taken }))) continue;
        // Recording starts over, also in a draft that is continued.
        if (head.draft) await changes.forget(connection, head.opened);
        if (head.draft && taken.length === 0) await forgetStaged(stores, connection, allPartsOf(head));
        return openDraft(
          { stores, now, probe },
          {
            lease,
            base: headOf(connection, head),
            version: head.opened + 1,
            taken,
            resume,
            ...notesOf(head),
          },
        );
      }
      throw new StaleFence(`Drafts of ${connection} are opened faster than this one could be.`);
    },
    committedBy: versions.lastBy,
    prune: async (connection, through) => {
      const { version } = await committed(connection);
      const last = await changes.lastThrough(connection, through, version);
      if (last !== null) await heads.notePruned(connection, last);
      await changes.prune(connection, through);
      await versions.prune(connection, through, version);
      await names.merge(connection, wholePartOf(version).last);
    },
    async *changesAbout(connection, person) {
      yield* changes.about(connection, person, (await committed(connection)).version);
    },
    forgetPerson: async (lease, person) => {
      const connection = connectionId(lease.key);
      await heads.held(lease);
      const view = await committed(connection);
      const found = await stores.objects.recall(view, [user(person)], view.version);
      if (found.get(person)?.gone === null) return;
      await changes.forgetPerson(connection, person);
      await names.forgetOwners(connection, new Set([keyOf(user(person))]));
      await stores.members.forgetHolds(connection, person);
      // Last, so that whoever comes after a crash finds them, and does the rest.
      await stores.objects.remove(connection, user(person));
      await probe('snapshot.person_forgotten');
    },
    async *leftBefore(connection, before) {
      const view = await committed(connection);
      yield* stores.objects.leftBefore(view, before, view.version);
    },
    strip: async (lease, people) => {
      const connection = connectionId(lease.key);
      await heads.held(lease);
      const view = await committed(connection);
      const known = [...(await stores.objects.recall(view, people.map(user), view.version)).values()];
      const gone = known.filter(({ left }) => left?.isStripped === false);
      const oldest = await changes.oldest(connection);
      // Mostly they are older than any change that is kept.
      const inChanges = gone.filter(({ version }) => oldest !== null && oldest <= version);
      for (const { object } of inChanges) await changes.forgetPerson(connection, object.ref.id);
      await names.forgetOwners(connection, new Set(gone.map(({ object }) => keyOf(object.ref))));
      // Last, for it is how they are found again if this is broken off.
      await stores.objects.strip(gone, connection);
      await probe('snapshot.stripped');
    },
    erase: (connection) => eraseSnapshot(stores, connection),
  };
};

const mostAttempts = 10;

const notesOf = ({ roster = null, settled = null }: HeadDocument) => ({ roster, settled });

/** The parts of the draft left behind that count, and the place after them. */
const continued = async (
  { batches }: SnapshotCollections,
  connection: ConnectionId,
  { draft, opened }: HeadDocument,
  signature: string,
): Promise<{ readonly taken: readonly Part[]; readonly resume: Resume | null }> => {
  if (draft?.signature !== signature) return { taken: [], resume: null };
  const { first } = wholePartOf(opened);
  const last = await batches.lastPlace(connection, wholePartOf(opened));
  if (last) return { taken: [...draft.parts, { first, last: last.place }], resume: last.resume };
  // It never came to a place of its own: it leaves what it had taken over itself, whose last batch is such a place.
  const before = draft.parts.at(-1);
  const earlier = before && (await batches.lastPlace(connection, before));
  return { taken: draft.parts, resume: earlier?.resume ?? null };
};

const allPartsOf = ({ draft, opened }: HeadDocument): readonly Part[] => [...(draft?.parts ?? []), wholePartOf(opened)];
