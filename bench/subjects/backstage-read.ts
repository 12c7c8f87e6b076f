/** Backstage's reader of organizations, with the token handed to it. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { defaultAttributes } from '../../src/model/connection.ts';
import type { Handlers } from '../actor.ts';
import { measured } from '../figures.ts';
import { attributesOf, place, tokenFor } from './access.ts';

type Reader = (client: unknown, tenant: string, options: unknown) => Promise<{ readonly users: readonly unknown[] }>;
type ClientOf = new (url: string, credential: unknown) => unknown;

const library = z.object({
  MicrosoftGraphClient: z.custom<ClientOf>((value) => typeof value === 'function'),
  readMicrosoftGraphOrg: z.custom<Reader>((value) => typeof value === 'function'),
});

export const backstageRead: Handlers = {
  backstageRead: async (given) => {
    const what = place.parse(given);
    const load = createRequire(join(import.meta.dirname, '../peers/package.json'));
    const { MicrosoftGraphClient, readMicrosoftGraphOrg } = library.parse(
      load('@backstage/plugin-catalog-backend-module-msgraph'),
    );
    const token = await tokenFor(what);
    const client = new MicrosoftGraphClient(`${what.origin}/v1.0`, { getToken: async () => ({ token }) });
    return await measured(async () => {
      const { users } = await readMicrosoftGraphOrg(client, what.tenant.tenantId, {
        userSelect: ['id', ...attributesOf(defaultAttributes.user)],
        loadUserPhotos: false,
        logger: silent,
      });
      return { objects: users.length };
    });
  },
};

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };
