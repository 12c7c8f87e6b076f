/** What the driver is told to write, what the server says it wrote, and how long it takes over each kind of command, as figures. */

import type mongoose from 'mongoose';
import { countMongo, sumOf } from '../../scripts/count-mongo.ts';
import type { Figures } from '../figures.ts';

export const countWrites = (client: mongoose.mongo.MongoClient): (() => Figures) => {
  const { counts } = countMongo(client);
  return () => {
    const { inserted, updated, deleted, commands, milliseconds } = counts();
    return {
      commands: sumOf(commands),
      docsInserted: sumOf(inserted),
      docsUpdated: sumOf(updated),
      docsDeleted: sumOf(deleted),
      ...Object.fromEntries(Object.entries(milliseconds).map(([command, ms]) => [`mongo ${command}`, ms])),
    };
  };
};
