/**
 * What a planned operation passes on its way. Whoever is protected is left out of everything, whatever the plan. A run that carries out a plan does
 * nothing that the plan does not hold. Creates and updates over their limit are kept for a person to look at; destructive operations were judged before,
 * all of them together.
 */

import { isHeld } from '../core/guard.ts';
import { isOpen, isProtected } from '../core/protection.ts';
import type { SourceId } from '../model/ids.ts';
import { isDestructive } from '../model/operation.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import { counted, type Done, forMembers, type Pending, skip } from './pending.ts';
import { permitted } from './permit.ts';
import type { Provisioning } from './provisioning.ts';

/** `go` is carried out; `kept` is not, and says why. */
export type Sifted = { readonly go: readonly Pending[]; readonly kept: readonly Done[] };

export const sift = async (work: Provisioning, pending: readonly Pending[]): Promise<Sifted> => {
  const spared = await spare(work, pending);
  // What was released is destructive, and was judged before.
  const [judged, open] = [spared.go.filter(isReleased), spared.go.filter((one) => !isReleased(one))];
  const { go, kept } = await judge(work, open);
  return { go: [...judged, ...go], kept: [...spared.kept, ...kept] };
};

const isReleased = ({ released }: Pending): boolean => released !== undefined;

const judge = async (work: Provisioning, pending: readonly Pending[]): Promise<Sifted> => {
  const { aim } = work;
  switch (aim.kind) {
    case 'plan':
      return { go: pending, kept: [] };
    case 'apply': {
      const { go, rest } = await permitted(work, aim.plan, pending);
      return { go, kept: rest.map((one) => skip(work, one, 'not_in_plan')) };
    }
    case 'provision': {
      const over = pending.filter((one) => isOverLimit(work, one));
      if (over.length === 0) return { go: pending, kept: [] };
      const { go, rest } = aim.approved === null ? { go: [], rest: over } : await permitted(work, aim.approved, over);
      const within = pending.filter((one) => !isOverLimit(work, one));
      return { go: [...within, ...go], kept: rest.map((one) => skip(work, one, 'guard_hold')) };
    }
  }
};

/** Leaves out who is protected: whole operations on them, and them as members of others. */
export const spare = async (work: Provisioning, pending: readonly Pending[]): Promise<Sifted> => {
  const { shield } = work;
  if (isOpen(shield)) return { go: pending, kept: [] };
  const objects = await objectsOf(work, pending);
  const go: Pending[] = [];
  const kept: Done[] = [];
  for (const one of pending) {
    const { operation } = one.planned;
    const remoteId = 'remoteId' in operation ? operation.remoteId : null;
    if (isProtected(shield, { ref: operation.ref, remoteId, object: objects.get(operation.ref.id) })) {
      kept.push(skip(work, one, 'protected'));
      continue;
    }
    const members = 'members' in operation ? operation.members : [];
    const untouchable = new Set<string>(
      members.filter((member) => isProtected(shield, { ...member, object: objects.get(member.ref.id) })).map(idOf),
    );
    const rest = forMembers(one, (id) => !untouchable.has(id));
    const left = forMembers(one, (id) => untouchable.has(id));
    if (rest !== null) go.push(rest);
    if (members.length > 0 && left !== null) kept.push(skip(work, left, 'protected'));
  }
  return { go, kept };
};

/** What everybody concerned looks like, or last looked like; asked only where attributes protect. */
const objectsOf = async (
  work: Provisioning,
  pending: readonly Pending[],
): Promise<ReadonlyMap<SourceId, SourceObject>> => {
  if (work.shield.attributes.length === 0) return new Map();
  const refs = new Map<SourceId, Ref>();
  for (const { planned } of pending) {
    refs.set(planned.operation.ref.id, planned.operation.ref);
    if ('members' in planned.operation) for (const { ref } of planned.operation.members) refs.set(ref.id, ref);
  }
  const remembered = await work.engine.stores.snapshots.recall(work.run.connection, [...refs.values()]);
  return new Map([...remembered].map(([id, { object }]) => [id, object]));
};

const isOverLimit = (work: Provisioning, pending: Pending): boolean =>
  !isDestructive(pending.planned.operation.action) && isHeld(counted(pending), work.exceeded);

const idOf = ({ ref }: { readonly ref: Ref }): SourceId => ref.id;
