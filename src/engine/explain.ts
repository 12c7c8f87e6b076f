/** Answers "why was Jane not synced?" from what is on record; on demand also from what source and target say now. */

import { own } from '../core/attributes.ts';
import { explain } from '../core/explain.ts';
import type { Details } from '../core/explain-steps.ts';
import type { ObjectNow } from '../core/finding.ts';
import { nobody } from '../core/nobody.ts';
import type { AttributeNames } from '../core/read-attributes.ts';
import { nameOf } from '../core/wording.ts';
import type { Connection } from '../model/connection.ts';
import type {
  Candidate,
  Committed,
  Explained,
  FoundBy,
  LiveSource,
  LiveStranger,
  LiveTarget,
  NobodyVerdict,
  Written,
} from '../model/explanation.ts';
import { type OperationKey, type SourceId, sourceId, type TargetId } from '../model/ids.ts';
import type { TargetPaths } from '../model/mapping.ts';
import type { Action, Link } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { isEnded, type Run } from '../model/run.ts';
import { scopeKey } from '../model/scope.ts';
import { group, type Ref, type Remembered, user, type Value } from '../model/source-object.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { World } from '../model/world.ts';
import type { About, Entry } from '../store/ledger.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import { type ConnectTarget, objectsNow, targetSide } from './explain-evidence.ts';
import { askForStranger, askSource, askTarget, type ConnectSource } from './explain-live.ts';
import { findPerson, type Hit } from './find-person.ts';
import { linksByPath } from './links-by-path.ts';
import { newestRuns } from './newest-runs.ts';

export type Explainer = {
  readonly stores: Stores;
  readonly world: Pick<World, 'now'>;
  readonly targetPaths: TargetPaths;
  /** Makes a connection of its own, which is closed again. */
  readonly connectTarget: ConnectTarget;
  readonly connectSource: ConnectSource;
};

export type TargetAnswer = Explained & {
  readonly target: Pick<TargetRecord, 'id' | 'name'>;
  readonly link: Link | null;
  /** Null unless asked for. */
  readonly live: LiveTarget | null;
};
export type Answer = {
  readonly read: Committed;
  readonly fullReadAt: Date | null;
  readonly notes: readonly string[];
} & (
  | {
      readonly found: 'one';
      readonly by: FoundBy;
      readonly seen: Remembered;
      readonly targets: readonly TargetAnswer[];
      /** Null unless asked for. */
      readonly live: LiveSource | null;
      /** Others of this name who left. */
      readonly others: readonly Candidate[];
    }
  | { readonly found: 'several'; readonly candidates: readonly Candidate[] }
  | {
      readonly found: 'nobody';
      readonly verdict: NobodyVerdict;
      readonly checks: readonly string[];
      /** Null unless asked for. */
      readonly live: LiveStranger | null;
    }
);

/** `targets`: those of the connection that are asked about. `live`: whether source and target are asked again, now. */
export const explainPerson = async (
  explainer: Explainer,
  connection: Connection,
  targets: readonly TargetInForce[],
  text: string,
  live: boolean,
): Promise<Answer> => {
  const { stores } = explainer;
  const head = await stores.snapshots.head(connection.id);
  const [hits, read, notes] = await Promise.all([
    findPerson(stores, connection.id, targets, text),
    committed(stores, head, head.version),
    notesOn(stores, connection, targets),
  ]);
  const common = { read, fullReadAt: head.fullAt, notes };
  const present = hits.filter(({ seen }) => seen.gone === null);
  const [meant] = present.length === 1 ? present : hits;
  if (meant === undefined) {
    const stranger = live
      ? await askForStranger(stores, explainer.connectSource, connection, text, namesRead(connection, head))
      : null;
    return { ...common, found: 'nobody', ...nobody(connection, head, text, stranger), live: stranger };
  }
  if (hits.length > 1 && present.length !== 1)
    return { ...common, found: 'several', candidates: hits.map(candidateOf) };
  return {
    ...common,
    found: 'one',
    by: meant.by,
    seen: meant.seen,
    targets: await explainEach(explainer, connection, head, targets, meant.seen, read, live),
    live: live
      ? await askSource(stores, explainer.connectSource, connection, meant.seen, namesRead(connection, head))
      : null,
    others: hits.filter((hit) => hit !== meant).map(candidateOf),
  };
};

