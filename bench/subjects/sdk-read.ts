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
export type Item = { readonly id: string; readonly [name: string]: unknown };

/** Items are handed on as they are: whoever only counts pays for nothing else. */
export const eachOf = async (client: Client, path: string, work: (item: unknown) => void): Promise<void> => {
  const first: unknown = await client.api(path).get();
  const iterator = new PageIterator(client, page.parse(first), (value: unknown) => {
    work(value);
    return true;
  });
  await iterator.iterate();
};

export const itemOf = (value: unknown): Item => {
  if (isItem(value)) return value;
  throw new Error('Graph listed something without an id.');
};

const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null && 'id' in value;
