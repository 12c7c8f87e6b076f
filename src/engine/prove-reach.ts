/**
 * Whether a target is the system that its links are of. Another address, other settings or other credentials may reach another one, where the same ids are
 * nobody's, or somebody else's. That it is the same is proved by what it holds: of some linked accounts one at least is there, and is whose we say.
 */

import { isOurs } from '../core/matching.ts';
import type { TargetId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Target } from '../target/target.ts';
import type { Engine } from './engine.ts';
import { glanceAt } from './glance.ts';
import { reachKey } from './rules-key.ts';

export type Reached = 'same' | 'unproved';

type Needs = { readonly engine: Engine; readonly lease: Lease; readonly signal: AbortSignal };

/**
 * Asks the target only when something that decides what it reaches was edited since it was proved. What it found stays, also over the turns of a run that
 * fills the other system, until a person has let that be written to. Throws `TargetError` when the target cannot be asked now.
 */
export const proveReach = async ({ engine, lease, signal }: Needs, record: TargetRecord): Promise<Reached> => {
  const { ledger, targets } = engine.stores;
  const now = reachKey(record);
  const { proved, refused } = await ledger.reach(record.id);
  if (proved === now) return 'same';
  if (refused === now) return 'unproved';
  const links = await someLinks(ledger, record.id);
  const target = engine.connectTarget(record, await targets.secrets(record));
  const isNew = proved === null && links.length === 0;
  if (isNew || (await showsOneOf(target, links, record, signal))) {
    await ledger.noteReach(lease, { proved: now, refused: null });
    return 'same';
  }
  await ledger.noteReach(lease, { proved, refused: now });
  engine.world.log.error('target.unproved', { target: record.id, looked_for: links.length });
  return 'unproved';
};

const mostLooked = 20;

/** Active ones first: some targets do not show who is switched off. */
const someLinks = async (ledger: Ledger, target: TargetId): Promise<readonly Link[]> => {
  const active: Link[] = [];
  const others: Link[] = [];
  for (const type of ['user', 'group'] as const)
    for await (const links of ledger.scanLinks(target, type)) {
      for (const link of links) {
        const some = link.state === 'active' ? active : others;
        if (some.length < mostLooked) some.push(link);
      }
      if (active.length >= mostLooked) return active;
    }
  return [...active, ...others].slice(0, mostLooked);
};

/** The first one that is there is enough. */
const showsOneOf = async (
  target: Target,
  links: readonly Link[],
  { matching }: TargetRecord,
  signal: AbortSignal,
): Promise<boolean> => {
  if (links.length === 0) return false;
  await target.ready(signal);
  for (const link of links) {
    const { remote } = await glanceAt(target, link, signal);
    if (remote !== null && remote !== 'refused' && isOurs(link, remote, matching[link.ref.type])) return true;
  }
  return false;
};
