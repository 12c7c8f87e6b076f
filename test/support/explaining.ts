/** Asks a story why somebody was not synced, as the API does. */

import type { Answer, TargetAnswer } from '../../src/engine/explain.ts';
import { explainPerson } from '../../src/engine/explain.ts';
import { inForceNow } from '../../src/engine/in-force.ts';
import { connection, type Story } from './story.ts';

export const ask = async (of: Story, person: string, live = false): Promise<Answer> => {
  const { stores, engine } = of;
  const asked = await stores.connections.get(connection);
  if (asked === null) throw new Error('The story has no connection.');
  const targets = (await stores.targets.of(connection)).map((record) => inForceNow(engine, record));
  return explainPerson(engine, asked, targets, person, live);
};

/** The answer about one person at the story's one target. */
export const why = async (of: Story, person: string, live = false): Promise<TargetAnswer> => {
  const answer = await ask(of, person, live);
  if (answer.found !== 'one') throw new Error(`${person}: found ${answer.found}`);
  const [target] = answer.targets;
  if (target === undefined) throw new Error('The story has no target.');
  return target;
};
