/** What every part of one provision run needs. */

import { countsAgainstLimits } from '../core/approvals.ts';
import { limitOf } from '../core/guard.ts';
import type { PlannedOperation } from '../core/plan.ts';
import { coverOf, isByLooks, type Shield } from '../core/protection.ts';
import type { Connection } from '../model/connection.ts';
import type { PlanId, RemoteId, RunId, SourceId } from '../model/ids.ts';
import type { Mapping, MappingRule } from '../model/mapping.ts';
import type { Cause, Evidence, Link, ReadKind } from '../model/operation.ts';
import type { Exceeded, Plan } from '../model/plan.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { ObjectType, Ref, Remembered, SourceObject } from '../model/source-object.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Lease } from '../store/leases.ts';
import type { Target } from '../target/target.ts';
import { type Aim, keptAim, planOf } from './aim.ts';
import type { Creates } from './creates.ts';
import type { Engine } from './engine.ts';
import type { FirstMembers } from './first-members.ts';
import type { Item } from './gather.ts';
import type { Watch } from './lease-keeper.ts';
import type { Reached } from './prove-reach.ts';
import type { Names } from './same-names.ts';
import type { Place, Wave } from './tally.ts';
import type { WriteRoom } from './write-room.ts';

/** What a target shows of a link. `link`: as it is shown, null when the account is gone, or is not ours. `isNews`: the record says otherwise, or nobody knows (`isHidden`). */
export type Sight = { readonly link: Link | null; readonly isNews: boolean; readonly isHidden?: true };
export type Sights = Map<SourceId, Sight>;

/** Who is in each protected group. */
export type Guarded = ReadonlyMap<SourceId, readonly Ref[]>;

/** Who came into a group, and who left it. */
export type Moved = { readonly joined: Set<SourceId>; readonly left: Set<SourceId> };

export type Provisioning = {
  readonly engine: Engine;
  readonly run: ProvisionRun;
  readonly connection: Connection;
  readonly record: TargetInForce;
  /** Its mapping, by which nothing is cleared that was not read. */
  readonly mapping: Mapping;
  /** Connected when it is first asked something. */
  readonly source: () => Source;
  readonly target: Target;
  /** Whether it takes groups, as it said when each turn of the run began: it may learn otherwise in the middle of one. */
  readonly takesGroups: boolean;
  readonly lease: Lease;
  readonly watch: Watch;
  /** The version of the snapshot the run brings the target to. */
  readonly through: number;
  /** So many people and groups the snapshot holds. */
  readonly objects: number;
  /** Who is protected. */
  readonly shield: Shield;
  /** Who is in the protected groups, as far as that is known. */
  readonly guarded: Guarded;
  /** Of which protected groups the source said who is in them. */
  readonly askedGroups: readonly SourceId[];
  /** The plan this run makes, should it make one. */
  readonly planId: PlanId;
  /** That plan, where an earlier turn has written it down and ended before the run did. */
  readonly written: Plan | null;
  readonly aim: Aim;
  /** The rules and the scope it goes by; should they change meanwhile, it does not go on. */
  readonly rules: string;
  /** Which system it writes to, and whether that was proved to be the one of its links. */
  readonly reach: string | null;
  readonly reached: Reached;
  /** By what somebody had let the target be written to when the run began. */
  readonly accepted: string | null;
  /** Limits on creates and updates that this run passes: nothing of these kinds is done, or nothing more once it is found to. */
  readonly exceeded: Exceeded[];
  readonly writeRoom: WriteRoom;
  /** Whose each remote object became in this turn; the ledger knows it only once the chunk is settled. */
  readonly claims: Map<RemoteId, SourceId>;
  readonly names: Names;
  readonly creates: Creates;
  /**
   * Of a repair: links as the target holds them now, where something was found about them. Of a run that plans what may be another system: those that it
   * shows as ours. Null in any other run.
   */
  readonly asHeld: ((links: ReadonlyMap<SourceId, Link>) => Promise<Map<SourceId, Link>>) | null;
  /** Remote ids as this turn settled them, null for what is gone: what was read ahead may not know them yet. */
  readonly remoteIds: Map<SourceId, RemoteId | null>;
  /** Remote ids that this turn asked for because a refusal named them. */
  readonly askedFor: Set<RemoteId>;
  /** The sync runs that committed versions, as far as they were asked for. */
  readonly reads: Map<number, Read | null>;
  /** What the target showed of those who are linked, where the links are older than it is, or may be of another system; null: they are not. */
  readonly sights: Sights | null;
  /** By group, who came into it and who left it since the target was brought to its version. */
  readonly moved: (signal: AbortSignal) => Promise<ReadonlyMap<SourceId, Moved>>;
  /** Whether this run looks at everybody, and once all accounts are there at who they report to. */
  readonly looksAtAll: boolean;
  /** Whom this turn put into groups of which not everybody was put in yet. */
  readonly firstMembers: FirstMembers;
  /** Counts the passes of this turn, see `passOf`. */
  readonly nextPass: () => number;
};

