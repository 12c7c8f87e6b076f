// Watches every command a test sends, and fails on what some server of the same protocol cannot do: Entrain runs on a
// standalone MongoDB, a replica set, FerretDB, DocumentDB and Cosmos alike.

import { expect } from 'vitest';
import type { Mongo } from '../../src/store/mongo/connect.ts';

/** Call it on a connection opened with `monitorCommands: true`; call what it returns at the end. */
export function watchCommands(mongo: Mongo): () => void {
  const forbidden: string[] = [];
  let seen = 0;
  mongo.connection.getClient().on('commandStarted', ({ commandName, command }) => {
    seen += 1;
    const why = forbiddenIn(commandName, command);
    if (why !== null) forbidden.push(`${commandName}: ${why}`);
  });
  return () => {
    expect(seen, 'the connection must be opened with monitorCommands').toBeGreaterThan(0);
    expect(forbidden).toEqual([]);
  };
}

function forbiddenIn(name: string, command: Record<string, unknown>): string | null {
  if (name === 'bulkWrite') return 'client.bulkWrite';
  if (command['startTransaction'] === true) return 'a transaction';
  const keys = new Set(keysWithin(command));
  for (const key of ['hint', 'expireAfterSeconds', 'partialFilterExpression', '$changeStream', '$lookup'])
    if (keys.has(key)) return key;
  if (updatesOf(name, command).some(Array.isArray)) return 'an update pipeline';
  return null;
}

function updatesOf(name: string, command: Record<string, unknown>): unknown[] {
  if (name === 'findAndModify') return [command['update']];
  const updates = name === 'update' && Array.isArray(command['updates']) ? command['updates'] : [];
  return updates.map(({ u }) => u);
}

/** Names of operators and options, not of what is stored: documents to be inserted and values to be set are left out. */
function keysWithin(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysWithin);
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return [];
  return Object.entries(value).flatMap(([key, below]) =>
    key === 'documents' || key === '$set' || key === '$setOnInsert' ? [key] : [key, ...keysWithin(below)],
  );
}
