/** The usual way to read: Microsoft's client with its own chain of handlers and its PageIterator. */

import { Client, PageIterator } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { defaultAttributes } from '../../src/model/connection.ts';
import type { Handlers } from '../actor.ts';
import { measured } from '../figures.ts';
import { attributesOf, type Place, place, tokenFor } from './access.ts';

export const sdkRead: Handlers = {
  /** Only counts. */
  sdkRead: async (given) => {
    const what = place.parse(given);
    const client = await clientFor(what);
    return await measured(async () => {
      let objects = 0;
      await eachOf(client, usersPath, () => {
        objects += 1;
      });
      return { objects };
    });
  },
};

export const usersPath = `/users?$select=id,${attributesOf(defaultAttributes.user).join(',')}&$top=999`;

export const clientFor = async (where: Place): Promise<Client> => {
  const token = await tokenFor(where);
  return Client.initWithMiddleware({
    baseUrl: where.origin,
    customHosts: new Set([new URL(where.origin).hostname]),
    authProvider: { getAccessToken: async () => token },
  });
};

const page = z
  .object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().default('') })
  .transform(({ value, ...link }) => ({ value, ...(link['@odata.nextLink'] === '' ? {} : link) }));
const item = z.custom<Item>((value) => typeof value === 'object' && value !== null && 'id' in value);
export type Item = { readonly id: string; readonly [name: string]: unknown };

export const eachOf = async (client: Client, path: string, work: (item: Item) => void): Promise<void> => {
  const first: unknown = await client.api(path).get();
  const iterator = new PageIterator(client, page.parse(first), (value: unknown) => {
    work(item.parse(value));
    return true;
  });
  await iterator.iterate();
};
