/** The driver of MongoDB against servers that are none: where it goes in a replica set, and how. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import mongoose from 'mongoose';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { localAuthority } from '../../../simulator/tls.ts';

const { BSON, MongoClient } = mongoose.mongo;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const listening = async (server: Server, onSocket: (socket: Socket) => void, event: string): Promise<string> => {
  server.on(event, (socket: Socket) => {
    closing.push(() => socket.destroy());
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `localhost:${z.object({ port: z.number() }).parse(server.address()).port}`;
};

/** OP_MSG with one document (MongoDB Wire Protocol, "OP_MSG"). */
const message = (responseTo: number, document: object): Buffer => {
  const body = BSON.serialize(document);
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(2013, 12);
  return Buffer.concat([head, body]);
};

/** Answers whatever it is asked with this. */
const answering = (socket: Socket, greeting: () => object): void => {
  let waiting = Buffer.alloc(0);
  socket.on('data', (some) => {
    waiting = Buffer.concat([waiting, some]);
    while (waiting.length >= 16 && waiting.length >= waiting.readInt32LE(0)) {
      socket.write(message(waiting.readInt32LE(4), greeting()));
      waiting = waiting.subarray(waiting.readInt32LE(0));
    }
  });
};

/** The first byte that a member is sent which joined a set whose other member is reached by TLS. */
const firstByteAtOneWhoJoins = async (): Promise<number> => {
  const { certPem, keyPem, caPem } = await localAuthority();
  const folder = await mkdtemp(join(tmpdir(), 'entrain-'));
  closing.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'ca.pem'), caPem);
  const heard = Promise.withResolvers<number>();
  const joining = await listening(
    createPlainServer(),
    (socket) => void socket.once('data', (some) => heard.resolve(some[0] ?? -1)),
    'connection',
  );
  let asked = 0;
  const greeting = (me: string): object => {
    asked += 1;
    const hosts = asked === 1 ? [me] : [me, joining];
    const able = { minWireVersion: 0, maxWireVersion: 25, maxBsonObjectSize: 16_777_216, maxWriteBatchSize: 100_000 };
    const role = { ismaster: true, isWritablePrimary: true, primary: me, me, setName: 'rs0', setVersion: asked };
    return { ok: 1, helloOk: true, hosts, ...role, ...able, maxMessageSizeBytes: 48_000_000, localTime: new Date(0) };
  };
  const seed: string = await listening(
    createTlsServer({ cert: certPem, key: keyPem }),
    (socket) => answering(socket, () => greeting(seed)),
    'secureConnection',
  );
  const ways = `tls=true&tlsCAFile=${join(folder, 'ca.pem')}&replicaSet=rs0&heartbeatFrequencyMS=500`;
  const client = new MongoClient(`mongodb://${seed}/x?${ways}`, { serverSelectionTimeoutMS: 5_000 });
  closing.push(() => client.close());
  await client.connect();
  return await heard.promise;
};

/** Of a TLS record that begins a handshake (RFC 8446, section 5.1). A message in plain begins with its length. */
const handshake = 22;

it('a member that joins a replica set later is reached by TLS alone, where the address says so', async () => {
  expect(await firstByteAtOneWhoJoins()).toBe(handshake);
});
