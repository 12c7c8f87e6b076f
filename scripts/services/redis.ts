// A Redis for demo, development and tests: noeviction, as BullMQ demands, and an append-only file written every second.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, type Log, type Service, startChild } from './child.ts';
import { isDebian, unpackDebian } from './debian.ts';
import { dockerAnswers, findProgram } from './programs.ts';

const image = 'valkey/valkey:8-alpine';

/** Starts a Redis whose data stands in `folder`, with whatever this machine can run. Says which, and why. */
export async function startRedis(ask: { folder: string; cache: string; log: Log }): Promise<Service> {
  const installed = findProgram('redis-server') ?? findProgram('valkey-server');
  if (installed !== undefined) {
    ask.log(`Redis: ${installed}, found on the PATH.`);
    return serve(ask.folder, (settings) => [installed, ...settings]);
  }
  if (await dockerAnswers()) {
    ask.log(`Redis: Docker image ${image}, as no redis-server or valkey-server is on the PATH.`);
    return serveDocker();
  }
  if (await isDebian()) {
    const root = join(ask.cache, 'redis');
    ask.log('Redis: from Debian packages, as none is on the PATH and no Docker daemon answers.');
    if (!existsSync(root)) ask.log(`Redis: fetching them into ${root}; nothing is installed.`);
    await unpackDebian(root, ['redis-server', 'redis-tools'], null);
    return serve(ask.folder, (settings) => unpackedCommand(root, settings));
  }
  throw new Error(
    'No Redis can be started here. Set REDIS_URL, or install redis-server or valkey-server, or start Docker, and run this again.',
  );
}

async function serve(folder: string, command: (settings: string[]) => readonly string[]): Promise<Service> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...durability];
  const { url, child } = await start(port, command(settings), 60_000);
  return { url, stop: child.stop, child };
}

async function serveDocker(): Promise<Service> {
  const port = await freePort();
  const run = ['docker', 'run', '--rm', '--init', '--publish', `127.0.0.1:${port}:6379`, image];
  const { url, child } = await start(port, [...run, 'valkey-server', ...durability], 300_000); // it may be pulled first
  return { url, stop: child.stop, child: null }; // what would be killed is the client, not the server
}

const durability = ['--maxmemory-policy', 'noeviction', '--appendonly', 'yes', '--appendfsync', 'everysec'];

async function start(port: number, command: readonly string[], readyWithinMs: number) {
  const url = `redis://127.0.0.1:${port}`;
  const child = await startChild({ command, isReady: () => answersPing(url), readyWithinMs });
  return { url, child };
}

/** Debian's redis-server needs libraries that stand beside it in the unpacked root. */
function unpackedCommand(root: string, settings: string[]): string[] {
  const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((name) => join(root, 'usr/lib', name));
  return ['/usr/bin/env', `LD_LIBRARY_PATH=${libraries.join(':')}`, join(root, 'usr/bin/redis-server'), ...settings];
}

async function answersPing(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
  redis.on('error', () => undefined); // an unreachable server is an answer here, not an error
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
