/**
 * Brings what happened to those who are told: of runs that ended, and of the people whose changes a sync committed. Both stand in the store already, as
 * runs that nobody was told of and as a change log with a position, so a run writes nothing for it, and whoever dies here leaves it to the next one.
 * Nothing is worked out for an organization without webhooks.
 */

import { eventOfChange, eventOfRun } from '../core/events.ts';
import { eventTypes } from '../model/event.ts';
import type { OrganizationId } from '../model/ids.ts';
import type { Run, SyncRun } from '../model/run.ts';
import { type Webhook, wants } from '../model/webhook.ts';
import type { Stores } from '../store/stores.ts';

export type Relaying = Pick<Stores, 'runs' | 'snapshots' | 'events' | 'webhooks' | 'deliveries'>;

/** So many runs, and so many events, at once. */
const batchSize = 500;
/** More webhooks than an organization may have. */
const allWebhooks = 1_000;
/** Somebody who takes longer is joined by another, which is harmless: what is recorded already is left as it is. */
const takenMs = 120_000;

/** Runs of one organization that ended, to be told by `tellOfRuns`: a large sync of one keeps nobody else waiting. None: there is nothing to do. */
export const takeEndedRuns = ({ runs }: Pick<Relaying, 'runs'>): Promise<readonly Run[]> =>
  runs.takeUntold(batchSize, takenMs);

/** Records what runs of one organization have to tell. Throws the signal's reason; what is left is taken by somebody else after a while. */
export const tellOfRuns = async (stores: Relaying, ended: readonly Run[], signal: AbortSignal): Promise<void> => {
  const organizations = [...new Set(ended.map(({ organization }) => organization))];
  const { items } = await stores.webhooks.list({ organizations }, null, allWebhooks);
  const since = Math.min(...items.map(({ createdAt }) => createdAt.getTime()));
  // Where no worker told anybody for a while, what ended before somebody listened is nobody's business.
  const meant = ended.filter(({ finishedAt }) => finishedAt !== null && finishedAt.getTime() >= since);
  await recordRuns(stores, items, meant, signal);
  await stores.runs.told(ended.map(({ id }) => id));
};

/** Wakes whoever listens to organizations in which something happened. Answers whether there may be more at once. */
export const wakeListeners = async ({ events, deliveries }: Relaying): Promise<boolean> => {
  const untold = await events.untold(batchSize);
  if (untold.length === 0) return false;
  await deliveries.wake([...new Set(untold.map(({ organization }) => organization))]);
  await events.told(untold.map(({ id }) => id));
  return untold.length === batchSize;
};

const recordRuns = async (
  stores: Relaying,
  webhooks: readonly Webhook[],
  ended: readonly Run[],
  signal: AbortSignal,
): Promise<void> => {
  for (const run of ended.toSorted(byEnd)) {
    signal.throwIfAborted();
    // People before the run that read them: whoever waits for the run finds them told.
    if (run.kind === 'sync' && run.version !== null) await recordPeople(stores, webhooks, run, run.version, signal);
    const event = eventOfRun(run);
    if (event !== null) await stores.events.record([event]);
  }
};

const recordPeople = async (
  { events, snapshots }: Relaying,
  webhooks: readonly Webhook[],
  { connection, organization }: SyncRun,
  version: number,
  signal: AbortSignal,
): Promise<void> => {
  const asOf = await events.position(connection);
  if (asOf !== null && asOf >= version) return;
  const isWanted = eventTypes.some((type) => type.startsWith('person.') && webhooks.some((one) => wants(one, type)));
  if (isWanted)
    for await (const changes of snapshots.changesAfter(connection, asOf ?? 0, version)) {
      signal.throwIfAborted();
      await events.record(changes.flatMap((change) => eventOfChange({ organization, connection }, change) ?? []));
    }
  await events.moveTo(connection, version, asOf);
};

const byEnd = (one: Run, other: Run): number =>
  (one.finishedAt?.getTime() ?? 0) - (other.finishedAt?.getTime() ?? 0) || (one.id < other.id ? -1 : 1);

/** From now on the changes of an organization are told: not those of before, unless others are told of them already. */
export const beginTelling = async (
  stores: Pick<Stores, 'connections' | 'snapshots' | 'events' | 'webhooks'>,
  organization: OrganizationId,
): Promise<void> => {
  const { items: known } = await stores.webhooks.list({ organizations: [organization] }, null, 1);
  if (known.length > 0) return;
  let after: string | null = null;
  do {
    const page = await stores.connections.list({ organizations: [organization] }, after, 200);
    for (const { id } of page.items) {
      const { version } = await stores.snapshots.head(id);
      await stores.events.moveTo(id, version, await stores.events.position(id));
    }
    after = page.next;
  } while (after !== null);
};
