/** Reads from the ledger what other runs did since to what an undone one did something to. */

import type { Since, Trace } from '../core/undo.ts';
import type { RemoteId, RunId, SourceId } from '../model/ids.ts';
import { isInEffect, type Member, mayBeInEffect, type Operation, type Outcome } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import type { Ref } from '../model/source-object.ts';
import type { Provisioning } from './provisioning.ts';
import { entriesOf, longestWaitMs, mostOperations, tooLarge } from './undo-trail.ts';

/** Whoever says of a membership what the undone run said, as one does that tells a group all of its members, changes nothing of it. */
export const sinceThen = async (
  work: Provisioning,
  undone: RunId,
  traces: ReadonlyMap<SourceId, Trace>,
): Promise<Since> => {
  const accounts = new Map<SourceId, RunId>();
  const memberships = new Map<string, RunId>();
  const words = new Map<string, Word>();
  let operations = 0;
  for await (const run of laterRuns(work, undone)) {
    const ofRun = new Map<string, Word>();
    for await (const entries of entriesOf(work, run.id)) {
      operations += entries.length;
      if (operations > mostOperations) throw tooLarge(undone, 'saw done since');
      for (const { operation, outcome } of entries) {
        const { id } = operation.ref;
        for (const word of wordsIn(operation, outcome, traces))
          ofRun.set(`${id}|${word.member}`, { ...word, by: run.id });
        const trace = traces.get(id);
        if (trace === undefined || !mayBeInEffect(outcome)) continue;
        if ('members' in operation) {
          const moved = operation.action === 'add_members' ? trace.removed : trace.added;
          for (const { ref } of operation.members) if (moved.has(ref.id)) memberships.set(`${id}|${ref.id}`, run.id);
        } else accounts.set(id, run.id);
      }
    }
    // The newest run has the last word, and in each run the last operation.
    for (const [of, word] of ofRun) if (!words.has(of)) words.set(of, word);
  }
  const isTakenOut = ({ group, member }: Word): boolean =>
    traces.get(group.id)?.added.has(member) === true && !memberships.has(`${group.id}|${member}`);
  const putIn = await stillIn(
    work,
    [...words.values()].filter((word) => !isTakenOut(word)),
  );
  return {
    account: (id) => accounts.get(id) ?? null,
    membership: (group, member) => memberships.get(`${group}|${member}`) ?? null,
    putIn: (id) => putIn.get(id) ?? null,
  };
};

/** What was said of somebody whose account the undone run took over: that they are in this group, or in it no more. `remoteId`: that of the group. */
type Word = {
  readonly group: Ref;
  readonly remoteId: RemoteId;
  readonly member: SourceId;
  readonly isIn: boolean;
  readonly by: RunId;
};

/** Who may have been put in is in; who may have been taken out may be in it still. */
const wordsIn = (
  operation: Operation,
  outcome: Outcome | null,
  traces: ReadonlyMap<SourceId, Trace>,
): readonly Omit<Word, 'by'>[] => {
  if (!('members' in operation)) return [];
  const isIn = operation.action === 'add_members';
  if (isIn ? !mayBeInEffect(outcome) : outcome === null || !isInEffect(outcome)) return [];
  const refused = new Set(outcome?.result === 'partly_applied' ? outcome.refused : []);
  const isTakenOver = ({ ref, remoteId }: Member): boolean => {
    const trace = traces.get(ref.id);
    return trace?.adopted === true && trace.remoteId === remoteId && !refused.has(ref.id);
  };
  return operation.members
    .filter(isTakenOver)
    .map(({ ref }) => ({ group: operation.ref, remoteId: operation.remoteId, member: ref.id, isIn }));
};

/** By the member, who put it in. A group that is not linked any more holds nobody of ours. */
const stillIn = async (work: Provisioning, words: readonly Word[]): Promise<ReadonlyMap<SourceId, RunId>> => {
  const said = words.filter(({ isIn }) => isIn);
  const links = await work.engine.stores.ledger.links(
    work.record.id,
    said.map(({ group }) => group),
  );
  return new Map(
    said.flatMap(({ group, remoteId, member, by }) =>
      links.get(group.id)?.remoteId === remoteId ? [[member, by] as const] : [],
    ),
  );
};

/** Runs that may have written after the undone one began, the newest first. One that was asked for long before it, and waited, is among them as long as it was made within a month. */
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
