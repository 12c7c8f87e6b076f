/**
 * Which safeguards hold, by when the operator set what. Where two people approve, what is loosened comes into force a day later; where one does, at once.
 * Worked out from what was set alone: whoever judges does not ask the product what it takes to be in force.
 */

import type { Limit } from '../../src/model/limit.ts';
import type { LimitName, Protection, TargetRecord } from '../../src/model/target-record.ts';
import type { Customer } from './customer.ts';
import { since } from './since.ts';

/** By what it is told since when something holds. */
type Timed = Pick<Customer, 'approvals' | 'restores'>;
export type Limiting = Timed & Pick<Customer, 'limits'>;
export type Protecting = Timed & Pick<Customer, 'protections'>;

/** Something that was set, and holds until the next. */
type Step<T> = { readonly at: number; readonly value: T };
type Held<T> = { readonly parts: readonly Step<T>[]; readonly from: number; readonly until: number };

const dayMs = 24 * 3_600_000;
/** Clocks of workers are some seconds apart: nobody is blamed for those. */
const heldMs = dayMs - 60_000;

/** Whether two have to approve at that time: the number says so, or said so within the day before. */
export const takesTwoAt = ({ approvals }: Pick<Timed, 'approvals'>, at: number): boolean =>
  since(approvals, at - dayMs).some((each) => each.at <= at && each.needed === 2);

/** Of one limit each that was in force at any moment of that time; null: any number was allowed then. */
export const limitsInForce = (of: Limiting, name: LimitName, from: number, to: number): readonly (Limit | null)[] =>
  partsInForce(
    of,
    of.limits.map(({ at, limits }) => ({ at, value: limits })),
    ({ limits }) => limits,
    from,
    to,
  ).map((parts) => smallest(parts.flatMap(({ value }) => value[name] ?? [])));

/** Every set of protections that was in force together at any moment of that time, each with when it was set. */
export const protectionsInForce = (
  of: Protecting,
  from: number,
  to: number,
): readonly (readonly { readonly at: number; readonly protection: Protection }[])[] =>
  partsInForce(
    of,
    of.protections.map(({ at, protection }) => ({ at, value: protection })),
    ({ protected: protection }) => protection,
    from,
    to,
  ).map((parts) => parts.map(({ at, value }) => ({ at, protection: value })));

type Loosened = NonNullable<TargetRecord['loosened']>;

const partsInForce = <T>(
  of: Timed,
  all: readonly Step<T>[],
  inRecord: (from: Loosened['from']) => T,
  from: number,
  to: number,
): readonly (readonly Step<T>[])[] => {
  const restored = of.restores.findLast(({ at }) => at <= to);
  const steps = restored === undefined ? all : all.filter(({ at }) => at >= restored.at);
  const held = [...(restored === undefined ? [] : heldSince(restored, inRecord)), ...heldBy(of, steps)];
  const first = Math.max(from, steps[0]?.at ?? from);
  const moments = [first, ...steps.map(({ at }) => at), ...held.map(({ until }) => until)];
  return [...new Set(moments.filter((at) => at >= first && at <= to))].map((at) => partsAt(steps, held, at));
};

/** What the record that was put back says of before. */
const heldSince = <T>(
  { at, loosened }: Timed['restores'][number],
  inRecord: (from: Loosened['from']) => T,
): readonly Held<T>[] => {
  if (loosened === null) return [];
  const until = loosened.at.getTime() + heldMs;
  return [{ parts: [{ at, value: inRecord(loosened.from) }], from: at, until }];
};

/** Whatever is set where two approve leaves what was in force before in force for a day. */
const heldBy = <T>(of: Timed, steps: readonly Step<T>[]): readonly Held<T>[] => {
  const held: Held<T>[] = [];
  for (const [nth, { at }] of steps.entries())
    if (nth > 0 && takesTwoAt(of, at))
      held.push({ parts: partsAt(steps.slice(0, nth), held, at), from: at, until: at + heldMs });
  return held;
};

const partsAt = <T>(steps: readonly Step<T>[], held: readonly Held<T>[], at: number): readonly Step<T>[] => [
  ...steps.filter((step) => step.at <= at).slice(-1),
  ...held.filter(({ from, until }) => from <= at && at < until).flatMap(({ parts }) => parts),
];

/** Number by number. */
const smallest = (limits: readonly Limit[]): Limit | null =>
  limits.length === 0
    ? null
    : {
        count: Math.min(...limits.map(({ count }) => count)),
        percent: Math.min(...limits.map(({ percent }) => percent)),
        floor: Math.min(...limits.map(({ floor }) => floor)),
      };
