/**
 * Asks the source again, right before something is taken away. What it contradicts stays. Whom it does not know, though they were there a short while
 * ago, is asked about a second time, for one absence may be that of a replica that is behind.
 */

import { type Absence, isAbsent, isLookStale, isProven } from '../core/absence.ts';
import type { PlannedOperation } from '../core/plan.ts';
import { isToBeOff, type OffBy, offBy } from '../core/switch.ts';
import type { SourceId } from '../model/ids.ts';
import type { Member, Operation, Said } from '../model/operation.ts';
import type { Scope } from '../model/scope.ts';
import type { Ref, Standing } from '../model/source-object.ts';
import { lastReadAt, readOf } from './evidence.ts';
import { confirmedGrounds, type Grounds } from './grounds.ts';
import { membersOf, type Pending, peopleOf } from './pending.ts';
import { isDry, type Provisioning, rulesFor } from './provisioning.ts';

export type Confirmed = {
  readonly evident: readonly Pending[];
  /** What is left of operations, for the members or the account they are about. */
  readonly contradicted: readonly Pending[];
  readonly unproven: readonly Pending[];
  /** Who was seen again: members of what is contradicted whom the source shows, and whoever the snapshot has seen since their first look. */
  readonly shown: readonly Ref[];
};

/**
 * `scope`: the one the snapshot was read by. `leaving`: the accounts this run takes away, by whose they are: a membership of theirs goes by what is known
 * of the account.
 */
export const confirmRemovals = async (
  work: Provisioning,
  pending: readonly Pending[],
  scope: Scope,
  leaving: ReadonlyMap<SourceId, Pending>,
): Promise<Confirmed> => {
  const refs = peopleOf(pending);
  // Both are from before the question: the answer may be of any moment after it.
  const grounds = confirmedGrounds(work.engine.world.stopwatch());
  const at = work.engine.world.now();
  const isAnyOff = leaving.values().some(({ planned }) => planned.why === 'disabled_in_source');
  const by = isAnyOff ? offBy(rulesFor(work, 'user'), isToBeOff) : null;
  const standings = await work.source().confirm(refs, scope, work.watch.signal, by);
  const { unproven, deleted, stale } = await doubts(work, await lossesOf(work, refs, standings, leaving), at);
  const said = (id: SourceId): Said => (deleted.has(id) ? 'deleted' : (standings.get(id) ?? 'unsure'));
  const evident: Pending[] = [];
  const contradicted: Pending[] = [];
  const open: Pending[] = [];
  for (const one of pending) {
    const { operation } = one.planned;
    if ('members' in operation) {
      const gone = await goneMembers(work, operation, standings);
      const isContradicted = (id: SourceId): boolean =>
        !gone.has(id) || (isUncounted(one) && !isLeaving(work, leaving.get(id), standings.get(id)));
      const parts = split(operation, ({ ref }) =>
        isContradicted(ref.id) ? 'contradicted' : unproven.has(ref.id) ? 'unproven' : 'evident',
      );
      const words = parts.evident.map(
        ({ ref }): Said => (isAbsent(standings.get(ref.id)) ? said(ref.id) : 'not_a_member'),
      );
      evident.push(...of(one, operation, parts.evident).map((part) => confirmed(part, grounds, at, words)));
      contradicted.push(...of(one, operation, parts.contradicted));
      open.push(...of(one, operation, parts.unproven));
    } else if (!isEvident(work.record, one.planned, standings.get(operation.ref.id))) contradicted.push(one);
    else if (unproven.has(operation.ref.id)) open.push(one);
    else evident.push(confirmed(one, grounds, at, [asSaid(said(operation.ref.id), by)], by));
  }
  const isShown = ({ id }: Ref): boolean => shows.has(standings.get(id) ?? 'unsure');
  return { evident, contradicted, unproven: open, shown: [...membersOf(contradicted).filter(isShown), ...stale] };
};

/** Of a rule that has everybody off the source can say no more than that they are there. */
const asSaid = (said: Said, by: OffBy | null): Said => {
  if (said !== 'disabled' || by === null) return said;
  return by.attribute === null ? 'present' : 'off_by_mapping';
};

const shows: ReadonlySet<Standing> = new Set<Standing>(['present', 'disabled']);

/** Somebody whom the source does not show, and what is known of how they went. */
type Loss = Absence & { readonly ref: Ref };

/**
 * Whose account stays at the target, because nothing is taken away there, is asked about for a membership all the same. What the snapshot says of them now
 * counts, and not what it said when this was planned: it may have them back, and then nothing but two looks says that they are gone.
 */
