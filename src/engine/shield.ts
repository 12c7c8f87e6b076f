/**
 * Looks up who is protected at a target, for one turn of a run. Of a protected group the snapshot says who is in it, where the snapshot holds all of that,
 * and shows somebody in each of its groups; else the source is asked. A group of which nobody can say it leaves everybody in doubt, and nothing is taken away
 * from whoever is in doubt.
 */

import { isByLooks, isUnsure, type Shield, shield, type Unreadable } from '../core/protection.ts';
import type { Connection } from '../model/connection.ts';
import { SourceError, type SourceFault } from '../model/errors.ts';
import type { SourceId } from '../model/ids.ts';
import type { HeldProblem } from '../model/run.ts';
import { scopeKey } from '../model/scope.ts';
import { group as groupRef, type Ref, type Standing, user as userRef } from '../model/source-object.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import type { Gathered } from './gather.ts';
import { inThemWhenTheyWent, membersBelow, type Went } from './lost-groups.ts';
import { owePassedBy } from './owed-looks.ts';
import type { Guarded, Provisioning } from './provisioning.ts';
import { unnoticedLeavings } from './unnoticed.ts';

/** With who is protected, as the tenant says now. */
export const shieldedFor = async (work: Provisioning, gathered: Gathered): Promise<Provisioning> => {
  const { engine, connection, record, source, watch } = work;
  const asks = { source, signal: watch.signal };
  return { ...work, ...(await raiseShield({ stores: engine.stores, connection, record, gathered, asks })) };
};

export type Raised = {
  readonly shield: Shield;
  readonly guarded: Guarded;
  /** Of which protected groups the source said who is in them. */
  readonly askedGroups: readonly SourceId[];
};

type Around = {
  readonly stores: Pick<Stores, 'snapshots' | 'ledger'>;
  readonly connection: Pick<Connection, 'scope'>;
  readonly record: Pick<TargetInForce, 'id' | 'connection' | 'protected' | 'looserFrom'>;
  readonly gathered: Pick<Gathered, 'edges'>;
  /** Null where nobody is to be asked: then who was in a group when a run last asked is believed. */
  readonly asks: { readonly source: () => Source; readonly signal: AbortSignal } | null;
};

/**
 * Who is in a protected group counts as of now, and who left it among the changes that this run is the first to notice: whoever emptied the group by
 * mistake, or left it together with the tenant, must not lose the protection in the same breath. Who was in it when a run last looked, or as the snapshot
 * has it, and left the tenant since, stays in it: nobody can be asked about them any more.
 */
export const raiseShield = async (around: Around): Promise<Raised> => {
  const { stores, record } = around;
  const { groups } = record.protected;
  // Where ids alone protect, nothing has to be known of the snapshot.
  if (groups.length === 0 && !isByLooks(shield(record.protected, new Set())))
    return { shield: shield(record.protected, new Set()), guarded: new Map(), askedGroups: [] };
  const head = await stores.snapshots.head(record.connection);
  const members = new Set<SourceId>(groups);
  const guarded = new Map<SourceId, readonly Ref[]>();
  const unreadable: Unreadable[] = [];
  const askedGroups: SourceId[] = [];
  const remembered = groups.length === 0 ? new Map() : await stores.ledger.guarded(record.id);
  const leavings: Gathered['edges'] =
    groups.length === 0 ? new Map() : await unnoticedLeavings(stores.ledger, record.id, around.gathered.edges);
  for (const group of groups) {
    const before: readonly Ref[] | undefined = remembered.get(group);
    const now = await everyoneNow(around, head, group, before);
    const everyone = 'why' in now ? [] : now.everyone;
    const listed = new Set(everyone.map(({ id }) => id));
    const held = 'why' in now ? [] : now.held;
    const known = [...(before ?? []), ...held, ...(await lostBy(around, head, leavings, group, everyone))];
    const lost = [...new Map(known.map((ref) => [ref.id, ref])).values()].filter(({ id }) => !listed.has(id));
    for (const { id } of [...everyone, ...lost]) members.add(id);
    if ('why' in now) unreadable.push({ group, why: now.why });
    else guarded.set(group, [...everyone, ...(await stillIn(around, group, now.by, lost))]);
    if ('by' in now && now.by === 'source') askedGroups.push(group);
  }
  return { shield: shield(record.protected, members, { read: head.attributes, unreadable }), guarded, askedGroups };
};

/** `held`: whom the snapshot holds in it, where somebody else said who is. */
type Everyone =
  | {
      readonly everyone: readonly Ref[];
      readonly held: readonly Ref[];
      readonly by: 'snapshot' | 'source' | 'memory';
    }
  | { readonly why: string };

