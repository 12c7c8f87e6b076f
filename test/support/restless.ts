/** A run that goes on, or is put back, whenever somebody has just listed runs: who asks for one state after the other never sees it. */

import type { RunId } from '../../src/model/ids.ts';
import type { RunStore } from '../../src/store/run-store.ts';

/** It waits when the first list is made. */
export const restless = async (runs: RunStore, id: RunId, at: Date): Promise<void> => {
  const list = runs.list.bind(runs);
  await runs.start(id, at);
  await runs.postpone(id, at, null);
  runs.list = async (...asked) => {
    const page = await list(...asked);
    if ((await runs.get(id))?.state === 'running') await runs.postpone(id, at, null);
    else await runs.start(id, at);
    return page;
  };
};
