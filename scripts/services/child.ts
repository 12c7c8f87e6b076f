// A server of ours as a child process: started, watched until it answers, stopped for certain.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A server that answers at `url` until it is stopped. */
export interface Service {
  readonly url: string;
  stop(): Promise<void>;
  /** What serves; null where it is no process of ours. */
  readonly child: Child | null;
}

export type Log = (line: string) => void;

export interface Child {
  /** The last of what it wrote. */
  output(): string;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<Ending>;
  /** The group of its processes: the leash, and the command on it. */
  readonly group: number;
  /** Ends them without a word. */
  kill(): Promise<void>;
  /** Sends a signal to it and to its leash: to stop it in mid-air (SIGSTOP), wake it (SIGCONT), or end it without a word (SIGKILL). */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** `signal` when a signal ended it, else `code`. */
export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

const leash = fileURLToPath(new URL('leash.ts', import.meta.url));
const termGraceMs = 10_000;

/**
 * Starts a command that ends when this process does, however this process ends. Rejects with the command's own
 * last words when it exits before `isReady` says yes, or when it is not ready in time.
 */
export async function startChild(ask: {
  command: readonly string[];
  isReady: (output: string) => Promise<boolean>;
  readyWithinMs: number;
  /** This process's own environment unless given. */
  env?: NodeJS.ProcessEnv;
  /** Hears all that it says, as it comes. */
  heard?: (text: string) => void;
}): Promise<Child> {
  // Detached: Ctrl-C in the terminal reaches our own process alone, which then stops its servers in order.
  const child = spawn(process.execPath, [leash, ...ask.command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: ask.env ?? process.env,
  });
  const said = lastWords(child, ask.heard);
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const stop = () => stopChild(child, ended);
  const deadline = Date.now() + ask.readyWithinMs;
  while (!(await ask.isReady(said()))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await ended;
      throw new Error(`${ask.command[0]} stopped before it was ready:\n${said()}`);
    }
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`${ask.command[0]} was not ready within ${ask.readyWithinMs / 1000} s:\n${said()}`);
    }
    await sleep(20);
  }
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name);
  const kill = async (): Promise<void> => {
    signal('SIGKILL');
    await ended;
  };
  return { output: said, ended, group: child.pid ?? 0, signal, kill, stop };
}

/**
 * A TCP port of the loopback address that was free a moment ago. Of those that no system gives out by itself (Linux begins at 32768, RFC 6335 at 49152):
 * else whoever connects to anything in the meantime may be given it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomInt(10_000, 30_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free TCP port on 127.0.0.1');
}
const mostTries = 100;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function lastWords(child: ChildProcess, heard: (text: string) => void = () => undefined): () => string {
  const limit = 8_000;
  let text = '';
  const keep = (chunk: string) => {
    text = (text + chunk).slice(-limit);
    heard(chunk);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  child.once('error', (error) => keep(`${error.message}\n`));
  return () => text;
}

/** Detached, the child leads a group of its own: the leash, and the command on it. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, name);
}

async function stopChild(child: ChildProcess, ended: Promise<Ending>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    await ended;
    return;
  }
  child.stdin?.end();
  const grace = new AbortController();
  const late = sleep(termGraceMs * 1.5, undefined, { signal: grace.signal }).then(
    () => signalGroup(child, 'SIGKILL'),
    () => undefined,
  );
  await ended;
  grace.abort();
  await late;
}
