/**
 * The ledger in MongoDB: links, intents, escrows and waiting references of each target, and its position in the target's head.
 *
 * After every write, what would a survivor believe if we stopped right here? Once intended: it looks at the target before anything else. Once linked:
 * the account is ours; the open intent makes it look once more. Once escrowed: the object is retried, as it should be. The intent closes last, so
 * that nothing of an operation is forgotten before all of it is written.
 */

import { batches } from '../../core/batches.ts';
import { escalate, escrowsAfter, isFailed, isGivenUp } from '../../core/escrow-ladder.ts';
import { sumTaken, type Taken } from '../../core/guard.ts';
import { type SourceId, targetId } from '../../model/ids.ts';
import type { Outcome } from '../../model/operation.ts';
import { group, type Ref, user } from '../../model/source-object.ts';
import { defaultEscrow, type EscrowPolicy } from '../../model/target-record.ts';
import type { Lease } from '../leases.ts';
import type { Ledger } from '../ledger.ts';
import type { Db } from './connect.ts';
import { createEscrows } from './escrows.ts';
import { createGuarded } from './guarded.ts';
import { createIntents } from './intents.ts';
import { createLinks, neverLinked } from './links.ts';
import { createPositions } from './positions.ts';
import { createTakings } from './takings.ts';
import { createWaitingReferences } from './waiting-references.ts';

const batchSize = 1_000;

