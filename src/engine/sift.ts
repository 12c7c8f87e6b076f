/**
 * What a planned operation passes on its way. Whoever is protected is left out of everything, whatever the plan; from whom that is not known of nothing is
 * taken away. A run that carries out a plan does nothing that the plan does not hold. Creates and updates over their limit are kept for a person to look at;
 * destructive operations were judged before, all of them together.
 */

import { isHeld } from '../core/guard.ts';
import { type Cover, coverOf, isOpen } from '../core/protection.ts';
import type { SourceId } from '../model/ids.ts';
import { isDestructive } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import type { Ref } from '../model/source-object.ts';
import { exceededNow } from './exceeded-now.ts';
import { counted, type Done, forMembers, membersOf, type Pending, skip } from './pending.ts';
import { type Permitted, permitted } from './permit.ts';
import { looksOf, type Provisioning } from './provisioning.ts';

/** `go` is carried out; `kept` is not, and says why. */
export type Sifted = { readonly go: readonly Pending[]; readonly kept: readonly Done[] };

export const sift = async (work: Provisioning, pending: readonly Pending[]): Promise<Sifted> => {
  const spared = await spare(work, pending);
  // What was released is destructive, and was judged before.
  const [judged, open] = [spared.go.filter(isReleased), spared.go.filter((one) => !isReleased(one))];
  const { go, kept } = await judge(work, open);
  return { go: [...judged, ...go], kept: [...spared.kept, ...kept] };
};

/** Those of these that would go as things stand, before any of them counts. */
export const passing = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Pending[]> => {
  const { aim } = work;
  const { go } = await spare(work, pending);
  if (go.length === 0 || aim.kind === 'plan') return go;
  if (aim.kind === 'apply') return (await permitted(work, aim.plan, go)).go;
  const { go: approved, rest } = await named(work, aim.approved, go);
  return [...approved, ...rest.filter((one) => !isOverLimit(work, one))];
};

const isReleased = ({ released }: Pending): boolean => released !== undefined;

const judge = async (work: Provisioning, pending: readonly Pending[]): Promise<Sifted> => {
  const { aim } = work;
  switch (aim.kind) {
    case 'plan':
      return { go: pending, kept: [] };
    case 'apply': {
      const { go, rest } = await permitted(work, aim.plan, pending);
      return { go, kept: rest.map((one) => skip(work, one, 'not_in_plan')) };
    }
    case 'provision': {
      const { go, rest } = await named(work, aim.approved, pending);
      work.exceeded.push(
        ...(await exceededNow(
          work,
          rest.filter((one) => !isOverLimit(work, one)),
        )),
      );
      const over = rest.filter((one) => isOverLimit(work, one));
      const within = rest.filter((one) => !isOverLimit(work, one));
      return { go: [...within, ...go], kept: over.map((one) => skip(work, one, 'guard_hold')) };
    }
  }
};

/**
 * `inDoubt`: those of `kept` of whom it may be known later. `spared`: because of whom the others are kept, who are what they are about or members they name;
 * they are protected, or were gone before that could be known.
 */
export type Spared = Sifted & { readonly inDoubt: readonly Pending[]; readonly spared: readonly Ref[] };

/** Leaves out who is protected: whole operations on them, and them as members of others. `after`: what was found out of them beside the shield. */
export const spare = async (
  work: Provisioning,
  pending: readonly Pending[],
  after: ReadonlyMap<SourceId, Cover> = new Map(),
): Promise<Spared> => {
  const { shield } = work;
  if (isOpen(shield)) return { go: pending, kept: [], inDoubt: [], spared: [] };
  const seen = await looksOf(work, concernedBy(pending));
  const cover = (who: Parameters<typeof coverOf>[1]): Cover => {
    const known = coverOf(shield, who);
    return known === 'none' ? (after.get(who.ref.id) ?? 'none') : known;
  };
  const go: Pending[] = [];
  const kept: Done[] = [];
  const inDoubt: Pending[] = [];
  const spared: Ref[] = [];
  const keep = (one: Pending, cover: Exclude<Cover, 'none'>, whose: readonly Ref[]): void => {
    kept.push(skip(work, one, cover === 'protected' ? 'protected' : 'protection_unknown'));
    if (cover === 'unknown') inDoubt.push(one);
    else spared.push(...whose);
  };
  for (const one of pending) {
    const { operation } = one.planned;
    // Who may be protected is written to as before; only what takes something away waits until that is known.
    const asFarAs = (cover: Cover): Cover =>
      cover === 'protected' || isDestructive(operation.action) ? cover : 'none';
    const remoteId = 'remoteId' in operation ? operation.remoteId : null;
    const own = asFarAs(cover({ ref: operation.ref, remoteId, seen: seen.get(operation.ref.id) }));
    if (own !== 'none') keep(one, own, [operation.ref]);
    else if ('members' in operation) {
      const covers = new Map<string, Cover>(
        operation.members.map((member) => [
          member.ref.id,
          asFarAs(cover({ ...member, seen: seen.get(member.ref.id) })),
        ]),
      );
      for (const each of ['none', 'protected', 'unknown', 'never_known'] as const) {
        const some = forMembers(one, (id) => covers.get(id) === each);
        if (some === null) continue;
        if (each === 'none') go.push(some);
        else keep(some, each, membersOf([some]));
      }
    } else go.push(one);
  }
  return { go, kept, inDoubt, spared };
};

/** Whom these are about, and the members they name. */
const concernedBy = (pending: readonly Pending[]): readonly Ref[] => {
  const refs = new Map<SourceId, Ref>();
  for (const { planned } of pending) {
    refs.set(planned.operation.ref.id, planned.operation.ref);
    if ('members' in planned.operation) for (const { ref } of planned.operation.members) refs.set(ref.id, ref);
  }
  return [...refs.values()];
};

/** Creates and updates that somebody approved are done in the name of the plan, and held against no limit of the day. */
const named = async (work: Provisioning, plan: Plan | null, pending: readonly Pending[]): Promise<Permitted> => {
  if (plan === null) return { go: [], rest: pending };
  const { go, rest } = await permitted(work, plan, pending.filter(isWrite));
  return { go, rest: [...pending.filter((one) => !isWrite(one)), ...rest] };
};

const isWrite = ({ planned: { operation } }: Pending): boolean =>
  operation.action === 'create' || operation.action === 'update';

const isOverLimit = (work: Provisioning, pending: Pending): boolean =>
  !isDestructive(pending.planned.operation.action) && isHeld(counted(pending), work.exceeded);
