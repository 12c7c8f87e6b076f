/**
 * How somebody gets in for the first time: where no key is configured and none was ever made, the server that starts first makes one, and leaves it in a
 * file, or, where there is none and a person looks on, prints it. It is never in the log, and standard output is kept for many places but a terminal.
 */

import type { Config } from '../config.ts';
import { reachOf } from '../core/access.ts';
import type { Actor } from '../model/audit.ts';
import type { Log } from '../model/world.ts';
import type { FirstApiKey, MadeApiKey } from './api-keys.ts';
import { audited } from './audit.ts';
import type { Commands, OperatorCommands } from './commands.ts';
import { draftKeyFile, type KeyFile, KeyFileRefused } from './first-key-file.ts';

type Around = {
  readonly config: Pick<Config, 'apiKeys' | 'oidc' | 'firstKeyFile'>;
  readonly commands: Pick<Commands, 'recordAudit' | 'within'>;
  readonly log: Log;
  /** Null: what is printed is read by no person. */
  readonly print: ((text: string) => void) | null;
};

type Keys = Pick<OperatorCommands, 'firstApiKey' | 'listApiKeys' | 'isAdminKeyInForce'>;

/** Throws `KeyFileRefused` where the key cannot be left in the file. */
export const tellFirstKey = async (around: Around): Promise<void> => {
  const { config, commands, log } = around;
  if (config.apiKeys.length > 0 || isAdminBySignIn(config)) return;
  const keys = commands.within(reachOf({ organizations: null })).ofOperator;
  if (keys === null || ((await isFirstStart(keys)) && (await isMade(around, keys)))) return;
  if (await isFirstStart(keys)) log.warn('api_keys.none', { now: 'Set ENTRAIN_FIRST_KEY_FILE, or ENTRAIN_API_KEYS.' });
  else if (await keys.isAdminKeyInForce()) log.info('api_keys.found');
  else log.warn('api_keys.over', { now: 'Set ENTRAIN_API_KEYS for one start, and make a key by the API.' });
};

/** Whoever signs in and may do everything makes keys; one that lies about would only be one too many. */
const isAdminBySignIn = ({ oidc }: Around['config']): boolean =>
  oidc !== null && [...oidc.roleScopes.values()].some((scopes) => scopes.includes('admin'));

const isFirstStart = async ({ listApiKeys }: Keys): Promise<boolean> => (await listApiKeys(null, 1)).items.length === 0;

/** Whether this start made it, and of several at once no other. */
const isMade = async ({ config: { firstKeyFile }, commands, log, print }: Around, keys: Keys): Promise<boolean> => {
  const first = keys.firstApiKey('server, at its first start');
  const { key, record } = first.made;
  if (firstKeyFile === null) {
    if (print === null || !(await isKept(commands, first))) return false;
    print(wordsFor(first.made));
    return true;
  }
  const file = await drafted(firstKeyFile, key, keys);
  if (file === null) return false;
  const isOurs = await isKept(commands, first).catch(async (error: unknown) => {
    await file.drop();
    throw error;
  });
  await (isOurs ? file.place() : file.drop());
  if (isOurs) log.info('api_keys.first', { key: record.id, file: firstKeyFile });
  return isOurs;
};

/** Null: another server, which started at the same moment, has left its key there. */
const drafted = async (path: string, key: string, keys: Keys): Promise<KeyFile | null> => {
  try {
    return await draftKeyFile(path, key);
  } catch (error) {
    if (error instanceof KeyFileRefused && !(await isFirstStart(keys))) return null;
    throw error;
  }
};

const server: Actor = { kind: 'server', id: 'server', name: 'server' };

const isKept = (commands: Pick<Commands, 'recordAudit'>, { made: { record }, keep }: FirstApiKey): Promise<boolean> =>
  audited(
    commands,
    { actor: server, organization: null, action: 'createApiKey', subjects: {}, trace: null, given: [] },
    keep,
    (isOurs) =>
      isOurs
        ? {
            subjects: { api_key_id: record.id },
            after: { name: record.name, scopes: [...record.scopes], organization_ids: null },
          }
        : { refused: 'first_key_exists' },
  );

const wordsFor = ({ key, record }: MadeApiKey): string => `
Entrain made its first API key. It may do everything until ${record.expiresAt.toISOString().slice(0, 10)}, and is shown this once:

  ${key}

Keep it where you keep secrets, make a key for each caller with it (POST /v1/api-keys), and then revoke it
(DELETE /v1/api-keys/${record.id}). Should it get lost: docs/operating.md, "API keys".

`;
