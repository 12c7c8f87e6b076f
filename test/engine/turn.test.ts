import { describe, expect, it } from 'vitest';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { SourceError } from '../../src/model/errors.ts';
import { memorySource } from '../../src/source/memory.ts';
import type { Source } from '../../src/source/source.ts';
import { connection, type Story, story } from '../support/story.ts';

const hour = 3_600_000;

/** A story whose source is told to wait, for so long the first time and so long the next, after `meanwhile`. */
const throttled = async (waits: readonly number[], meanwhile: (s: Story) => Promise<unknown> = async () => {}) => {
  const s = await story();
  let reads = 0;
  const source: Source = {
    ...memorySource(s.directory),
    // biome-ignore lint/correctness/useYield: it is throttled before it can say anything
    read: async function* () {
      const retryAfterMs = waits[reads] ?? 0;
      reads += 1;
      await meanwhile(s);
      throw new SourceError('throttled', 'Wait.', { retryAfterMs });
    },
  };
  const engine = { ...s.engine, connectSource: () => source };
  return { s, turn: () => syncTurn(engine, connection, new AbortController().signal) };
};

describe('a turn that is told to wait', () => {
  it('comes back when the wait is over', async () => {
    const { s, turn } = await throttled([hour]);
    await s.requestSync('full');
    expect(await turn()).toEqual({ next: 'rest', at: new Date(s.now().getTime() + hour) });
  });

  it('does not sleep through what a person asked for meanwhile', async () => {
    const { s, turn } = await throttled([hour], (here) => here.requestSync('delta'));
    await s.requestSync('full');
    expect(await turn()).toEqual({ next: 'again', at: s.now() });
  });

  it('does not sleep longer than another run of the same connection that waits', async () => {
    const { s, turn } = await throttled([hour / 4, hour]);
    await s.requestSync('full');
    const soon = { next: 'rest', at: new Date(s.now().getTime() + hour / 4) };
    expect(await turn()).toEqual(soon);
    await s.requestSync('delta');
    expect(await turn()).toEqual(soon);
  });
});