export const createMongoLedger = (
  db: Db,
  around: {
    readonly now: () => Date;
    /** Called after every write with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): Ledger => {
  const { now, probe = () => {} } = around;
  const links = createLinks(db);
  const intents = createIntents(db, now);
  const escrows = createEscrows(db);
  const waiting = createWaitingReferences(db);
  const positions = createPositions(db);
  const takings = createTakings(db, now);
  const guarded = createGuarded(db);

  const held = async <T>(lease: Lease, site: string, write: () => Promise<T>): Promise<T> => {
    await positions.assertHeld(lease);
    const written = await write();
    await probe(site);
    return written;
  };

  /** What these outcomes do to escrows. */
  const escrowsThen = async (lease: Lease, outcomes: readonly Outcome[], policy: EscrowPolicy) => {
    const target = targetId(lease.key);
    const found = await escrows.find(
      target,
      outcomes.map(({ ref }) => ref),
    );
    const touched = outcomes.filter((outcome) => isFailed(outcome) || found.has(outcome.ref.id));
    if (touched.length === 0) return escrowsAfter([], found, () => undefined, now(), policy);
    const runs = await intents.runsOf(
      target,
      touched.map(({ key }) => key),
    );
    return escrowsAfter(touched, found, (key) => runs.get(key), now(), policy);
  };

  return {
    position: positions.of,
    advance: async (lease, version) => {
      await positions.advance(lease, version);
      await probe('ledger.advanced');
    },

    reach: positions.reach,
    noteReach: async (lease, reach) => {
      await positions.noteReach(lease, reach);
      await probe('ledger.reach_noted');
    },
    owed: positions.owed,
    noteOwed: async (lease, owed) => {
      await positions.noteOwed(lease, owed);
      await probe('ledger.owed_noted');
    },
    rules: positions.rules,
    acceptRules: async (lease, rules) => {
      await positions.acceptRules(lease, rules);
      await probe('ledger.rules_accepted');
    },

    guarded: guarded.of,
    noteGuarded: (lease, groups) => held(lease, 'ledger.guarded', () => guarded.note(lease, groups)),
    noticed: positions.noticed,
    noteNoticed: async (lease, version) => {
      await positions.noteNoticed(lease, version);
      await probe('ledger.noticed');
    },
    links: links.find,
    linkedRemotes: links.ofRemotes,
    about: async (target, refs) => {
      const [linked, escrowed] = await Promise.all([links.about(target, refs), escrows.find(target, refs)]);
      return new Map(
        refs.map(({ id }) => {
          const { escrow = null, by = null } = escrowed.get(id) ?? {};
          return [id, { ...(linked.get(id) ?? neverLinked), escrow, escrowedBy: by?.key ?? null }];
        }),
      );
    },
    ownersOf: links.ownersOf,
    scanLinks: links.scan,
    linkedIds: links.ids,
    disabledBefore: links.disabledBefore,
    countLinks: links.count,
    countActive: links.countActive,
    membersStarted: (lease, groups, version) =>
      held(lease, 'ledger.members_started', () => links.membersStarted(lease, groups, version)),
    membersPushed: (lease, groups, version) =>
      held(lease, 'ledger.members_pushed', () => links.membersPushed(lease, groups, version)),

    intend: async (lease, operations) => {
      const limited = operations.filter(({ cause }) => cause.limited);
      if (limited.length > 0) await held(lease, 'ledger.counted', () => takings.add(lease, limited));
      await held(lease, 'ledger.intended', () => intents.add(lease, operations));
      // Looked at after the write too: whoever takes over later reads these intents, whoever did so before has stopped us here.
      await positions.assertHeld(lease);
    },
    openIntents: intents.open,
    lastWrite: intents.last,
    taken: async (target, since, again) => {
      const counted = new Map<string, Taken>();
      for await (const page of takings.since(target, since)) {
        const keys = await intents.taken(
          target,
          page.map(({ key }) => key),
        );
        for (const taking of page) {
          const found = keys.get(taking.key);
          if (found !== undefined) counted.set(taking.key, { ...taking, ...found });
        }
      }
      return sumTaken(counted.values(), again);
    },
    settle: async (lease, outcomes, policy = defaultEscrow) => {
      const givenUp: Ref[] = [];
      for (const batch of batches(outcomes, batchSize)) {
        const then = await held(lease, 'ledger.escrowed', async () => {
          const changed = await escrowsThen(lease, batch, policy);
          await escrows.write(lease, changed.made);
          return changed;
        });
        givenUp.push(...then.givenUp);
        await held(lease, 'ledger.linked', async () => {
          await links.write(lease, batch);
          await escrows.remove(lease, then.gone);
        });
        await held(lease, 'ledger.settled', () => intents.close(lease, batch));
      }
      return { givenUp };
    },

    escrow: (lease, failures, policy = defaultEscrow, ladder = 'as_before') =>
      held(lease, 'ledger.escrowed', async () => {
        const refs = ladder === 'anew' ? [] : failures.map(({ ref }) => ref);
        const found = await escrows.find(targetId(lease.key), refs);
        const each = new Map<SourceId, (typeof failures)[number]>(failures.map((failure) => [failure.ref.id, failure]));
        const made = [...each.values()].map((failure) => ({
          escrow: escalate(found.get(failure.ref.id)?.escrow ?? null, failure, now(), policy),
          by: null,
        }));
        await escrows.write(lease, made);
        const last = made.filter(({ escrow }) => isGivenUp(found.get(escrow.ref.id)?.escrow ?? null, escrow));
        return { givenUp: last.map(({ escrow }) => escrow.ref) };
      }),
    release: (lease, refs) => held(lease, 'ledger.released', () => escrows.remove(lease, refs)),
    dueEscrows: (target) => escrows.due(target, now()),
    escrows: (target, after, limit, state) => escrows.page(target, after, limit, state ?? null),
    escrowsOf: async (target, ids) => {
      const found = await escrows.find(target, [...ids.map(user), ...ids.map(group)]);
      return [...found.values()].map(({ escrow }) => escrow);
    },
    retry: (target, which) => escrows.retry(target, which, now()),
    countEscrows: escrows.count,

    wait: (lease, references) => held(lease, 'ledger.waiting', () => waiting.write(lease, references)),
    waitingOn: waiting.on,
    waitingFor: waiting.of,
    stopWaiting: (lease, references) => held(lease, 'ledger.stopped_waiting', () => waiting.remove(lease, references)),

    entries: intents.ofRun,
    entry: intents.find,
    entriesAbout: intents.about,
    forgetPerson: async (lease, person) => {
      const target = targetId(lease.key);
      await held(lease, 'ledger.person_forgotten', async () => {
        await waiting.forget(target, [person]);
        await escrows.forget(target, user(person));
        await guarded.forget(target, [person]);
        await takings.forget(target, person);
        await intents.forget(target, person);
        await links.forget(target, [user(person)]);
      });
    },
    letGo: (lease, people) =>
      held(lease, 'ledger.let_go', async () => {
        const target = targetId(lease.key);
        await waiting.forget(target, people);
        await guarded.forget(target, people);
        await links.forget(target, people.map(user));
      }),
    prune: async (target, before) => {
      await intents.prune(target, before);
      await takings.prune(target, before);
      await links.prune(target, before);
    },
    erase: async (target) => {
      await Promise.all(
        [links, intents, takings, escrows, waiting, guarded, positions].map((part) => part.erase(target)),
      );
    },
  };
};
