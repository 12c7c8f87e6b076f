/**
 * Carries operations out: intent → apply → settle. Every intent is durable before its effect. An answer that leaves open what happened is
 * resolved by looking, never by trying blindly again. Throttling and outages stop the chunk; what was not sent is settled as postponed, and so is what
 * takes something away on grounds that grew old while it waited for its turn.
 */

import pLimit from 'p-limit';
import { own, sameAttributes } from '../core/attributes.ts';
import { isOfLeaving } from '../core/plan.ts';
import { plannedRemote } from '../core/plan-content.ts';
import { asDoubted, holds, mayHold } from '../core/told.ts';
import { TargetError } from '../model/errors.ts';
import type { RemoteId } from '../model/ids.ts';
import { type EscrowReason, type Link, linkIn, type Member, type Operation, type Outcome } from '../model/operation.ts';
import type { Applied, Refusal } from '../target/target.ts';
import { noteAsShown, staysAsItIs } from './as-shown.ts';
import { settleOutcomes } from './escrow.ts';
import { noteFirstMembers } from './first-members.ts';
import { assertGrounded, GroundsTooOld } from './grounds.ts';
import { knownMembers } from './known-members.ts';
import { isGoneIndeed, isJustMade, lookAfter } from './look.ts';
import { namedGone } from './named-gone.ts';
import { type Done, head, isFoundGone, type Pending, skip } from './pending.ts';
import { causeOf, claim, isDry, type Provisioning } from './provisioning.ts';
import { sift, spare } from './sift.ts';
import { stage } from './stage.ts';
import { waitForAnother } from './wait-for-another.ts';

export type { Done, Pending } from './pending.ts';

/** The object is not yet as wanted: its link turned out stale, or its account was there already. It is to be planned once more. */
export const isToPlanAgain = ({ pending, outcome }: Done): boolean => {
  if (outcome.result !== 'applied') return false;
  const { operation } = pending.planned;
  if (operation.action !== 'create') return isFoundGone({ outcome }) && outcome.action !== 'disable';
  return !sameAttributes(outcome.link?.pushed ?? {}, operation.attributes);
};

/**
 * Settles one outcome per operation and hands them to `settled`, also of those that are kept back. Throws what stops the whole run, after that.
 */
export const carryOut = async (work: Provisioning, pending: readonly Pending[], settled: Settled): Promise<void> => {
  if (pending.length === 0) return;
  const { go, kept } = await sift(work, pending);
  await stage(
    work,
    kept.flatMap(({ pending: one, outcome }) =>
      outcome.result === 'skipped' && outcome.reason === 'guard_hold' ? [one] : [],
    ),
  );
  if (kept.length > 0) {
    await noteAsShown(work, staying(kept));
    await settled(kept);
  }
  if (go.length > 0) await carryOutAll(work, go, settled);
};

const carryOutAll = async (work: Provisioning, pending: readonly Pending[], settled: Settled): Promise<void> => {
  if (isDry(work)) return await settled(await propose(work, pending));
  const intents = pending.map((one) => intentOf(work, one));
  const { ledger } = work.engine.stores;
  await ledger.intend(work.lease, intents);
  await work.engine.failpoint('provision.intended');
  const stop: { error: unknown } = { error: null };
  const limit = pLimit(work.target.capabilities.concurrency);
  const byObject = [...Map.groupBy(pending, ({ planned }) => planned.operation.ref.id).values()];
  const done = (await Promise.all(byObject.map((some) => limit(() => performInTurn(work, some, stop))))).flat();
  await work.engine.failpoint('provision.applied');
  await settleAll(work, done);
  await work.engine.failpoint('provision.settled');
  if (stop.error === null) await noteNamedGone(work, done);
  await settled(done);
  if (stop.error !== null) throw stop.error;
};

const staying = (done: readonly Done[]): readonly Pending[] => done.filter(staysAsItIs).map(({ pending }) => pending);

const settleAll = async (work: Provisioning, done: readonly Done[]): Promise<void> => {
  await noteAsShown(work, staying(done));
  await waitForAnother(work, done);
  await settleOutcomes(
    work,
    done.map(({ outcome }) => outcome),
  );
  for (const { outcome } of done) {
    work.engine.observe.operation(outcome.action, outcome.result);
    const link = linkIn(outcome);
    if (link !== undefined) work.remoteIds.set(outcome.ref.id, link?.remoteId ?? null);
  }
};

