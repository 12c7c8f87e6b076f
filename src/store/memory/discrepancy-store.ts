/** Discrepancies in memory: the same promises as those in MongoDB, for tests and simulations. */

import { batches } from '../../core/batches.ts';
import { nameOf } from '../../core/discrepancies.ts';
import { isFoundAbout } from '../../core/forget.ts';
import {
  type Discrepancy,
  type DiscrepancyKind,
  type DiscrepancyOf,
  discrepancyKinds,
  noDiscrepancies,
  type Reconciliation,
} from '../../model/discrepancy.ts';
import { StaleFence } from '../../model/errors.ts';
import { type RemoteId, type RunId, type TargetId, targetId } from '../../model/ids.ts';
import type { DiscrepancyStore } from '../discrepancy-store.ts';
import type { Lease, LeaseKey } from '../leases.ts';
import { type Keep, keptByNobody } from './backup.ts';

type Row = {
  readonly target: TargetId;
  readonly at: Date;
  readonly found: Map<string, Discrepancy>;
  readonly seen: Map<string, readonly RemoteId[]>;
};

const batchSize = 500;

export const createMemoryDiscrepancyStore = (around: {
  /** The newest fence of a lease; 0 when it was never taken. */
  readonly fenceOf: (key: LeaseKey) => number;
  readonly now: () => Date;
  /** Called after every write with its name, so that a test can stop there. */
  readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  readonly keep?: Keep;
}): DiscrepancyStore => {
  const { fenceOf, now, probe = () => {}, keep = keptByNobody } = around;
  const rows = keep(new Map<RunId, Row>());
  const closed = keep(new Map<RunId, Reconciliation>());

  const held = (lease: Lease, run: RunId): Row => {
    if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
    const row = rows.get(run) ?? { target: targetId(lease.key), at: now(), found: new Map(), seen: new Map() };
    rows.set(run, row);
    return row;
  };
  const inOrder = (run: RunId): readonly (readonly [string, Discrepancy])[] =>
    [...(rows.get(run)?.found ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));

  return {
    note: async (lease, run, found) => {
      const row = held(lease, run);
      for (const one of found) row.found.set(nameOf(one), one);
      await probe('discrepancies.noted');
    },
    drop: async (lease, run, found) => {
      const row = held(lease, run);
      for (const one of found) row.found.delete(nameOf(one));
      await probe('discrepancies.dropped');
    },
    see: async (lease, run, { type, nth }, ids) => {
      held(lease, run).seen.set(`${type}|${nth}`, ids);
      await probe('discrepancies.seen');
    },
    seen: async function* ({ run }, type) {
      for (const [page, ids] of rows.get(run)?.seen ?? []) if (page.startsWith(`${type}|`)) yield ids;
    },
    scan: async function* <K extends DiscrepancyKind>({ run }: { readonly run: RunId }, kind: K) {
      const all = inOrder(run).map(([, one]) => one);
      yield* batches(
        all.filter((one): one is DiscrepancyOf<K> => one.kind === kind),
        batchSize,
      );
    },
    page: async ({ run }, { kind }, after, limit) => {
      const rest = inOrder(run).filter(
        ([name, one]) => (after === null || name > after) && (kind === undefined || one.kind === kind),
      );
      const items = rest.slice(0, limit);
      return { items: items.map(([, one]) => one), next: rest.length > limit ? (items.at(-1)?.[0] ?? null) : null };
    },
    on: async ({ run }, refs) => {
      const found = rows.get(run)?.found;
      return refs.flatMap(({ type, id }) =>
        (['drift', 'missing'] as const).flatMap((kind) => {
          const one = found?.get(`${kind}|${type}|${id}`);
          return one?.kind === 'drift' || one?.kind === 'missing' ? [one] : [];
        }),
      );
    },
    about: async function* (target, person) {
      for (const [run, row] of rows) {
        const about = [...row.found.values()].filter((one) => row.target === target && isFoundAbout(one, person));
        if (about.length > 0) yield about.map((found) => ({ run, found }));
      }
    },
    count: async ({ run }) => {
      const all = [...(rows.get(run)?.found.values() ?? [])];
      const counts = discrepancyKinds.map((kind) => [kind, all.filter((one) => one.kind === kind).length]);
      return { ...noDiscrepancies, ...Object.fromEntries(counts) };
    },
    close: async (lease, reconciliation) => {
      const row = held(lease, reconciliation.run);
      closed.set(reconciliation.run, reconciliation);
      await probe('discrepancies.closed');
      row.seen.clear();
      await probe('discrepancies.forgotten');
    },
    get: async (run) => closed.get(run) ?? null,
    forgetPerson: async (lease, person) => {
      if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
      for (const row of rows.values()) {
        if (row.target !== lease.key) continue;
        row.seen.clear();
        for (const [name, one] of row.found) if (isFoundAbout(one, person)) row.found.delete(name);
      }
      await probe('discrepancies.person_forgotten');
    },
    prune: async (target, before) => {
      for (const [run, row] of rows) if (row.target === target && row.at < before) rows.delete(run);
      for (const [run, one] of closed) if (one.target === target && one.at < before) closed.delete(run);
    },
    erase: async (target) => {
      for (const [run, row] of rows) if (row.target === target) rows.delete(run);
      for (const [run, one] of closed) if (one.target === target) closed.delete(run);
    },
  };
};
