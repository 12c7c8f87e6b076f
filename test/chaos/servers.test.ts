import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Child, Ending, Service } from '../../scripts/services/child.ts';
import { type FrailServer, keepServing } from './servers.ts';

type Started = Service & { readonly folder: string; readonly hasEnded: () => boolean };

/** Serves nobody, and ends when it is told to. */
const serve = (folder: string): Started => {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let hasEnded = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    hasEnded = true;
    resolve({ code: null, signal });
  };
  const stop = (): Promise<void> => end('SIGTERM');
  const child: Child = {
    ...{ output: () => '', ended: promise, group: 0, stop },
    signal: (name) => void end(name),
    kill: () => end('SIGKILL'),
  };
  return { url: 'redis://127.0.0.1:1', stop, child, folder: basename(folder), hasEnded: () => hasEnded };
};

let started: Started[];
/** Waits for leave to start. */
let ready: () => Promise<void>;
let server: FrailServer;
beforeEach(async () => {
  started = [];
  ready = async () => {};
  server = await keepServing(await mkdtemp(join(tmpdir(), 'entrain-frail-')), async (folder) => {
    await ready();
    const one = serve(folder);
    started.push(one);
    return one;
  });
});
afterEach(() => server.stop());

/** Who starts next asks first, and waits for leave. */
const heldBack = (): { readonly asked: Promise<void>; readonly leave: () => void } => {
  const asked = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  ready = () => {
    asked.resolve();
    return leave.promise;
  };
  return { asked: asked.promise, leave: leave.resolve };
};

it('a server that is stopped while it lies dead leaves nobody waiting for it', async () => {
  const { asked, leave } = heldBack();
  const crashed = server.crash('folder');
  await asked;
  expect([await server.restart(), await server.crash('nothing')]).toEqual([false, false]);
  leave();
  expect(await crashed).toBe(true);
  expect(await server.restart()).toBe(true);
  expect(started.map(({ folder }) => folder)).toEqual(['0', '0', '0']);
});

it('of a server whose data is lost the next one finds an empty folder', async () => {
  expect(await server.crash('nothing')).toBe(true);
  expect(started.map(({ folder }) => folder)).toEqual(['0', '1']);
});

it('who comes up as all is over is ended too', async () => {
  const { asked, leave } = heldBack();
  const crashed = server.crash('folder');
  await asked;
  const stopped = server.stop();
  leave();
  await Promise.all([crashed, stopped]);
  expect(started.map(({ hasEnded }) => hasEnded())).toEqual([true, true]);
});

it('who waits for it to come up when all is over waits no longer', async () => {
  ready = () => Promise.reject(new Error('The port is taken.'));
  const crashed = server.crash('folder');
  await server.stop();
  expect(await crashed).toBe(true);
});