/** Who is named by what it refused, and gone from it, has no account any more. Nothing is written to the target, so it counts against no limit. */
const noteNamedGone = async (work: Provisioning, done: readonly Done[]): Promise<void> => {
  const { go: gone } = await spare(work, await namedGone(work, done));
  if (gone.length === 0) return;
  await work.engine.stores.ledger.intend(
    work.lease,
    gone.map((one) => ({ ...intentOf(work, one), cause: { ...causeOf(work, one), limited: false } })),
  );
  await settleAll(
    work,
    gone.map((one) => ({ pending: one, outcome: madeAnew(work, one) })),
  );
};

type Settled = (done: readonly Done[]) => void | Promise<void>;

const intentOf = (work: Provisioning, pending: Pending) => ({
  operation: pending.planned.operation,
  cause: causeOf(work, pending),
});

/** Keeps what would be done in the plan, with the link it would lead to, so that later waves find it. */
const propose = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Done[]> => {
  const done = pending.map((one) => {
    const { operation } = one.planned;
    const remoteId = 'remoteId' in operation ? operation.remoteId : plannedRemote(operation.ref);
    return { pending: one, outcome: applied(work, one, remoteId) };
  });
  await stage(
    work,
    pending,
    done.map(({ outcome }) => (outcome.result === 'applied' ? outcome.link : undefined)),
  );
  return done;
};

/** Operations on one object never overtake each other. */
const performInTurn = async (
  work: Provisioning,
  pending: readonly Pending[],
  stop: { error: unknown },
): Promise<readonly Done[]> => {
  const done: Done[] = [];
  for (const one of pending) {
    const performed = await performOne(work, one, stop);
    if (performed !== null) done.push(performed);
  }
  return done;
};

/** An operation may have been done, and the target cannot be asked now. `cause`: why not. */
class StillOpen extends Error {
  override readonly name = 'StillOpen';
}
/** The target said that it did not do it, and cannot be asked now what it holds instead. `cause`: as above. */
class NotDone extends Error {
  override readonly name = 'NotDone';
}

/** `null`: the answer is open, and so stays the intent; the next run looks before it plans. */
const performOne = async (work: Provisioning, pending: Pending, stop: { error: unknown }): Promise<Done | null> => {
  if (stop.error !== null) return postponed(work, pending);
  const { operation } = pending.planned;
  const ended = operation.action === 'create' ? work.creates.begin(operation.ref.id) : null;
  try {
    const outcome = await perform(work, pending);
    work.watch.answered(operation.key);
    return { pending, outcome };
  } catch (error) {
    // It stops nobody else: whoever is confirmed anew is sent after that.
    const isOfGrounds = error instanceof GroundsTooOld;
    const isNotDone = isOfGrounds || error instanceof NotDone;
    const isOpen = !isNotDone && (!(error instanceof TargetError) || error.fault === 'unknown');
    if (!isOfGrounds) stop.error ??= error instanceof StillOpen || error instanceof NotDone ? error.cause : error;
    if (isOpen) return null;
    work.watch.answered(operation.key);
    return postponed(work, pending);
  } finally {
    ended?.();
  }
};

const postponed = (work: Provisioning, pending: Pending): Done => skip(work, pending, 'postponed');

const perform = async (work: Provisioning, pending: Pending): Promise<Outcome> => {
  const { operation } = pending.planned;
  if (operation.action === 'update' && Object.keys(operation.attributes).length === 0)
    return applied(work, pending, operation.remoteId);
  try {
    const wasOff = operation.action === 'disable' && (await isOff(work, operation));
    const outcome = sent(work, pending, await send(work, pending));
    return wasOff ? offBefore(outcome) : outcome;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return await afterRefusal(work, pending, error);
  }
};

/** It is told all the same, for one answer may be of a server that is behind; but whoever takes that back, or comes back, is not switched on by it. */
const isOff = async ({ target, watch }: Provisioning, { ref, remoteId }: Disable): Promise<boolean> => {
  const remote = await target.get(ref.type, remoteId, watch.signal).catch(nothingIfRejected);
  return remote !== null && own(remote.attributes, 'active') === false;
};
type Disable = Extract<Operation, { readonly action: 'disable' | 'delete' }>;

/** By its id the target cannot be asked for it. */
const nothingIfRejected = (error: unknown): null => {
  if (error instanceof TargetError && error.fault === 'rejected') return null;
  throw error;
};

const offBefore = (outcome: Outcome): Outcome =>
  outcome.result === 'applied'
    ? { ...outcome, ...(outcome.link ? { link: { ...outcome.link, hasLeft: false } } : {}), wasOff: true }
    : outcome;

/**
 * The one door to the target. It knows nothing of leases: whoever may have lost theirs must not write to it any more. Nor of grounds: nothing is taken
 * away on what was said too long ago. Both are looked at again before each request, for an adapter may have waited, or have sent others before it.
 */
