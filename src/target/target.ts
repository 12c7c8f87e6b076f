/** The port of a target: a system that is written to. An adapter speaks its protocol and decides nothing about people. */

import type { CheckReport } from '../model/check.ts';
import type { Egress } from '../model/egress.ts';
import type { RemoteId } from '../model/ids.ts';
import type { PathOf } from '../model/mapping.ts';
import type { Member, Operation, RemoteObject } from '../model/operation.ts';
import { Secret } from '../model/secret.ts';
import type { ObjectType, Value } from '../model/source-object.ts';
import type { Json, JsonObject } from '../model/target-record.ts';
import type { World } from '../model/world.ts';

/** What a target can do; the plan reads it instead of asking what kind of target it is. */
export type Capabilities = {
  readonly groups: boolean;
  /** Whether an account can be switched off and on again. */
  readonly disable: boolean;
  readonly delete: boolean;
  /** How many operations may be under way at once. */
  readonly concurrency: number;
  /** How many members one request carries; who is removed is handed over in pieces of that size, so that each rests on what was said right before. */
  readonly membersPerRequest: number;
  /** Target paths without which it makes no account, or no group. Nobody is sent without them. */
  readonly required: Readonly<Record<ObjectType, readonly string[]>>;
};

const proof: unique symbol = Symbol('complete list');
/** Proof that a list showed everything there is: the pages were followed to an end that the target's own count agrees with. */
export type CompleteList = { readonly [proof]: true; readonly objects: number };
/** For the one place in each adapter that sees how a list ends (test/architecture.test.ts knows them). */
export const completeList = (objects: number): CompleteList => ({ [proof]: true, objects });

/** A part of everything the target holds of a type. `next`: the place to go on from, opaque to everyone but the adapter; or how the list ended. */
export type ListPage = { readonly objects: readonly RemoteObject[] } & (
  | { readonly next: string }
  | { readonly end: CompleteList }
  /** The list cannot be read to its end, or contradicts itself. Nothing may be concluded from who is not in it. */
  | { readonly broken: string }
);

/** What the target holds, ours or not. */
export type Inventory = {
  /** One page; `from: null` the first. An object may be shown twice. Throws `TargetError` where the target as a whole fails. */
  list(type: ObjectType, from: string | null, signal: AbortSignal): Promise<ListPage>;
  /** Everybody in a group, as the target shows it; null when the group is gone. Some targets show nobody of any group. Throws `TargetError`. */
  members(group: RemoteId, signal: AbortSignal): Promise<readonly RemoteId[] | null>;
  /** Whether it shows members at all: it is known to, or one of these groups, which should have some, shows one. Throws `TargetError`. */
  showsMembers(groups: readonly RemoteId[], signal: AbortSignal): Promise<boolean>;
};

/** A member whom the target refused, and what it said. */
export type Refusal = { readonly member: RemoteId; readonly detail: string };

/**
 * Who is in a group at the target by what is on record, without those whom this very operation, or another one that is not done yet, concerns; where it
 * changes the group itself, with whoever may have been put into it a moment ago. `isOurs`: we made it, and whoever else we put into it is put there again.
 */
export type KnownMembers = { readonly members: readonly Member[]; readonly isOurs: boolean };
export type AskKnown = (signal: AbortSignal) => Promise<KnownMembers>;

/** `refused`: of a member operation, whom the target refused; all others are done. When it refuses everybody, `rejected` is thrown instead. */
export type Applied = { readonly remoteId: RemoteId; readonly refused?: readonly Refusal[] };

