/** One live source per connection, kept as long as its record does not change: it holds the token and knows when the tenant is throttled. */

import type { Connection, Credential, Credentials } from '../../model/connection.ts';
import { SourceError } from '../../model/errors.ts';
import type { ConnectionId } from '../../model/ids.ts';
import type { Secret } from '../../model/secret.ts';
import type { Source } from '../source.ts';
import type { Proof } from './credentials.ts';
import type { Switched } from './either.ts';
import { type GraphOptions, graphSource } from './index.ts';
import { type AppRegistration, endOfApp } from './our-app.ts';

/** Beyond this many the one that was used longest ago is let go; it costs one token request when it comes back. */
const mostKept = 2_000;

type Options = Pick<GraphOptions, 'clouds' | 'world' | 'onRequest'> & {
  /** Our own application, for tenants that consented to it. */
  readonly app: AppRegistration | null;
  /** A token of the workload we run as, for applications that trust it. */
  readonly assertion: (() => Promise<string>) | null;
  /** The login service refuses one of two credentials, and took the other. */
  readonly onSwitch?: (connection: Connection, told: Switched) => void;
};
type Secrets = Readonly<Record<string, Secret>>;

export const connectedSources = (options: Options) => {
  const kept = new Map<ConnectionId, { readonly revision: number; readonly source: Source }>();
  return {
    connect(connection: Connection, secrets: Secrets): Source {
      const found = kept.get(connection.id);
      kept.delete(connection.id);
      const fresh =
        found?.revision === connection.revision
          ? found
          : { revision: connection.revision, source: connect(options, connection, secrets) };
      kept.set(connection.id, fresh);
      const [oldest] = kept.keys();
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
      return fresh.source;
    },
    /** For a connection that is not stored: nothing of it, least of all its secret, stays in memory. */
    connectOnce: (connection: Connection, secrets: Secrets): Source => connect(options, connection, secrets),
  };
};

const connect = (options: Options, connection: Connection, secrets: Secrets): Source => {
  const { tenantId, credentials, cloud } = connection;
  if (tenantId === null || credentials === null)
    throw notConnected(
      'The connection has no tenant or credentials yet: give it some, or have an administrator consent.',
    );
  const second = credentials.kind === 'admin_consent' ? undefined : credentials.second;
  // Every tenant that consented trusts it; which of them is whose, the consent alone has proved.
  if (isOurs(credentials, options) && [credentials, second].some((each) => each?.kind === 'workload_identity'))
    throw notConnected(
      'The connection names the application of this server, which tenants are connected to by admin consent alone: add one without credentials, and have an administrator follow its link.',
    );
  return graphSource({
    ...options,
    connection: { tenantId, cloud, credentials },
    appEndsAt: options.app && endOfApp(options.app),
    proof: proofOf(credentials, options, secrets),
    ...(second === undefined
      ? {}
      : {
          second: {
            proof: registeredProof(second, options, secrets, 'second.'),
            from: connection.credentialUse.inUse,
          },
        }),
    onSwitch: (told) => options.onSwitch?.(connection, told),
  });
};

const isOurs = ({ clientId }: Credentials, { app }: Options): boolean =>
  clientId.toLowerCase() === app?.clientId.toLowerCase();

const proofOf = (credentials: Credentials, options: Options, secrets: Secrets): Proof => {
  if (credentials.kind !== 'admin_consent') return registeredProof(credentials, options, secrets, '');
  const { app } = options;
  if (app?.clientId !== credentials.clientId)
    throw notConnected(
      `The tenant consented to the application ${credentials.clientId}, which is not the one in ENTRAIN_APP_CLIENT_ID. Set it again, or have the tenant consent to the new one.`,
    );
  return app.proof;
};

/** `prefix`: what the fields of its secrets begin with. */
const registeredProof = (
  { kind }: Credential,
  { assertion }: Options,
  secrets: Secrets,
  prefix: '' | 'second.',
): Proof => {
  switch (kind) {
    case 'client_secret': {
      const secret = secrets[`${prefix}clientSecret`];
      if (secret === undefined) throw notConnected('The connection has no client secret: give it one.');
      return { kind: 'client_secret', secret };
    }
    case 'certificate': {
      const pem = secrets[`${prefix}certificate`];
      if (pem === undefined) throw notConnected('The connection has no certificate: give it one.');
      return { kind: 'certificate', pem };
    }
    case 'workload_identity':
      if (assertion === null)
        throw notConnected(
          'The connection goes by workload identity, and none is configured: set ENTRAIN_WORKLOAD_TOKEN_FILE or ENTRAIN_MANAGED_IDENTITY.',
        );
      return { kind: 'workload_identity', assertion };
  }
};

const notConnected = (message: string): SourceError =>
  new SourceError('unauthorized', message, { code: 'not_connected', mend: { owner: 'your_team', todo: message } });
