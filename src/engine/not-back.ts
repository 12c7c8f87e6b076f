/**
 * Who is switched off, and of whom the source says otherwise than the snapshot, or could not be asked: they wait in escrow to be switched on (decision 91),
 * and nothing else is given to them meanwhile. What was read of them may be older than their leaving.
 */

import type { OffBy } from '../core/switch.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { Ref, Standing } from '../model/source-object.ts';
import { escrowObjects } from './escrow.ts';
import { isDry, type Provisioning } from './provisioning.ts';

/** A plan that is made has them switched on, and is asked about when it is carried out. */
export const notBack = async (work: Provisioning, links: Iterable<Link>): Promise<ReadonlySet<SourceId>> => {
  const off = [...links].filter(isOff);
  if (off.length === 0 || isDry(work)) return new Set();
  const escrows = await work.engine.stores.ledger.escrowsOf(
    work.record.id,
    off.map(({ ref }) => ref.id),
  );
  return new Set(escrows.flatMap(({ ref, reason }) => (reason === 'source_unsure' ? [ref.id] : [])));
};

/**
 * Those and whoever was switched off for leaving, and is not in the source, asked right before they are put into a group: nobody switches them on where what
 * was read has them disabled, or where a newer run switched them off than the one that goes on here, so nobody has asked. They wait for the group, in escrow
 * where the snapshot has them, since no change may tell of them again.
 */
export const notBackNow = async (work: Provisioning, links: readonly Link[]): Promise<ReadonlySet<SourceId>> => {
  const away = await notBack(work, links);
  const left = links.filter((link) => isOff(link) && link.hasLeft && !away.has(link.ref.id)).map(({ ref }) => ref);
  if (left.length === 0 || isDry(work)) return away;
  const standings = await standingsNow(work, left, null);
  const absent = left.filter(({ id }) => standings === null || gone.has(standings.get(id) ?? 'unsure'));
  await keepInEscrow(work, absent, standings === null ? notAsked : contradicted);
  return new Set([...away, ...absent.map(({ id }) => id)]);
};

const isOff = ({ ref, state }: Link): boolean => ref.type === 'user' && state === 'disabled';

const gone: ReadonlySet<Standing> = new Set<Standing>(['gone', 'out_of_scope']);

/** Null: the source cannot be asked now, which is its own trouble and no reason to write nothing of anybody. */
export const standingsNow = async (
  work: Provisioning,
  refs: readonly Ref[],
  by: OffBy | null,
): Promise<ReadonlyMap<SourceId, Standing> | null> => {
  try {
    return await work.source().confirm(refs, work.connection.scope, work.watch.signal, by);
  } catch (error) {
    if (error instanceof SourceError) return null;
    throw error;
  }
};

/** Whom the snapshot has lost since is told to the group again when they come back. */
const keepInEscrow = async (work: Provisioning, refs: readonly Ref[], detail: string): Promise<void> => {
  if (refs.length === 0) return;
  const stored = await work.engine.stores.snapshots.find(work.run.connection, refs);
  const failures = refs
    .filter(({ id }) => stored.has(id))
    .map((ref) => ({ ref, reason: 'source_unsure', detail }) as const);
  if (failures.length > 0) await escrowObjects(work, failures);
};

const contradicted =
  'the snapshot has them, and the source, asked now, does not; they are put into no group until both agree';
const notAsked = 'the source cannot be asked now whether they are back; they are put into no group before it was';
