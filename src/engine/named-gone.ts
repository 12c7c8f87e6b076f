/**
 * A target refuses a manager or a member whose account somebody deleted there. Of that account no run finds out: nothing is to be written to it. So whom a
 * refusal names is asked for; whoever is gone indeed gets another account when their time has come, and whoever names them waits for that one.
 */

import pLimit from 'p-limit';
import { own } from '../core/attributes.ts';
import { references } from '../core/mapping.ts';
import { keyOf } from '../core/plan.ts';
import { valuesInDoubt } from '../core/told.ts';
import { TargetError } from '../model/errors.ts';
import { type RemoteId, remoteId } from '../model/ids.ts';
import { switchPath } from '../model/mapping.ts';
import type { Link, Operation } from '../model/operation.ts';
import type { ObjectType } from '../model/source-object.ts';
import { isGoneIndeed } from './look.ts';
import type { Done, Pending } from './pending.ts';
import { type Provisioning, passOf } from './provisioning.ts';
import { allOf } from './steps.ts';

/** Of a refusal that names more it is more likely that the group is refused. */
const mostNamed = 10;
/** A reader of the target that is behind may not know yet who was made a moment ago. */
const newMs = 600_000;

type Named = { readonly type: ObjectType; readonly remoteId: RemoteId };

/**
 * As operations that ask for nothing. Nobody of them where the target cannot be asked now: it refuses again, and is asked then. Who was asked for is not
 * asked for again in this turn, however many name them.
 */
export const namedGone = async (work: Provisioning, done: readonly Done[]): Promise<readonly Pending[]> => {
  const named = done.flatMap((one) => namedIn(work, one));
  if (named.length === 0) return [];
  const newSince = work.engine.world.now().getTime() - newMs;
  const links = (await linkedOf(work, named)).filter(
    (link) => isShown(link) && link.since.getTime() < newSince && !work.askedFor.has(link.remoteId),
  );
  const refs = links.map(({ ref }) => ref);
  const present = await work.engine.stores.snapshots.find(work.run.connection, refs);
  const pass = passOf(work);
  const looks = links.filter(({ ref }) => present.has(ref.id)).map((link) => lookAt(link, pass));
  const limit = pLimit(work.target.capabilities.concurrency);
  try {
    const answers = await allOf(looks, limit, work.watch.signal, (one) => isGone(work, one));
    for (const { link } of looks) work.askedFor.add(link.remoteId);
    return looks.filter((_, nth) => answers[nth]);
  } catch (error) {
    if (error instanceof TargetError) return [];
    throw error;
  }
};

/** Some targets show nobody who is switched off: of them it says nothing that they are not shown. */
const isShown = (link: Link): boolean =>
  link.state === 'active' && own(link.pushed, switchPath) !== false && !valuesInDoubt(link, switchPath).includes(false);

type Look = Pending & { readonly link: Link; readonly planned: { readonly operation: Update } };
type Update = Extract<Operation, { readonly action: 'update' }>;

const lookAt = (link: Link, pass: string): Look => {
  const { ref } = link;
  const operation = { key: keyOf(pass, ref, 'look'), ref, action: 'update', remoteId: link.remoteId } as const;
  return {
    planned: { operation: { ...operation, attributes: {}, before: {} }, why: 'retry' },
    link,
    step: 'references',
  };
};

const isGone = (work: Provisioning, { planned: { operation }, link }: Look): Promise<boolean> =>
  isGoneIndeed(work, operation, link).catch(falseIfRejected);

/** About this one it answers nothing; of the others it may. */
const falseIfRejected = (error: unknown): false => {
  if (error instanceof TargetError && error.fault === 'rejected') return false;
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
