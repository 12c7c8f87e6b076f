/** What a complete read makes of the snapshot: who is out of scope, who is missing, and every change, written down beside the draft. */

import type { Connection } from '../model/connection.ts';
import type { Counters, Shrink } from '../model/run.ts';
import type { Draft } from '../store/snapshot-store.ts';
import { clearedAttributes, type Reader } from './cleared.ts';
import { drainedGroups } from './drained-groups.ts';
import { drainedWithin } from './drained-within.ts';
import type { Engine } from './engine.ts';
import type { ReadEnd } from './read-into.ts';
import { type Recorded, recordChanges } from './record-changes.ts';
import type { What } from './source-read.ts';
import { reachingIn, sweep, sweepLeavers } from './sweep.ts';
import type { Report } from './turn.ts';

export type Compared = { readonly recorded: Recorded; readonly shrink: Shrink; readonly counters: Counters };

/** `within`: the scope of the connection, of which a read of one group shows a part. */
export const compareRead = async (
  { stores }: Pick<Engine, 'stores'>,
  draft: Draft,
  what: What,
  { scope: within }: Pick<Connection, 'scope'>,
  end: ReadEnd,
  reader: Reader,
  report: Report,
): Promise<Compared> => {
  const goOn = (): Promise<void> => report('scope', end.counters);
  await goOn();
  const reached = reachingIn(draft, goOn);
  // A read of one group may take groups out of the scope that are inside it; where everybody is in scope, out of that group alone.
  const walked = what.kind === 'group' && within.kind === 'groups' ? within : what.scope;
  const drained = [
    ...(await drainedGroups(stores.snapshots, draft, what.scope, reader.limit)),
    ...(await drainedWithin({
      snapshots: stores.snapshots,
      draft,
      scope: walked,
      limit: reader.limit,
      reached,
      goOn,
    })),
  ];
  await (what.kind === 'group'
    ? sweepLeavers(draft, end.complete, within, reached)
    : sweep(draft, end.complete, reached));
  const recording = (): Promise<void> => report('diff', end.counters);
  await recording();
  const recorded = await recordChanges(
    stores.snapshots,
    what.kind === 'preview' ? membersOnly(draft) : draft,
    end.complete,
    reader.asked,
    recording,
  );
  const isWhole = what.kind === 'full' || what.kind === 'preview';
  return {
    recorded,
    shrink: {
      missing: recorded.missing,
      known: draft.base.counts,
      cleared: await clearedAttributes(stores.snapshots, draft, reader, recorded.losses, isWhole),
      drained,
      sample: recorded.sampled,
    },
    counters: {
      ...end.counters,
      ...recorded.counts,
      unchanged: isWhole
        ? recorded.present.user + recorded.present.group - recorded.counts.created - recorded.counts.updated
        : end.counters.unchanged,
    },
  };
};

/** Whoever plans for another scope looks at everybody as they are; only of memberships it matters what changed. */
const membersOnly = (draft: Draft): Draft => ({
  ...draft,
  record: (changes) => draft.record(changes.filter(({ kind }) => kind === 'members')),
});
