/**
 * What Entrain says of everybody once all is quiet: one reason each, the same whoever asks, and of nobody that they are as wanted whom the oracle finds
 * otherwise. What the target hides, or its own people changed, is on no record.
 */

import { countReasons } from '../../src/engine/count-reasons.ts';
import { type Explainer, explainPerson } from '../../src/engine/explain.ts';
import { inForceNow } from '../../src/engine/in-force.ts';
import { witnessesAt } from '../../src/engine/witnesses.ts';
import type { Connection } from '../../src/model/connection.ts';
import { type Reason, reasons } from '../../src/model/explanation.ts';
import { sourceId } from '../../src/model/ids.ts';
import { group, type Ref, user } from '../../src/model/source-object.ts';
import type { TargetInForce } from '../../src/model/target-record.ts';
import type { Stores } from '../../src/store/stores.ts';
import { scimPath } from '../../src/target/scim/target-path.ts';
import type { Customer } from './customer.ts';
import { inScope } from './directory.ts';
import type { Excuse } from './excuses.ts';
import type { Difference } from './expected.ts';
import type { Process, Stage } from './process.ts';

/** So many are asked about by themselves. */
const asked = 3;

export const judgeReasons = async (
  { chance }: Stage,
  process: Process,
  stores: Stores,
  customer: Customer,
  differences: readonly Difference[],
): Promise<readonly string[]> => {
  const connection = await stores.connections.get(customer.connection.id);
  const target = await stores.targets.get(customer.target.id);
  if (connection === null || target === null) throw new Error('The customer is gone.');
  const explainer: Explainer = {
    stores,
    world: process,
    targetPaths: () => scimPath,
    connectTarget: (record, secrets) =>
      customer.remote.connect(process, record, secrets, witnessesAt(stores.ledger, record.id)),
    connectSource: () => {
      throw new Error('What is on record is asked of nobody.');
    },
  };
  const record = inForceNow({ leastApprovals: 1, world: process, targetPaths: explainer.targetPaths }, target);
  const refs = refsOf(customer);
  const known = [...(await stores.snapshots.recall(connection.id, refs)).values()].map(({ object }) => object.ref);
  const { reasonOf, wrong } = await counted(explainer, connection, record, known.length);
  const unlike = differences.filter(
    ({ about, excuse }) => isOnRecord(excuse) && asWanted.includes(reasonOf.get(about) ?? ''),
  );
  const some =
    known.length === 0 ? [] : Array.from({ length: asked }, (_, nth) => chance.pick(known, 'asked about', nth));
  return [
    ...wrong,
    ...known.flatMap(({ id }) => (reasonOf.has(id) ? [] : [`${id} is counted under no reason`])),
    ...unlike.map(({ about, says }) => `${about} is ${reasonOf.get(about)}, and ${says}`),
    ...known.flatMap(({ id }) => untrueOf(customer, connection, id, reasonOf.get(id))),
    ...(await answered(explainer, connection, record, some, reasonOf)),
  ];
};

const refsOf = ({ directory }: Customer): readonly Ref[] => {
  const { people, groups } = directory.truth();
  return [
    ...[...people.keys()].map((id) => user(sourceId(id))),
    ...[...groups.keys()].map((id) => group(sourceId(id))),
  ];
};

const asWanted: readonly string[] = ['in_sync', 'disabled_in_source'] satisfies readonly Reason[];

/** What a reason says of somebody in the tenant. Others say nothing of that. */
const untrueOf = (
  { directory }: Customer,
  { scope }: Connection,
  id: string,
  reason: Reason | undefined,
): readonly string[] => {
  const truth = directory.truth();
  const isIn = inScope(truth, scope).has(id);
  const isOff = isIn && truth.people.get(id)?.standing === 'disabled';
  const said = reason === undefined ? null : (sayable.get(reason) ?? null);
  const is = isOff ? 'off' : isIn ? 'there' : 'away';
  // What a source hid with every sign of success a second full read finds. Until then nobody is to be on who is not, whichever it is.
  if (is !== 'there' && said !== 'there') return [];
  return said === null || said === is ? [] : [`${id} is ${reason}, and is ${is} in the tenant`];
};
const sayable: ReadonlyMap<Reason, 'there' | 'off' | 'away'> = new Map([
  ['in_sync', 'there'],
  ['disabled_in_source', 'off'],
  ['out_of_scope', 'away'],
  ['soft_deleted', 'away'],
  ['deleted', 'away'],
  ['missing', 'away'],
]);

/** Nobody has on record what others did at the target, nor what it said to have done and did not. */
const isOnRecord = (excuse: Excuse | null): boolean => excuse === null || recorded.includes(excuse);
const recorded: readonly Excuse[] = ['name_taken', 'one_of_two', 'waiting'];

const counted = async (explainer: Explainer, connection: Connection, record: TargetInForce, known: number) => {
  const wrong: string[] = [];
  const reasonOf = new Map<string, Reason>();
  const counts = await countReasons(explainer, connection, record, { after: null, only: null });
  if (counts === null || counts.next !== null) return { reasonOf, wrong: ['not everybody was counted'] };
  let sum = 0;
  for (const [reason, { count, examples }] of counts.reasons) {
    sum += count;
    const all =
      examples.length === count
        ? examples
        : ((await countReasons(explainer, connection, record, { after: null, only: reason }))?.reasons.get(reason)
            ?.examples ?? []);
    if (all.length !== count) wrong.push(`${reason} is counted ${count} times, and of ${all.length}`);
    for (const { id } of all) {
      if (reasonOf.has(id)) wrong.push(`${id} is counted under ${reasonOf.get(id)} and ${reason}`);
      reasonOf.set(id, reason);
    }
  }
  if (sum !== known || counts.objects !== known)
    wrong.push(`${sum} reasons were counted of ${counts.objects} objects, where ${known} are known`);
  return { reasonOf, wrong };
};

const answered = async (
  explainer: Explainer,
  connection: Connection,
  record: TargetInForce,
  some: readonly Ref[],
  reasonOf: ReadonlyMap<string, Reason>,
): Promise<readonly string[]> => {
  const wrong: string[] = [];
  for (const { id } of some) {
    const answer = await explainPerson(explainer, connection, [record], id, false);
    const said = answer.found === 'one' ? answer.targets.map(({ verdict }) => verdict.reason) : [];
    if (said.length !== 1 || !said.every((reason) => reasons.includes(reason) && reason === reasonOf.get(id)))
      wrong.push(`${id} is counted under ${reasonOf.get(id)}, and explained as ${said.join(', ') || answer.found}`);
  }
  return wrong;
};
