/** Builders of what a ledger keeps. Everything a test does not name is the same everywhere. */

import { randomUUID } from 'node:crypto';
import {
  connectionId,
  operationKey,
  type RunId,
  remoteId,
  runId,
  type SourceId,
  sourceId,
} from '../../src/model/ids.ts';
import type { Cause, Link, Operation, Outcome, WaitingReference } from '../../src/model/operation.ts';
import { type Attributes, group, type Ref, user } from '../../src/model/source-object.ts';

/** Names that a document store or a JavaScript object would take for something else, and text that is not valid UTF-16. */
export const hostile: Attributes = JSON.parse(
  '{"$set":"x","a.b":["1","2"],"__proto__":"p","constructor":null,"urn:x:2.0:User:name":true,"emoji":"👩‍💻","lone":"\\ud800"}',
);

/** This many people nobody has met before. */
export function people(count: 1): readonly [Ref];
export function people(count: 2): readonly [Ref, Ref];
export function people(count: 3): readonly [Ref, Ref, Ref];
export function people(count: number): readonly Ref[];
export function people(count: number): readonly Ref[] {
  return Array.from({ length: count }, () => user(newGuid()));
}
export const aGroup = (): Ref => group(newGuid());
const newGuid = (): SourceId => sourceId(randomUUID());

export const start = new Date('2026-03-01T08:00:00.000Z');
const firstRun = runId('run_1');

export const cause = (other: Partial<Cause> = {}): Cause => ({
  run: firstRun,
  connection: connectionId('con_1'),
  version: 1,
  why: 'created',
  limited: false,
  plan: null,
  evidence: null,
  ...other,
});
export const intents = (operations: readonly Operation[], other: { run?: RunId } = {}) =>
  operations.map((operation) => ({ operation, cause: cause(other) }));

type Of<A extends Operation['action']> = Extract<Operation, { action: A }>;
const newKey = () => operationKey(`op_${randomUUID()}`);
const remoteOf = (ref: Ref) => remoteId(`remote-${ref.id}`);
export const creates = (ref: Ref): Of<'create'> => createsWith(ref, {});
export const createsWith = (ref: Ref, attributes: Attributes): Of<'create'> => ({
  key: newKey(),
  ref,
  action: 'create',
  attributes,
});
export const updates = (ref: Ref): Operation => ({
  key: newKey(),
  ref,
  action: 'update',
  remoteId: remoteOf(ref),
  attributes: { title: 'x' },
  before: { title: null },
});
export const addsMembers = (ref: Ref, ...members: readonly Ref[]): Operation => ({
  key: newKey(),
  ref,
  action: 'add_members',
  remoteId: remoteOf(ref),
  members: members.map((member) => ({ ref: member, remoteId: remoteOf(member) })),
});
export const removesMembers = (ref: Ref, count: number): Operation => ({
  key: newKey(),
  ref,
  action: 'remove_members',
  remoteId: remoteOf(ref),
  members: Array.from({ length: count }, () => user(newGuid())).map((member) => ({
    ref: member,
    remoteId: remoteOf(member),
  })),
});
export const disables = (ref: Ref): Operation => ({ key: newKey(), ref, action: 'disable', remoteId: remoteOf(ref) });
export const deletes = (ref: Ref): Operation => ({ key: newKey(), ref, action: 'delete', remoteId: remoteOf(ref) });

export const linked = (ref: Ref): Link => ({
  ref,
  remoteId: remoteOf(ref),
  by: 'created',
  state: 'active',
  since: start,
  hasLeft: false,
  pushed: { displayName: 'Someone', active: true },
  membersSince: null,
  membersAt: null,
});
const about = ({ key, ref, action }: Operation) => ({ key, ref, action, at: start });
export const applied = (operation: Operation, link?: Link | null): Outcome => ({
  ...about(operation),
  result: 'applied',
  ...(link === undefined ? {} : { link }),
});
export const skipped = (operation: Operation, reason: Extract<Outcome, { result: 'skipped' }>['reason']): Outcome => ({
  ...about(operation),
  result: 'skipped',
  reason,
});
export const partlyApplied = (operation: Operation, refused: readonly Ref[]): Outcome => ({
  ...about(operation),
  result: 'partly_applied',
  refused: refused.map(({ id }) => id),
  reason: 'target_rejected',
  detail: 'some members were refused',
});
export const escrowed = (operation: Operation): Extract<Outcome, { readonly result: 'escrowed' }> => ({
  ...about(operation),
  result: 'escrowed',
  reason: 'target_rejected',
  detail: 'userName is taken',
});
export const waits = (
  owner: Ref,
  path: string,
  to: SourceId,
  want: WaitingReference['want'] = 'add',
): WaitingReference => ({
  owner,
  path,
  to,
  want,
});
