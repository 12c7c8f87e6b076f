/** The port of discrepancies: what reconcile runs found, and what they came to. Written under the target's lease, kept as long as runs are. */

import type { Discrepancy, DiscrepancyKind, DiscrepancyOf, Reconciliation } from '../model/discrepancy.ts';
import type { RemoteId, RunId, SourceId, TargetId } from '../model/ids.ts';
import type { ObjectType, Ref } from '../model/source-object.ts';
import type { Lease } from './leases.ts';
import type { Page } from './snapshot-store.ts';

export type FoundBy = { readonly target: TargetId; readonly run: RunId };

/** What one run found about somebody. */
export type FoundAbout = { readonly run: RunId; readonly found: Discrepancy };

export interface DiscrepancyStore {
  /** The same discrepancy is kept once: the last word counts. Throws `StaleFence`. */
  note(lease: Lease, run: RunId, found: readonly Discrepancy[]): Promise<void>;
  /** These turned out to be none. Throws `StaleFence`. */
  drop(lease: Lease, run: RunId, found: readonly Discrepancy[]): Promise<void>;
  /** Whom one page of a list showed. The same page again takes its place. Throws `StaleFence`. */
  see(
    lease: Lease,
    run: RunId,
    page: { readonly type: ObjectType; readonly nth: number },
    ids: readonly RemoteId[],
  ): Promise<void>;
  /** Everybody who was shown, in batches; somebody may be in it twice. */
  seen(by: FoundBy, type: ObjectType): AsyncIterable<readonly RemoteId[]>;

  /** In an order of their own, in which those on one object stand together. */
  scan<K extends DiscrepancyKind>(by: FoundBy, kind: K): AsyncIterable<readonly DiscrepancyOf<K>[]>;
  /** A page; `kind` narrows it. */
  page(
    by: FoundBy,
    filter: { readonly kind?: DiscrepancyKind },
    after: string | null,
    limit: number,
  ): Promise<Page<Discrepancy>>;
  /** Drift of these objects, and which of them are missing. */
  on(by: FoundBy, refs: readonly Ref[]): Promise<readonly DiscrepancyOf<'drift' | 'missing'>[]>;
  /** What runs at a target found about somebody, also as a member, in batches. */
  about(target: TargetId, person: SourceId): AsyncIterable<readonly FoundAbout[]>;
  count(by: FoundBy): Promise<Reconciliation['counts']>;

  /** What the run came to; whom its lists showed is forgotten. Throws `StaleFence`. */
  close(lease: Lease, reconciliation: Reconciliation): Promise<void>;
  /** Null: it is not over, or not kept any more. */
  get(run: RunId): Promise<Reconciliation | null>;
  /** Removes what was found about somebody, and whom lists showed in runs that came to no end. Only while none is under way. Throws `StaleFence`. */
  forgetPerson(lease: Lease, person: SourceId): Promise<void>;
  /** Removes what was found before this. */
  prune(target: TargetId, before: Date): Promise<void>;
  erase(target: TargetId): Promise<void>;
}