export interface Target {
  /** Learns what the target can do where that has to be asked; from then on `capabilities` tells the truth. Throws `TargetError`. */
  ready(signal: AbortSignal): Promise<void>;
  readonly capabilities: Capabilities;
  /** For how long it waits at most for the answer to a request, from its first byte on. */
  readonly answersWithinMs: number;
  /** Proves address, credentials and what the target can do, by real calls that change nothing. Never throws for what it is meant to find out. */
  check(signal: AbortSignal): Promise<CheckReport>;
  /**
   * Objects whose attribute (a target path) equals the value. The answer is what the target claims: the caller verifies each one. That there is nobody is
   * claimed only by a target that shows that it is there: a gateway without its route says the same of everybody. Throws `TargetError`.
   */
  find(type: ObjectType, attribute: string, value: Value, signal: AbortSignal): Promise<readonly RemoteObject[]>;
  /** One object by its id; null when it is gone, which the target said while it showed that it is there. Without that it throws `TargetError` unavailable. */
  get(type: ObjectType, id: RemoteId, signal: AbortSignal): Promise<RemoteObject | null>;
  /**
   * Applies one operation. The same operation twice changes nothing more, except `create`: the caller looks before repeating it.
   * Throws `TargetError`; after `unknown` the caller must look, and after `gone`, which is one answer and no proof. Member operations may be split into several requests by the adapter, and are where
   * a target refuses a request for the sake of one member: one member must not keep a thousand others out.
   * `beforeWrite` is called right before each request that changes something, after whatever it had to wait for, and what it throws is thrown on: then
   * the request is not sent.
   * `known` is asked where a group can only be replaced as a whole: then nobody of these may be missing in what the target shows. Without it the group is
   * ours, and nobody is known to be in it.
   */
  apply(operation: Operation, signal: AbortSignal, beforeWrite?: () => void, known?: AskKnown): Promise<Applied>;
  /** Null: the target cannot list what it holds. */
  readonly inventory: Inventory | null;
  /** Frees sockets. */
  close(): Promise<void>;
}

/**
 * Some who are linked at this target, whose being shown says that it is there: for one that lists nobody and finds nobody, and would else have nothing to
 * tell it from a gateway without its route.
 */
export type Witnesses = (type: ObjectType) => Promise<readonly RemoteId[]>;

/** What an adapter is given. Its calls go through the egress and no other way: the address of a target is whatever somebody entered. */
export type TargetWorld = World & { readonly egress: Egress; readonly witnesses: Witnesses };

/** The settings of a target as its kind understands them: parsed, and ready to connect. */
export type ParsedTarget = {
  /** What may be stored and shown. */
  readonly settings: JsonObject;
  /** What must be sealed, by field name. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Where all requests go, and the secrets with them: as it will be called, not as it was spelled. */
  readonly address: Address;
  connect(world: TargetWorld): Target;
};

/** `setting`: the one that says it. Scheme, host, port and path of the URL count. */
export type Address = { readonly setting: string; readonly url: URL };

/** Settings that a target kind refuses: which field (JSON pointer) and why. */
export class SettingsRefused extends Error {
  override readonly name = 'SettingsRefused';
  readonly issues: readonly { readonly pointer: string; readonly message: string }[];
  constructor(issues: readonly { readonly pointer: string; readonly message: string }[]) {
    super(issues.map((issue) => `${issue.pointer}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

export type GivenSettings = Readonly<Record<string, Json | Secret>>;
/** What a kind looks at to say whether a secret is well-formed; what it keeps of it is hidden again. */
export const inClear = (given: unknown): unknown => (given instanceof Secret ? given.reveal() : given);

/** One kind of target, one line in registry.ts. */
export type TargetKind = {
  readonly kind: string;
  /**
   * Refuses unknown and malformed settings with `SettingsRefused`. Settings and secrets are given together, by field name: a secret in clear when somebody
   * gives it, hidden when it is handed back; `inClear` takes both.
   */
  readonly parse: (input: GivenSettings) => ParsedTarget;
  /**
   * The one spelling of a target path, asked when a mapping is saved and whenever one is gone by. All spellings that the target takes for one attribute have
   * the same, and whatever switches an account is `active`: the plan knows both by no other means. What the adapter itself writes is refused.
   */
  readonly path: PathOf;
};

/** For a kind that takes a name as it is written and in no other way. */
export const asWritten: PathOf = (_type, path) => ({ path, writable: 'always' });

/** The same for a target of any kind: the one door to settings that are given, or kept. Its pointers are within the target: `/kind`, `/settings/url`. */
export type ParseTarget = (kind: string, settings: GivenSettings) => ParsedTarget;

export const defineTarget = (kind: TargetKind): TargetKind => kind;
