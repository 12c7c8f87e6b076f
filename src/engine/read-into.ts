/** Streams a read into the draft, page by page: each page becomes durable together with the place to continue from. */

import { fold } from '../core/fold.ts';
import { SourceError } from '../model/errors.ts';
import type { Resume, Watermark } from '../model/ids.ts';
import type { Counters } from '../model/run.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Ref } from '../model/source-object.ts';
import type { Ask, Source, SourceMessage } from '../source/source.ts';
import type { Draft } from '../store/snapshot-store.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import type { Report } from './turn.ts';

export type ReadEnd = { readonly watermark: Watermark | null; readonly counters: Counters };

/** A page of Graph holds at most 999 objects; what has no place in between is cut here so that memory stays flat. */
const mostMessages = 2_000;

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
  for await (const batch of inBatches(source.read(ask, watch.signal))) {
    const { messages, held } =
      ask.read.mode === 'full' ? await withoutHeld(draft, batch.messages) : { messages: batch.messages, held: [] };
    const folded = fold(await draft.find(named(messages)), messages, ask.attributes);
    const seen = [...folded.seen, ...held];
    await draft.put({ objects: folded.objects, members: folded.members, seen, resume: batch.resume });
    await engine.failpoint('sync.page');
    const differing = new Set(folded.objects.map(({ ref }) => ref.id));
    counters = {
      ...counters,
      read: counters.read + seen.length,
      unchanged: counters.unchanged + seen.filter(({ id }) => !differing.has(id)).length,
    };
    if (batch.end !== null) return { watermark: batch.end.watermark, counters };
    await report('read', counters);
    if (batch.resume !== null && watch.sliceOver()) return 'slice';
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

type Cut = {
  readonly messages: readonly ObjectMessage[];
  readonly resume: Resume | null;
  readonly end: { readonly watermark: Watermark | null } | null;
};

/** Cuts the stream at its places. */
async function* inBatches(stream: AsyncIterable<SourceMessage>): AsyncIterable<Cut> {
  let messages: ObjectMessage[] = [];
  const cut = (rest: Omit<Cut, 'messages'>): Cut => {
    const batch = { messages, ...rest };
    messages = [];
    return batch;
  };
  for await (const message of stream) {
    if (message.type === 'progress') yield cut({ resume: message.resume, end: null });
    else if (message.type === 'end') yield cut({ resume: null, end: { watermark: message.watermark } });
    else {
      messages.push(message);
      if (messages.length >= mostMessages) yield cut({ resume: null, end: null });
    }
  }
}

const named = (messages: readonly ObjectMessage[]): readonly Ref[] => [
  ...new Map(messages.filter((message) => message.type !== 'members').map(({ ref }) => [ref.id, ref])).values(),
];
