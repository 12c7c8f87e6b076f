/** The simulator works out and compresses a page when it is first asked for it. Only the very same requests find it made (kept-answers.ts). */

import { figures } from './figures.ts';
import type { Graph, Lab } from './lab.ts';
import type { Place } from './subjects/access.ts';

export const readOnce = async (lab: Lab, graph: Graph, places: readonly Place[], managers: boolean): Promise<void> => {
  const reader = lab.subject(graph);
  for (const place of places) await reader.call('sourceRead', { ...place, managers }, figures);
  await reader.stop();
};
