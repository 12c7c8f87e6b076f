/**
 * How somebody gets in for the first time: where no key is configured and none was ever made, the server that starts first makes one, and prints it. It is
 * written to the terminal, not to the log, and never again.
 */

import type { Config } from '../config.ts';
import { reachOf } from '../core/access.ts';
import type { Actor } from '../model/audit.ts';
import type { Log } from '../model/world.ts';
import type { MadeApiKey } from './api-keys.ts';
import { audited } from './audit.ts';
import type { Commands, OperatorCommands } from './commands.ts';

type Around = {
  readonly config: Pick<Config, 'apiKeys' | 'oidc'>;
  readonly commands: Pick<Commands, 'recordAudit' | 'within'>;
  readonly log: Log;
  readonly print: (text: string) => void;
};

export const tellFirstKey = async ({ config, commands, log, print }: Around): Promise<void> => {
  if (config.apiKeys.length > 0 || isAdminBySignIn(config)) return;
  const keys = commands.within(reachOf({ organizations: null })).ofOperator;
  if (keys === null) return;
  const isFirstStart = (await keys.listApiKeys(null, 1)).items.length === 0;
  const made = isFirstStart ? await make(commands, keys) : null;
  if (made !== null) print(wordsFor(made));
  else if (await keys.isAdminKeyInForce()) log.info('api_keys.found');
  else log.warn('api_keys.over', { now: 'Set ENTRAIN_API_KEYS for one start, and make a key by the API.' });
};

/** Whoever signs in and may do everything makes keys; one that lies in a terminal would only be one too many. */
const isAdminBySignIn = ({ oidc }: Around['config']): boolean =>
  oidc !== null && [...oidc.roleScopes.values()].some((scopes) => scopes.includes('admin'));

const server: Actor = { kind: 'server', id: 'server', name: 'server' };

const make = (
  commands: Around['commands'],
  keys: Pick<OperatorCommands, 'createFirstApiKey'>,
): Promise<MadeApiKey | null> =>
  audited(
    commands,
    { actor: server, organization: null, action: 'createApiKey', subjects: {}, trace: null, given: [] },
    () => keys.createFirstApiKey('server, at its first start'),
    (made) =>
      made === null
        ? { refused: 'first_key_exists' }
        : {
            subjects: { api_key_id: made.record.id },
            after: { name: made.record.name, scopes: [...made.record.scopes], organization_ids: null },
          },
  );

const wordsFor = ({ key, record }: MadeApiKey): string => `
Entrain made its first API key. It may do everything until ${record.expiresAt.toISOString().slice(0, 10)}, and is shown this once:

  ${key}

Keep it where you keep secrets, make a key for each caller with it (POST /v1/api-keys), and then revoke it
(DELETE /v1/api-keys/${record.id}). Should it get lost: docs/operating.md, "API keys".

`;
