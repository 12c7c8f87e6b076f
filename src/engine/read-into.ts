/** Streams a read into the draft, page by page: each page becomes durable together with the place to continue from. */

import { fold } from '../core/fold.ts';
import { SourceError } from '../model/errors.ts';
import type { Watermark } from '../model/ids.ts';
import type { Counters } from '../model/run.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Ref } from '../model/source-object.ts';
import type { Ask, Complete, Source } from '../source/source.ts';
import type { Draft } from '../store/snapshot-store.ts';
import { withoutDeparted } from './departed.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import type { Report } from './turn.ts';

export type ReadEnd = {
  readonly complete: Complete;
  readonly watermark: Watermark | null;
  readonly counters: Counters;
};

/** Resolves with the read's end, or `slice` when the turn is over and the draft holds the place. */
export const readInto = async (
  engine: Engine,
  draft: Draft,
  source: Source,
  ask: Ask,
  from: Counters,
  watch: Watch,
  report: Report,
): Promise<ReadEnd | 'slice'> => {
  // A draft that starts fresh reads from the beginning, and so do its counts.
  let counters: Counters = draft.resume === null ? { ...from, read: 0, unchanged: 0, skipped: {} } : from;
  await report('read', counters);
  for await (const page of source.read(ask, watch.signal)) {
    if (page.type === 'end') return { complete: page.complete, watermark: page.watermark, counters };
    const { messages, held } =
      ask.read.mode === 'full' ? await withoutHeld(draft, page.messages) : { messages: page.messages, held: [] };
    const known = await draft.find(named(messages));
    const believed = await withoutDeparted(engine.stores.snapshots, draft, source, ask, messages, known, watch.signal);
    const folded = fold(known, believed, ask.attributes);
    const seen = [...folded.seen, ...held];
    await draft.put({ objects: folded.objects, members: folded.members, seen, resume: page.resume });
    await engine.failpoint('sync.page');
    const differing = new Set(folded.objects.map(({ ref }) => ref.id));
    counters = {
      ...counters,
      read: counters.read + seen.length,
      unchanged: counters.unchanged + seen.filter(({ id }) => !differing.has(id)).length,
    };
    await report('read', counters);
    if (page.resume !== null && watch.sliceOver()) return 'slice';
  }
  throw new SourceError('incomplete', 'The read ended without saying that it was complete; nothing of it is used.');
};

/**
 * A full read mostly shows what is stored already. Such objects need not be read to be seen to be the same. Only where each object is named once:
 * between two messages about one object the last word counts.
 */
const withoutHeld = async (
  draft: Draft,
  messages: readonly ObjectMessage[],
): Promise<{ readonly messages: readonly ObjectMessage[]; readonly held: readonly Ref[] }> => {
  const shown = messages.filter((message) => message.type === 'upsert');
  if (
    draft.base.version === 0 ||
    new Set(shown.map(({ ref }) => ref.id)).size < shown.length ||
    messages.some(({ type }) => type === 'remove')
  ) {
    return { messages, held: [] };
  }
  const same = await draft.holds(shown);
  const isHeld = (message: ObjectMessage): boolean => message.type === 'upsert' && same.has(message.ref.id);
  return {
    messages: messages.filter((message) => !isHeld(message)),
    held: shown.filter((message) => message.whole && isHeld(message)).map(({ ref }) => ref),
  };
};

const named = (messages: readonly ObjectMessage[]): readonly Ref[] => [
  ...new Map(messages.filter((message) => message.type !== 'members').map(({ ref }) => [ref.id, ref])).values(),
];
