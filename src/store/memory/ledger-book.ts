/** What the ledger in memory keeps about one target, and how what was done there changes it. */

import { escrowsAfter, type HeldEscrow } from '../../core/escrow-ladder.ts';
import { operationWithout } from '../../core/forget.ts';
import type { OperationKey, SourceId } from '../../model/ids.ts';
import { type Intent, type Link, linkIn, type Outcome, type WaitingReference } from '../../model/operation.ts';
import { type ObjectType, type Ref, user } from '../../model/source-object.ts';
import type { EscrowPolicy } from '../../model/target-record.ts';
import {
  type About,
  type Ended,
  type Entry,
  type Former,
  nothingOwed,
  nowhere,
  type Owed,
  type Reach,
} from '../ledger.ts';

/** Everything about one target. Maps are keyed by `type|id` unless they say otherwise; entries stand in the order they were made. */
export type Book = {
  position: number | null;
  rules: string | null;
  reach: Reach;
  owed: Owed;
  readonly links: Map<string, Link>;
  /** Links that ended. */
  readonly former: Map<string, Former & { readonly ref: Ref }>;
  /** The operation that last changed a link, or ended it. */
  readonly linkedBy: Map<string, OperationKey>;
  readonly entries: Map<OperationKey, Entry>;
  readonly escrows: Map<string, HeldEscrow>;
  readonly waiting: Map<string, WaitingReference>;
  guarded: ReadonlyMap<SourceId, readonly Ref[]>;
  noticed: number;
};

export const emptyBook = (): Book => ({
  position: null,
  rules: null,
  reach: nowhere,
  owed: nothingOwed,
  links: new Map(),
  former: new Map(),
  linkedBy: new Map(),
  entries: new Map(),
  escrows: new Map(),
  waiting: new Map(),
  guarded: new Map(),
  noticed: 0,
});

export const keyOf = (ref: Ref): string => `${ref.type}|${ref.id}`;
export const waitingKey = ({ owner, path, to }: WaitingReference): string => `${keyOf(owner)}|${to}|${path}`;

export const present = (links: ReadonlyMap<string, Link>, refs: readonly Ref[]): readonly Link[] =>
  refs.flatMap((ref) => links.get(keyOf(ref)) ?? []);

export const aboutIn = (book: Book, key: string): About => {
  const held = book.escrows.get(key);
  const former = book.former.get(key);
  return {
    link: book.links.get(key) ?? null,
    former: former ? formerOf(former) : null,
    linkedBy: book.links.has(key) || former ? (book.linkedBy.get(key) ?? null) : null,
    escrow: held?.escrow ?? null,
    escrowedBy: held?.by?.key ?? null,
  };
};

const formerOf = ({ remoteId, by, membersSince, until }: Former): Former => ({ remoteId, by, membersSince, until });

export const linksOf = (book: Book, type: ObjectType): readonly Link[] =>
  [...book.links.values()].filter((link) => link.ref.type === type);

export const endedOf = (book: Book, type: ObjectType): readonly Ended[] =>
  [...book.former].flatMap(([key, { ref, ...former }]) =>
    ref.type === type ? [{ ref, former, by: book.linkedBy.get(key) ?? null }] : [],
  );

export const writeLinks = (book: Book, outcomes: readonly Outcome[]): void => {
  for (const outcome of outcomes) {
    const link = linkIn(outcome);
    if (link === undefined) continue;
    const key = keyOf(outcome.ref);
    const before = book.links.get(key);
    if (link) {
      book.links.set(key, link);
      book.former.delete(key);
    } else {
      // It ended once, and by what ended it then.
      if (before === undefined) continue;
      book.former.set(key, formerOfEnded(before, outcome));
      book.links.delete(key);
    }
    book.linkedBy.set(key, outcome.key);
  }
};

const formerOfEnded = ({ remoteId, by, membersSince }: Link, { ref, at }: Outcome): Former & { readonly ref: Ref } => ({
  remoteId,
  by,
  membersSince,
  until: at,
  ref,
});

/** What these outcomes do to escrows. */
export const escrowsThen = (book: Book, outcomes: readonly Outcome[], now: Date, policy: EscrowPolicy) => {
  const held = new Map<SourceId, HeldEscrow>();
  for (const { ref } of outcomes) {
    const escrow = book.escrows.get(keyOf(ref));
    if (escrow) held.set(ref.id, escrow);
  }
  return escrowsAfter(outcomes, held, (key) => book.entries.get(key)?.cause.run, now, policy);
};

export const closeIntents = (book: Book, outcomes: readonly Outcome[]): void => {
  for (const outcome of outcomes) {
    const entry = book.entries.get(outcome.key);
    if (entry?.state === 'open') book.entries.set(outcome.key, { ...entry, state: 'settled', outcome });
  }
};

/** Everything of one person, and them in what was done to groups. */
export const forgetIn = (book: Book, person: SourceId): void => {
  book.escrows.delete(keyOf(user(person)));
  letGoIn(book, [person]);
  for (const [name, entry] of book.entries) {
    const operation = operationWithout(entry.operation, person);
    if (operation === null) book.entries.delete(name);
    else
      book.entries.set(name, { ...entry, operation, outcome: entry.outcome && outcomeWithout(entry.outcome, person) });
  }
};

/** Their links, and what waits for them. */
export const letGoIn = (book: Book, people: readonly SourceId[]): void => {
  const keys = new Set(people.map((id) => keyOf(user(id))));
  for (const kept of [book.links, book.former, book.linkedBy]) for (const key of keys) kept.delete(key);
  for (const [name, { owner, to }] of book.waiting)
    if (keys.has(keyOf(owner)) || people.includes(to)) book.waiting.delete(name);
  book.guarded = new Map(
    [...book.guarded].map(([group, members]) => [group, members.filter((ref) => !keys.has(keyOf(ref)))]),
  );
};

const outcomeWithout = (outcome: Outcome, person: SourceId): Outcome =>
  outcome.result === 'partly_applied'
    ? { ...outcome, refused: outcome.refused.filter((id) => id !== person) }
    : outcome;

export const escrowsOf = (book: Book) => [...book.escrows.values()].map(({ escrow }) => escrow);

export const intentOf = ({ target, operation, cause, at }: Intent): Intent => ({ target, operation, cause, at });
