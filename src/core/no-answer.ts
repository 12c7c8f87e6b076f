/** What it means that there was no answer, by the words of Node and undici: whether anything was sent, and so who can look into it. */

/** By what no connection came about, so that nothing was sent. */
export type Unreached =
  | 'name_not_found'
  | 'name_server_away'
  | 'connection_refused'
  | 'connect_timed_out'
  | 'certificate_expired'
  | 'certificate_of_another_host'
  | 'certificate_not_trusted'
  | 'tls_failed'
  /** No way leads there, or it cannot be told. */
  | 'unreachable';

/** As it follows "cannot be reached" and a colon. */
export const unreachedWords: Readonly<Record<Unreached, string>> = {
  name_not_found: 'there is no host of this name',
  name_server_away: 'the name server gave no answer',
  connection_refused: 'the connection was refused',
  connect_timed_out: 'no connection came about in time',
  certificate_expired: 'its certificate has expired, or is not valid yet',
  certificate_of_another_host: 'its certificate is that of another host',
  certificate_not_trusted: 'its certificate is of no authority that is trusted here',
  tls_failed: 'no TLS came about',
  unreachable: 'no connection came about',
};

/** `timed_out`, `connection_lost`: what was sent may have been done. */
export type NoAnswer = { readonly code: string | null } & (
  | { readonly kind: 'unreachable'; readonly by: Unreached }
  | { readonly kind: 'timed_out' | 'connection_lost' }
);

export const noAnswerOf = (error: unknown): NoAnswer => {
  const told = mostTelling(error);
  const code = codeOf(told);
  if (told instanceof Error && told.name === 'TimeoutError') return { kind: 'timed_out', code };
  const by = code === null ? null : unreachedBy(code);
  if (by !== null) return { kind: 'unreachable', code, by };
  if (failedToConnect(error)) return { kind: 'unreachable', code, by: connectFailureOf(code) };
  return { kind: 'connection_lost', code };
};

/** Null: there may have been a connection. */
const unreachedBy = (code: string): Unreached | null => {
  const known = neverSent.get(code);
  if (known !== undefined) return known;
  // Node's and OpenSSL's own codes, of which only those of a handshake say that nothing was sent: what cannot be decrypted comes later.
  if (/^ERR_(TLS|SSL)_/.test(code)) return ofHandshake.test(code) ? 'tls_failed' : null;
  // What OpenSSL finds wrong with a certificate (X509_V_ERR_…, which Node names without that): mostly that it leads to no known authority.
  return /CERT|SIGNATURE|_CA$/.test(code) ? 'certificate_not_trusted' : null;
};

const ofHandshake =
  /HANDSHAKE|VERSION|PROTOCOL|CERTIFICATE|CIPHER|UNRECOGNIZED_NAME|HTTP_REQUEST|PACKET_LENGTH|KEY_TOO_SMALL/;

const neverSent: ReadonlyMap<string, Unreached> = new Map([
  ['ENOTFOUND', 'name_not_found'],
  ['EAI_AGAIN', 'name_server_away'],
  ['ECONNREFUSED', 'connection_refused'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timed_out'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['CERT_HAS_EXPIRED', 'certificate_expired'],
  ['CERT_NOT_YET_VALID', 'certificate_expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate_of_another_host'],
  ['HOSTNAME_MISMATCH', 'certificate_of_another_host'],
]);

const connectFailureOf = (code: string | null): Unreached =>
  code === 'ETIMEDOUT' ? 'connect_timed_out' : 'unreachable';

/** At the one IP, or at each of several, whatever each of them failed by: one that times out there was sent nothing. */
const failedToConnect = (error: unknown): boolean =>
  error instanceof AggregateError ? error.errors.every(isOfConnecting) : isOfConnecting(error);

const isOfConnecting = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'connect';

/** An address with several IPs fails with the failures of all of them. That one of its families leads nowhere from here says less than what another met. */
const mostTelling = (error: unknown): unknown => {
  if (!(error instanceof AggregateError)) return error;
  const met = failedToConnect(error) ? error.errors.find((one) => !noWay.has(codeOf(one) ?? '')) : undefined;
  return met ?? error.errors[0];
};
const noWay: ReadonlySet<string> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL']);

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
