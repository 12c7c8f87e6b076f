/** Streams a read into the draft, page by page: each page becomes durable together with the place to continue from. */

import { type Folded, fold } from '../core/fold.ts';
import { SourceError } from '../model/errors.ts';
import type { Resume, Watermark } from '../model/ids.ts';
import type { Counters } from '../model/run.ts';
import type { ObjectMessage } from '../model/source-message.ts';
import type { Ref } from '../model/source-object.ts';
import type { Ask, Complete, Source } from '../source/source.ts';
import type { Batch, Draft } from '../store/snapshot-store.ts';
import { withoutDeparted } from './departed.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import type { Report } from './turn.ts';

export type ReadEnd = {
  readonly complete: Complete;
  readonly watermark: Watermark | null;
  readonly counters: Counters;
};

/**
 * Resolves with the read's end, or `slice` when the turn is over and the draft holds the place. While a page is on its way into the draft the next
 * one is read and compared, and no more: a page is begun when the one before is durable.
 */
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
  // What is stored is made ready while the source is asked for its first page. Should that fail, whoever asks for it is told.
  if (ask.read.mode === 'full' && draft.base.version > 0) draft.holds([]).catch(() => {});
  const writer = pageWriter(engine, draft);
  const written = async (): Promise<void> => {
    await writer.written();
    await report('read', counters);
  };
  await written();
  try {
    for await (const page of source.read(ask, watch.signal)) {
      if (page.type === 'end') {
        await written();
        return { complete: page.complete, watermark: page.watermark, counters };
      }
      if (page.messages.length === 0) writer.reach(page.resume);
      else {
        const { messages, held } =
          ask.read.mode === 'full' ? await withoutHeld(draft, page.messages) : { messages: page.messages, held: [] };
        await written();
        const known = await draft.find(named(messages));
        const { snapshots } = engine.stores;
        const believed = await withoutDeparted(snapshots, draft, source, ask, messages, known, watch.signal);
        const folded = fold(known, believed, ask.attributes);
        const seen = [...folded.seen, ...held];
        await writer.write({ objects: folded.objects, members: folded.members, seen, resume: page.resume });
        counters = counted(counters, folded, seen);
      }
      if (page.resume === null || !watch.sliceOver()) continue;
      await writer.rest();
      await written();
      return 'slice';
    }
    throw new SourceError('incomplete', 'The read ended without saying that it was complete; nothing of it is used.');
  } catch (error) {
    // What is under way must not meet whoever continues the draft. That we stop for the error is said by the error.
    await writer
      .rest()
      .then(written)
      .catch(() => {});
    throw error;
  }
};

/** Writes batches one after the other, each while its caller goes on. A page without messages moves the place and costs no batch. */
const pageWriter = (engine: Engine, draft: Draft) => {
  let underWay: Promise<void> = Promise.resolve();
  let place: Resume | null = null;
  const begin = (batch: Batch): void => {
    place = null;
    underWay = draft.put(batch).then(() => engine.failpoint('sync.page'));
    // It may fail while nobody waits for it; whoever asks next is told.
    underWay.catch(() => {});
  };
  const rest = async (): Promise<void> => {
    await underWay;
    if (place !== null) begin({ objects: [], members: [], seen: [], resume: place });
    await underWay;
  };
  return {
    written: (): Promise<void> => underWay,
    write: async (batch: Batch): Promise<void> => {
      if (batch.resume === null) await rest();
      await underWay;
      begin(batch);
    },
    reach: (resume: Resume | null): void => {
      place = resume ?? place;
    },
    /** Also makes the last place durable: from there whoever comes next goes on. */
    rest,
  };
};

const counted = (counters: Counters, { objects }: Folded, seen: readonly Ref[]): Counters => {
  const differing = new Set(objects.map(({ ref }) => ref.id));
  return {
    ...counters,
    read: counters.read + seen.length,
    unchanged: counters.unchanged + seen.filter(({ id }) => !differing.has(id)).length,
  };
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