const lossesOf = async (
  work: Provisioning,
  refs: readonly Ref[],
  standings: ReadonlyMap<SourceId, Standing>,
  leaving: ReadonlyMap<SourceId, Pending>,
): Promise<readonly Loss[]> => {
  const absent = refs.filter(({ id }) => isAbsent(standings.get(id)));
  if (absent.length === 0) return [];
  const remembered = await work.engine.stores.snapshots.recall(work.run.connection, absent);
  const readAt = await lastReadAt(work);
  const losses: Loss[] = [];
  for (const ref of absent) {
    const account = leaving.get(ref.id);
    const seen = remembered.get(ref.id);
    const read = seen === undefined ? null : await readOf(work, seen.version);
    const isOff = account?.planned.why === 'disabled_in_source';
    losses.push({
      ref,
      why: seen?.gone ?? (isOff ? 'disabled_in_source' : 'members'),
      said: standings.get(ref.id) === 'out_of_scope' ? 'out_of_scope' : 'gone',
      read: seen?.gone == null ? null : (read?.kind ?? null),
      since: seen?.left?.at ?? read?.at ?? null,
      readAt,
      firstLook: account?.firstLook ?? null,
    });
  }
  return losses;
};

/** `stale`: whose first look is from before they were seen again. */
type Doubts = {
  readonly unproven: ReadonlySet<SourceId>;
  readonly deleted: ReadonlySet<SourceId>;
  readonly stale: readonly Ref[];
};

/** A plan holds what would be done; when it is carried out, the look it took counts as the first. */
const doubts = async (work: Provisioning, losses: readonly Loss[], at: Date): Promise<Doubts> => {
  const isOpen = (loss: Loss): boolean => !isProven(loss, at, work.engine.timing.secondLookMs);
  const open = losses.filter(isOpen);
  if (open.length === 0 || isDry(work)) return { unproven: new Set(), deleted: new Set(), stale: [] };
  const refs = open.map(({ ref }) => ref);
  const deleted = await work.source().deletions(refs, work.watch.signal);
  const about = await work.engine.stores.ledger.about(
    work.record.id,
    refs.filter(({ id }) => !deleted.has(id)),
  );
  const looked = open.flatMap((loss): readonly Loss[] => {
    if (deleted.has(loss.ref.id)) return [];
    const escrow = about.get(loss.ref.id)?.escrow ?? null;
    return [{ ...loss, firstLook: escrow?.reason === 'absence_unproven' ? escrow.since : null }];
  });
  return {
    unproven: new Set(looked.filter(isOpen).map(({ ref }) => ref.id)),
    deleted,
    stale: looked.filter(isLookStale).map(({ ref }) => ref),
  };
};

/** Memberships of who leaves altogether are counted with the account. */
const isUncounted = ({ planned: { why }, released }: Pending): boolean => why === 'leavers' && released === undefined;

/** Whoever keeps the account stays in the group until they are planned as somebody who does, and counted. */
const isLeaving = (
  { record }: Pick<Provisioning, 'record'>,
  account: Pending | undefined,
  standing: Standing | undefined,
): boolean => account !== undefined && isEvident(record, account.planned, standing);

/** Who was disabled and has left since is treated as who left. */
const isEvident = (
  { deprovision }: Provisioning['record'],
  { why }: PlannedOperation,
  standing: Standing | undefined,
): boolean => {
  if (why !== 'disabled_in_source') return isAbsent(standing);
  return standing === 'disabled' || (isAbsent(standing) && deprovision.kind !== 'none');
};

type MemberOperation = Extract<Operation, { action: 'add_members' | 'remove_members' }>;

/** Members who left altogether, or whom the source does not list in this group now. */
const goneMembers = async (
  work: Provisioning,
  operation: MemberOperation,
  standings: ReadonlyMap<SourceId, Standing>,
): Promise<ReadonlySet<SourceId>> => {
  const staying = operation.members.map(({ ref }) => ref).filter(({ id }) => !isAbsent(standings.get(id)));
  const still =
    staying.length === 0
      ? new Map<SourceId, boolean>()
      : await work.source().confirmMembers(operation.ref.id, staying, work.watch.signal);
  const ids = operation.members.map(({ ref }) => ref.id);
  return new Set(ids.filter((id) => isAbsent(standings.get(id)) || still.get(id) === false));
};

type Part = 'evident' | 'contradicted' | 'unproven';
const split = ({ members }: MemberOperation, partOf: (member: Member) => Part) => {
  const parts = Map.groupBy(members, partOf);
  const part = (name: Part): readonly Member[] => parts.get(name) ?? [];
  return { evident: part('evident'), contradicted: part('contradicted'), unproven: part('unproven') };
};

const of = (one: Pending, operation: MemberOperation, members: readonly Member[]): readonly Pending[] =>
  members.length === 0 ? [] : [{ ...one, planned: { ...one.planned, operation: { ...operation, members } } }];

const confirmed = (
  one: Pending,
  grounds: Grounds,
  at: Date,
  words: readonly Said[],
  by: OffBy | null = null,
): Pending => {
  const said: Partial<Record<Said, number>> = {};
  for (const word of words) said[word] = (said[word] ?? 0) + 1;
  const { evidence } = one;
  if (evidence === undefined)
    throw new Error(
      `The ${one.planned.operation.ref.type} was asked about, and nobody had looked which read told of it.`,
    );
  const attribute = words.includes('off_by_mapping') ? (by?.attribute ?? null) : null;
  return {
    ...one,
    grounds,
    evidence: { ...evidence, confirmed: { at, said, ...(attribute === null ? {} : { by: attribute }) } },
  };
};