const everyoneNow = async (
  { stores: { snapshots }, connection: { scope }, record, asks }: Around,
  head: Head,
  group: SourceId,
  before: readonly Ref[] | undefined,
): Promise<Everyone> => {
  // Without nesting the members of member groups are in the snapshot only by chance.
  const isWhole =
    head.scope === scopeKey(scope) &&
    (scope.kind === 'all' || scope.nested) &&
    (await snapshots.find(record.connection, [groupRef(group)])).size > 0;
  const shown =
    isWhole || asks !== null ? await shownIn(snapshots, record.connection, group) : { everyone: [], empty: [] };
  if (isWhole && shown.empty.length === 0) return { everyone: shown.everyone, held: [], by: 'snapshot' };
  if (asks === null)
    return before === undefined ? { why: 'no run has asked for it yet' } : { everyone: before, held: [], by: 'memory' };
  try {
    const source = asks.source();
    // Empty groups are everywhere, so that just they are asked for, where the snapshot shows the rest.
    const others = isWhole ? await source.everyoneIn(shown.empty, asks.signal) : null;
    if (others !== null)
      return { everyone: [...shown.everyone, ...others.filter(isNotIn(shown.everyone))], held: [], by: 'source' };
    const everyone = await source.everyoneIn([group], asks.signal);
    return everyone === null
      ? { why: 'the tenant has no such group' }
      : { everyone, held: shown.everyone, by: 'source' };
  } catch (error) {
    if (!(error instanceof SourceError) || ofTheTenant.includes(error.fault)) throw error;
    return { why: error.message };
  }
};

/** Who went from the group, or from the groups in it, by these changes; and with a group that went, everybody who was in it by then. */
const lostBy = async (
  { stores: { snapshots }, record }: Around,
  head: Head,
  leavings: Gathered['edges'],
  group: SourceId,
  everyone: readonly Ref[],
): Promise<readonly Ref[]> => {
  const lost = new Map<SourceId, Ref>();
  const groups = new Set([group, ...everyone.filter(({ type }) => type === 'group').map(({ id }) => id)]);
  const went: Went[] = [];
  for (const each of groups)
    for (const { member, version } of leavings.get(each) ?? []) {
      lost.set(member.id, member);
      if (member.type === 'user') continue;
      groups.add(member.id);
      went.push({ group: member.id, version });
    }
  for (const ref of await inThemWhenTheyWent(snapshots, record.connection, went, head.version)) lost.set(ref.id, ref);
  return [...lost.values()];
};

/**
 * Who is in it still, though it does not show them. Nobody is out of it because no list shows them: the tenant is asked by another index. A list may show a
 * part of what it holds, with every sign of success; and whoever was recycled is in none, as if they had left it, while the snapshot has them out of the
 * scope for that or, where users were read before that and groups after it, has them still.
 */
const stillIn = async (
  { stores: { snapshots }, record, asks }: Around,
  group: SourceId,
  by: 'snapshot' | 'source' | 'memory',
  lost: readonly Ref[],
): Promise<readonly Ref[]> => {
  if (asks === null || lost.length === 0) return lost;
  // Whoever left the tenant, as the snapshot knows, stays in it: nobody can be asked about them any more.
  const seen = by === 'source' ? null : await snapshots.recall(record.connection, lost);
  const asked = lost.filter(({ id }) => (seen?.get(id)?.gone ?? 'out_of_scope') === 'out_of_scope');
  const standings = await standingsIn([group], asked, asks);
  return lost.filter(({ id }) => standings.get(id) !== 'out_of_scope');
};

/** As members of these groups, also by groups in them. */
const standingsIn = async (
  groups: readonly SourceId[],
  refs: readonly Ref[],
  { source, signal }: NonNullable<Around['asks']>,
): Promise<ReadonlyMap<SourceId, Standing>> =>
  refs.length === 0 ? new Map() : await source().confirm(refs, { kind: 'groups', groups, nested: true }, signal);

const mayBeIn = (standing: Standing | undefined): boolean => standing !== 'out_of_scope' && standing !== 'gone';

/**
 * Of whom something is to be taken away, and who is in a protected group after all, or may be: asked right before, of another index than the list that
 * does not show them.
 */
export const guardedAfterAll = async (
  { askedGroups, source, watch }: Provisioning,
  refs: readonly Ref[],
): Promise<ReadonlyMap<SourceId, 'protected' | 'unknown'>> => {
  if (askedGroups.length === 0) return new Map();
  const standings = await standingsIn(askedGroups, refs, { source, signal: watch.signal });
  return new Map(
    refs.flatMap(({ id }) => {
      const standing = standings.get(id);
      if (!mayBeIn(standing)) return [];
      return [[id, standing === 'present' || standing === 'disabled' ? 'protected' : 'unknown']];
    }),
  );
};

