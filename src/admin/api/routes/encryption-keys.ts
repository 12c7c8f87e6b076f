/** /v1/encryption-keys */

import { z } from 'zod';
import type { DataKeyRenewal, KeyInUse } from '../../encryption-keys.ts';
import { operatorIn } from '../admission.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { time } from '../schemas/common.ts';

const renewalSchema = z
  .strictObject({
    asked_at: time,
    asked_by: z.string(),
    left: z.int().meta({
      description: 'Stored secrets whose data key is from before that. 0: all of them have a new one.',
    }),
  })
  .meta({ id: 'DataKeyRenewal' });

const encryptionKeysSchema = z
  .strictObject({
    data: z.array(
      z.strictObject({
        key: z.string().meta({ description: 'Its name, which tells nothing of the key.' }),
        current: z.boolean().meta({ description: 'Whether it seals what is given now.' }),
        configured: z.boolean(),
        secrets: z.int().meta({ description: 'Of connections, targets and webhooks that are sealed with it.' }),
        api_keys: z.int().meta({ description: 'That are proved with it, and not over.' }),
        setup_links: z.int().meta({ description: 'That are proved with it, and not over.' }),
        calls: z.int().meta({
          description:
            'With an Idempotency-Key, of the last 24 hours, that are proved with it; their kept answers open with it.',
        }),
        needed: z.boolean().meta({ description: 'False: it may be taken out of the configuration.' }),
      }),
    ),
    data_keys: renewalSchema.nullable().meta({
      description: 'When new data keys were last asked for, and how far that is; null: never.',
    }),
  })
  .meta({ id: 'EncryptionKeys' });

const tag = 'Installation';

export const encryptionKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/encryption-keys',
    id: 'listEncryptionKeys',
    scope: 'admin',
    tag,
    summary: 'Shows which encryption keys are still needed by what is stored',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The keys, that of now first.', schema: encryptionKeysSchema },
    refusals: [],
    handle: async (call) => {
      const commands = operatorIn(call);
      const renewal = await commands.dataKeyRenewal();
      const data = (await commands.listEncryptionKeys()).map(keyView);
      return { status: 200, body: { data, data_keys: renewal && renewalView(renewal) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/encryption-keys/data-keys',
    id: 'renewDataKeys',
    scope: 'admin',
    tag,
    summary: 'Has every stored secret encrypted anew, each by a data key that is made for it then',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: {
      status: 202,
      description: 'How far it is. Asked for again while it is under way, it is the same.',
      schema: renewalSchema,
    },
    refusals: [],
    handle: async (call) => {
      const renewal = await operatorIn(call).renewDataKeys(call.caller.name);
      return {
        status: 202,
        body: renewalView(renewal),
        audit: { after: { asked_at: renewal.at.toISOString(), asked_by: renewal.by } },
      };
    },
  }),
];

const keyView = ({ key, isCurrent, isConfigured, secrets, apiKeys, setupLinks, calls, isNeeded }: KeyInUse) => ({
  key,
  current: isCurrent,
  configured: isConfigured,
  secrets,
  api_keys: apiKeys,
  setup_links: setupLinks,
  calls,
  needed: isNeeded,
});

const renewalView = ({ at, by, left }: DataKeyRenewal) => ({ asked_at: at.toISOString(), asked_by: by, left });
