/** The record of runs in memory: the same promises as the one in MongoDB, for tests and simulations. */

import { laneOf, overtakingRank, rankOf, slotOf, underWay, unfinished } from '../../core/run-queue.ts';
import type { RunId } from '../../model/ids.ts';
import type { ReadKind } from '../../model/operation.ts';
import { isEnded, isOfTarget, type Run, type Shrink } from '../../model/run.ts';
import type { RunFilter, RunStore } from '../run-store.ts';
import { type Keep, keptByNobody } from './backup.ts';

/** `rank` may be better than the run's own: a person asked for the same. */
type Row = { readonly run: Run; readonly rank: number };
/** What every run has, of whatever kind. */
type Patch = Partial<Omit<Run, 'id' | 'kind'>> & {
  readonly read?: ReadKind;
  readonly shrink?: Shrink;
};

const batchSize = 500;

export const createMemoryRunStore = (now: () => Date, keep: Keep = keptByNobody): RunStore => {
  const rows = keep(new Map<RunId, Row>());
  /** Until when somebody is at them. */
  const untold = keep(new Map<RunId, Date>());
  const runs = (): Run[] => [...rows.values()].map(({ run }) => run);

  const write = (id: RunId, patch: (run: Run) => Patch | null): Run | null => {
    const row = rows.get(id);
    const change = row && patch(row.run);
    if (!row || !change) return null;
    const run: Run = { ...row.run, ...change };
    rows.set(id, { ...row, run });
    if (isEnded(run.state) && !isEnded(row.run.state)) untold.set(id, new Date(0));
    return run;
  };

  return {
    request: async (run) => {
      const same = [...rows.values()].find(
        (row) => row.run.id === run.id || (row.run.state === 'queued' && slotOf(row.run) === slotOf(run)),
      );
      if (!same) {
        rows.set(run.id, { run, rank: rankOf(run) });
        return { run, alreadyQueued: false };
      }
      const isOther = same.run.state === 'queued' && same.run.id !== run.id;
      const merged = isOther && isSooner(run, same.run) ? { ...same.run, ...whenOf(run) } : same.run;
      rows.set(merged.id, { run: merged, rank: Math.min(same.rank, rankOf(run)) });
      return { run: merged, alreadyQueued: merged.id !== run.id };
    },
    get: async (id) => rows.get(id)?.run ?? null,
    list: async (filter, after, limit) => {
      const found = runs().filter((run) => matches(run, filter) && (after === null || run.id < after));
      const page = found.sort(newestFirst).slice(0, limit);
      return { items: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    next: async (of, at) => {
      const lane = 'target' in of ? of.target : of.connection;
      const inLane = [...rows.values()].filter(({ run }) => !isEnded(run.state) && laneOf(run) === lane).sort(byRank);
      const begun = inLane
        .map(({ run }) => run)
        .filter(({ state }) => underWay.includes(state))
        .sort(soonestFirst);
      const due = begun.find((run) => isDue(run, at));
      if (due) return due;
      const queued = inLane.filter(({ run }) => run.state === 'queued' && isDue(run, at));
      const eligible = begun.length > 0 ? queued.filter(({ rank }) => rank < overtakingRank) : queued;
      const later = inLane.map(({ run }) => run).filter(({ state }) => state === 'queued');
      return eligible[0]?.run ?? begun[0] ?? later.sort(soonestFirst)[0] ?? null;
    },
    start: async (id, at) =>
      write(id, (run) =>
        isEnded(run.state) ? null : { state: 'running', startedAt: run.startedAt ?? at, notBefore: null },
      ),
    progress: async (id, { phase, counters, place }) => {
      const run = write(id, ({ state }) =>
        state === 'running' ? { phase, counters, ...(place === undefined ? {} : { place }) } : null,
      );
      return { cancelRequested: run?.cancelRequested ?? true };
    },
    postpone: async (id, until, why) => {
      write(id, (run) =>
        run.state === 'running'
          ? {
              state: 'waiting',
              notBefore: run.cancelRequested ? null : until,
              problem: why?.problem ?? null,
              faults: why?.isFault === true ? run.faults + 1 : 0,
            }
          : null,
      );
    },
    finish: async (id, state, at, end) => {
      write(id, (run) => (isEnded(run.state) ? null : { ...ended(at), state, ...end }));
    },
    cancel: async (id, at) => {
      write(id, ({ state }) => {
        if (isEnded(state)) return null;
        return state === 'running'
          ? { cancelRequested: true }
          : { ...ended(at), state: 'canceled', cancelRequested: true };
      });
      return rows.get(id)?.run ?? null;
    },
    unfinished: async function* () {
      const found = runs().filter((run) => unfinished.includes(run.state) && isDue(run, now()));
      for (let from = 0; from < found.length; from += batchSize) yield found.slice(from, from + batchSize);
    },
    takeUntold: async (limit, ttlMs) => {
      const at = now();
      const free = [...untold].filter(([, until]) => until <= at).flatMap(([id]) => rows.get(id)?.run ?? []);
      const taken = free.filter(({ organization }) => organization === free[0]?.organization).slice(0, limit);
      for (const { id } of taken) untold.set(id, new Date(at.getTime() + ttlMs));
      return taken;
    },
    told: async (ids) => {
      for (const id of ids) untold.delete(id);
    },
    missing: async function* (connection, person) {
      const found = runs().filter(
        (run) =>
          run.kind === 'sync' &&
          run.connection === connection &&
          [run.shrink, run.acceptShrink].some((shrink) => shrink?.sample.includes(person)),
      );
      if (found.length > 0) yield found;
    },
    forgetPerson: async (connection, person) => {
      const without = (shrink: Shrink | null): Shrink | null =>
        shrink && { ...shrink, sample: shrink.sample.filter((id) => id !== person) };
      for (const [id, row] of rows) {
        const { run } = row;
        if (run.kind !== 'sync' || run.connection !== connection) continue;
        const forgotten = { ...run, shrink: without(run.shrink), acceptShrink: without(run.acceptShrink) };
        rows.set(id, { ...row, run: forgotten });
      }
    },
    prune: async (before) => {
      for (const run of runs()) if (run.finishedAt && run.finishedAt < before) rows.delete(run.id);
    },
    erase: async (connection) => {
      for (const run of runs()) if (run.connection === connection) rows.delete(run.id);
    },
  };
};

/** Null is now. */
const isSooner = ({ notBefore: a }: Run, { notBefore: b }: Run): boolean => b !== null && (a === null || a < b);
const whenOf = ({ notBefore, problem }: Run) => ({ notBefore, problem });

/** How a run ends, whoever ends it. Where it would go on from names people, and is of no use any more. */
const ended = (at: Date) => ({ phase: 'done', finishedAt: at, notBefore: null, place: null }) as const;

const isDue = (run: Run, at: Date): boolean => run.state === 'running' || run.notBefore === null || run.notBefore <= at;

const matches = (run: Run, filter: RunFilter): boolean =>
  (filter.organizations?.includes(run.organization) ?? true) &&
  (filter.connection === undefined || run.connection === filter.connection) &&
  (filter.target === undefined || (isOfTarget(run) && run.target === filter.target)) &&
  (filter.kind === undefined || run.kind === filter.kind) &&
  (filter.state === undefined || run.state === filter.state) &&
  (filter.causedBy === undefined || run.causedBy === filter.causedBy) &&
  (filter.version === undefined || run.version === filter.version) &&
  (filter.plan === undefined || (run.kind === 'provision' && run.plan === filter.plan)) &&
  (filter.isWhole === undefined || isWhole(run)) &&
  (filter.isUnfinished === undefined || !isEnded(run.state));

const isWhole = (run: Run): boolean =>
  run.scope === null && !run.dryRun && (run.kind !== 'provision' || run.amends === null);

const oldestFirst = (a: Run, b: Run): number => (a.id < b.id ? -1 : 1);
const newestFirst = (a: Run, b: Run): number => (a.id > b.id ? -1 : 1);
/** A running one has no `notBefore`. */
const soonestFirst = (a: Run, b: Run): number =>
  (a.notBefore?.getTime() ?? 0) - (b.notBefore?.getTime() ?? 0) || oldestFirst(a, b);
const byRank = (a: Row, b: Row): number => a.rank - b.rank || oldestFirst(a.run, b.run);
