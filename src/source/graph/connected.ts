/** One live source per connection, kept as long as its record does not change: it holds the token and knows when the tenant is throttled. */

import type { Connection } from '../../model/connection.ts';
import { SourceError } from '../../model/errors.ts';
import type { ConnectionId } from '../../model/ids.ts';
import type { Source } from '../source.ts';
import { type GraphOptions, graphSource } from './index.ts';

/** Beyond this many the one that was used longest ago is let go; it costs one token request when it comes back. */
const mostKept = 2_000;

type Options = Pick<GraphOptions, 'clouds' | 'world' | 'onRequest'>;
type Secrets = Readonly<Record<string, string>>;

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
  const secret = secrets['clientSecret'];
  if (tenantId === null || credentials === null || secret === undefined) {
    throw new SourceError(
      'unauthorized',
      'The connection has no tenant or credentials yet: give it a tenant id, a client id and a client secret.',
      { code: 'not_connected' },
    );
  }
  return graphSource({ ...options, connection: { tenantId, cloud, credentials }, secret });
};
