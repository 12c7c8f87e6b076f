/** A simulated target as those see it who judge: what it truly holds, and every change of it at the moment it takes effect. */

import type { TargetRecord } from '../../src/model/target-record.ts';
import type { Secrets } from '../../src/store/connection-store.ts';
import type { Target, Witnesses } from '../../src/target/target.ts';
import type { Process } from './process.ts';

/** An account or a group at the target. */
export type Remote = {
  readonly id: string;
  readonly type: 'user' | 'group';
  readonly externalId: string | null;
  /** Of a group, its display name. */
  readonly name: string;
  readonly displayName: string | null;
  readonly active: boolean;
  readonly title: string | null;
  readonly department: string | null;
  readonly manager: string | null;
  readonly members: ReadonlySet<string>;
  /** Everything of it, also what nobody maps: differs after any change. */
  readonly stamp: string;
};

/** What one request changed; null: it was not there before, or is not any more. */
export type Effect = { readonly before: Remote | null; readonly after: Remote | null };
export type EffectWitness = (effect: Effect, by: Process) => void;

export type NewAccount = { readonly userName: string; readonly title: string };

export type RemoteSystem = {
  readonly kind: 'scim' | 'memory';
  /** What a record of it says. */
  readonly settings: TargetRecord['settings'];
  readonly secrets: Secrets;
  connect(process: Process, record: TargetRecord, secrets: Secrets, witnesses: Witnesses): Target;
  objects(): readonly Remote[];
  find(id: string): Remote | null;
  /** What its own users do; nobody else is told. */
  addAccount(account: NewAccount): string;
  addGroup(displayName: string, members: readonly string[]): string;
  retitle(id: string, title: string): void;
  remove(id: string): void;
  calm(): void;
};
