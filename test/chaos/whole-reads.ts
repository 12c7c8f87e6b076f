/**
 * What a list hid only whole reads tell. So no list lies towards the end of a storm, and each tenant is read as a whole from then on, until delta runs
 * alone have to bring over what changed.
 */

import { z } from 'zod';
import { liesUntil } from './harm.ts';
import { allOf, type Lists } from './lists.ts';
import type { Customer, Plant } from './plant.ts';
import { count, pause, type Scene } from './run.ts';

/** Until each was read since, or the storm is over. One list may be lying yet as this begins. */
export const readSinceLies = async ({ plant, options, counts, over }: Scene): Promise<void> => {
  await pause(options.durationMs * liesUntil, over);
  while (!over.aborted) {
    for (const customer of plant.customers) {
      const answer = await readUnlessRead(plant, customer).catch(() => 'full sync: not answered');
      if (answer !== null) count(counts.asked, answer);
    }
    await pause(5_000, over);
  }
};

const readUnlessRead = async (plant: Plant, customer: Customer): Promise<string | null> => {
  if (await isReadSinceLies(plant, customer)) return null;
  customer.accepted.runs.add(await plant.stack.api.request(customer.connection, { mode: 'full' }));
  return 'full sync';
};

/** Twice, for the first read may have gone on with what another had found before. */
export const isReadSinceLies = async (
  { stack, lies }: Lists & Pick<Plant, 'lies'>,
  { connection }: Pick<Customer, 'connection'>,
): Promise<boolean> => {
  if (lies.lastMs === 0) return true;
  const path = `/v1/runs?connection_id=${connection}&kind=sync&state=succeeded&limit=200`;
  const reads = await allOf({ stack }, path, read);
  const since = reads.filter(
    ({ mode, scope, started_at }) => mode === 'full' && scope === null && Date.parse(started_at ?? '') > lies.lastMs,
  );
  return since.length >= 2;
};
const read = z.object({ mode: z.string(), scope: z.unknown(), started_at: z.string().nullable() });
