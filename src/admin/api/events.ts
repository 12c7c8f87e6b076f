/** Server-sent events (HTML Standard §9.2): an answer that goes on until what it tells of has ended, or whoever listens has gone. */

import { once } from 'node:events';
import type { Response } from 'express';
import { DoorProblem } from './problem.ts';

/** One look at what is told of, about once a second; `quiet`: there is nothing new. */
export type ServerEvent =
  | { readonly kind: 'event'; readonly id: string; readonly name: string; readonly data: unknown }
  | { readonly kind: 'quiet' };

export type Events = (signal: AbortSignal) => AsyncIterable<ServerEvent>;

/** Streams that are open in this process. */
const mostStreams = 1_000;
const mostOfOneCaller = 20;
/** Whoever takes nothing for so long has gone. */
const slowestMs = 30_000;
const comeBackAfterMs = 3_000;
/** In looks: how often somebody is asked for anew who may have lost the right to listen, and how often a quiet stream shows that it is there. */
const letInEvery = 3;
const pulseEvery = 15;

/** Keeps count of who listens. */
export type Seats = { readonly take: (caller: string) => () => void };

export const seats = (): Seats => {
  const taken = new Map<string, number>();
  let all = 0;
  const change = (caller: string, by: number): void => {
    const count = (taken.get(caller) ?? 0) + by;
    all += by;
    if (count === 0) taken.delete(caller);
    else taken.set(caller, count);
  };
  return {
    /** Throws when there is none left; what is given back frees it. */
    take: (caller) => {
      if (all >= mostStreams || (taken.get(caller) ?? 0) >= mostOfOneCaller)
        throw new DoorProblem(
          'too_many_streams',
          `At most ${mostOfOneCaller} streams of one key are open at a time, and ${mostStreams} of all. Close one, or ask for the run instead.`,
        );
      change(caller, 1);
      return () => change(caller, -1);
    },
  };
};

/** Sends what there is until it ends, the listener goes or may not listen any more, or `closing` says that this process ends. */
export const sendEvents = async (
  response: Response,
  events: Events,
  { closing, isStillLetIn }: { readonly closing: AbortSignal; readonly isStillLetIn: () => Promise<boolean> },
): Promise<void> => {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  // Buffering proxies would keep events to themselves.
  response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }).flushHeaders();
  if (response.req.method !== 'HEAD') {
    await send(response, `retry: ${comeBackAfterMs}\n\n`, signal);
    let looks = 0;
    for await (const event of events(signal)) {
      looks += 1;
      if (signal.aborted || (looks % letInEvery === 0 && !(await isStillLetIn()))) break;
      if (event.kind === 'event' || looks % pulseEvery === 0) await send(response, textOf(event), signal);
    }
  }
  response.end();
};

const send = async (response: Response, text: string, signal: AbortSignal): Promise<void> => {
  if (response.write(text)) return;
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(slowestMs)]) });
  } catch {
    // Gone, or as good as gone; nobody is there to be told.
    response.destroy();
  }
};

/** JSON has no line breaks, so it is one line of data. A comment tells the listener, and every proxy on the way, that we are there. */
const textOf = (event: ServerEvent): string =>
  event.kind === 'quiet' ? ':\n\n' : `id: ${event.id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`;
