/** Microsoft Entra ID, read through Microsoft Graph. */

import type { CloudName, Credential, CredentialPlace, Credentials } from '../../model/connection.ts';
import type { World } from '../../model/world.ts';
import type { Ask, Source, SourceEnd, SourcePage } from '../source.ts';
import type { Registrant } from './aadsts.ts';
import { checkConnection } from './check.ts';
import { type GraphClient, graphClient, type Parts, type RequestFacts } from './client.ts';
import { type Clouds, cloudOf, permissionsPage } from './clouds.ts';
import { confirmDeletions, confirmMembership, confirmStandings } from './confirm.ts';
import { hintOf, type Proof, registrantOf, tokensFor } from './credentials.ts';
import { readDelta } from './delta.ts';
import { eitherOf, type Shown, type Switched } from './either.ts';
import { ourEnds, readEnds } from './ends.ts';
import { everyoneIn } from './everyone.ts';
import { readFull } from './full.ts';
import { gateFor } from './gate.ts';
import { tenantOf } from './issued.ts';
import { lookUp } from './look-up.ts';
import { keyOf } from './places.ts';
import { readScoped } from './scoped.ts';
import { readScopedDelta } from './scoped-delta.ts';
import { graphSubscriptions } from './subscriptions.ts';
import { type TransportLimits, transportTo } from './transport.ts';
import type { Limits } from './waiting.ts';

export type { RequestFacts } from './client.ts';
export { type Cloud, type Clouds, trustCa } from './clouds.ts';

export type GraphOptions = {
  readonly connection: {
    /** The directory id (GUID) or a verified domain. */
    readonly tenantId: string;
    readonly cloud: CloudName;
    readonly credentials: Credentials;
  };
  readonly proof: Proof;
  /** When that of our own application ends, as far as it is known. */
  readonly appEndsAt?: Date | null;
  /** Of the second credential, where there is one; `from`: the one that worked last. */
  readonly second?: { readonly proof: Proof; readonly from: CredentialPlace };
  readonly clouds: Clouds;
  readonly world: World;
  readonly onSwitch?: (told: Switched) => void;
  readonly onRequest?: (facts: RequestFacts) => void;
  readonly limits?: Partial<Limits & TransportLimits>;
};

export const defaultLimits: Limits & TransportLimits = {
  attempts: 6,
  longestWaitMs: 10_000,
  totalWaitMs: 30_000,
  timeoutMs: 60_000,
  bytes: 64 * 1024 * 1024,
};

/**
 * One source per connection, kept as long as its credentials: it holds the token and knows when the tenant is throttled.
 * Throws `SourceError` for a custom cloud that is not configured.
 */
export const graphSource = (options: GraphOptions): Source => {
  const { connection, world } = options;
  const { tenantId, credentials } = connection;
  const cloud = cloudOf(connection.cloud, options.clouds);
  const limits = { ...defaultLimits, ...options.limits };
  const registrant = registrantOf(credentials);
  const each = shownOf(options);
  const [first, second] = each;
  return sourceOver({
    graphUrl: cloud.graphUrl,
    tenantId,
    registrant,
    application: { clientId: credentials.clientId, each },
    // Not the page for admin consent of the login service: it leads back to a redirect URI, and an application that only reads has none.
    permissionsUrl:
      credentials.kind === 'admin_consent' ? null : permissionsPage(connection.cloud, tenantId, credentials.clientId),
    tokens:
      second === undefined
        ? first.tokens
        : eitherOf([first, second], options.second?.from ?? 'first', options.onSwitch ?? (() => {})),
    transport: transportTo(cloud.graphUrl, limits),
    limits,
    world,
    onRequest: options.onRequest ?? (() => {}),
  });
};

/** Each credential by itself. */
const shownOf = ({
  connection,
  proof,
  appEndsAt = null,
  second,
  clouds,
  world,
}: GraphOptions): readonly [Shown, ...Shown[]] => {
  const { tenantId, credentials } = connection;
  const { clientId } = credentials;
  const cloud = cloudOf(connection.cloud, clouds);
  const registrant = registrantOf(credentials);
  const shown = (place: CredentialPlace, of: Proof, credential: Credential | Credentials): Shown => ({
    place,
    kind: of.kind,
    tokens: tokensFor({ cloud, tenantId, clientId, proof: of, registrant }, world.now),
    endsAt: 'endsAt' in credential ? (credential.endsAt ?? null) : null,
    hint: credentials.kind === 'admin_consent' ? null : hintOf(of),
  });
  const first = shown('first', proof, credentials);
  if (credentials.kind === 'admin_consent') return [{ ...first, endsAt: appEndsAt }];
  const other = credentials.second;
  return second === undefined || other === undefined ? [first] : [first, shown('second', second.proof, other)];
};

/** The same over any transport, with tokens from anywhere. */
export const sourceOver = (
  parts: Omit<Parts, 'gate'> & {
    readonly tenantId: string;
    readonly registrant: Registrant;
    readonly permissionsUrl: string | null;
    /** Null: the tokens are not those of an application that could be looked at. */
    readonly application: { readonly clientId: string; readonly each: readonly [Shown, ...Shown[]] } | null;
  },
): Source => {
  const { graphUrl, tenantId, limits, world, application } = parts;
  const client = graphClient({ ...parts, gate: gateFor(world, limits.longestWaitMs) });
  const tenant = `${graphUrl}/${tenantId.toLowerCase()}`;
  return {
    subscriptions: graphSubscriptions(client),
    check: (what, signal) => checkConnection({ ...parts, client }, what, signal),
    tenant: (signal) => tenantOf(parts.tokens, tenantId, signal),
    credentialEnds: async (signal) =>
      application &&
      (parts.registrant === 'your_team' ? ourEnds(application) : await readEnds(client, application, signal)),
    read: (ask, signal) => readOf(client, ask, keyOf(tenant, ask), signal),
    confirm: (refs, scope, signal, by = null) => confirmStandings(client, refs, scope, by, signal),
    lookUp: (who, attributes, signal) => lookUp(client, who, attributes, signal),
    deletions: (refs, signal) => confirmDeletions(client, refs, signal),
    everyoneIn: (groups, signal) => everyoneIn(client, groups, signal),
    confirmMembers: (group, members, signal) => confirmMembership(client, group, members, signal),
  };
};

const readOf = (
  client: GraphClient,
  ask: Ask,
  key: string,
  signal: AbortSignal,
): AsyncIterable<SourcePage | SourceEnd> => {
  const { scope, read } = ask;
  if (scope.kind === 'all')
    return read.mode === 'full' ? readFull(client, ask, key, signal) : readDelta(client, ask, read.from, key, signal);
  return read.mode === 'full'
    ? readScoped(client, ask, scope, key, signal)
    : readScopedDelta(client, ask, scope, read.from, key, signal);
};
