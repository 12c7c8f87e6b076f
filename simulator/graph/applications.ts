/** The registrations of a tenant, as far as a directory sync looks at them: its own, and when its secrets end. */

import { X509Certificate } from 'node:crypto';
import type { App } from './apps.ts';
import type { Call } from './call.ts';
import type { JsonObject } from './json.ts';
import { guidFrom } from './object-ids.ts';
import { requireReading } from './permissions.ts';
import { type Reply, reply, unsupportedQuery } from './reply.ts';

/** GET applications?$filter=appId eq '…'. Of a secret the service shows the first three characters, and never more. */
export function listApplications(call: Call): Reply {
  requireReading(call.roles, 'application');
  const clientId = /^appId eq '([0-9a-f-]{36})'$/i.exec(call.query.get('filter') ?? '')?.[1];
  if (clientId === undefined) throw unsupportedQuery('The simulator finds applications by appId alone.');
  const app = call.appNamed(clientId);
  return reply({
    '@odata.context': `${call.base}/$metadata#applications`,
    value: app === undefined ? [] : [applicationOf(app, guidFrom(call.tenant.seed, 300))],
  });
}

const applicationOf = (app: App, id: string): JsonObject => ({
  id,
  appId: app.clientId,
  displayName: app.name,
  passwordCredentials: app.secrets.map(({ value, endsMs }, place) => ({
    customKeyIdentifier: null,
    displayName: `secret ${place + 1}`,
    endDateTime: new Date(endsMs).toISOString(),
    hint: value.slice(0, 3),
    keyId: guidFrom(1, place),
    secretText: null,
    startDateTime: null,
  })),
  keyCredentials: app.certificates.map((pem, place) => ({
    customKeyIdentifier: new X509Certificate(pem).fingerprint.replaceAll(':', ''),
    displayName: `certificate ${place + 1}`,
    endDateTime: new Date(new X509Certificate(pem).validTo).toISOString(),
    key: null,
    keyId: guidFrom(2, place),
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
  })),
});
