/** The draft in memory. What an earlier holder made durable is kept as batches, so that it can be replayed. */

import { sameAttributes } from '../../core/attributes.ts';
import { readAfter } from '../../core/read-attributes.ts';
import type { Change, ChangePlace, RecordedChange } from '../../model/change.ts';
import { StaleFence } from '../../model/errors.ts';
import type { SourceId } from '../../model/ids.ts';
import type { SourceObject } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { Batch, Committed, Draft, EdgePair, Head, Pair, Remembered } from '../snapshot-store.ts';
import { readsOf } from './snapshot-reads.ts';
import {
  emptyLayer,
  findIn,
  groupsIn,
  inBatches,
  keyOf,
  type Layer,
  lay,
  membersOf,
  scanIn,
  type View,
} from './snapshot-view.ts';

/** Everything about one connection. */
export type Shelf = {
  head: Head;
  /** Counts drafts: the version a draft would commit, and by which a later one knows that it came after. */
  opened: number;
  draft: { readonly signature: string; readonly batches: Batch[] } | null;
  changes: RecordedChange[];
  /** The newest change that was pruned. */
  pruned: ChangePlace | null;
  /** By version with which something changed. Null: nobody said who they are. */
  committers: Map<number, Committed | null>;
  committed: Layer;
};

export type Around = {
  readonly fenceOf: (key: Lease['key']) => number;
  readonly now: () => Date;
  readonly probe: (site: string) => Promise<void> | void;
};

/** `batches`: what is durable of this draft already. */
export const openDraft = (around: Around, shelf: Shelf, lease: Lease, version: number, batches: Batch[]): Draft => {
  const { fenceOf, now, probe } = around;
  const base = shelf.head;
  const view: View = { base: shelf.committed, over: emptyLayer() };
  for (const batch of batches) lay(view, batch, version, now());
  const recorded: RecordedChange[] = [];
  let closed = false;
  let writing: Promise<unknown> = Promise.resolve();

  const assertUsable = (): void => {
    if (closed) throw new StaleFence(`The draft ${version} of ${lease.key} is closed.`);
  };
  const assertOurs = (): void => {
    assertUsable();
    if (fenceOf(lease.key) !== lease.fence || shelf.opened !== version)
      throw new StaleFence(`Another worker took ${lease.key} over, or another draft was opened.`);
  };

  return {
    base,
    resume: batches.findLast(({ resume }) => resume !== null)?.resume ?? null,
    find: async (refs) => {
      await writing;
      return findIn(view, refs);
    },
    holds: async (shown) => {
      await writing;
      const found = findIn(
        view,
        shown.map(({ ref }) => ref),
      );
      return new Set(
        shown.flatMap(({ ref, attributes }) => {
          const stored = found.get(ref.id)?.attributes;
          return stored && sameAttributes(stored, attributes) ? [ref.id] : [];
        }),
      );
    },
    present: async (refs) => new Set(findIn(view, refs).keys()),
    members: (group) => inBatches([...membersOf(view, group).values()]),
    groupsOf: (members) => inBatches(groupsIn(view, members)),
    scan: (type) => inBatches(scanIn(view, type)),
    put: (batch) => {
      const put = async (): Promise<void> => {
        assertOurs();
        await probe('snapshot.staged');
        assertOurs();
        lay(view, batch, version, now());
        batches.push(batch);
        await probe('snapshot.batch');
      };
      const putting = put();
      writing = putting.catch(() => {});
      return putting;
    },
    unseen: () => {
      const seen = new Set(batches.flatMap((batch) => batch.seen.map(keyOf)));
      const all = [...scanIn(view, 'user'), ...scanIn(view, 'group')];
      const known = all.filter(({ ref }) => present(view.base.objects.get(keyOf(ref))));
      return inBatches(known.filter(({ ref }) => !seen.has(keyOf(ref))));
    },
    touched: () => inBatches(pairs(view)),
    touchedMembers: () => inBatches(edgePairs(view)),
    record: async (changes: readonly Change[]) => {
      assertUsable();
      const sequence = recorded.length + 1;
      recorded.push(...changes.map((change, at) => ({ version, sequence: sequence + at, at: now(), change })));
      await probe('snapshot.recorded');
    },
    asCommitted: ({ scope, counts, attributes }) => {
      const head = { ...base, version, counts, scope, attributes: readAfter(base, attributes, true, version) };
      return readsOf(() => ({ head, view, changes: [...shelf.changes, ...recorded], pruned: shelf.pruned }));
    },
    commit: async ({ watermark, counts, full, scope, attributes, by }) => {
      await probe('snapshot.noted');
      assertOurs();
      const at = now();
      shelf.head = {
        connection: base.connection,
        version,
        watermark: watermark === 'keep' ? base.watermark : watermark,
        counts,
        committedAt: at,
        fullAt: full ? at : base.fullAt,
        scope: scope ?? base.scope,
        attributes: attributes === undefined ? base.attributes : readAfter(base, attributes, full, version),
        restored: base.restored,
      };
      shelf.draft = null;
      closed = true;
      shelf.changes.push(...recorded);
      if (recorded.length > 0) shelf.committers.set(version, by === undefined ? null : { ...by, version, at });
      for (const [key, next] of view.over.objects) shelf.committed.objects.set(key, next);
      for (const [group, next] of view.over.members) shelf.committed.members.set(group, next);
      await probe('snapshot.committed');
      await probe('snapshot.rolled');
      return shelf.head;
    },
    discard: async () => {
      assertOurs();
      shelf.draft = null;
      closed = true;
    },
  };
};

const present = (remembered: Remembered | undefined): SourceObject | null =>
  remembered?.gone === null ? remembered.object : null;

const pairs = ({ base, over }: View): readonly Pair[] =>
  [...over.objects].flatMap(([key, next]): readonly Pair[] => {
    const { ref } = next.object;
    const before = present(base.objects.get(key));
    if (next.gone !== null) return before ? [{ ref, before, after: null, why: next.gone }] : [];
    const same = before && sameAttributes(before.attributes, next.object.attributes);
    return same ? [] : [{ ref, before, after: next.object }];
  });

const edgePairs = ({ base, over }: View): readonly EdgePair[] =>
  [...over.members].flatMap(([group, next]) => {
    const before = base.members.get(group) ?? new Map<SourceId, never>();
    const added = [...next.values()].filter(({ id }) => !before.has(id));
    const removed = [...before.values()].filter(({ id }) => !next.has(id));
    return added.length + removed.length > 0 ? [{ group, added, removed }] : [];
  });
