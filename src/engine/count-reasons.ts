/**
 * Counts the objects of a target by the reason why they are there as wanted, or not. Everybody who was ever read is looked at, page by page and by the
 * same rules as when one of them is asked about, so the counts add up to all of them. One call goes as far as its time allows, and says where to go on.
 */

import { judge } from '../core/finding.ts';
import type { Connection } from '../model/connection.ts';
import type { Reason } from '../model/explanation.ts';
import type { ObjectType, Ref, Remembered } from '../model/source-object.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Explainer } from './explain.ts';
import { objectsNow, type TargetSide, targetSide } from './explain-evidence.ts';
import { linksByPath } from './links-by-path.ts';

export type Tallied = { readonly count: number; readonly examples: readonly Ref[] };
export type ReasonCounts = {
  /** What is known of the source, and what the target was brought to. */
  readonly version: number;
  readonly position: number | null;
  readonly objects: number;
  readonly reasons: ReadonlyMap<Reason, Tallied>;
  /** Where to go on; null when everybody was looked at. */
  readonly next: string | null;
};

export type Wanted = {
  /** A place that an earlier call gave; null for the beginning. */
  readonly after: string | null;
  /** Of this reason more examples are collected, and only it is counted. */
  readonly only: Reason | null;
};

const order: readonly ObjectType[] = ['user', 'group'];
const pageSize = 1_000;
const longestMs = 10_000;
const examples = { each: 5, only: 200 } as const;

/** Null when the target is being removed. */
export const countReasons = async (
  unnamed: Pick<Explainer, 'stores' | 'world' | 'connectTarget' | 'targetPaths'>,
  connection: Connection,
  record: TargetInForce,
  { after, only }: Wanted,
): Promise<ReasonCounts | null> => {
  const explainer = linksByPath(unnamed, record);
  const { stores, world, connectTarget } = explainer;
  const startedAt = world.now();
  const side = await targetSide(stores, connectTarget, connection, record, startedAt, null);
  if (side === null) return null;
  const tally = startTally(only);
  let place = after;
  let objects = 0;
  for await (const page of everybody(explainer, connection, place)) {
    objects += page.seen.length;
    await judgeAll(explainer, side, page.seen, tally.add);
    place = page.next;
    if (world.now().getTime() - startedAt.getTime() >= longestMs) break;
  }
  return { version: side.head.version, position: side.now.position, objects, reasons: tally.reasons, next: place };
};

type Page = { readonly seen: readonly Remembered[]; readonly next: string | null };

/** Users, then groups, each in the order of their ids. A place is `type|id`. */
async function* everybody(
  { stores }: Pick<Explainer, 'stores'>,
  connection: Connection,
  after: string | null,
): AsyncGenerator<Page> {
  const [from = 'user', id = ''] = after?.split('|') ?? [];
  for (const type of order.slice(from === 'group' ? 1 : 0)) {
    let cursor: string | null = type === from && id !== '' ? id : null;
    do {
      const page = await stores.snapshots.recallPage(connection.id, type, cursor, pageSize);
      cursor = page.next;
      const isLast = cursor === null && type === 'group';
      yield { seen: page.items, next: isLast ? null : cursor === null ? 'group|' : `${type}|${cursor}` };
    } while (cursor !== null);
  }
}

const judgeAll = async (
  { stores }: Pick<Explainer, 'stores'>,
  side: TargetSide,
  seen: readonly Remembered[],
  add: (reason: Reason, ref: Ref) => void,
): Promise<void> => {
  for (const { object } of await objectsNow(stores, side, seen))
    add(judge(side.now, object).reason, object.seen.object.ref);
};

const startTally = (only: Reason | null) => {
  const reasons = new Map<Reason, { count: number; examples: Ref[] }>();
  const most = only === null ? examples.each : examples.only;
  return {
    reasons,
    add: (reason: Reason, ref: Ref): void => {
      if (only !== null && reason !== only) return;
      const tallied = reasons.get(reason) ?? { count: 0, examples: [] };
      tallied.count += 1;
      if (tallied.examples.length < most) tallied.examples.push(ref);
      reasons.set(reason, tallied);
    },
  };
};
