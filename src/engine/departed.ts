/**
 * Who left by the source's own word is not brought back by a list alone: a replica that lags behind shows them for a while, and the changes that
 * follow will not say again that they left. So the source is asked about them before a full read is believed.
 */

import type { SourceId } from '../model/ids.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import type { Ask, Source } from '../source/source.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';

/** The messages without those about objects that are gone. `known`: what is stored of the objects they name. */
export const withoutDeparted = async (
  snapshots: SnapshotStore,
  draft: Draft,
  source: Source,
  ask: Ask,
  messages: readonly ObjectMessage[],
  known: ReadonlyMap<SourceId, SourceObject>,
  signal: AbortSignal,
): Promise<readonly ObjectMessage[]> => {
  if (ask.read.mode === 'delta' || draft.base.version === 0) return messages;
  const unknown = messages.flatMap((message): readonly Ref[] =>
    message.type === 'upsert' && message.whole && !known.has(message.ref.id) ? [message.ref] : [],
  );
  const left = await departed(snapshots, draft, unknown);
  if (left.length === 0) return messages;
  const standings = await source.confirm(left, ask.scope, signal);
  return messages.filter((message) => message.type === 'members' || standings.get(message.ref.id) !== 'gone');
};

const departed = async (snapshots: SnapshotStore, draft: Draft, refs: readonly Ref[]): Promise<readonly Ref[]> => {
  if (refs.length === 0) return [];
  const remembered = await snapshots.recall(draft.base.connection, refs);
  return refs.filter(({ id }) => {
    const gone = remembered.get(id)?.gone;
    return gone === 'soft_deleted' || gone === 'deleted';
  });
};
