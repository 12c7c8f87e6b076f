/**
 * The collection of changes, `_id` = connection|version|sequence of the last change in it: many changes to a document, as one text, for they are
 * written once, read in order and never changed. Changes of versions that were never committed may lie between the others, and are never read.
 */

import { changeAbout, changeWithout } from '../../core/forget.ts';
import { type Change, type ChangePlace, isBefore, type RecordedChange } from '../../model/change.ts';
import type { ConnectionId, SourceId } from '../../model/ids.ts';
import type { ChangesPage } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { holding, stretchesOf, within } from './holding.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Versions } from './versions.ts';

type ChangesDocument = {
  readonly _id: string;
  readonly version: number;
  /** Sequence of the first change. */
  readonly first: number;
  readonly at: Date;
  readonly changes: string;
};

const name = 'changes';
const mostChanges = 100;
const mostCharacters = 500_000;
/** Documents are read or written so many at once. */
const chunkSize = 20;
/** So many documents are searched for somebody in one command: of 100 changes each, which takes some tenths of a second. */
const stretchSize = 500;

export const createChanges = (db: Db, versions: Versions, size = stretchSize) => {
  const collection = db.collection<ChangesDocument>(name);

  /** Changes from one id to another, committed ones only. */
  async function* read(
    connection: ConnectionId,
    after: string,
    through: string,
    head: number,
  ): AsyncGenerator<readonly RecordedChange[]> {
    const pages = keyset<ChangesDocument>(
      (last, limit) =>
        collection
          .find({ _id: { $gt: last?._id ?? after, $lte: through } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      chunkSize,
    );
    for await (const page of pages)
      for (const document of await committedOf(connection, page, head)) yield recordedIn(document);
  }

  /** Documents in which somebody is, as many at once as are read well together. */
  async function* naming(connection: ConnectionId, person: SourceId): AsyncGenerator<readonly ChangesDocument[]> {
    const theirs = startsWith(`${connection}|`);
    for await (const { after, through } of stretchesOf(db, name, theirs, size))
      yield* keyset<ChangesDocument>(
        (last, limit) =>
          collection
            .find({
              _id: { ...theirs, ...within({ after: last?._id ?? after, through }) },
              changes: holding(person),
            })
            .sort({ _id: 1 })
            .limit(limit)
            .toArray(),
        chunkSize,
      );
  }

  /** Of these, what was committed. `head` counts as committed: its note may not say so yet. */
  const committedOf = async (
    connection: ConnectionId,
    page: readonly ChangesDocument[],
    head: number,
  ): Promise<readonly ChangesDocument[]> => {
    const committed = await versions.whichCommitted(connection, [...new Set(page.map(({ version }) => version))]);
    return page.filter(({ version }) => committed.has(version) || version === head);
  };

  return {
    /** `first`: the sequence of the first of them. */
    insert: async (
      connection: ConnectionId,
      version: number,
      first: number,
      changes: readonly Change[],
      at: Date,
    ): Promise<void> => {
      let documents: ChangesDocument[] = [];
      const flush = async (): Promise<void> => {
        if (documents.length > 0) await collection.insertMany(documents, { ordered: false });
        documents = [];
      };
      let sequence = first;
      for (const packed of pack(changes)) {
        const last = sequence + packed.length - 1;
        const text = `[${packed.join(',')}]`;
        documents.push({ _id: idOf(connection, version, last), version, first: sequence, at, changes: text });
        sequence = last + 1;
        if (documents.length >= chunkSize) await flush();
      }
      await flush();
    },

    between: (
      connection: ConnectionId,
      after: number,
      through: number,
      head: number,
    ): AsyncIterable<readonly RecordedChange[]> =>
      read(connection, idOf(connection, after, mostSequence), idOf(connection, through, mostSequence), head),

    page: async (
      connection: ConnectionId,
      after: ChangePlace | null,
      limit: number,
      head: number,
    ): Promise<Omit<ChangesPage, 'pruned'>> => {
      const items: RecordedChange[] = [];
      const from = after === null ? `${connection}|` : idOf(connection, after.version, after.sequence);
      for await (const changes of read(connection, from, idOf(connection, head, mostSequence), head)) {
        items.push(...changes.filter((each) => after === null || isBefore(after, each)));
        if (items.length > limit) break;
      }
      return { items: items.slice(0, limit), hasMore: items.length > limit };
    },
    /** The newest committed change up to a version. */
    lastThrough: async (connection: ConnectionId, through: number, head: number): Promise<ChangePlace | null> => {
      let before = idOf(connection, through, mostSequence);
      for (;;) {
        const found = await collection
          .find({ _id: { $gt: `${connection}|`, $lte: before } }, { projection: { changes: 0 } })
          .sort({ _id: -1 })
          .limit(chunkSize)
          .toArray();
        const committed = await versions.whichCommitted(connection, [...new Set(found.map(({ version }) => version))]);
        const last = found.find(({ version }) => committed.has(version) || version === head);
        if (last !== undefined) return placeIn(last);
        const next = found.at(-1);
        if (next === undefined || found.length < chunkSize) return null;
        before = idOf(connection, next.version, next.first - 1);
      }
    },

    /** The version of the oldest that are kept. */
    oldest: async (connection: ConnectionId): Promise<number | null> => {
      const first = await collection.findOne(
        { _id: startsWith(`${connection}|`) },
        { sort: { _id: 1 }, projection: { version: 1 } },
      );
      return first?.version ?? null;
    },
    /** Those of a version that will never be committed. */
    forget: async (connection: ConnectionId, version: number): Promise<void> => {
      await collection.deleteMany({
        _id: { $gt: idOf(connection, version, 0), $lte: idOf(connection, version, mostSequence) },
      });
    },
    /** Of somebody, and of members as far as it is them; committed ones only. */
    async *about(connection: ConnectionId, person: SourceId, head: number): AsyncGenerator<readonly RecordedChange[]> {
      for await (const page of naming(connection, person)) {
        const recorded = (await committedOf(connection, page, head)).flatMap(recordedIn).flatMap((one) => {
          const change = changeAbout(one.change, person);
          return change === null ? [] : [{ ...one, change }];
        });
        if (recorded.length > 0) yield recorded;
      }
    },
    /** Each of the others keeps its sequence. */
    forgetPerson: async (connection: ConnectionId, person: SourceId): Promise<void> => {
      for await (const page of naming(connection, person))
        for (const { _id, changes } of page) {
          const read: readonly (Change | null)[] = JSON.parse(changes);
          const kept = read.map((change) => change && changeWithout(change, person));
          await collection.updateOne({ _id }, { $set: { changes: JSON.stringify(kept) } });
        }
    },
    prune: async (connection: ConnectionId, through: number): Promise<void> => {
      await collection.deleteMany({
        _id: { $gt: `${connection}|`, $lte: idOf(connection, through, mostSequence) },
      });
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Changes = ReturnType<typeof createChanges>;

/** Texts of changes, as many to a document as are read well together. */
function* pack(changes: readonly Change[]): Generator<readonly string[]> {
  let texts: string[] = [];
  let characters = 0;
  for (const change of changes) {
    const text = JSON.stringify(change);
    if (texts.length >= mostChanges || (texts.length > 0 && characters + text.length > mostCharacters)) {
      yield texts;
      texts = [];
      characters = 0;
    }
    texts.push(text);
    characters += text.length;
  }
  if (texts.length > 0) yield texts;
}

const recordedIn = ({ version, first, at, changes }: ChangesDocument): readonly RecordedChange[] => {
  // Null holds the place of what is forgotten.
  const read: readonly (Change | null)[] = JSON.parse(changes);
  return read.flatMap((change, offset) => (change === null ? [] : [{ version, sequence: first + offset, at, change }]));
};

/** Its id ends with it. */
const placeIn = ({ _id, version }: Pick<ChangesDocument, '_id' | 'version'>): ChangePlace => ({
  version,
  sequence: Number(_id.slice(_id.lastIndexOf('|') + 1)),
});

const mostSequence = 9_999_999_999;
const padded = (number: number): string => String(number).padStart(10, '0');
const cursorOf = ({ version, sequence }: { readonly version: number; readonly sequence: number }): string =>
  `${padded(version)}|${padded(sequence)}`;
const idOf = (connection: ConnectionId, version: number, sequence: number): string =>
  `${connection}|${cursorOf({ version, sequence })}`;