const send = async (
  work: Provisioning,
  { planned: { operation }, grounds, link }: Pending,
): ReturnType<Provisioning['target']['apply']> => {
  const beforeWrite = (): void => {
    work.watch.check();
    assertGrounded(operation, grounds);
  };
  beforeWrite();
  const goesOut = (): void => {
    beforeWrite();
    work.watch.sent(operation.key);
  };
  const known = (signal: AbortSignal) => knownMembers(work, operation, link, signal);
  const applied = await work.target.apply(asDoubted(operation, link), work.watch.signal, goesOut, known);
  noteFirstMembers(work.firstMembers, operation, link, applied);
  return applied;
};

/** What a refusal of one operation means. Faults of the target as a whole are thrown on. */
const afterRefusal = async (work: Provisioning, pending: Pending, error: TargetError): Promise<Outcome> => {
  const { operation } = pending.planned;
  switch (error.fault) {
    case 'gone':
      return operation.action === 'create'
        ? escrowed(work, pending, 'target_rejected', error.message)
        : await afterGone(work, pending, operation, error);
    case 'rejected':
      return error.code === 'not_applied'
        ? inDoubt(work, pending, escrowed(work, pending, 'not_applied', error.message))
        : escrowed(work, pending, 'target_rejected', error.message);
    case 'conflict':
    case 'unknown':
      return await resolve(work, pending, error);
    case 'throttled':
    case 'unavailable':
    case 'unauthorized':
      throw error;
  }
};

/** Looks what the target holds, and tries once more only when it shows no trace of the operation. */
const resolve = async (work: Provisioning, pending: Pending, error: TargetError): Promise<Outcome> => {
  const isRefused = error.fault === 'conflict';
  const found = await lookAfter(work, pending.planned, pending.link, isRefused).catch((cause: unknown) => {
    // Were it left open, the next run would take what it finds there for what this one made.
    if (isRefused) throw new NotDone('What was there already is not known.', { cause });
    throw new StillOpen('It is open what became of an operation.', { cause });
  });
  if (found.kind === 'applied')
    return { ...head(work, pending), result: 'applied', ...(found.link === undefined ? {} : { link: found.link }) };
  if (found.kind === 'unclear') {
    const outcome = escrowed(work, pending, found.reason, found.detail);
    return isRefused ? outcome : mayBeDone(work, pending, outcome);
  }
  if (isRefused) return escrowed(work, pending, 'target_conflict', error.message);
  return mayBeDone(
    work,
    pending,
    await sendOnceMore(work, pending).catch(async (cause: unknown) => {
      if (!(cause instanceof TargetError)) throw cause;
      const { operation } = pending.planned;
      // What the first try did was lost with the account.
      if (cause.fault === 'gone' && operation.action !== 'create' && !('members' in operation))
        return await afterGone(work, pending, operation, cause).catch(stillOpen);
      // It may show only now what the first try did; of members nobody has looked.
      return stillOpen(cause);
    }),
  );
};

const stillOpen = (cause: unknown): never => {
  if (cause instanceof TargetError) throw new StillOpen('It is open what became of the first try.', { cause });
  throw cause;
};

/** Of what was not answered at first: whatever is said of the second try, the first may have been done. Unless its account is gone. */
const mayBeDone = (work: Provisioning, pending: Pending, outcome: Outcome): Outcome =>
  outcome.result === 'escrowed' && outcome.link !== null
    ? inDoubt(work, pending, { ...outcome, mayBeDone: true })
    : outcome;

/**
 * It was removed behind our back: what we wanted gone is gone, and what is to stay is planned anew, without the stale link. Or the target spoke of something it
 * holds: then it is told once more.
 */
const afterGone = async (
  work: Provisioning,
  pending: Pending,
  operation: Exclude<Operation, { readonly action: 'create' }>,
  error: TargetError,
): Promise<Outcome> => {
  const isGone = await isGoneIndeed(work, operation, pending.link).catch((cause: unknown) => {
    if (cause instanceof TargetError && cause.fault === 'rejected') return cause;
    throw new StillOpen('It is open whether an account is gone.', { cause });
  });
  if (isGone instanceof TargetError) return escrowed(work, pending, 'target_rejected', isGone.message);
  if (!isGone)
    return await sendOnceMore(work, pending, `the target shows what it says it does not know: ${error.message}`);
  if (isJustMade(work, pending.link))
    return escrowed(work, pending, 'not_applied', 'the target does not show yet what was made there a moment ago');
  // Accounts and groups are made by the first wave, which is over.
  if ('members' in operation || pending.step === 'references') return madeAnew(work, pending);
  return { ...head(work, pending), result: 'applied', link: null };
};

