/**
 * The collection of links, `_id` = target|type|source id. A link that is gone from the target stays as a tombstone (`state: deleted`) with the last
 * state it had: it explains what became of a person, and keeps a late writer from bringing the link back.
 */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { type OperationKey, type RemoteId, remoteId, type SourceId, sourceId, type TargetId } from '../../model/ids.ts';
import { type Link, linkIn, type Outcome, type ValuesByPath } from '../../model/operation.ts';
import type { Attributes, ObjectType, Ref } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { About, Claims, Ended } from '../ledger.ts';
import type { Db } from './connect.ts';
import { batchSize, type Fenced, type FencedWrite, writeFenced } from './fenced-writes.ts';
import { keyset, startsWith } from './keyset.ts';

type LinkDocument = Fenced & {
  readonly target: string;
  readonly type: ObjectType;
  readonly id: string;
  /** Absent only from a tombstone of what never was linked. */
  readonly remoteId?: string;
  readonly by: Link['by'];
  readonly state: Link['state'] | 'deleted';
  readonly since: Date;
  /** Absent from a link that was written before this was noted. */
  readonly hasLeft?: boolean;
  /** JSON: attribute names are the target's, and may hold `$`, `.` or `__proto__`. */
  readonly pushed: string;
  /** The same; null, or absent from a link that was written before this was noted, where nothing is in doubt. */
  readonly mayHold?: string | null;
  /** The same; of nothing where nothing is in doubt: a version of before leaves it as it is. */
  readonly mayHoldToo?: string | null;
  /** Null, or absent from a link that was written before this was noted, where it is not so. */
  readonly looked?: true | null;
  readonly membersSince: number | null;
  readonly membersAt: number | null;
  /** The operation that last changed it. */
  readonly last?: OperationKey;
};

export const name = 'links';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { target: 1, type: 1, remoteId: 1 } },
  { key: { target: 1, type: 1, state: 1, since: 1, _id: 1 } },
];

const live = ['active', 'disabled'] as const;

