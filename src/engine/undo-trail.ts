/** Reads from the ledger what a run did, and what of it came with that run. */

import { cameWith } from '../core/came-with.ts';
import { operationByPath } from '../core/target-paths.ts';
import { type Came, follow, type Trace } from '../core/undo.ts';
import type { RunId, SourceId } from '../model/ids.ts';
import { isInEffect, mayBeInEffect, notRefused, type Operation, type Outcome } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import { newestRuns } from './newest-runs.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';

/** More than this in one run, or by others since, is not undone: it would have to be held in memory. */
export const mostOperations = 200_000;

export const tracesOf = async (work: Provisioning, undone: RunId): Promise<ReadonlyMap<SourceId, Trace>> => {
  const traces = new Map<SourceId, Trace>();
  const pathOf = work.engine.targetPaths(work.record.kind);
  let operations = 0;
  for await (const entries of entriesOf(work, undone)) {
    // What took no effect leaves no trace; where a run ended links of another system there is as much of that as of the rest.
    operations += entries.filter(({ outcome }) => outcome !== null && isInEffect(outcome)).length;
    if (operations > mostOperations) throw tooLarge(undone, 'did');
    // What was noted by another spelling of a path is taken back by the name it has now, or the guard would not know it.
    for (const entry of entries) follow(traces, { ...entry, operation: operationByPath(entry.operation, pathOf) });
  }
  return traces;
};

export const tooLarge = (undone: RunId, what: 'did' | 'saw done since'): RunRefused =>
  new RunRefused({
    code: 'undo_too_large',
    message: `The run ${undone} ${what} more than ${mostOperations} operations, which is more than can be undone at once.`,
    owner: 'your_team',
  });

/** A run that was asked for longer than this before another began is not looked for any more. */
export const longestWaitMs = 30 * 86_400_000;

/** It did not take turns with one that began then. */
export const isOver = ({ finishedAt }: Run, begun: Date): boolean => finishedAt !== null && finishedAt < begun;

export async function* entriesOf({ engine, record }: Provisioning, run: RunId) {
  let after: string | null = null;
  do {
    const page = await engine.stores.ledger.entries(record.id, run, after, 500);
    yield page.items;
    after = page.next;
  } while (after !== null);
}

/** Which of the memberships that the run added came with it. */
export const cameWithRun = async (
  work: Provisioning,
  undone: RunId,
  traces: ReadonlyMap<SourceId, Trace>,
): Promise<Came> => {
  const { ledger, runs } = work.engine.stores;
  const groups = [...traces.values()].filter(({ added, created }) => added.size > 0 && !created);
  if (groups.length === 0) return () => true;
  const run = await runs.get(undone);
  const links = await ledger.links(
    work.record.id,
    groups.map(({ ref }) => ref),
  );
  const broughtTo = await broughtBefore(work, undone, run?.startedAt ?? new Date(0));
  const joined = await joinedSince(work, broughtTo, groups);
  const told = await toldBefore(work, undone, run?.startedAt ?? new Date(0), joined);
  return (of, member) => {
    const group = traces.get(of);
    return (
      group !== undefined &&
      cameWith({
        link: links.get(of),
        version: group.version,
        tells: tellsOf(run, group),
        isMade: traces.get(member)?.created === true,
        joinedAt: joined.get(`${of}|${member}`) ?? null,
        broughtTo,
        isTold: told.has(`${of}|${member}`),
      })
    );
  };
};

const tellsOf = (run: Run | null, { isOfPlan }: Trace): 'everybody' | 'changes' | 'missing' => {
  if (run?.kind === 'provision' && run.amends !== null) return 'missing';
  return run?.mode === 'delta' && !isOfPlan ? 'changes' : 'everybody';
};

/** The version that the last run before had brought the target to. */
const broughtBefore = async ({ engine, record }: Provisioning, undone: RunId, begun: Date): Promise<number> => {
  const all = newestRuns(engine.stores.runs, { target: record.id, kind: 'provision' }, 200);
  for await (const { id, finishedAt, version, scope, dryRun, state } of all) {
    const isOver =
      id !== undone &&
      finishedAt !== null &&
      finishedAt <= begun &&
      (state === 'succeeded' || state === 'partially_succeeded');
    if (isOver && version !== null && scope === null && !dryRun) return version;
  }
  return 0;
};

type Joined = ReadonlyMap<string, number>;

/** By which version each member joined whom a group has gained since; the last word counts. */
const joinedSince = async (
  { engine, run }: Provisioning,
  version: number,
  groups: readonly Trace[],
): Promise<Joined> => {
  const of = new Set(groups.map(({ ref }) => ref.id));
  const through = Math.max(...groups.map((each) => each.version));
  const joined = new Map<string, number>();
  for await (const recorded of engine.stores.snapshots.changesAfter(run.connection, version, through))
    for (const { change, version: by } of recorded) {
      if (change.kind !== 'members' || !of.has(change.group.id)) continue;
      for (const { id } of change.added) joined.set(`${change.group.id}|${id}`, by);
      for (const { id } of change.removed) joined.delete(`${change.group.id}|${id}`);
    }
  return joined;
};

/**
 * Which of those who joined an earlier run had told already: one that tells a group all of its members reads who is in it now, also whoever joined after
 * the version that it brings the target to; and whoever left a group and joined it again may never have been put out of it. By what was said of each last.
 * Where more was done than can be looked through, whoever is not found counts.
 */
const toldBefore = async (
  work: Provisioning,
  undone: RunId,
  begun: Date,
  joined: Joined,
): Promise<ReadonlySet<string>> => {
  if (joined.size === 0) return new Set();
  const said = new Map<string, 'add' | 'remove'>();
  let operations = 0;
  for await (const run of earlierRuns(work, undone, begun)) {
    const ofRun = new Map<string, 'add' | 'remove'>();
    for await (const entries of entriesOf(work, run.id)) {
      operations += entries.length;
      if (operations > mostOperations) return new Set([...joined.keys()].filter((each) => said.get(each) !== 'remove'));
      for (const { operation, outcome } of entries)
        for (const each of membershipsIn(operation, outcome))
          if (joined.has(each)) ofRun.set(each, operation.action === 'add_members' ? 'add' : 'remove');
    }
    for (const [each, word] of ofRun) if (!said.has(each)) said.set(each, word);
    if (said.size === joined.size) break;
  }
  return new Set([...said].flatMap(([each, word]) => (word === 'add' ? [each] : [])));
};

const membershipsIn = (operation: Operation, outcome: Outcome | null): readonly string[] => {
  if (!('members' in operation) || !mayBeInEffect(outcome)) return [];
  return notRefused(operation.members, outcome).map(({ ref }) => `${operation.ref.id}|${ref.id}`);
};

/**
 * The newest first, of those that told any group of anybody; as for later ones, of those made within a month of it. What was told by one that took turns
 * with it is looked at with those.
 */
async function* earlierRuns({ engine, record }: Provisioning, undone: RunId, begun: Date): AsyncGenerator<Run> {
  for await (const run of newestRuns(engine.stores.runs, { target: record.id, kind: 'provision' }, 200)) {
    if (begun.getTime() - run.createdAt.getTime() > longestWaitMs) return;
    if (run.id !== undone && isOver(run, begun) && !run.dryRun && !isSilent(run)) yield run;
  }
}

/** It came to its end, and put nobody into a group nor out of one. */
const isSilent = ({ state, counters }: Run): boolean =>
  state === 'succeeded' && counters.membersAdded + counters.membersRemoved === 0;
