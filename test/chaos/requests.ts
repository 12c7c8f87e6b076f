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

const request = async (
  { stack: { api } }: Plant,
  { connection, target, tenant }: Customer,
  what: What,
  chance: Chance,
): Promise<unknown> => {
  switch (what) {
    case 'delta sync':
      return await api.request(connection, { mode: 'delta' });
    case 'full sync':
      return await api.request(connection, { mode: 'full' });
    case 'test group':
      return await api.request(connection, {
        mode: 'full',
        scope: { group_id: chance.of(tenant.groups()).id },
      });
    case 'provision all':
      return await api.ask('POST', `/v1/targets/${target}/provision`, z.unknown(), { full: true });
    case 'cancel': {
      const open = await api.ask('GET', `/v1/runs?connection_id=${connection}&state=running&limit=1`, runs);
      const [run] = open.data;
      return run === undefined ? null : await api.ask('POST', `/v1/runs/${run.id}/cancel`, z.unknown());
    }
  }
};

const runs = z.object({ data: z.array(z.object({ id: z.string() })) });