/** The source is asked for what it was read with, and for no more. */
const namesRead = ({ attributes: asked }: Connection, { version, attributes: read }: Head): AttributeNames =>
  version === 0 ? asked : { user: [...read.user.keys()], group: [...read.group.keys()] };

const explainEach = async (
  explainer: Explainer,
  connection: Connection,
  head: Head,
  targets: readonly TargetInForce[],
  seen: Remembered,
  read: Committed,
  live: boolean,
): Promise<readonly TargetAnswer[]> => {
  const { stores } = explainer;
  const source: SourceDetails = {
    read,
    fullReadAt: head.fullAt,
    scope: connection.scope,
    isScopeRead: head.scope === null || head.scope === scopeKey(connection.scope),
    changed: await committed(stores, head, seen.version),
    memberOf: await memberships(stores, connection, seen),
  };
  const answers = await Promise.all(
    targets.map((record) => explainAt(explainer, connection, record, seen, source, live)),
  );
  return answers.filter((answer) => answer !== null);
};

type SourceDetails = Pick<Details, 'read' | 'fullReadAt' | 'scope' | 'isScopeRead' | 'changed' | 'memberOf'>;

const explainAt = async (
  explainer: Explainer,
  connection: Connection,
  record: TargetInForce,
  seen: Remembered,
  source: SourceDetails,
  live: boolean,
): Promise<TargetAnswer | null> => {
  const { world, connectTarget } = explainer;
  // A run compares what an account was told by the names of now.
  const { stores } = linksByPath(explainer, record);
  const { ref } = seen.object;
  const groups = new Set(ref.type === 'group' ? [ref.id] : []);
  const side = await targetSide(stores, connectTarget, connection, record, world.now(), groups);
  if (side === null) return null;
  const [evidence] = await objectsNow(stores, side, [seen]);
  if (evidence === undefined) return null;
  const { object, about } = evidence;
  const names = await namesOf(stores, connection, object);
  const details = {
    ...source,
    ...(await writtenAt(stores, record.id, about)),
    planned: await plannedOn(stores, side.now.plan, ref),
    nameOf: (id: SourceId) => names.get(id),
  };
  const asked = live ? await askTarget(stores, connectTarget, record, seen, object.link) : null;
  return {
    ...explain(side.now, object, details, asked),
    target: { id: record.id, name: record.name },
    link: object.link,
    live: asked,
  };
};

const plannedOn = async (stores: Stores, plan: Plan | null, ref: Ref): Promise<readonly Action[]> => {
  if (plan === null) return [];
  const actions = new Set<Action>();
  for await (const staged of stores.plans.stepsOn(plan, ref))
    for (const { operation } of staged) actions.add(operation.action);
  return [...actions];
};

/** Nobody reads more names than these in a sentence. */
const mostNames = 10;

/** What a person calls those that this object waits for, or points to. */
const namesOf = async (
  stores: Stores,
  connection: Connection,
  { seen, waiting }: ObjectNow,
): Promise<ReadonlyMap<SourceId, string>> => {
  const manager = own(seen.object.attributes, 'manager');
  const ids = [
    ...(typeof manager === 'string' ? [sourceId(manager)] : []),
    ...waiting.slice(0, mostNames).map(({ to }) => to),
  ];
  const found = await stores.snapshots.recall(connection.id, [...ids.map(user), ...ids.map(group)]);
  return new Map([...found].map(([id, { object }]) => [id, nameOf(object)]));
};

