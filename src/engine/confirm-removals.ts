/**
 * Asks the source again, right before something is taken away. What it contradicts stays. Whom it does not know, though they were there a short while
 * ago, is asked about a second time, for one absence may be that of a replica that is behind.
 */

import { type Absence, isAbsent, isProven } from '../core/absence.ts';
import type { PlannedOperation } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Evidence, Member, Operation, Said } from '../model/operation.ts';
import type { Scope } from '../model/scope.ts';
import type { Ref, Standing } from '../model/source-object.ts';
import { readOf } from './evidence.ts';
import { confirmedGrounds, type Grounds } from './grounds.ts';
import type { Pending } from './pending.ts';
import { isDry, type Provisioning } from './provisioning.ts';

export type Confirmed = {
  readonly evident: readonly Pending[];
  /** What is left of operations, for the members or the account they are about. */
  readonly contradicted: readonly Pending[];
  readonly unproven: readonly Pending[];
  /** Members of what is contradicted whom the source shows. */
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
  const standings = await work.source().confirm(refs, scope, work.watch.signal);
  const { unproven, deleted } = await doubts(work, await lossesOf(work, refs, standings, leaving), at);
  const said = (id: SourceId): Said => (deleted.has(id) ? 'deleted' : (standings.get(id) ?? 'unsure'));
  const evident: Pending[] = [];
  const contradicted: Pending[] = [];
  const open: Pending[] = [];
  for (const one of pending) {
    const { operation } = one.planned;
    if ('members' in operation) {
      const gone = await goneMembers(work, operation, standings);
      const parts = split(operation, ({ ref }) =>
        !gone.has(ref.id) ? 'contradicted' : unproven.has(ref.id) ? 'unproven' : 'evident',
      );
      const words = parts.evident.map(
        ({ ref }): Said => (isAbsent(standings.get(ref.id)) ? said(ref.id) : 'not_a_member'),
      );
      evident.push(...of(one, operation, parts.evident).map((part) => confirmed(part, grounds, at, words)));
      contradicted.push(...of(one, operation, parts.contradicted));
      open.push(...of(one, operation, parts.unproven));
    } else if (!isEvident(one.planned, standings.get(operation.ref.id))) contradicted.push(one);
    else if (unproven.has(operation.ref.id)) open.push(one);
    else evident.push(confirmed(one, grounds, at, [said(operation.ref.id)]));
  }
  const isShown = ({ id }: Ref): boolean => shows.has(standings.get(id) ?? 'unsure');
  return { evident, contradicted, unproven: open, shown: membersOf(contradicted).filter(isShown) };
};

const shows: ReadonlySet<Standing> = new Set<Standing>(['present', 'disabled']);

export const membersOf = (pending: readonly Pending[]): readonly Ref[] =>
  pending.flatMap(({ planned: { operation } }) =>
    'members' in operation ? operation.members.map(({ ref }) => ref) : [],
  );

/** Whom operations are about: the account, or the members. */
export const peopleOf = (pending: readonly Pending[]): readonly Ref[] => [
  ...new Map(
    pending
      .flatMap(({ planned: { operation } }) =>
        'members' in operation ? operation.members.map(({ ref }) => ref) : [operation.ref],
      )
      .map((ref) => [ref.id, ref]),
  ).values(),
];

/** Somebody whom the source does not show, and what is known of how they went. */
type Loss = Pick<Absence, 'why' | 'said'> & {
  readonly ref: Ref;
  readonly version: number | null;
  readonly firstLook: Date | null;
};

/** Whose account stays at the target, because nothing is taken away there, is asked about for a membership all the same. */
const lossesOf = async (
  work: Provisioning,
  refs: readonly Ref[],
  standings: ReadonlyMap<SourceId, Standing>,
  leaving: ReadonlyMap<SourceId, Pending>,
): Promise<readonly Loss[]> => {
  const absent = refs.filter(({ id }) => isAbsent(standings.get(id)));
  const staying = absent.filter(({ id }) => !leaving.has(id));
  const remembered =
    staying.length === 0 ? null : await work.engine.stores.snapshots.recall(work.run.connection, staying);
  return absent.map((ref): Loss => {
    const account = leaving.get(ref.id);
    const said = standings.get(ref.id) === 'out_of_scope' ? 'out_of_scope' : 'gone';
    if (account === undefined) {
      const seen = remembered?.get(ref.id);
      // Who is in the snapshot still is not in the source from now on.
      const version = seen === undefined || seen.gone === null ? null : seen.version;
      return { ref, why: seen?.gone ?? 'members', said, version, firstLook: null };
    }
    const { planned, evidence, firstLook } = account;
    return { ref, why: planned.why, said, version: evidence?.version ?? null, firstLook: firstLook ?? null };
  });
};

type Doubts = { readonly unproven: ReadonlySet<SourceId>; readonly deleted: ReadonlySet<SourceId> };

/** A plan holds what would be done; when it is carried out, the look it took counts as the first. */
const doubts = async (work: Provisioning, losses: readonly Loss[], at: Date): Promise<Doubts> => {
  const open: Loss[] = [];
  for (const loss of losses) if (!(await isProvenBy(work, loss, at))) open.push(loss);
  if (open.length === 0 || isDry(work)) return { unproven: new Set(), deleted: new Set() };
  const refs = open.map(({ ref }) => ref);
  const deleted = await work.source().deletions(refs, work.watch.signal);
  const about = await work.engine.stores.ledger.about(
    work.record.id,
    refs.filter(({ id }) => !deleted.has(id)),
  );
  const unproven = new Set<SourceId>();
  for (const loss of open) {
    if (deleted.has(loss.ref.id)) continue;
    const escrow = about.get(loss.ref.id)?.escrow ?? null;
    const firstLook = escrow?.reason === 'absence_unproven' ? escrow.since : null;
    if (!(await isProvenBy(work, { ...loss, firstLook }, at))) unproven.add(loss.ref.id);
  }
  return { unproven, deleted };
};

const isProvenBy = async (work: Provisioning, { why, said, version, firstLook }: Loss, at: Date): Promise<boolean> => {
  const read = version === null ? null : await readOf(work, version);
  // What is on no record may have happened this very moment.
  const { secondLookMs } = work.engine.timing;
  return isProven({ why, said, read: read?.kind ?? null, goneAt: read?.at ?? at, firstLook }, at, secondLookMs);
};

const isEvident = ({ why }: PlannedOperation, standing: Standing | undefined): boolean =>
  isAbsent(standing) || (why === 'disabled_in_source' && standing === 'disabled');

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

const nothingKnown: Evidence = { version: null, run: null, read: null, confirmed: null };

const confirmed = (one: Pending, grounds: Grounds, at: Date, words: readonly Said[]): Pending => {
  const said: Partial<Record<Said, number>> = {};
  for (const word of words) said[word] = (said[word] ?? 0) + 1;
  return { ...one, grounds, evidence: { ...(one.evidence ?? nothingKnown), confirmed: { at, said } } };
};
