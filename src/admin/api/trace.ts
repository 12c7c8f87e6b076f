/** Gives every request a name that stands in its answer and in the log, and writes the one log line of it. */

import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Log } from '../../model/world.ts';

const header = 'Trace-Id';

/**
 * The name is ours: nobody gives their request that of another, which stands in the audit log. The trace id of the caller (W3C Trace Context) stands beside
 * it in the log, so that both sides find the same request.
 */
export const trace =
  (log: Log): RequestHandler =>
  (request, response, next) => {
    const startedAt = performance.now();
    const given = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(request.get('traceparent') ?? '')?.[1];
    response.set(header, randomBytes(16).toString('hex'));
    let isNoted = false;
    const note = (): void => {
      if (isNoted) return;
      isNoted = true;
      log[response.statusCode >= 500 ? 'warn' : 'info']('request.answered', {
        trace: traceIdOf(response),
        ...(given === undefined ? {} : { caller_trace: given }),
        method: request.method,
        route: local(response, 'route'),
        caller: local(response, 'caller'),
        status: response.statusCode,
        ms: Math.round(performance.now() - startedAt),
        ...(response.writableFinished ? {} : { cut_off: true }),
      });
    };
    response.on('finish', note);
    // Whoever asked has gone before the end, as they do from a stream of events.
    response.on('close', note);
    next();
  };

export const traceIdOf = (response: Response): string => String(response.getHeader(header));

/** The route as it is documented, not the address that was called: addresses may hold anything. */
const local = (response: Response, name: 'route' | 'caller'): string | undefined => {
  const value: unknown = response.locals[name];
  return typeof value === 'string' ? value : undefined;
};