const madeAnew = (work: Provisioning, pending: Pending): Outcome => ({
  ...head(work, pending),
  result: 'escrowed',
  reason: 'target_rejected',
  detail: 'the target no longer knows it; another one is made',
  link: null,
});

/** `shown`: what the target contradicts itself about, should it say that it is gone once more. */
const sendOnceMore = async (work: Provisioning, pending: Pending, shown: string | null = null): Promise<Outcome> => {
  try {
    return sent(work, pending, await send(work, pending));
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    if (error.fault === 'rejected') {
      const outcome = escrowed(work, pending, 'target_rejected', error.message);
      return error.code === 'not_applied' ? inDoubt(work, pending, outcome) : outcome;
    }
    if (error.fault === 'conflict') return escrowed(work, pending, 'target_conflict', error.message);
    if (error.fault === 'gone' && shown !== null) return escrowed(work, pending, 'not_applied', shown);
    throw error;
  }
};

/** What a create made belongs to whoever it was made for, unless the target answers with an account that somebody else of this turn has. */
const sent = (work: Provisioning, pending: Pending, { remoteId, refused = [] }: Applied): Outcome => {
  const { operation } = pending.planned;
  if ('members' in operation && refused.length > 0) return partlyApplied(work, pending, operation.members, refused);
  return operation.action !== 'create' || claim(work, remoteId, operation.ref.id)
    ? applied(work, pending, remoteId)
    : escrowed(work, pending, 'linked_elsewhere', 'the target answered with an account of another source object');
};

const partlyApplied = (
  work: Provisioning,
  pending: Pending,
  members: readonly Member[],
  refused: readonly Refusal[],
): Outcome => {
  const ids = new Set(refused.map(({ member }) => member));
  return {
    ...head(work, pending),
    result: 'partly_applied',
    refused: members.filter(({ remoteId }) => ids.has(remoteId)).map(({ ref }) => ref.id),
    reason: 'target_rejected',
    detail: `${refused.length} of ${members.length} members were refused. ${refused[0]?.detail}`,
  };
};

const applied = (work: Provisioning, pending: Pending, remoteId: RemoteId): Outcome => {
  const link = linkAfter(work, pending, remoteId);
  return { ...head(work, pending), result: 'applied', ...(link === undefined ? {} : { link }) };
};

/** The link as it is once the operation is done; undefined where it stays as it was. */
export const linkAfter = (
  work: Pick<Provisioning, 'engine'>,
  { planned, link }: Pending,
  remoteId: RemoteId,
): Link | null | undefined => {
  const { operation } = planned;
  const now = work.engine.world.now();
  switch (operation.action) {
    case 'create':
      return {
        ref: operation.ref,
        remoteId,
        by: 'created',
        state: 'active',
        since: now,
        hasLeft: false,
        pushed: operation.attributes,
        membersSince: null,
        membersAt: null,
      };
    case 'update': {
      if (planned.why === 'unlinked') return null;
      if (link === null) return undefined;
      const state = own(operation.attributes, 'active') === true ? 'active' : link.state;
      return {
        ...holds(link, operation.attributes),
        state,
        since: state === link.state ? link.since : now,
        hasLeft: link.hasLeft && state !== 'active',
      };
    }
    case 'disable':
      return link === null
        ? undefined
        : {
            ...holds(link, { active: false }),
            state: 'disabled',
            since: now,
            hasLeft: isOfLeaving(planned.why),
          };
    case 'delete':
      return null;
    case 'add_members':
    case 'remove_members':
      return undefined;
  }
};

type Escrowed = Extract<Outcome, { readonly result: 'escrowed' }>;

/** Whose account it is does not hang on what was refused: one that carries their id is theirs, and is switched off when they leave. */
const escrowed = (work: Provisioning, pending: Pending, reason: EscrowReason, detail: string): Escrowed => ({
  ...head(work, pending),
  result: 'escrowed',
  reason,
  detail,
  ...(pending.planned.why === 'recognized' && pending.link !== null ? { link: pending.link } : {}),
});

/** The target may hold what it was told all the same. Whose account it is not on record that it was told, is looked at before anything is planned. */
const inDoubt = (work: Provisioning, { planned: { operation, why }, link }: Pending, outcome: Escrowed): Escrowed => {
  if (link === null || outcome.link === null || why === 'adopted' || why === 'inherited') return outcome;
  const doubted = mayHold(outcome.link ?? link, operation, work.engine.world.now());
  return doubted === null ? outcome : { ...outcome, link: doubted };
};
