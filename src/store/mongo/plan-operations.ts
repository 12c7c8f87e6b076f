/** The collection of the operations of plans, `_id` = target|plan|type|object id|step: one range for a plan, one for an object of it. */

import { batches } from '../../core/batches.ts';
import { operationAbout, operationWithout } from '../../core/forget.ts';
import { type PlanId, planId, type SourceId, type TargetId } from '../../model/ids.ts';
import type { Action, Cause, Link, Why } from '../../model/operation.ts';
import type { Staged } from '../../model/plan.ts';
import { type Ref, user } from '../../model/source-object.ts';
import type { Lease } from '../leases.ts';
import type { PlannedAbout, PlanOf, StepName } from '../plan-store.ts';
import type { Page } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { batchSize, type Fenced, writeFenced } from './fenced-writes.ts';
import { holding, stretchesOf, within } from './holding.ts';
import { keyset, startsWith } from './keyset.ts';

type OperationDocument = Fenced & {
  readonly step: string;
  readonly at: Date;
  readonly action: Action;
  /** JSON: attribute names are the target's, and may hold `$`, `.` or `__proto__`. */
  readonly operation: string;
  readonly cause: Cause;
  /** JSON, as it holds attributes too. */
  readonly link?: string;
};

export const name = 'plan_operations';

/** So many operations on groups are searched for somebody in one command. */
const stretchSize = 5_000;

export const createPlanOperations = (db: Db, now: () => Date, size = stretchSize) => {
  const collection = db.collection<OperationDocument>(name);

  async function* range(prefix: string): AsyncGenerator<readonly Staged[]> {
    const all = startsWith(prefix);
    const pages = keyset<OperationDocument>((last, limit) =>
      collection
        .find({ _id: last ? { ...all, $gt: last._id } : all })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
    );
    for await (const page of pages) yield page.map(stagedOf);
  }

  /** The plans of which something is kept, each with one document of it. Goes from plan to plan, not from document to document. */
  async function* plansOf(target: TargetId): AsyncGenerator<{ readonly id: PlanId; readonly at: Date }> {
    const all = startsWith(`${target}|`);
    let next = await collection.findOne({ _id: all }, { sort: { _id: 1 } });
    while (next !== null) {
      const id = planId(next._id.split('|')[1] ?? '');
      yield { id, at: next.at };
      const { $lt: behind } = startsWith(prefixOf({ target, id }));
      next = await collection.findOne({ _id: { $gte: behind, $lt: all.$lt } }, { sort: { _id: 1 } });
    }
  }

  /** Documents of a plan that hold the id of somebody: on them, or on groups. */
  async function* naming(of: PlanOf, person: SourceId): AsyncGenerator<readonly OperationDocument[]> {
    const prefix = prefixOf(of);
    const own = startsWith(`${prefix}${nameOf({ ref: user(person), step: '' })}`);
    const onThem = await collection.find({ _id: own }).sort({ _id: 1 }).toArray();
    if (onThem.length > 0) yield onThem;
    const groups = startsWith(`${prefix}group|`);
    for await (const { after, through } of stretchesOf(db, name, groups, size))
      yield* keyset<OperationDocument>((last, limit) =>
        collection
          .find({ _id: { ...groups, ...within({ after: last?._id ?? after, through }) }, operation: holding(person) })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
  }

  return {
    write: async (lease: Lease, plan: PlanId, staged: readonly Staged[]): Promise<void> => {
      const writes = staged.map(({ step, operation, cause, link }) => ({
        id: `${prefixOf({ target: lease.key, id: plan })}${nameOf({ ref: operation.ref, step })}`,
        set: {
          step,
          at: now(),
          action: operation.action,
          operation: JSON.stringify(operation),
          cause,
          ...(link === undefined ? {} : { link: JSON.stringify(link) }),
        },
        fresh: true,
      }));
      // The last word on a step counts, and an unordered bulk has no last.
      await writeFenced(db, name, lease, [...new Map(writes.map((write) => [write.id, write])).values()]);
    },
    find: async (of: PlanOf, names: readonly StepName[]): Promise<readonly Staged[]> => {
      const ids = names.map((one) => `${prefixOf(of)}${nameOf(one)}`);
      const found: Staged[] = [];
      for (const batch of batches(ids, batchSize))
        found.push(...(await collection.find({ _id: { $in: [...batch] } }).toArray()).map(stagedOf));
      return found;
    },
    on: (of: PlanOf, ref: Ref) => range(`${prefixOf(of)}${nameOf({ ref, step: '' })}`),
    scan: (of: PlanOf) => range(prefixOf(of)),
    page: async (
      of: PlanOf,
      { actions, why }: { readonly actions?: readonly Action[]; readonly why?: Why },
      after: string | null,
      limit: number,
    ): Promise<Page<Staged>> => {
      const all = startsWith(prefixOf(of));
      const found = await collection
        .find({
          _id: after === null ? all : { ...all, $gt: `${prefixOf(of)}${after}` },
          ...(actions === undefined ? {} : { action: { $in: [...actions] } }),
          ...(why === undefined ? {} : { 'cause.why': why }),
        })
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray();
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(stagedOf),
        next: last && found.length > limit ? last._id.slice(prefixOf(of).length) : null,
      };
    },
    /** Also of what was staged and never became a plan. */
    forgetPerson: async (
      target: TargetId,
      person: SourceId,
      isOpen: (id: PlanId) => Promise<boolean>,
    ): Promise<void> => {
      for await (const { id } of plansOf(target)) {
        if (await isOpen(id)) continue;
        for await (const page of naming({ target, id }, person))
          for (const document of page) {
            const operation = operationWithout(stagedOf(document).operation, person);
            if (operation === null) await collection.deleteOne({ _id: document._id });
            else await collection.updateOne({ _id: document._id }, { $set: { operation: JSON.stringify(operation) } });
          }
      }
    },
    async *about(target: TargetId, person: SourceId): AsyncGenerator<readonly PlannedAbout[]> {
      for await (const { id } of plansOf(target))
        for await (const page of naming({ target, id }, person)) {
          const about = page.map(stagedOf).flatMap((staged): readonly PlannedAbout[] => {
            const operation = operationAbout(staged.operation, person);
            return operation === null ? [] : [{ plan: id, staged: { ...staged, operation } }];
          });
          if (about.length > 0) yield about;
        }
    },
    forget: async (of: PlanOf): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(prefixOf(of)) });
    },
    /** What was staged before this for a plan that is not there, for its run came to no end. */
    prune: async (target: TargetId, before: Date, isKept: (id: PlanId) => Promise<boolean>): Promise<void> => {
      for await (const { id, at } of plansOf(target))
        if (at < before && !(await isKept(id)))
          await collection.deleteMany({ _id: startsWith(prefixOf({ target, id })) });
    },
    erase: async (target: TargetId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${target}|`) });
    },
  };
};

const prefixOf = ({ target, id }: { readonly target: string; readonly id: string }): string => `${target}|${id}|`;
const nameOf = ({ ref, step }: StepName): string => `${ref.type}|${ref.id}|${step}`;

const stagedOf = ({ step, operation, cause, link }: OperationDocument): Staged => ({
  step,
  operation: JSON.parse(operation),
  cause,
  ...(link === undefined ? {} : { link: linkOf(link) }),
});

/** Times are text in JSON. */
const linkOf = (text: string): Link | null => {
  const link: (Omit<Link, 'since'> & { readonly since: string }) | null = JSON.parse(text);
  return link && { ...link, since: new Date(link.since) };
};
