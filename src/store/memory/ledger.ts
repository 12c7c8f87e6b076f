/** The ledger in memory: the same promises as the one in MongoDB, for tests and simulations. */

import { batches } from '../../core/batches.ts';
import { escalate, isGivenUp } from '../../core/escrow-ladder.ts';
import { operationAbout, outcomeAbout } from '../../core/forget.ts';
import { countedAs, endOf, sumTaken } from '../../core/guard.ts';
import { StaleFence } from '../../model/errors.ts';
import { type TargetId, targetId } from '../../model/ids.ts';
import { countsAsTaken, type Escrow } from '../../model/operation.ts';
import type { ObjectType, Ref } from '../../model/source-object.ts';
import { defaultEscrow } from '../../model/target-record.ts';
import type { Lease, LeaseKey } from '../leases.ts';
import type { Ledger } from '../ledger.ts';
import type { Page } from '../snapshot-store.ts';
import { type Keep, keptByNobody } from './backup.ts';
import {
  aboutIn,
  type Book,
  closeIntents,
  emptyBook,
  endedOf,
  escrowsOf,
  escrowsThen,
  forgetIn,
  intentOf,
  keyOf,
  letGoIn,
  linksOf,
  present,
  waitingKey,
  writeLinks,
} from './ledger-book.ts';

const batchSize = 500;

