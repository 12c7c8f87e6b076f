/** Reads what the target holds, page by page, and holds it against the links: drift of what is ours, and whose the rest may be. */

import { driftOf, type Owner, ownerOf, shownIn, unlinked } from '../core/discrepancies.ts';
import { nameAttributes } from '../core/names.ts';
import type { Discrepancy } from '../model/discrepancy.ts';
import { TargetError } from '../model/errors.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { MatchingRule } from '../model/mapping.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { ObjectType, Ref, Remembered } from '../model/source-object.ts';
import type { ListPage } from '../target/target.ts';
import type { ReconcilePlace, Step } from './reconcile-place.ts';
import { note, type Reconciling } from './reconciling.ts';

/** One page. Comes back with the place after it. */
export const readPage = async (
  work: Reconciling,
  place: ReconcilePlace,
  { type, from, nth }: Extract<Step, { at: 'list' }>,
): Promise<ReconcilePlace> => {
  const page = await listed(work, type, from);
  const { discrepancies } = work.engine.stores;
  await note(work, await compared(work, type, page.objects));
  const ids = page.objects.map(({ remoteId }) => remoteId);
  await discrepancies.see(work.lease, work.run.id, { type, nth }, ids);
  const earlier = place.listings[type]?.objects ?? 0;
  const incomplete = 'broken' in page ? page.broken : null;
  const objects = 'end' in page ? page.end.objects : earlier + ids.length;
  const shown = [...new Set([...place.shown[type], ...page.objects.flatMap(shownIn)])];
  work.count('read', ids.length);
  return {
    ...place,
    listings: { ...place.listings, [type]: { objects, incomplete, leftOut: 0 } },
    shown: { ...place.shown, [type]: shown },
    step: 'next' in page ? { at: 'list', type, from: page.next, nth: nth + 1 } : afterList(work, type),
  };
};

/** A target that refuses the list alone is not out of order; what fails as a whole is thrown on. */
const listed = async (work: Reconciling, type: ObjectType, from: string | null): Promise<ListPage> => {
  try {
    return await work.inventory.list(type, from, work.watch.signal);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return { objects: [], broken: error.message };
    throw error;
  }
};

const afterList = ({ target }: Reconciling, type: ObjectType): Step =>
  type === 'user' && target.capabilities.groups
    ? { at: 'list', type: 'group', from: null, nth: 1 }
    : { at: 'look', type: 'user', after: null };

const compared = async (
  work: Reconciling,
  type: ObjectType,
  objects: readonly RemoteObject[],
): Promise<readonly Discrepancy[]> => {
  const { ledger } = work.engine.stores;
  const ids = objects.map(({ remoteId }) => remoteId);
  const { links } = await ledger.linkedRemotes(work.record.id, type, ids);
  const found: Discrepancy[] = [];
  const strangers: RemoteObject[] = [];
  for (const remote of objects) {
    const link = links.get(remote.remoteId);
    if (link === undefined) strangers.push(remote);
    else found.push(...driftIn(work, link, remote));
  }
  return [...found, ...(await whose(work, type, strangers))];
};

/** At most one. Whom an operation is open on is left for the next run to say. */
export const driftIn = (work: Reconciling, link: Link, remote: RemoteObject): readonly Discrepancy[] => {
  if (work.open.has(link.ref.id)) return [];
  const differences = driftOf(link, remote, work.record.mapping[link.ref.type]);
  if (differences.length === 0) {
    work.count('unchanged', 1);
    return [];
  }
  return [{ kind: 'drift', ref: link.ref, remoteId: link.remoteId, differences }];
};

const whose = async (
  work: Reconciling,
  type: ObjectType,
  strangers: readonly RemoteObject[],
): Promise<readonly Discrepancy[]> => {
  if (strangers.length === 0) return [];
  const rules = work.record.matching[type];
  const byId = await namedById(work, type, strangers, rules);
  const owners = new Map<RemoteObject, Owner>();
  for (const remote of strangers) {
    const candidates = [...byId, ...(await namedByName(work, remote, rules))];
    const owner = ownerOf(remote, rules, candidates);
    if (owner !== null) owners.set(remote, owner);
  }
  const refs = [...owners.values()].map(({ seen }) => seen.object.ref);
  const links = await work.engine.stores.ledger.links(work.record.id, refs);
  return strangers.flatMap((remote): readonly Discrepancy[] => {
    const owner = owners.get(remote) ?? null;
    const id = owner?.seen.object.ref.id;
    // It may be the account that an operation is just about to link.
    if (id !== undefined && work.open.has(id)) return [];
    return [unlinked(remote, owner, (id === undefined ? null : links.get(id)?.remoteId) ?? null)];
  });
};

/** Whom these accounts carry the id of. */
const namedById = async (
  work: Reconciling,
  type: ObjectType,
  strangers: readonly RemoteObject[],
  rules: readonly MatchingRule[],
): Promise<readonly Remembered[]> => {
  const refs = new Map<SourceId, Ref>();
  for (const { to } of rules.filter(({ from }) => from === 'id'))
    for (const { attributes } of strangers) {
      const value = attributes[to];
      if (typeof value === 'string' && value !== '') refs.set(sourceId(value), { type, id: sourceId(value) });
    }
  if (refs.size === 0) return [];
  return [...(await work.engine.stores.snapshots.recall(work.run.connection, [...refs.values()])).values()];
};

/** Who goes by the names this account carries. More of one name than this are nobody in particular. */
const namedByName = async (
  work: Reconciling,
  { type, attributes }: RemoteObject,
  rules: readonly MatchingRule[],
): Promise<readonly Remembered[]> => {
  if (type === 'group') return [];
  const found: Remembered[] = [];
  for (const { from, to } of rules) {
    const value = attributes[to];
    if (!names.includes(from) || typeof value !== 'string' || value === '') continue;
    found.push(...(await work.engine.stores.snapshots.named(work.run.connection, value, mostOfOneName)));
  }
  return found;
};

const names: readonly string[] = Object.values(nameAttributes);
const mostOfOneName = 20;
