/** A process of its own that does what it is asked, so that its processor time and memory are nobody else's. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

export type Actor = {
  /** Throws what the process threw. */
  call<T>(what: string, ask: unknown, answer: z.ZodType<T>): Promise<T>;
  stop(): Promise<void>;
};

export type Handlers = Readonly<Record<string, (ask: unknown) => Promise<unknown>>>;

const question = z.object({ id: z.number(), what: z.string(), ask: z.unknown() });
const answer = z.object({ id: z.number(), result: z.unknown(), error: z.string().nullable() });

/** In the process: answers until the bench goes away. */
export const serve = (handlers: Handlers): void => {
  process.on('message', async (message) => {
    const { id, what, ask } = question.parse(message);
    try {
      const handler = handlers[what];
      if (handler === undefined) throw new Error(`There is no '${what}' here.`);
      process.send?.({ id, result: (await handler(ask)) ?? null, error: null });
    } catch (error) {
      process.send?.({ id, result: null, error: error instanceof Error ? (error.stack ?? error.message) : `${error}` });
    }
  });
  process.once('disconnect', () => process.exit(0));
};

/** `file` is below `bench/actors/`. */
export const startActor = (
  file: string,
  {
    flags = [],
    env = {},
  }: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Actor => {
  const child = fork(join(import.meta.dirname, 'actors', file), [], {
    execArgv: [...flags],
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    detached: true,
  });
  const waiting = listen(child, file);
  let last = 0;
  return {
    call: async (what, ask, schema) => {
      last += 1;
      const id = last;
      const result = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.send({ id, what, ask });
      return schema.parse(await result);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};

type Waiting = Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>;

const listen = (child: ChildProcess, file: string): Waiting => {
  const waiting: Waiting = new Map();
  child.on('message', (message) => {
    const { id, result, error } = answer.parse(message);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === null) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended: ${signal ?? code}`));
    waiting.clear();
  });
  return waiting;
};