export const createMemoryLedger = (around: {
  /** The newest fence of a lease; 0 when it was never taken. */
  readonly fenceOf: (key: LeaseKey) => number;
  readonly now: () => Date;
  /** Called after every write with its name, so that a test can stop there. */
  readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  readonly keep?: Keep;
}): Ledger => {
  const { fenceOf, now, probe = () => {}, keep = keptByNobody } = around;
  const books = keep(new Map<TargetId, Book>());
  const counted = keep({ entries: 0 });

  const bookOf = (target: TargetId): Book => {
    const book = books.get(target) ?? emptyBook();
    books.set(target, book);
    return book;
  };
  const heldBy = (lease: Lease): Book => {
    if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
    return bookOf(targetId(lease.key));
  };
  const note = (lease: Lease, intents: Parameters<Ledger['intend']>[1]): void => {
    const { entries } = heldBy(lease);
    for (const { operation, cause } of intents) {
      if (entries.has(operation.key)) continue;
      counted.entries += 1;
      const target = targetId(lease.key);
      entries.set(operation.key, {
        target,
        operation,
        cause,
        at: now(),
        state: 'open',
        outcome: null,
        order: orderOf(counted.entries),
      });
    }
  };

  return {
    position: async (target) => bookOf(target).position,
    advance: async (lease, version) => {
      const book = heldBy(lease);
      book.position = Math.max(book.position ?? version, version);
      await probe('ledger.advanced');
    },
    reach: async (target) => bookOf(target).reach,
    noteReach: async (lease, reach) => {
      heldBy(lease).reach = reach;
      await probe('ledger.reach_noted');
    },
    owed: async (target) => bookOf(target).owed,
    noteOwed: async (lease, owed) => {
      heldBy(lease).owed = owed;
      await probe('ledger.owed_noted');
    },
    rules: async (target) => bookOf(target).rules,
    acceptRules: async (lease, rules) => {
      heldBy(lease).rules = rules;
      await probe('ledger.rules_accepted');
    },
    guarded: async (target) => bookOf(target).guarded,
    noteGuarded: async (lease, groups) => {
      heldBy(lease).guarded = new Map(groups);
      await probe('ledger.guarded');
    },
    noticed: async (target) => bookOf(target).noticed,
    noteNoticed: async (lease, version) => {
      const book = heldBy(lease);
      book.noticed = Math.max(book.noticed, version);
      await probe('ledger.noticed');
    },
    links: async (target, refs) => new Map(present(bookOf(target).links, refs).map((link) => [link.ref.id, link])),
    linkedRemotes: async (target, type, ids) => {
      const wanted = new Set(ids);
      const book = bookOf(target);
      const hits = linksOf(book, type).filter((link) => wanted.has(link.remoteId));
      const ended = endedOf(book, type).filter(({ former }) => wanted.has(former.remoteId));
      return {
        links: new Map(hits.map((link) => [link.remoteId, link])),
        ended: Map.groupBy(ended, ({ former }) => former.remoteId),
      };
    },
    about: async (target, refs) => new Map(refs.map((ref) => [ref.id, aboutIn(bookOf(target), keyOf(ref))])),
    ownersOf: async (target, id) => {
      const { links, former } = bookOf(target);
      const owners = [...links.values(), ...former.values()].filter(({ remoteId }) => remoteId === id);
      return owners.map(({ ref }) => ref);
    },
    scanLinks: (target, type, after) =>
      inBatches(() =>
        linksOf(bookOf(target), type)
          .filter(({ ref }) => after === undefined || ref.id > after)
          .toSorted((a, b) => (a.ref.id < b.ref.id ? -1 : 1)),
      ),
    linkedIds: (target, type) =>
      inBatches(() =>
        linksOf(bookOf(target), type)
          .map(({ ref }) => ref.id)
          .sort(),
      ),
    disabledBefore: (target, before) =>
      inBatches(() =>
        [...bookOf(target).links.values()].filter((link) => link.state === 'disabled' && link.since < before),
      ),
    membersStarted: async (lease, groups, version) => {
      const { links } = heldBy(lease);
      for (const link of present(links, groups))
        links.set(keyOf(link.ref), { ...link, membersSince: link.membersSince ?? version });
      await probe('ledger.members_started');
    },
    membersPushed: async (lease, groups, version) => {
      const { links } = heldBy(lease);
      for (const link of present(links, groups))
        links.set(keyOf(link.ref), { ...link, membersAt: Math.max(link.membersAt ?? version, version) });
      await probe('ledger.members_pushed');
    },
    countLinks: async (target) => ({
      user: linksOf(bookOf(target), 'user').length,
      group: linksOf(bookOf(target), 'group').length,
    }),
    countActive: async (target) => {
      const activeOf = (type: ObjectType): number =>
        linksOf(bookOf(target), type).filter(({ state }) => state === 'active').length;
      return { user: activeOf('user'), group: activeOf('group') };
    },

    intend: async (lease, intents) => {
      await probe('ledger.counted');
      note(lease, intents);
      await probe('ledger.intended');
      heldBy(lease);
    },
    taken: async (target, since, again) =>
      sumTaken(
        [...bookOf(target).entries.values()]
          .filter(({ cause, at, state, outcome }) => {
            const isTaken = state === 'open' || (state === 'settled' && outcome !== null && countsAsTaken(outcome));
            return cause.limited && at >= since && isTaken;
          })
          .map(({ operation, cause, outcome }) => ({
            ...countedAs(operation, cause.why),
            end: endOf(outcome),
          })),
        again,
      ),
    lastWrite: async (target) => {
      const last = [...bookOf(target).entries.values()].toSorted((a, b) => (a.order < b.order ? -1 : 1)).at(-1);
      return last === undefined ? null : { mark: last.order, run: last.cause.run };
    },
    openIntents: (target) =>
      inBatches(() => [...bookOf(target).entries.values()].filter(({ state }) => state === 'open').map(intentOf)),
    settle: async (lease, outcomes, policy = defaultEscrow) => {
      const givenUp: Ref[] = [];
      for (const batch of batches(outcomes, batchSize)) {
        const then = escrowsThen(heldBy(lease), batch, now(), policy);
        for (const made of then.made) heldBy(lease).escrows.set(keyOf(made.escrow.ref), made);
        givenUp.push(...then.givenUp);
        await probe('ledger.escrowed');
        writeLinks(heldBy(lease), batch);
        for (const ref of then.gone) heldBy(lease).escrows.delete(keyOf(ref));
        await probe('ledger.linked');
        closeIntents(heldBy(lease), batch);
        await probe('ledger.settled');
      }
      return { givenUp };
    },

    escrow: async (lease, failures, policy = defaultEscrow, ladder = 'as_before') => {
      const { escrows } = heldBy(lease);
      const givenUp: Ref[] = [];
      for (const failure of failures) {
        const before = ladder === 'anew' ? null : (escrows.get(keyOf(failure.ref))?.escrow ?? null);
        const escrow = escalate(before, failure, now(), policy);
        escrows.set(keyOf(failure.ref), { escrow, by: null });
        if (isGivenUp(before, escrow)) givenUp.push(failure.ref);
      }
      await probe('ledger.escrowed');
      return { givenUp };
    },
    release: async (lease, refs) => {
      const { escrows } = heldBy(lease);
      for (const ref of refs) escrows.delete(keyOf(ref));
      await probe('ledger.released');
    },
    dueEscrows: (target) =>
      inBatches(() => {
        const due = escrowsOf(bookOf(target)).filter(({ dueAt }) => dueAt !== null && dueAt <= now());
        return due.sort((a, b) => (a.dueAt?.getTime() ?? 0) - (b.dueAt?.getTime() ?? 0));
      }),
    escrows: async (target, after, limit, state) => {
      const inState = escrowsOf(bookOf(target)).filter(
        ({ dueAt }) => state === undefined || (dueAt === null) === (state === 'given_up'),
      );
      return pageOf(inState, ({ ref }) => keyOf(ref), after, limit);
    },
    escrowsOf: async (target, ids) => {
      const wanted = new Set(ids);
      return escrowsOf(bookOf(target)).filter(({ ref }) => wanted.has(ref.id));
    },
    retry: async (target, which) => {
      const { escrows } = bookOf(target);
      const isMeant = ({ ref, reason }: Escrow): boolean =>
        'ids' in which ? which.ids.includes(ref.id) : which.reason === null || which.reason === reason;
      const meant = [...escrows].filter(([, { escrow }]) => isMeant(escrow));
      for (const [key, held] of meant) escrows.set(key, { ...held, escrow: { ...held.escrow, dueAt: now() } });
      return meant.length;
    },
    countEscrows: async (target) => bookOf(target).escrows.size,

    wait: async (lease, references) => {
      const { waiting } = heldBy(lease);
      for (const reference of references) waiting.set(waitingKey(reference), reference);
      await probe('ledger.waiting');
    },
    waitingOn: (target, to) => {
      const wanted = new Set(to);
      return inBatches(() => [...bookOf(target).waiting.values()].filter((reference) => wanted.has(reference.to)));
    },
    waitingFor: (target, owners) => {
      const wanted = new Set(owners.map(keyOf));
      return inBatches(() => [...bookOf(target).waiting.values()].filter(({ owner }) => wanted.has(keyOf(owner))));
    },
    stopWaiting: async (lease, references) => {
      const { waiting } = heldBy(lease);
      for (const reference of references) waiting.delete(waitingKey(reference));
      await probe('ledger.stopped_waiting');
    },

    entries: async (target, run, after, limit) => {
      const ofRun = [...bookOf(target).entries.values()].filter(({ cause }) => cause.run === run);
      return pageOf(ofRun, ({ order }) => order, after, limit);
    },
    entry: async (target, key) => bookOf(target).entries.get(key) ?? null,
    entriesAbout: (target, person, since = new Date(0)) =>
      inBatches(() =>
        [...bookOf(target).entries.values()].flatMap((entry) => {
          const operation = operationAbout(entry.operation, person);
          const outcome = entry.outcome && outcomeAbout(entry.outcome, person);
          return operation === null || entry.at < since ? [] : [{ ...entry, operation, outcome }];
        }),
      ),
    forgetPerson: async (lease, person) => {
      forgetIn(heldBy(lease), person);
      await probe('ledger.person_forgotten');
    },
    letGo: async (lease, people) => {
      letGoIn(heldBy(lease), people);
      await probe('ledger.let_go');
    },
    prune: async (target, before) => {
      const { entries, former } = bookOf(target);
      for (const [key, { until }] of former) if (until < before) former.delete(key);
      for (const [key, entry] of entries) if (entry.state !== 'open' && entry.at < before) entries.delete(key);
    },
    erase: async (target) => {
      books.delete(target);
    },
  };
};

/** What is asked is looked up when the reading begins, as a cursor would. */
async function* inBatches<T>(find: () => readonly T[]): AsyncGenerator<readonly T[]> {
  yield* batches(find(), batchSize);
}

const orderOf = (nth: number): string => nth.toString(36).padStart(11, '0');

const pageOf = <T>(items: readonly T[], cursor: (item: T) => string, after: string | null, limit: number): Page<T> => {
  const sorted = items.toSorted((a, b) => (cursor(a) < cursor(b) ? -1 : 1));
  const rest = after === null ? sorted : sorted.filter((item) => cursor(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: last && rest.length > limit ? cursor(last) : null };
};
