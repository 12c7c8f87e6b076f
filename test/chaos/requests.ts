/** What people ask for by API during a chaos run; the schedule asks besides. */

import { z } from 'zod';
import type { Chance } from './harm.ts';
import type { Customer, Plant } from './plant.ts';
import { count, pause, type Scene } from './run.ts';

export const ask = async ({ plant, counts, note, over }: Scene, chance: Chance): Promise<void> => {
  while (!over.aborted) {
    await pause(chance.between(500, 3_500), over);
    const what = chance.of(often);
    const answer = await request(plant, chance.of(plant.customers), what, chance).then(
      () => 'asked',
      () => 'not answered',
    );
    note(`${what}: ${answer}`);
    count(counts.asked, answer === 'asked' ? what : `${what}: ${answer}`);
  }
};

type What = 'delta sync' | 'full sync' | 'test group' | 'provision all' | 'cancel';
const often: readonly What[] = [
  ...Array.from({ length: 10 }, (): What => 'delta sync'),
  'full sync',
  'full sync',
  'test group',
  'provision all',
  'cancel',
];

/** What is accepted is written down: it has to be there in the end. */
const request = async (
  { stack: { api } }: Plant,
  { connection, target, tenant, accepted }: Customer,
  what: What,
  chance: Chance,
): Promise<void> => {
  switch (what) {
    case 'delta sync':
      accepted.runs.add(await api.request(connection, { mode: 'delta' }));
      return;
    case 'full sync':
      accepted.runs.add(await api.request(connection, { mode: 'full' }));
      return;
    case 'test group': {
      const scope = { group_id: chance.of(tenant.groups()).id };
      accepted.runs.add(await api.request(connection, { mode: 'full', scope }));
      return;
    }
    case 'provision all':
      accepted.runs.add((await api.ask('POST', `/v1/targets/${target}/provision`, run, { full: true })).id);
      return;
    case 'cancel': {
      const open = await api.ask('GET', `/v1/runs?connection_id=${connection}&state=running&limit=1`, runs);
      const [running] = open.data;
      if (running !== undefined) await api.ask('POST', `/v1/runs/${running.id}/cancel`, z.unknown());
    }
  }
};

const run = z.object({ id: z.string() });
const runs = z.object({ data: z.array(run) });
