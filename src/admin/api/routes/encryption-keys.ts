/** /v1/encryption-keys */

import { z } from 'zod';
import type { KeyInUse } from '../../encryption-keys.ts';
import { operatorIn } from '../admission.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';

const encryptionKeysSchema = z
  .strictObject({
    data: z.array(
      z.strictObject({
        key: z.string().meta({ description: 'Its name, which tells nothing of the key.' }),
        current: z.boolean().meta({ description: 'Whether it seals what is given now.' }),
        configured: z.boolean(),
        secrets: z.int().meta({ description: 'Of connections, targets and the like that are sealed with it.' }),
        api_keys: z.int().meta({ description: 'That are proved with it, and not over.' }),
        needed: z.boolean().meta({ description: 'False: it may be taken out of the configuration.' }),
      }),
    ),
  })
  .meta({ id: 'EncryptionKeys' });

export const encryptionKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/encryption-keys',
    id: 'listEncryptionKeys',
    scope: 'admin',
    tag: 'Installation',
    summary: 'Shows which encryption keys are still needed by what is stored',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The keys, that of now first.', schema: encryptionKeysSchema },
    refusals: [],
    handle: async (call) => ({
      status: 200,
      body: { data: (await operatorIn(call).listEncryptionKeys()).map(keyView) },
    }),
  }),
];

const keyView = ({ key, isCurrent, isConfigured, secrets, apiKeys, isNeeded }: KeyInUse) => ({
  key,
  current: isCurrent,
  configured: isConfigured,
  secrets,
  api_keys: apiKeys,
  needed: isNeeded,
});
