/** An operation on its way to the target, and what became of it. */

import { type Counted, countedAs } from '../core/guard.ts';
import { references } from '../core/mapping.ts';
import type { PlannedOperation } from '../core/plan.ts';
import type { PlanId, SourceId } from '../model/ids.ts';
import { type Evidence, type Link, linkIn, type Operation, type Outcome, type SkipReason } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { Grounds } from './grounds.ts';
import type { Provisioning } from './provisioning.ts';

/**
 * An operation and the link it starts from (none for a create). `released`: the approved plan that holds it. `step`: what it is called in a plan, where
 * its action does not say it. `evidence`: what taking something away rests on, as it is written down. `grounds`: the same, as it lets it be sent.
 */
export type Pending = {
  readonly planned: PlannedOperation;
  readonly link: Link | null;
  readonly released?: PlanId;
  readonly step?: 'references' | 'unlink';
  /** Of members who are to be removed: the version of the snapshot that has it. */
  readonly told?: ReadonlyMap<SourceId, number>;
  readonly evidence?: Evidence;
  readonly grounds?: Grounds;
  /** When the source did not know it already, as the plan has it that is carried out. */
  readonly firstLook?: Date;
};

export type Done = { readonly pending: Pending; readonly outcome: Outcome };

/** The target did not know any more what it was told something of. */
export const isFoundGone = ({ outcome }: Pick<Done, 'outcome'>): boolean =>
  linkIn(outcome) === null && outcome.action !== 'delete';

export const head = (work: Pick<Provisioning, 'engine' | 'mapping'>, { planned: { operation }, step }: Pending) => ({
  key: operation.key,
  ref: operation.ref,
  action: operation.action,
  at: work.engine.world.now(),
  ...(step === 'references'
    ? { step }
    : namesReferences(work, operation).some
      ? { step: 'with_references' as const }
      : {}),
});

/** Whether the paths of an update are references, all of them or some. */
export const namesReferences = (
  { mapping }: Pick<Provisioning, 'mapping'>,
  operation: Operation,
): { readonly all: boolean; readonly some: boolean } => {
  if (operation.action !== 'update') return { all: false, some: false };
  const paths = Object.keys(operation.attributes);
  const found = references(mapping[operation.ref.type]).filter(({ to }) => paths.includes(to));
  return { all: found.length > 0 && found.length === paths.length, some: found.length > 0 };
};

export const skip = (work: Pick<Provisioning, 'engine' | 'mapping'>, pending: Pending, reason: SkipReason): Done => ({
  pending,
  outcome: { ...head(work, pending), result: 'skipped', reason },
});

export const counted = ({ planned: { operation, why } }: Pending): Counted => countedAs(operation, why);

/** The members whom operations name. */
export const membersOf = (pending: readonly Pending[]): readonly Ref[] =>
  pending.flatMap(({ planned: { operation } }) =>
    'members' in operation ? operation.members.map(({ ref }) => ref) : [],
  );

/** Whom operations are about: the account, or the members. */
export const peopleOf = (pending: readonly Pending[]): readonly Ref[] => [
  ...new Map(
    pending
      .flatMap((one) => ('members' in one.planned.operation ? membersOf([one]) : [one.planned.operation.ref]))
      .map((ref) => [ref.id, ref]),
  ).values(),
];

/** The same operation for some of its members. Null when it is for nobody. */
export const forMembers = (pending: Pending, isFor: (id: string) => boolean): Pending | null => {
  const { operation } = pending.planned;
  if (!('members' in operation)) return pending;
  const members = operation.members.filter(({ ref }) => isFor(ref.id));
  if (members.length === operation.members.length) return pending;
  return members.length === 0
    ? null
    : { ...pending, planned: { ...pending.planned, operation: { ...operation, members } } };
};
