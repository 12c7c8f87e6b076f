/**
 * Stands before MongoDB as its access control would: whoever connects here may do what the privileges of an account say, and is answered with error 13 for
 * whatever takes more (MongoDB manual, "Privilege Actions"). The engine that tests run on knows no accounts, so this reads the commands on the wire: real
 * processes send them with the real driver, and what is refused is not carried out.
 */

import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import mongoose from 'mongoose';
import { throughProxy, upstreamOf } from './tcp-proxy.ts';

const { deserialize, serialize } = mongoose.mongo.BSON;

/** As `db.createRole` takes them; `collection: ''` is every one but those of the system. */
export type Privilege = {
  readonly resource: { readonly db: string; readonly collection: string };
  readonly actions: readonly string[];
};

export type RightsGate = {
  /** The address in place of that of the server. */
  readonly uri: string;
  /** Each action on a collection that was asked for and granted: `update objects`. */
  readonly used: () => ReadonlySet<string>;
  /** What was not, in the same words. */
  readonly refused: () => readonly string[];
  readonly close: () => Promise<void>;
};

export const openRightsGate = async (uri: string, privileges: readonly Privilege[]): Promise<RightsGate> => {
  const upstream = upstreamOf(uri);
  const used = new Set<string>();
  const refused: string[] = [];
  const sockets = new Set<Socket>();
  const judge = (command: Command): readonly string[] => {
    const { needed, missing } = judged(command, privileges);
    if (missing.length === 0) for (const right of needed) used.add(right);
    refused.push(...missing);
    return missing;
  };
  const server = createServer((client) => {
    const onward = dial('path' in upstream ? upstream : { host: '127.0.0.1', ...upstream });
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        onward.destroy();
      });
    }
    client.on(
      'data',
      eachMessage((message) => {
        const missing = judge(commandIn(message));
        if (missing.length === 0) onward.write(message);
        else client.write(refusalOf(message, missing));
      }),
    );
    onward.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The gate listens on no port.');
  return {
    uri: throughProxy(uri, { host: '127.0.0.1', port: address.port }),
    used: () => used,
    refused: () => refused,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
};

/** Every message begins with its length (MongoDB wire protocol, "Standard Message Header"). */
const eachMessage = (take: (message: Buffer) => void) => {
  let held: Buffer = Buffer.alloc(0);
  return (chunk: Buffer): void => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= headerBytes && held.length >= held.readInt32LE(0)) {
      const length = held.readInt32LE(0);
      take(held.subarray(0, length));
      held = held.subarray(length);
    }
  };
};

const headerBytes = 16;
const opMsg = 2013;
/** What drivers greet a server by that they do not know yet. */
const opQuery = 2004;

type Command = {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Lists of documents that stand beside the body. */
  readonly lists: Readonly<Record<string, readonly Uint8Array[]>>;
};

const commandIn = (message: Buffer): Command => {
  const opcode = message.readInt32LE(12);
  if (opcode === opQuery) return bodyOf(message.subarray(message.indexOf(0, 20) + 9), {});
  if (opcode !== opMsg) return { name: `opcode ${opcode}`, fields: {}, lists: {} };
  const end = (message.readUInt32LE(headerBytes) & 1) === 1 ? message.length - 4 : message.length;
  const lists: Record<string, readonly Uint8Array[]> = {};
  let body: Buffer | null = null;
  for (let at = headerBytes + 4; at < end; ) {
    const size = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + size);
    if (message.readUInt8(at) === 0) body = section;
    else {
      const nameEnd = section.indexOf(0, 4);
      lists[section.toString('utf8', 4, nameEnd)] = documentsIn(section.subarray(nameEnd + 1));
    }
    at += 1 + size;
  }
  return body === null ? { name: 'no body', fields: {}, lists } : bodyOf(body, lists);
};

const bodyOf = (body: Buffer, lists: Command['lists']): Command => {
  const fields = fieldsOf(body);
  return { name: Object.keys(fields)[0] ?? 'nothing', fields, lists };
};

const documentsIn = (bytes: Buffer): readonly Uint8Array[] => {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at))
    found.push(bytes.subarray(at, at + bytes.readInt32LE(at)));
  return found;
};

/** What is inside stays as bytes: nobody looks at what is stored. */
const fieldsOf = (document: Uint8Array): Readonly<Record<string, unknown>> =>
  deserialize(document, { raw: true, validation: { utf8: false } });

/** Of the list by this name, wherever it stands. */
const listOf = ({ fields, lists }: Command, name: string): readonly Readonly<Record<string, unknown>>[] => {
  const inBody = fields[name];
  const all: readonly unknown[] = [...(Array.isArray(inBody) ? inBody : []), ...(lists[name] ?? [])];
  return all.filter((one) => one instanceof Uint8Array).map(fieldsOf);
};

const judged = (command: Command, privileges: readonly Privilege[]) => {
  const { name, fields } = command;
  const db = String(fields['$db'] ?? '');
  const collection = String(fields[name]);
  const actions = actionsOf(command);
  if (actions === null) return { needed: [], missing: [`${name} (known to nobody here)`] };
  const needed = actions.map((action) => `${action} ${collection}`);
  const missing = actions.filter((action) => !isGranted(privileges, db, collection, action));
  return { needed, missing: missing.map((action) => `${action} ${collection}`) };
};

const isGranted = (privileges: readonly Privilege[], db: string, collection: string, action: string): boolean =>
  privileges.some(
    ({ resource, actions }) =>
      resource.db === db &&
      (resource.collection === collection || (resource.collection === '' && !collection.startsWith('system.'))) &&
      actions.includes(action),
  );

/** Which actions a command takes, as the manual says at each of them; null: of others nothing is known here. A cursor of one's own takes none. */
const actionsOf = (command: Command): readonly string[] | null => {
  const isTrue = (fields: Readonly<Record<string, unknown>>, name: string): boolean => fields[name] === true;
  switch (command.name) {
    case 'hello':
    case 'isMaster':
    case 'ismaster':
    case 'ping':
    case 'endSessions':
    case 'getMore':
    case 'killCursors':
      return [];
    case 'find':
    case 'count':
    case 'distinct':
      return ['find'];
    case 'aggregate':
      return listOf(command, 'pipeline').some((stage) => '$out' in stage || '$merge' in stage) ? null : ['find'];
    case 'insert':
      return ['insert'];
    case 'update':
      return listOf(command, 'updates').some((update) => isTrue(update, 'upsert')) ? ['update', 'insert'] : ['update'];
    case 'delete':
      return ['remove'];
    case 'findAndModify':
      if (isTrue(command.fields, 'remove')) return ['find', 'remove'];
      return ['find', 'update', ...(isTrue(command.fields, 'upsert') ? ['insert'] : [])];
    case 'createIndexes':
      return ['createIndex'];
    case 'listIndexes':
      return ['listIndexes'];
    case 'create':
      return ['createCollection'];
    default:
      return null;
  }
};

/** An answer of the server's form (error 13, Unauthorized). */
const refusalOf = (asked: Buffer, missing: readonly string[]): Buffer => {
  const errmsg = `not authorized to execute command: ${missing.join(', ')}`;
  const body = serialize({ ok: 0, errmsg, code: 13, codeName: 'Unauthorized' });
  const message = Buffer.alloc(headerBytes + 5 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(1, 4);
  message.writeInt32LE(asked.readInt32LE(4), 8);
  message.writeInt32LE(opMsg, 12);
  message.set(body, headerBytes + 5);
  return message;
};