/** A sync run that committed a version. */
export type Read = { readonly version: number; readonly run: RunId; readonly kind: ReadKind | null; readonly at: Date };

/** Takes a remote object for this source object. False when another one of this turn has it: two people never share an account. */
export const claim = (work: Pick<Provisioning, 'claims'>, remote: RemoteId, id: SourceId): boolean => {
  const owner = work.claims.get(remote) ?? id;
  if (owner === id) work.claims.set(remote, id);
  return owner === id;
};

/** Nothing is written to the target, nor down about it, but what it shows of whoever is away, where it comes out that there is nothing to plan. */
export const isDry = ({ aim }: Pick<Provisioning, 'aim'>): boolean => aim.kind === 'plan';

/** The links as they would be, once what is planned so far was done. */
export const linksOf = (work: Provisioning, refs: readonly Ref[]): Promise<Map<SourceId, Link>> =>
  withPlanned(work, refs, (others) => linksNow(work, others));

/** With what is planned so far laid over them: of whom that tells, nobody is asked. */
export const withPlanned = async (
  work: Provisioning,
  refs: readonly Ref[],
  linksBefore: (refs: readonly Ref[]) => Promise<Map<SourceId, Link>>,
): Promise<Map<SourceId, Link>> => {
  if (!isDry(work)) return await linksBefore(refs);
  const steps = await work.engine.stores.plans.steps(
    { target: work.record.id, id: work.planId },
    refs.map((ref) => ({ ref, step: 'object' })),
  );
  const planned = new Map(
    steps.flatMap(({ operation, link }) => (link === undefined ? [] : [[operation.ref.id, link] as const])),
  );
  const links = await linksBefore(refs.filter(({ id }) => !planned.has(id)));
  for (const [id, link] of planned) if (link !== null) links.set(id, link);
  return links;
};

export const linksNow = async (work: Provisioning, refs: readonly Ref[]): Promise<Map<SourceId, Link>> =>
  await believed(work, await work.engine.stores.ledger.links(work.record.id, refs));

/** Of links that are on record those that this run goes by. */
export const believed = async (
  { asHeld }: Pick<Provisioning, 'asHeld'>,
  links: ReadonlyMap<SourceId, Link>,
): Promise<Map<SourceId, Link>> => (asHeld === null ? new Map(links) : await asHeld(links));

/** The beginning of a wave, as the place to continue from. */
export const placeAt = (
  { through, exceeded, aim, planId, rules, reach, accepted }: Provisioning,
  wave: Wave,
): Place => ({
  through,
  wave,
  after: null,
  exceeded,
  aim: keptAim(aim),
  plan: planId,
  rules,
  reach,
  accepted,
});

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

type Reasoned = { readonly planned: PlannedOperation; readonly released?: PlanId; readonly evidence?: Evidence };

export const causeOf = (work: Provisioning, { planned: { operation, why }, released, evidence }: Reasoned): Cause => {
  const limit = limitOf({ action: operation.action, type: operation.ref.type, why });
  return {
    run: work.run.id,
    connection: work.run.connection,
    version: work.through,
    why,
    limited:
      limit !== null &&
      work.record.limits[limit] !== null &&
      countsAgainstLimits(released === undefined ? null : planOf(work.aim), work.record.approvals),
    plan: released ?? null,
    evidence: evidence ?? null,
  };
};

/** What these look like, or last looked like; asked only where looks protect. */
export const looksOf = async (
  { engine, run, shield }: Pick<Provisioning, 'engine' | 'run' | 'shield'>,
  refs: readonly Ref[],
): Promise<ReadonlyMap<SourceId, Remembered>> =>
  isByLooks(shield) ? await engine.stores.snapshots.recall(run.connection, refs) : new Map();

/** Whether no operation may touch this object of the snapshot, or its account. */
export const isUntouchable = (work: Provisioning, object: SourceObject, remote: RemoteId | null): boolean =>
  coverOf(work.shield, { ref: object.ref, remoteId: remote, seen: { object, gone: null, version: work.through } }) ===
  'protected';

export const rulesFor = (work: Provisioning, type: ObjectType): readonly MappingRule[] => work.mapping[type];

/** Names one pass over some objects, so that what is planned again, later or after a break, has keys of its own. */
export const passOf = (work: Provisioning): string => `${work.run.id}.${work.lease.fence}.${work.nextPass()}`;
