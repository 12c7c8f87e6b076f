/**
 * Who decides on what waits where there are limits: looks at a plan and approves exactly that, and accepts what a read was held for. They believe all that
 * they are shown, also a list that lies: what is left between that and an account then is the question that is asked of the tenant alone.
 */

import { z } from 'zod';
import { allOf } from './lists.ts';
import type { Customer, Plant } from './plant.ts';
import { planOperation } from './rules.ts';
import { type Counts, count, pause } from './run.ts';

export type Decided = { readonly counts: Counts; readonly note: (line: string) => void };

/** Until the end of all, also when the storm has passed. */
export const operate = async (plant: Plant, decided: Decided, over: AbortSignal): Promise<void> => {
  const looked = new Set<string>();
  const desks = plant.customers
    .filter(({ rules }) => rules.limits !== null)
    .map((customer) => ({ customer, released: new Map<string, string>() }));
  while (!over.aborted) {
    for (const { customer, released } of desks) {
      await approve(plant, customer, decided, released)
        .then(() => withdraw(plant, customer, released))
        .catch(() => count(decided.counts, 'plans: not answered'));
      await accept(plant, customer, decided, looked).catch(() => count(decided.counts, 'reads: not answered'));
    }
    await pause(700, over);
  }
};

const plan = z.object({
  ...{ id: z.string(), kind: z.string(), hash: z.string(), state: z.string() },
  carried_out_by: z.string().nullable(),
});
const approved = z.object({ run: z.object({ id: z.string() }) });
const reads = z.object({
  data: z.array(z.object({ id: z.string(), state: z.string(), mode: z.string(), shrink: z.unknown() })),
});

const approve = async (
  plant: Plant,
  customer: Customer,
  { counts, note }: Decided,
  /** Plans that are not known to have begun, nor to have come to nothing, with the hash of what was looked at. */
  released: Map<string, string>,
): Promise<void> => {
  const waiting = await allOf(plant, `/v1/plans?target_id=${customer.target}&state=waiting&limit=50`, plan);
  for (const { id, kind, hash } of waiting) {
    customer.judge.approve(id, await allOf(plant, `/v1/plans/${id}/operations?limit=200`, planOperation));
    // Whose answer was lost is still waiting only where nothing was done; it is given again as what it was given as.
    const seen = released.get(id) ?? hash;
    released.set(id, seen);
    const answer = await plant.stack.api
      .ask('POST', `/v1/plans/${id}/approve`, approved, { hash: seen, reason: 'Looked at, and right.' })
      .then(
        ({ run }) => {
          customer.accepted.plans.add(id);
          customer.accepted.runs.add(run.id);
          return 'approved';
        },
        (error: unknown) => `not approved: ${/"code":"(\w+)"/.exec(String(error))?.[1] ?? 'no answer'}`,
      );
    note(`${customer.name}: ${kind} plan ${id} ${answer}`);
    count(counts, `${kind} plan ${answer}`);
  }
};

/** What was released by a plan that came to nothing is not to excuse what is done without one. */
const withdraw = async (plant: Plant, { judge }: Customer, released: Map<string, string>): Promise<void> => {
  for (const id of released.keys()) {
    const fate = fateOf(await plant.stack.api.ask('GET', `/v1/plans/${id}`, plan));
    if (fate !== 'open') released.delete(id);
    if (fate === 'came_to_nothing') judge.withdraw(id);
  }
};

/** `open`: it may be carried out yet, also where we did not hear that it was approved. What has begun is good for what was sent, whatever ends it. */
export const fateOf = ({
  state,
  carried_out_by: run,
}: Pick<z.output<typeof plan>, 'state' | 'carried_out_by'>): 'open' | 'begun' | 'came_to_nothing' => {
  if (run !== null) return 'begun';
  return state === 'waiting' || state === 'approved' ? 'open' : 'came_to_nothing';
};

/** Only the newest read says what is missing now. */
const accept = async (
  { stack: { api } }: Plant,
  { connection, name, accepted }: Customer,
  { counts, note }: Decided,
  looked: Set<string>,
): Promise<void> => {
  const { data } = await api.ask('GET', `/v1/runs?connection_id=${connection}&kind=sync&limit=1`, reads);
  const [read] = data;
  if (read === undefined || read.state !== 'held' || read.shrink === null || looked.has(read.id)) return;
  looked.add(read.id);
  const answer = await api.request(connection, { mode: read.mode, accept_shrink: read.id }).then(
    (run) => {
      accepted.runs.add(run);
      return 'accepted';
    },
    () => 'not accepted any more',
  );
  note(`${name}: held read ${read.id} ${answer}`);
  count(counts, `held read ${answer}`);
};

/** How many plans of a customer came to each of the states. */
export const fatesOf = async (plant: Plant, { target }: Customer): Promise<Readonly<Counts>> => {
  const fates: Counts = {};
  for (const { kind, state } of await allOf(plant, `/v1/plans?target_id=${target}&limit=200`, plan))
    count(fates, `${kind} plan ${state}`);
  return fates;
};
