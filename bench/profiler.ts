/** Where the time of a piece of work goes, by function. */

import { Session } from 'node:inspector/promises';
import type { Figures } from './figures.ts';

/** Shares of the sampled time as figures, named `self function file:line`. */
export const profiled = async (work: () => Promise<Figures>): Promise<Figures> => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 250 });
  await session.post('Profiler.start');
  const done = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const byNode = new Map(profile.nodes.map((node) => [node.id, node]));
  const shares = new Map<string, number>();
  const total = profile.samples?.length ?? 0;
  for (const sample of profile.samples ?? []) {
    const frame = byNode.get(sample)?.callFrame;
    if (frame === undefined) continue;
    const file = frame.url.replace(/^.*\/(node_modules|src)\//, '$1/').replace(/^file:.*\//, '');
    const name = `self ${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`;
    shares.set(name, (shares.get(name) ?? 0) + 1 / total);
  }
  const top = [...shares].sort(([, a], [, b]) => b - a).slice(0, 40);
  return { ...done, ...Object.fromEntries(top) };
};
