/** The port of a target: a system that is written to. An adapter speaks its protocol and decides nothing about people. */

import type { CheckReport } from '../model/check.ts';
import type { RemoteId } from '../model/ids.ts';
import type { Operation, RemoteObject } from '../model/operation.ts';
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
};

/** A member whom the target refused, and what it said. */
export type Refusal = { readonly member: RemoteId; readonly detail: string };

/** `refused`: of a member operation, whom the target refused; all others are done. When it refuses everybody, `rejected` is thrown instead. */
export type Applied = { readonly remoteId: RemoteId; readonly refused?: readonly Refusal[] };

export interface Target {
  /** Learns what the target can do where that has to be asked; from then on `capabilities` tells the truth. Throws `TargetError`. */
  ready(signal: AbortSignal): Promise<void>;
  readonly capabilities: Capabilities;
  /** Proves address, credentials and what the target can do, by real calls that change nothing. Never throws for what it is meant to find out. */
  check(signal: AbortSignal): Promise<CheckReport>;
  /** Objects whose attribute (a target path) equals the value. The answer is what the target claims: the caller verifies each one. */
  find(type: ObjectType, attribute: string, value: Value, signal: AbortSignal): Promise<readonly RemoteObject[]>;
  /** One object by its id; null when it is gone. */
  get(type: ObjectType, id: RemoteId, signal: AbortSignal): Promise<RemoteObject | null>;
  /**
   * Applies one operation. The same operation twice changes nothing more, except `create`: the caller looks before repeating it.
   * Throws `TargetError`; after `unknown` the caller must look. Member operations may be split into several requests by the adapter, and are where
   * a target refuses a request for the sake of one member: one member must not keep a thousand others out.
   */
  apply(operation: Operation, signal: AbortSignal): Promise<Applied>;
  /** Frees sockets. */
  close(): Promise<void>;
}

/** The settings of a target as its kind understands them: parsed, and ready to connect. */
export type ParsedTarget = {
  /** What may be stored and shown. */
  readonly settings: JsonObject;
  /** What must be sealed, by field name. */
  readonly secrets: Readonly<Record<string, string>>;
  connect(world: World): Target;
};

/** Settings that a target kind refuses: which field (JSON pointer) and why. */
export class SettingsRefused extends Error {
  override readonly name = 'SettingsRefused';
  readonly issues: readonly { readonly pointer: string; readonly message: string }[];
  constructor(issues: readonly { readonly pointer: string; readonly message: string }[]) {
    super(issues.map((issue) => `${issue.pointer}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

/** One kind of target, one line in registry.ts. */
export type TargetKind = {
  readonly kind: string;
  /** Refuses unknown and malformed settings with `SettingsRefused`. Settings and secrets are given together, by field name. */
  readonly parse: (input: Readonly<Record<string, Json>>) => ParsedTarget;
};

export const defineTarget = (kind: TargetKind): TargetKind => kind;
