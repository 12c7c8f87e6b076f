/** What the API said that it would do. Whoever heard that need not ask again: it is there, and comes to its end, whatever dies. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../scripts/demo/client.ts';

export type Accepted = {
  /** Runs that were answered with 202. */
  readonly runs: Set<string>;
  /** Plans whose approval was answered with 202. */
  readonly plans: Set<string>;
};

export const nothingAccepted = (): Accepted => ({ runs: new Set(), plans: new Set() });

type Api = Pick<ApiClient, 'ask'>;

/** What is not as it was said. `patienceMs`: how long a plan that was approved may take until it is carried out, or found not to be wanted any more. */
export const brokenWords = async (
  api: Api,
  { name, accepted }: { readonly name: string; readonly accepted: Accepted },
  patienceMs: number,
): Promise<readonly string[]> => {
  const until = Date.now() + patienceMs;
  const broken: string[] = [];
  for (const id of accepted.runs)
    if ((await stateOf(api, `/v1/runs/${id}`)) === null) broken.push(`the run ${id} was accepted, and is not there`);
  for (const id of accepted.plans) {
    let state = await stateOf(api, `/v1/plans/${id}`);
    while (state === 'approved' && Date.now() < until) {
      await sleep(500);
      state = await stateOf(api, `/v1/plans/${id}`);
    }
    if (state === null) broken.push(`the plan ${id} was approved, and is not there`);
    else if (!ends.has(state)) broken.push(`the plan ${id} was approved, and is ${state}`);
  }
  return broken.map((line) => `${name}: ${line}`);
};

/** It was carried out; or a run looked at it, and something had moved, or it might not be carried out any more. */
const ends: ReadonlySet<string> = new Set(['applied', 'superseded', 'refused']);

const shown = z.object({ state: z.string() });

/** Null: it is not there. */
const stateOf = async (api: Api, path: string): Promise<string | null> => {
  try {
    return (await api.ask('GET', path, shown)).state;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(`GET ${path}: 404 `)) return null;
    throw error;
  }
};
