// A MongoDB for demo, development and tests, when MONGODB_URI names none.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { freePort, type Log, type Service, startChild } from './child.ts';
import { embeddedMongoCommand } from './embedded-mongo.ts';
import { dockerAnswers, findProgram } from './programs.ts';

const image = 'mongo:8.0';
const downloadVersion = '8.0.16';

/** Starts a MongoDB whose data stands in `folder`, with whatever this machine can run. Says which, and why. */
export async function startMongo(ask: { folder: string; cache: string; log: Log }): Promise<Service> {
  await mkdir(ask.folder, { recursive: true });
  const embedded = await embeddedMongoCommand(ask);
  if (embedded !== null) {
    ask.log('MongoDB: the embedded engine, as MONGODB_URI is not set.');
    return serveEmbedded([...embedded, ask.folder]);
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

async function serveEmbedded(command: readonly string[]): Promise<Service> {
  const address = (output: string) => /^mongodb:\S+/m.exec(output)?.[0];
  const child = await startChild({
    command,
    isReady: async (output) => {
      const uri = address(output);
      return uri !== undefined && answersPing(uri);
    },
    readyWithinMs: 60_000,
  });
  return { url: address(child.output()) ?? '', stop: child.stop, child };
}

async function serveMongod(mongod: string, folder: string): Promise<Service> {
  const port = await freePort();
  const command = [mongod, '--dbpath', folder, '--port', `${port}`, '--bind_ip', '127.0.0.1'];
  const { url, child } = await start(port, command, 60_000);
  return { url, stop: child.stop, child };
}

async function serveDocker(): Promise<Service> {
  const port = await freePort();
  const command = ['docker', 'run', '--rm', '--init', '--publish', `127.0.0.1:${port}:27017`, image];
  const { url, child } = await start(port, command, 300_000); // the image may have to be pulled first
  return { url, stop: child.stop, child: null }; // what would be killed is the client, not the server
}

async function start(port: number, command: readonly string[], readyWithinMs: number) {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const child = await startChild({ command, isReady: () => answersPing(url), readyWithinMs });
  return { url, child };
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
  return { url: server.getUri(), stop: async () => void (await server.stop({ doCleanup: false })), child: null };
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