export const createLinks = (db: Db) => {
  const collection = db.collection<LinkDocument>(name);

  /** Which of these ended already: a link ends once, and by what ended it then. */
  const endedOf = async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
    if (ids.length === 0) return new Set();
    const ended = await collection
      .find({ _id: { $in: [...ids] }, state: 'deleted' }, { projection: { _id: 1 }, batchSize })
      .toArray();
    return new Set(ended.map(({ _id }) => _id));
  };

  return {
    forget: async (target: TargetId, refs: readonly Ref[]): Promise<void> => {
      for (const batch of batches(refs, batchSize))
        await collection.deleteMany({ _id: { $in: batch.map((ref) => idOf(target, ref)) } });
    },
    find: async (target: TargetId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, Link>> => {
      const found = new Map<SourceId, Link>();
      for (const batch of batches(refs, batchSize)) {
        const documents = await collection
          .find({ _id: { $in: batch.map((ref) => idOf(target, ref)) } }, { batchSize })
          .toArray();
        for (const link of documents.flatMap(linkOf)) found.set(link.ref.id, link);
      }
      return found;
    },
    about: async (target: TargetId, refs: readonly Ref[]): Promise<ReadonlyMap<SourceId, AboutLink>> => {
      const found = new Map<SourceId, AboutLink>();
      for (const batch of batches(refs, batchSize)) {
        const ids = batch.map((ref) => idOf(target, ref));
        const documents = await collection.find({ _id: { $in: ids } }, { batchSize }).toArray();
        for (const document of documents) found.set(sourceId(document.id), aboutIn(document));
      }
      return found;
    },
    ownersOf: async (target: TargetId, id: RemoteId): Promise<readonly Ref[]> => {
      const named = { target, type: { $in: ['user', 'group'] }, remoteId: id } as const;
      const documents = await collection
        .find(named, { projection: { type: 1, id: 1 } })
        .limit(mostOwners)
        .toArray();
      return documents.map(refOf);
    },
    ofRemotes: async (target: TargetId, type: ObjectType, ids: readonly RemoteId[]): Promise<Claims> => {
      const links = new Map<RemoteId, Link>();
      const ended: Ended[] = [];
      for (const batch of batches(ids, batchSize)) {
        const documents = await collection
          .find({ target, type, remoteId: { $in: [...batch] } }, { batchSize })
          .toArray();
        for (const document of documents) {
          const { link, former, linkedBy } = aboutIn(document);
          if (link !== null) links.set(link.remoteId, link);
          if (former !== null) ended.push({ ref: refOf(document), former, by: linkedBy });
        }
      }
      return { links, ended: Map.groupBy(ended, ({ former }) => former.remoteId) };
    },
    async *scan(target: TargetId, type: ObjectType, after?: SourceId): AsyncGenerator<readonly Link[]> {
      const all = startsWith(`${target}|${type}|`);
      const from = after === undefined ? all : { ...all, $gt: idOf(target, { type, id: after }) };
      const pages = keyset<LinkDocument>((last, limit) =>
        collection
          .find({ _id: last ? { ...all, $gt: last._id } : from, state: { $in: [...live] } })
          .sort({ _id: 1 })
          .limit(limit)
          .batchSize(limit)
          .toArray(),
      );
      for await (const page of pages) yield page.flatMap(linkOf);
    },
    async *ids(target: TargetId, type: ObjectType): AsyncGenerator<readonly SourceId[]> {
      const prefix = `${target}|${type}|`;
      const all = startsWith(prefix);
      const pages = keyset<{ readonly _id: string }>(
        (last, limit) =>
          collection
            .find({ _id: last ? { ...all, $gt: last._id } : all, state: { $in: [...live] } })
            .project<{ readonly _id: string }>({ _id: 1 })
            .sort({ _id: 1 })
            .limit(limit)
            .batchSize(limit)
            .toArray(),
        batchSize,
      );
      for await (const page of pages) yield page.map(({ _id }) => sourceId(_id.slice(prefix.length)));
    },
    async *disabledBefore(target: TargetId, before: Date): AsyncGenerator<readonly Link[]> {
      for (const type of ['user', 'group'] as const) {
        const disabled = { target, type, state: 'disabled' } as const;
        const pages = keyset<LinkDocument>((last, limit) =>
          collection
            .find({ ...disabled, since: { $lt: before }, ...(last ? after(last) : {}) })
            .sort({ since: 1, _id: 1 })
            .limit(limit)
            .batchSize(limit)
            .toArray(),
        );
        for await (const page of pages) yield page.flatMap(linkOf);
      }
    },
    count: async (target: TargetId): Promise<Readonly<Record<ObjectType, number>>> => {
      const countOf = (type: ObjectType) => collection.countDocuments({ target, type, state: { $in: [...live] } });
      const [user, group] = await Promise.all([countOf('user'), countOf('group')]);
      return { user, group };
    },
    countActive: async (target: TargetId): Promise<Readonly<Record<ObjectType, number>>> => {
      const countOf = (type: ObjectType) => collection.countDocuments({ target, type, state: 'active' });
      const [user, group] = await Promise.all([countOf('user'), countOf('group')]);
      return { user, group };
    },
    write: async (lease: Lease, outcomes: readonly Outcome[]): Promise<void> => {
      // One write per object: the operations of an unordered bulk have no order, and the last outcome is the one that counts.
      const last = new Map(outcomes.filter(isOfLink).map((outcome) => [idOf(lease.key, outcome.ref), outcome]));
      const over = await endedOf([...last].flatMap(([id, outcome]) => (linkIn(outcome) === null ? [id] : [])));
      const writes = [...last].filter(([id]) => !over.has(id)).map(([, outcome]) => writeOf(lease, outcome));
      await writeFenced(db, name, lease, writes);
    },
    membersStarted: async (lease: Lease, groups: readonly Ref[], version: number): Promise<void> => {
      for (const batch of batches(groups, batchSize))
        await collection.updateMany(
          { _id: { $in: batch.map((ref) => idOf(lease.key, ref)) }, f: { $lte: lease.fence }, membersSince: null },
          { $set: { f: lease.fence, membersSince: version } },
        );
    },
    membersPushed: async (lease: Lease, groups: readonly Ref[], version: number): Promise<void> => {
      for (const batch of batches(groups, batchSize))
        await collection.updateMany(
          { _id: { $in: batch.map((ref) => idOf(lease.key, ref)) }, f: { $lte: lease.fence } },
          { $max: { membersAt: version }, $set: { f: lease.fence } },
        );
    },
    /** Forgets tombstones older than this. */
    prune: async (target: TargetId, before: Date): Promise<void> => {
      for (const type of ['user', 'group'] as const)
        await collection.deleteMany({ target, type, state: 'deleted', since: { $lt: before } });
    },
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

type AboutLink = Pick<About, 'link' | 'former' | 'linkedBy'>;
export const neverLinked: AboutLink = { link: null, former: null, linkedBy: null };

/** One remote object is linked to one source object; more were linked to it one after the other. */
const mostOwners = 20;

const aboutIn = (document: LinkDocument): AboutLink => {
  const [link = null] = linkOf(document);
  const former =
    link === null && document.remoteId !== undefined
      ? {
          remoteId: remoteId(document.remoteId),
          by: document.by,
          membersSince: document.membersSince,
          until: document.since,
        }
      : null;
  return { link, former, linkedBy: link || former ? (document.last ?? null) : null };
};

const refOf = ({ type, id }: Pick<LinkDocument, 'type' | 'id'>): Ref => ({ type, id: sourceId(id) });

const idOf = (target: string, ref: Ref): string => `${target}|${ref.type}|${ref.id}`;

const after = (last: LinkDocument) => ({
  $or: [{ since: { $gt: last.since } }, { since: last.since, _id: { $gt: last._id } }],
});

const isOfLink = (outcome: Outcome): boolean => linkIn(outcome) !== undefined;

const writeOf = (lease: Lease, outcome: Outcome): FencedWrite => {
  const link = linkIn(outcome);
  const { ref, action, at, key } = outcome;
  const owner = { target: lease.key, type: ref.type, id: ref.id, last: key };
  const set = link ? { ...owner, ...stateOf(link) } : { ...owner, state: 'deleted', since: at };
  return { id: idOf(lease.key, ref), set, fresh: action === 'create' };
};

const stateOf = (link: Link) => ({
  remoteId: link.remoteId,
  by: link.by,
  state: link.state,
  since: link.since,
  hasLeft: link.hasLeft,
  pushed: JSON.stringify(link.pushed),
  mayHold: link.mayHold === undefined ? null : JSON.stringify(link.mayHold),
  mayHoldToo: link.mayHoldToo === undefined ? null : JSON.stringify(link.mayHoldToo),
  looked: link.looked ?? null,
  membersSince: link.membersSince,
  membersAt: link.membersAt,
});

/** A tombstone is no link. */
const linkOf = (document: LinkDocument): readonly Link[] => {
  if (document.state === 'deleted' || document.remoteId === undefined) return [];
  const pushed: Attributes = JSON.parse(document.pushed);
  const {
    type,
    id,
    by,
    state,
    since,
    hasLeft = false,
    mayHold,
    mayHoldToo,
    looked,
    membersSince,
    membersAt,
  } = document;
  const ref = { type, id: sourceId(id) };
  const told = {
    pushed,
    ...(mayHold ? { mayHold: JSON.parse(mayHold) satisfies Attributes } : {}),
    ...(mayHold && mayHoldToo ? { mayHoldToo: JSON.parse(mayHoldToo) satisfies ValuesByPath } : {}),
    ...(looked ? { looked } : {}),
  };
  return [{ ref, remoteId: remoteId(document.remoteId), by, state, since, hasLeft, ...told, membersSince, membersAt }];
};
