/** What every part of one provision run needs. */

import { limitOf } from '../core/guard.ts';
import type { PlannedOperation } from '../core/plan.ts';
import { isProtected, type Shield } from '../core/protection.ts';
import type { Connection } from '../model/connection.ts';
import type { RemoteId, SourceId } from '../model/ids.ts';
import type { MappingRule } from '../model/mapping.ts';
import type { Cause, Link } from '../model/operation.ts';
import type { Exceeded } from '../model/plan.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { ObjectType, Ref, SourceObject } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Lease } from '../store/leases.ts';
import type { Target } from '../target/target.ts';
import type { Creates } from './creates.ts';
import type { Engine } from './engine.ts';
import type { Item } from './gather.ts';
import type { Watch } from './lease-keeper.ts';

export type Provisioning = {
  readonly engine: Engine;
  readonly run: ProvisionRun;
  readonly connection: Connection;
  readonly record: TargetRecord;
  /** Connected when it is first asked something. */
  readonly source: () => Source;
  readonly target: Target;
  readonly lease: Lease;
  readonly watch: Watch;
  /** The version of the snapshot the run brings the target to. */
  readonly through: number;
  /** Who is protected. */
  readonly shield: Shield;
  /** Limits on creates and updates that this run passes: nothing of these kinds is done. */
  readonly exceeded: readonly Exceeded[];
  /** Links a dry run pretends it made; empty otherwise. */
  readonly pretended: Map<SourceId, Link | null>;
  /** Whose each remote object became in this turn; the ledger knows it only once the chunk is settled. */
  readonly claims: Map<RemoteId, SourceId>;
  readonly creates: Creates;
  /** Remote ids as this turn settled them, null for what is gone: what was read ahead may not know them yet. */
  readonly remoteIds: Map<SourceId, RemoteId | null>;
  /** Counts the passes of this turn, see `passOf`. */
  readonly nextPass: () => number;
};

/** Takes a remote object for this source object. False when another one of this turn has it: two people never share an account. */
export const claim = (work: Pick<Provisioning, 'claims'>, remote: RemoteId, id: SourceId): boolean => {
  const owner = work.claims.get(remote) ?? id;
  if (owner === id) work.claims.set(remote, id);
  return owner === id;
};

export const linksOf = async (work: Provisioning, refs: readonly Ref[]): Promise<Map<SourceId, Link>> => {
  const links = new Map(await work.engine.stores.ledger.links(work.record.id, refs));
  if (work.pretended.size === 0) return links;
  for (const { id } of refs) {
    const pretended = work.pretended.get(id);
    if (pretended === null) links.delete(id);
    else if (pretended !== undefined) links.set(id, pretended);
  }
  return links;
};

/** These objects as the snapshot holds them; who is not in it is missing. */
export const objectsOf = async (
  work: Provisioning,
  items: readonly Item[],
): Promise<ReadonlyMap<SourceId, SourceObject>> => {
  const unread = items.filter(({ object }) => object === null).map(({ ref }) => ref);
  const found = unread.length === 0 ? null : await work.engine.stores.snapshots.find(work.run.connection, unread);
  return new Map(
    items.flatMap(({ ref, object }) => {
      const held = object ?? found?.get(ref.id);
      return held === undefined ? [] : [[ref.id, held]];
    }),
  );
};

export const causeOf = (work: Provisioning, { operation, why }: PlannedOperation): Cause => {
  const limit = limitOf(operation.action, why);
  return {
    run: work.run.id,
    connection: work.run.connection,
    version: work.through,
    why,
    limited: limit !== null && work.record.limits[limit] !== null,
  };
};

/** Whether no operation may touch this object, or its account. */
export const isUntouchable = (work: Provisioning, object: SourceObject, remote: RemoteId | null): boolean =>
  isProtected(work.shield, { ref: object.ref, remoteId: remote, object });

export const rulesFor = (work: Provisioning, type: ObjectType): readonly MappingRule[] => work.record.mapping[type];

/** Names one pass over some objects, so that what is planned again, later or after a break, has keys of its own. */
export const passOf = (work: Provisioning): string => `${work.run.id}.${work.lease.fence}.${work.nextPass()}`;
