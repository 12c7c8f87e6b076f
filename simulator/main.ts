#!/usr/bin/env node
/** The simulators as a program: a tenant to read from, and a SCIM target to write to. */

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type GraphSimulator, startGraph } from './graph/index.ts';
import { type ScimSimulator, startScim } from './scim/index.ts';
import { localAuthority } from './tls.ts';

const usage = `Usage: npm run simulator -- [options]

  --graph-port <port>  where login and Graph listen, HTTPS (default 8443; 0 takes a free port)
  --scim-port <port>   where the SCIM target listens, HTTP (default 8444; 0 takes a free port)
  --users <number>     how many users the tenant starts with (default 500)
  --seed <number>      everything generated follows from it (default 1)
  --cert-dir <folder>  where the certificate authority is kept (default .cache/simulator)
  --help               show this
`;

const options = {
  'graph-port': { type: 'string', default: '8443' },
  'scim-port': { type: 'string', default: '8444' },
  users: { type: 'string', default: '500' },
  seed: { type: 'string', default: '1' },
  'cert-dir': { type: 'string', default: '.cache/simulator' },
  help: { type: 'boolean', default: false },
} as const;

type Asked = {
  readonly graphPort: number;
  readonly scimPort: number;
  readonly users: number;
  readonly seed: number;
  readonly folder: string;
};

class WrongOption extends Error {
  override readonly name = 'WrongOption';
}

try {
  const asked = understood();
  if (asked === null) console.log(usage.trimEnd());
  else await main(asked);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof WrongOption ? 2 : 1;
}

/** Null: only how it is used is asked. */
function understood(): Asked | null {
  try {
    const { values } = parseArgs({ options });
    return values.help
      ? null
      : {
          graphPort: wholeNumber('graph-port', values['graph-port']),
          scimPort: wholeNumber('scim-port', values['scim-port']),
          users: wholeNumber('users', values.users),
          seed: wholeNumber('seed', values.seed),
          folder: resolve(values['cert-dir']),
        };
  } catch (error) {
    // Node goes on to say how to give an argument that begins with a dash.
    const why = error instanceof Error ? error.message.split(/\.\s|\n/)[0]?.replace(/\.$/, '') : error;
    throw new WrongOption(`simulator: ${why}.\nHow it is used: npm run simulator -- --help`);
  }
}

async function main({ graphPort, scimPort, users, seed, folder }: Asked): Promise<void> {
  const graph = await startGraph({
    ca: await localAuthority(folder),
    port: graphPort,
    tenants: [{ users, domain: 'contoso.example', name: 'Contoso' }],
    seed,
  });
  const scim = await startScim({ port: scimPort });
  console.log(introduction(graph, scim, join(folder, 'ca.pem')));
  closeOnSignal(graph, scim);
}

function introduction({ origin, tenants }: GraphSimulator, scim: ScimSimulator, caPath: string): string {
  const tenant = tenants[0];
  const app = tenant?.apps[0];
  const curl = `curl --cacert '${caPath}'`;
  return `Graph and login   ${origin}
CA certificate    ${caPath}
Tenant id         ${tenant?.tenantId}
Client id         ${app?.clientId}
Client secret     ${app?.clientSecret}
SCIM target       ${scim.baseUrl}   bearer token: ${scim.token}

Try:
  TOKEN=$(${curl} -s '${origin}/${tenant?.tenantId}/oauth2/v2.0/token' \\
    -d grant_type=client_credentials -d client_id=${app?.clientId} \\
    -d 'client_secret=${app?.clientSecret}' -d scope=https://graph.microsoft.com/.default \\
    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  ${curl} -H "Authorization: Bearer $TOKEN" '${origin}/v1.0/users?$top=2&$select=id,displayName'
  ${curl} -H "Authorization: Bearer $TOKEN" '${origin}/v1.0/users/delta?$deltatoken=latest'
  ${curl} '${origin}/control'
  ${curl} -X POST '${origin}/control/tenants/${tenant?.tenantId}/hire' -d '{"displayName":"Ada Lovelace","department":"Engineering"}'
  curl -H 'Authorization: Bearer ${scim.token}' '${scim.baseUrl}/Users'
`;
}

function closeOnSignal(graph: GraphSimulator, scim: ScimSimulator): void {
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    await Promise.all([graph.close(), scim.close()]);
  };
  // Ctrl-C reaches us by itself, and once more by npm: a second signal that nobody hears would end us at once.
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} takes a whole number, not "${text}".`);
  return number;
}
