/**
 * A database for one test file. When it is closed, every command that was sent is held against what we promise: it runs the same on a standalone
 * MongoDB, a replica set and servers of the same protocol, so none of what only some of them have was used.
 */

import { expect } from 'vitest';
import { type Mongo, openMongo } from '../../src/store/mongo/connect.ts';
import { migrate } from '../../src/store/mongo/migrate.ts';
import { freshDatabase } from './fresh.ts';

export const openTestMongo = async (): Promise<{ readonly mongo: Mongo; readonly close: () => Promise<void> }> => {
  const mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  const used = new Set<string>();
  mongo.connection.getClient().on('commandStarted', ({ commandName, command }) => {
    for (const feature of unportable(commandName, command)) used.add(feature);
  });
  await migrate(mongo);
  return {
    mongo,
    close: async () => {
      await mongo.close();
      expect([...used]).toEqual([]);
    },
  };
};

const foreign = new Set([
  'startTransaction',
  'hint',
  '$changeStream',
  '$lookup',
  'expireAfterSeconds',
  'partialFilterExpression',
]);

const unportable = (name: string, command: object): readonly string[] => [
  ...(name === 'bulkWrite' ? ['the bulkWrite command'] : []),
  ...keysOf(command).filter((key) => foreign.has(key)),
  ...pipelinesIn(command),
];

/** Every key of the command but those of the documents it stores. As JSON, for mongoose's lists know their parents. */
const keysOf = (command: object): readonly string[] => {
  const keys = new Set<string>();
  JSON.stringify(command, (key, value) => {
    keys.add(key);
    return key === 'documents' ? null : value;
  });
  return [...keys];
};

/** An update written as a list of stages. */
const pipelinesIn = (command: object): readonly string[] => {
  const { updates = [], update }: { updates?: readonly { u: unknown }[]; update?: unknown } = command;
  return [update, ...updates.map(({ u }) => u)].some(Array.isArray) ? ['an update pipeline'] : [];
};
