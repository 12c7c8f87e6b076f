/** Reads from the ledger what other runs did since to what an undone one did something to. */

import type { Since, Trace } from '../core/undo.ts';
import type { RemoteId, RunId, SourceId } from '../model/ids.ts';
import { isInEffect, type Member, mayBeInEffect, notRefused } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import type { Ref } from '../model/source-object.ts';
import type { Entry } from '../store/ledger.ts';
import { newestRuns } from './newest-runs.ts';
import type { Provisioning } from './provisioning.ts';
import { entriesOf, isOver, longestWaitMs, mostOperations, tooLarge } from './undo-trail.ts';

/**
 * Whoever says of a membership what the undone run said, as one does that tells a group all of its members, changes nothing of it. Of two that took turns
 * it is the one that said it first whose undo takes it back.
 */
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
    for await (const entries of entriesOf(work, run.id)) {
      operations += entries.length;
      if (operations > mostOperations) throw tooLarge(undone, 'saw done since');
      for (const entry of entries) {
        const { operation, outcome } = entry;
        const { id } = operation.ref;
        // The last word counts, whichever run had it: one that was asked for before the others may have had it.
        for (const word of wordsIn(entry, traces)) {
          const of = `${id}|${word.member}`;
          if (word.order > (words.get(of)?.order ?? beforeAll)) words.set(of, word);
        }
        const trace = traces.get(id);
        if (trace === undefined || !mayBeInEffect(outcome)) continue;
        if ('members' in operation)
          for (const { ref } of changedIn(entry, trace)) memberships.set(`${id}|${ref.id}`, run.id);
        else accounts.set(id, run.id);
      }
    }
  }
  // By the word of the undone run itself somebody is in as long as no other one is sure that they are out.
  for (const { ref: group, remoteId, added } of traces.values())
    for (const member of added.values()) {
      const of = `${group.id}|${member.ref.id}`;
      const by = memberships.get(of);
      if (by !== undefined && !words.has(of) && isAdopted(member, traces))
        words.set(of, { group, remoteId, member: member.ref.id, isIn: true, by, order: beforeAll });
    }
  const isTakenOut = ({ group, member }: Word): boolean =>
    traces.get(group.id)?.added.has(member) === true && !memberships.has(`${group.id}|${member}`);
  const putIn = await putInBy(
    work,
    [...words.values()].filter((word) => !isTakenOut(word)),
  );
  return {
    account: (id) => accounts.get(id) ?? null,
    membership: (group, member) => memberships.get(`${group}|${member}`) ?? null,
    putIn: (id) => putIn.get(id) ?? null,
  };
};

/**
 * Of the members whom the undone run moved, those whom this moved the other way, and those it had put in before that run did so once more. Which came first
 * is not asked of clocks, for each process has its own.
 */
const changedIn = ({ operation, outcome, order }: Entry, { added, removed, addedIn }: Trace): readonly Member[] => {
  if (!('members' in operation)) return [];
  const isIn = operation.action === 'add_members';
  return notRefused(operation.members, outcome).filter(({ ref: { id } }) =>
    added.has(id) ? !isIn || order < (addedIn.get(id) ?? beforeAll) : isIn && removed.has(id),
  );
};

/** What was said of somebody whose account the undone run took over: that they are in this group, or in it no more. `remoteId`: that of the group. */
type Word = {
  readonly group: Ref;
  readonly remoteId: RemoteId;
  readonly member: SourceId;
  readonly isIn: boolean;
  readonly by: RunId;
  readonly order: string;
};

const beforeAll = '';

/** Who may have been put in is in; who may have been taken out may be in it still. */
const wordsIn = (
  { operation, outcome, cause, order }: Entry,
  traces: ReadonlyMap<SourceId, Trace>,
): readonly Word[] => {
  if (!('members' in operation)) return [];
  const isIn = operation.action === 'add_members';
  if (isIn ? !mayBeInEffect(outcome) : outcome === null || !isInEffect(outcome)) return [];
  const { ref: group, remoteId } = operation;
  return notRefused(operation.members, outcome)
    .filter((member) => isAdopted(member, traces))
    .map(({ ref }) => ({ group, remoteId, member: ref.id, isIn, by: cause.run, order }));
};

const isAdopted = ({ ref, remoteId }: Member, traces: ReadonlyMap<SourceId, Trace>): boolean => {
  const trace = traces.get(ref.id);
  return trace?.adopted === true && trace.remoteId === remoteId;
};

/** By the member, who put it in. A group that is not linked any more holds nobody of ours. */
const putInBy = async (work: Provisioning, words: readonly Word[]): Promise<ReadonlyMap<SourceId, RunId>> => {
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
  for await (const run of newestRuns(runs, { target: record.id, kind: 'provision' }, 200)) {
    if (begun.getTime() - run.createdAt.getTime() > longestWaitMs) return;
    if (run.id !== undone && run.id !== ours.id && !run.dryRun && !isOver(run, begun)) yield run;
  }
}