const writtenAt = async (
  stores: Stores,
  target: TargetId,
  { former, linkedBy, escrowedBy }: About,
): Promise<Pick<Details, 'former' | 'last' | 'failed'>> => {
  const entryOf = async (key: OperationKey | null) => (key === null ? null : stores.ledger.entry(target, key));
  const [last, failed] = await Promise.all([entryOf(linkedBy), entryOf(escrowedBy)]);
  return { former, last: writtenOf(last), failed: writtenOf(failed) };
};

const writtenOf = (entry: Entry | null): Written | null =>
  entry && {
    action: entry.operation.action,
    run: entry.cause.run,
    version: entry.cause.version,
    why: entry.cause.why,
    evidence: entry.cause.evidence,
    attributes: 'attributes' in entry.operation ? entry.operation.attributes : null,
    at: entry.outcome?.at ?? entry.at,
    result: entry.outcome?.result ?? 'open',
    detail: entry.outcome !== null && 'detail' in entry.outcome ? entry.outcome.detail : null,
  };

/** The run that committed a version, as long as it is kept. */
const committed = async (stores: Stores, head: Head, version: number): Promise<Committed> => {
  const { items } = await stores.runs.list({ connection: head.connection, kind: 'sync', version }, null, 1);
  const [run] = version === 0 ? [] : items;
  return { version, run: run?.id ?? null, at: run?.finishedAt ?? (version === head.version ? head.committedAt : null) };
};

/** Nobody needs to see more groups than this of one person. */
const mostGroups = 100;

const memberships = async (
  stores: Stores,
  connection: Connection,
  { object }: Remembered,
): Promise<Details['memberOf']> => {
  const ids = new Set<SourceId>();
  for await (const some of stores.snapshots.groupsOf(connection.id, [object.ref.id]))
    for (const membership of some) ids.add(membership.group);
  const { scope } = connection;
  const inScope = (id: SourceId) => scope.kind === 'all' || scope.groups.includes(id);
  // Those that the scope names come first, so that the limit never hides them.
  const some = [...ids].sort((a, b) => Number(inScope(b)) - Number(inScope(a))).slice(0, mostGroups);
  const groups = await stores.snapshots.find(connection.id, some.map(group));
  return some.map((id) => ({ id, name: textOf(groups.get(id)?.attributes['displayName']), inScope: inScope(id) }));
};

/** What makes everything known of this tenant older than it should be, or good for nothing. */
const notesOn = async (
  stores: Stores,
  connection: Connection,
  targets: readonly TargetInForce[],
): Promise<readonly string[]> => {
  const notes: string[] = [];
  if (targets.length === 0) notes.push('The connection has no target, so nobody is written anywhere.');
  if (connection.state !== 'active')
    notes.push(
      `The connection is ${connection.state}, so nothing is read${connection.problem === null ? '' : `: ${connection.problem.message}`}`,
    );
  const newest = await newestRead(stores, connection);
  if (newest !== null && (newest.state === 'held' || newest.state === 'failed') && newest.problem !== null)
    notes.push(`The last sync run, ${newest.id}, was ${newest.state}: ${newest.problem.message}`);
  return notes;
};

/** The newest sync run that came to an end of its own: one that has not ended, or was canceled, says nothing of the tenant yet. */
const newestRead = async ({ runs }: Stores, { id }: Connection): Promise<Run | null> => {
  for await (const read of newestRuns(runs, { connection: id, kind: 'sync' }, 20))
    if (isEnded(read.state) && read.state !== 'canceled') return read;
  return null;
};

const candidateOf = ({ seen: { object, gone }, by }: Hit): Candidate => ({
  object: object.ref,
  by,
  displayName: textOf(own(object.attributes, 'displayName')),
  userPrincipalName: textOf(own(object.attributes, 'userPrincipalName')),
  mail: textOf(own(object.attributes, 'mail')),
  employeeId: textOf(own(object.attributes, 'employeeId')),
  gone,
});

const textOf = (value: Value | undefined): string | null => (typeof value === 'string' ? value : null);