const isNotIn = (refs: readonly Ref[]): ((ref: Ref) => boolean) => {
  const ids = new Set(refs.map(({ id }) => id));
  return ({ id }) => !ids.has(id);
};

/** About the tenant as a whole: the run waits, or the connection is held back. */
const ofTheTenant: readonly SourceFault[] = ['throttled', 'unavailable', 'unauthorized'];

/**
 * As the snapshot has it. `empty`: of which groups it shows nobody. Such a group may be empty; or it hid its members from the read, or whoever answered
 * for them did not know the group yet.
 */
const shownIn = async (
  snapshots: Stores['snapshots'],
  connection: TargetRecord['connection'],
  group: SourceId,
): Promise<{ readonly everyone: readonly Ref[]; readonly empty: readonly SourceId[] }> => {
  const within = await membersBelow(snapshots, connection, [group]);
  const everyone = new Map([...within.values()].flatMap((members) => [...members]));
  return { everyone: [...everyone.values()], empty: [...within].flatMap(([id, { size }]) => (size === 0 ? [id] : [])) };
};

/** So many are remembered of one group; a larger one is protected all the same, as far as the tenant shows who is in it. */
const mostRemembered = 20_000;

/**
 * Notes who is in the protected groups, so that whoever leaves the tenant from among them is known to have been. Only at the end of a run: through the
 * run, who went from a group is protected still. `isHeld`: what the run found is found again by the next one, and so must they be.
 */
export const rememberGuarded = async (work: Provisioning, isHeld: boolean): Promise<void> => {
  const { stores } = work.engine;
  const { id, connection, protected: protection } = work.record;
  if (protection.groups.length === 0) return;
  const before = await stores.ledger.guarded(id);
  const next = new Map<SourceId, readonly Ref[]>();
  const stay = new Set<SourceId>(protection.groups);
  for (const group of protection.groups) {
    const now = work.guarded.get(group);
    const were = now === undefined || isHeld ? (before.get(group) ?? []) : [];
    const all = [...new Map([...were, ...(now ?? [])].map((ref) => [ref.id, ref])).values()];
    // Whoever is neither in the snapshot nor linked has nothing to lose.
    const present = await stores.snapshots.find(connection, all);
    const linked = await stores.ledger.links(id, all);
    const kept = all.filter((ref) => present.has(ref.id) || linked.has(ref.id));
    for (const ref of kept) stay.add(ref.id);
    if (kept.length <= mostRemembered)
      next.set(
        group,
        kept.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
    else
      work.engine.world.log.warn('protection.too_large', { run: work.run.id, target: id, group, members: kept.length });
  }
  // First, for whoever was left alone is found only by whom this says.
  if (!isHeld && (await isAnyPassedBy(work, work.shield.members.difference(stay)))) await owePassedBy(work);
  if (!sameMembers(before, next)) await stores.ledger.noteGuarded(work.lease, next);
};

/** Of these, whoever has an account, or is to have one: nobody else is owed anything. */
const isAnyPassedBy = async ({ engine, record }: Provisioning, ids: ReadonlySet<SourceId>): Promise<boolean> => {
  if (ids.size === 0) return false;
  const { ledger, snapshots } = engine.stores;
  const refs = [...ids].flatMap((id) => [userRef(id), groupRef(id)]);
  return (await ledger.links(record.id, refs)).size > 0 || (await snapshots.find(record.connection, refs)).size > 0;
};

const sameMembers = (a: Guarded, b: Guarded): boolean =>
  a.size === b.size &&
  [...a].every(([group, members]) => {
    const others = b.get(group);
    return others?.length === members.length && members.every(({ id }, nth) => others[nth]?.id === id);
  });

/** What a run says that took nothing away because it is not known who is protected; null where it is known. */
export const doubtProblem = ({ shield }: Pick<Provisioning, 'shield'>): HeldProblem | null => {
  if (!isUnsure(shield)) return null;
  const groups = shield.unreadable.map(({ group, why }) => `the members of the group ${group} are not known (${why})`);
  const attributes = (['user', 'group'] as const).flatMap((type) =>
    shield.needed[type].filter((name) => !shield.read[type].has(name)).map((name) => `${name} of each ${type}`),
  );
  const unread =
    attributes.length === 0 ? [] : [`${attributes.join(', ')} is not read yet, and comes with the next sync`];
  return {
    code: 'protection_unknown',
    message: `It is not known who is protected at this target: ${[...groups, ...unread].join('; ')}. Nothing was taken away from anybody who may be.`,
    owner: 'your_team',
  };
};
