/** Reads from the ledger what a run did, and what other runs did since to the same objects. */

import { follow, type Since, type Trace } from '../core/undo.ts';
import type { RunId, SourceId } from '../model/ids.ts';
import { isInEffect } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';

/** More than this in one run, or by others since, is not undone: it would have to be held in memory. */
const mostOperations = 200_000;

export const tracesOf = async (work: Provisioning, undone: RunId): Promise<ReadonlyMap<SourceId, Trace>> => {
  const traces = new Map<SourceId, Trace>();
  let operations = 0;
  for await (const entries of entriesOf(work, undone)) {
    operations += entries.length;
    if (operations > mostOperations) throw tooLarge(undone, 'did');
    for (const { operation, outcome, cause } of entries) follow(traces, operation, outcome, cause.version);
  }
  return traces;
};

const tooLarge = (undone: RunId, what: 'did' | 'saw done since'): RunRefused =>
  new RunRefused({
    code: 'undo_too_large',
    message: `The run ${undone} ${what} more than ${mostOperations} operations, which is more than can be undone at once.`,
    owner: 'your_team',
  });

async function* entriesOf({ engine, record }: Provisioning, run: RunId) {
  let after: string | null = null;
  do {
    const page = await engine.stores.ledger.entries(record.id, run, after, 500);
    yield page.items;
    after = page.next;
  } while (after !== null);
}

/** What other runs did since the undone one began, to what it did something to. */
export const sinceThen = async (
  work: Provisioning,
  undone: RunId,
  traces: ReadonlyMap<SourceId, Trace>,
): Promise<Since> => {
  const accounts = new Map<SourceId, RunId>();
  const memberships = new Map<string, RunId>();
  let operations = 0;
  for await (const run of laterRuns(work, undone)) {
    for await (const entries of entriesOf(work, run.id)) {
      operations += entries.length;
      if (operations > mostOperations) throw tooLarge(undone, 'saw done since');
      for (const { operation, outcome } of entries) {
        const { id } = operation.ref;
        // What is open may have been done.
        if (!traces.has(id) || (outcome !== null && !isInEffect(outcome))) continue;
        if (!('members' in operation)) accounts.set(id, run.id);
        else for (const { ref } of operation.members) memberships.set(`${id}|${ref.id}`, run.id);
      }
    }
  }
  return {
    account: (id) => accounts.get(id) ?? null,
    membership: (group, member) => memberships.get(`${group}|${member}`) ?? null,
  };
};

/** Runs that may have written after the undone one began. One that was asked for long before it, and waited, is among them as long as it was made within a month. */
async function* laterRuns({ engine, record, run: ours }: Provisioning, undone: RunId): AsyncGenerator<Run> {
  const { runs } = engine.stores;
  const begun = (await runs.get(undone))?.startedAt ?? new Date(0);
  let after: string | null = null;
  do {
    const page = await runs.list({ target: record.id, kind: 'provision' }, after, 200);
    for (const run of page.items) {
      if (begun.getTime() - run.createdAt.getTime() > longestWaitMs) return;
      const isOver = run.finishedAt !== null && run.finishedAt < begun;
      if (run.id !== undone && run.id !== ours.id && !run.dryRun && !isOver) yield run;
    }
    after = page.next;
  } while (after !== null);
}

const longestWaitMs = 30 * 86_400_000;
