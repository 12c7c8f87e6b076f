/** What a worker does about events, until nothing is left to do. */

import { type Relaying, takeEndedRuns, tellOfRuns, wakeListeners } from '../../src/engine/relay-events.ts';
import { never } from './reading.ts';

export const relayAll = async (stores: Relaying): Promise<void> => {
  for (let ended = await takeEndedRuns(stores); ended.length > 0; ended = await takeEndedRuns(stores))
    await tellOfRuns(stores, ended, never);
  while (await wakeListeners(stores));
};
