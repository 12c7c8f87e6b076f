/** /v1/runs/{run_id}/events */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { runId } from '../../../model/ids.ts';
import { isEnded, type Run } from '../../../model/run.ts';
import type { ShownRun } from '../../runs.ts';
import type { ServerEvent } from '../events.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { runIdText } from '../schemas/common.ts';
import { runView } from '../schemas/run.ts';

export const runEventRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/runs/{run_id}/events',
    id: 'watchRun',
    scope: 'read',
    tag: 'Runs',
    summary: 'Tells of a run as it goes on, as server-sent events, until it has ended',
    params: z.strictObject({ run_id: runIdText }),
    query: nothing,
    body: nothing,
    answer: {
      status: 200,
      description:
        'Events `progress` and, last of all, `end`; the data of each is the whole run as it is then, as `Run` describes it.',
      schema: null,
      as: 'events',
    },
    also: [{ status: 204, description: 'The run has ended, and its `end` is the event that Last-Event-ID names.' }],
    refusals: ['not_found'],
    handle: async ({ params, lastEventId, commands }) => {
      const run = await commands.seenRun(runId(params.run_id));
      if (isEnded(run.state) && eventOf(await commands.showRun(run)).id === lastEventId) return { status: 204 };
      const shown = (signal: AbortSignal) => each(commands.watchRun(run, signal), commands.showRun);
      return { status: 200, events: (signal) => changesOf(shown(signal), lastEventId) };
    },
  }),
];

/** In looks. A stream that is over is taken up again where it was, so none has to last for ever. */
const mostLooks = 3_600;

async function* each(runs: AsyncIterable<Run>, show: (run: Run) => Promise<ShownRun>): AsyncGenerator<ShownRun> {
  for await (const run of runs) yield await show(run);
}

/** An event whenever the run is not as it was told last. */
async function* changesOf(runs: AsyncIterable<ShownRun>, lastEventId: string | null): AsyncGenerator<ServerEvent> {
  let told = lastEventId;
  let looks = 0;
  for await (const run of runs) {
    looks += 1;
    const event = eventOf(run);
    yield event.id === told ? { kind: 'quiet' } : event;
    told = event.id;
    if (looks >= mostLooks) return;
  }
}

/**
 * Its id is made from what it tells, and nothing else: whichever process is asked next, and whatever it knows, sees whether the listener is up to date. What
 * was told in between is in the next one, for each tells the whole run.
 */
const eventOf = (shown: ShownRun): ServerEvent & { readonly kind: 'event' } => {
  const data = runView(shown);
  const id = createHash('sha256').update(JSON.stringify(data)).digest('base64url').slice(0, 22);
  return { kind: 'event', id, name: isEnded(shown.run.state) ? 'end' : 'progress', data };
};
