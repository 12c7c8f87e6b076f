/**
 * A target refuses a manager or a member whose account somebody deleted there. Of that account no run finds out: nothing is to be written to it. So whom a
 * refusal names is asked for; whoever is gone indeed gets another account when their time has come, and whoever names them waits for that one.
 */

import { own } from '../core/attributes.ts';
import { references } from '../core/mapping.ts';
import { keyOf } from '../core/plan.ts';
import { TargetError } from '../model/errors.ts';
import { type RemoteId, remoteId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { ObjectType } from '../model/source-object.ts';
import { isGoneIndeed } from './look.ts';
import type { Done, Pending } from './pending.ts';
import { type Provisioning, passOf } from './provisioning.ts';

/** Of a refusal that names more it is more likely that the group is refused. */
const mostNamed = 10;
/** A reader of the target that is behind may not know yet who was made a moment ago. */
const newMs = 600_000;

type Named = { readonly type: ObjectType; readonly remoteId: RemoteId };

/** As operations that ask for nothing. Nobody of them where the target cannot be asked now: it refuses again, and is asked then. */
export const namedGone = async (work: Provisioning, done: readonly Done[]): Promise<readonly Pending[]> => {
  const named = done.flatMap((one) => namedIn(work, one));
  if (named.length === 0) return [];
  const linked = await linkedOf(work, named);
  const present = await work.engine.stores.snapshots.find(
    work.run.connection,
    linked.map(({ ref }) => ref),
  );
  const pass = passOf(work);
  const newSince = work.engine.world.now().getTime() - newMs;
  const gone: Pending[] = [];
  for (const link of linked.filter(({ ref, since }) => present.has(ref.id) && since.getTime() < newSince)) {
    const { ref } = link;
    const operation = { key: keyOf(pass, ref, 'look'), ref, action: 'update', remoteId: link.remoteId } as const;
    const planned = { operation: { ...operation, attributes: {}, before: {} }, why: 'retry' } as const;
    const isGone = await isGoneIndeed(work, planned.operation, link).catch(nullIfOfTarget);
    if (isGone === null) break;
    if (isGone) gone.push({ planned, link, step: 'references' });
  }
  return gone;
};

const nullIfOfTarget = (error: unknown): null => {
  if (error instanceof TargetError) return null;
  throw error;
};

const namedIn = (work: Provisioning, { pending: { planned }, outcome }: Done): readonly Named[] => {
  if (outcome.result !== 'escrowed' && outcome.result !== 'partly_applied') return [];
  if (outcome.reason !== 'target_rejected' && outcome.reason !== 'not_applied') return [];
  const { operation } = planned;
  if ('members' in operation) {
    if (operation.action === 'remove_members') return [];
    const refused = outcome.result === 'partly_applied' ? new Set(outcome.refused) : null;
    const members = operation.members.filter(({ ref }) => refused?.has(ref.id) ?? true);
    return members.length > mostNamed ? [] : members.map(({ ref: { type }, remoteId: id }) => ({ type, remoteId: id }));
  }
  if (!('attributes' in operation)) return [];
  return references(work.mapping[operation.ref.type]).flatMap(({ to }): readonly Named[] => {
    const value = own(operation.attributes, to);
    return typeof value === 'string' ? [{ type: 'user', remoteId: remoteId(value) }] : [];
  });
};

const linkedOf = async ({ engine, record }: Provisioning, named: readonly Named[]): Promise<readonly Link[]> => {
  const links: Link[] = [];
  for (const [type, some] of Map.groupBy(named, (one) => one.type)) {
    const ids = [...new Set(some.map((one) => one.remoteId))];
    links.push(...(await engine.stores.ledger.linkedRemotes(record.id, type, ids)).links.values());
  }
  return links;
};
