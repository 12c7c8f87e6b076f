/** The usual way to keep a copy: PageIterator, and one mongoose upsert per object, one after the other. */

import mongoose from 'mongoose';
import { z } from 'zod';
import { defaultAttributes } from '../../src/model/connection.ts';
import type { Handlers } from '../actor.ts';
import { type Figures, measured } from '../figures.ts';
import { attributesOf, place } from './access.ts';
import { clientFor, eachOf, type Item, itemOf, usersPath } from './sdk-read.ts';

const ask = place.extend({ mongoUri: z.string(), groups: z.boolean() });

export const usualWay: Handlers = {
  usualWay: async (given) => {
    const what = ask.parse(given);
    const client = await clientFor(what);
    const connection = await mongoose.createConnection(what.mongoUri).asPromise();
    const User = connection.model('User', schemaOf(attributesOf(defaultAttributes.user)));
    const Group = connection.model('Group', schemaOf(defaultAttributes.group, { members: [String] }));
    try {
      return await measured(async () => {
        const users: Item[] = [];
        await eachOf(client, usersPath, (user) => users.push(itemOf(user)));
        for (const { id, ...fields } of users) await User.updateOne({ _id: id }, { $set: fields }, { upsert: true });
        const figures: Figures = { users: users.length };
        if (!what.groups) return figures;
        const groups: Item[] = [];
        const groupsPath = `/groups?$select=id,${defaultAttributes.group.join(',')}&$top=999`;
        await eachOf(client, groupsPath, (group) => groups.push(itemOf(group)));
        for (const { id, ...fields } of groups) {
          const members: string[] = [];
          await eachOf(client, `/groups/${id}/members?$select=id&$top=999`, (member) =>
            members.push(itemOf(member).id),
          );
          await Group.updateOne({ _id: id }, { $set: { ...fields, members } }, { upsert: true });
        }
        return { ...figures, groups: groups.length };
      });
    } finally {
      await connection.close();
    }
  },
};

const schemaOf = (names: readonly string[], more: mongoose.SchemaDefinition = {}): mongoose.Schema =>
  new mongoose.Schema(
    {
      _id: String,
      ...Object.fromEntries(names.map((name) => [name, typeOf(name)])),
      ...more,
    },
    { autoIndex: false },
  );

const typeOf = (name: string) => {
  if (name === 'businessPhones' || name === 'groupTypes') return [String];
  return name.endsWith('Enabled') ? Boolean : String;
};
