/** After the storm: everything is whole again, and within some full syncs the target must be what the tenant is. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { targetId } from '../../src/model/ids.ts';
import { openKept } from '../support/kept.ts';
import { differences } from './compare.ts';
import { type Customer, type Plant, secondLookMs } from './plant.ts';

export const heal = ({ graph, lines, customers, workers }: Plant): void => {
  graph.control.clearFaults();
  for (const { scim } of customers) scim.control.clearFaults();
  for (const line of Object.values(lines)) line.set({ state: 'clear' });
  for (const worker of workers) worker.thaw();
};

/** `byDelta`: nothing that was told once was lost, so that delta syncs were enough. */
export type Calm = { readonly rounds: number; readonly byDelta: boolean; readonly wrong: readonly string[] };

const mostRounds = 5;
/** Whom only a full sync found missing is looked at twice before anything is taken away. So what is still wrong by then may have to wait for that. */
const roundsBeforeSecondLook = 2;

export const calmDown = async (plant: Plant, customer: Customer): Promise<Calm> => {
  const { api } = plant.stack;
  const byDelta = await isCalmByDelta(plant, customer);
  let wrong: readonly string[] = [];
  for (let rounds = 1; rounds <= mostRounds; rounds += 1) {
    const sync = await ended(plant, await api.request(customer.connection, { mode: 'full' }));
    // Whatever waits for its time, because it failed in the storm, is overtaken by what a person asks for.
    const asked = await api.ask('POST', `/v1/targets/${customer.target}/provision`, created, { full: true });
    const provision = await ended(plant, asked.id);
    wrong = differences(customer.tenant, customer.scim);
    if (wrong.length === 0 && sync === 'succeeded' && provision === 'succeeded')
      return { rounds, byDelta, wrong: await leftOpen(plant, customer) };
    wrong = [`the last runs ended as ${sync} and ${provision}`, ...wrong];
    if (rounds === roundsBeforeSecondLook) await sleep(secondLookMs + 1_000);
  }
  return {
    rounds: mostRounds,
    byDelta,
    wrong: wrong.map((line) => `${customer.name}, after ${mostRounds} rounds: ${line}`),
  };
};

/** Whoever was refused in the storm waits for hours before a delta sync tries again, so that it does not suffice is nothing wrong. */
const isCalmByDelta = async (plant: Plant, { connection, target, tenant, scim }: Customer): Promise<boolean> => {
  const { api } = plant.stack;
  for (let nth = 0; nth < 2; nth += 1) {
    await ended(plant, await api.request(connection, { mode: 'delta' }));
    await ended(plant, (await api.ask('POST', `/v1/targets/${target}/provision`, created, {})).id);
    if (differences(tenant, scim).length === 0) return true;
  }
  return false;
};

const created = z.object({ id: z.string() });
const run = z.object({ state: z.string(), problem: z.object({ code: z.string() }).nullable() });
const patienceMs = 120_000;

/** The state in which a run ends. */
const ended = async ({ stack: { api } }: Plant, id: string): Promise<string> => {
  const until = Date.now() + patienceMs;
  for (;;) {
    const { state, problem } = await api.ask('GET', `/v1/runs/${id}`, run);
    if (!['queued', 'running', 'waiting'].includes(state))
      return problem === null ? state : `${state} (${problem.code})`;
    if (Date.now() > until) return `${state} for ${patienceMs / 1_000} s`;
    await sleep(200);
  }
};

/** Operations of which it is not known what became of them: when all is done there is none. */
const leftOpen = async ({ stack }: Plant, { name, target }: Customer): Promise<readonly string[]> => {
  const kept = await openKept(stack);
  try {
    const open = await kept.openIntents(targetId(target));
    return open.length === 0 ? [] : [`${name}: ${open.length} operations are still open`];
  } finally {
    await kept.close();
  }
};
