/** What it means that there was no answer, by the words of Node and undici: whether anything was sent, and so who can look into it. */

/** `unreachable`: no connection came about, and nothing was sent. `timed_out`, `connection_lost`: what was sent may have been done. */
export type NoAnswer = { readonly kind: 'unreachable' | 'timed_out' | 'connection_lost'; readonly code: string | null };

export const noAnswerOf = (error: unknown): NoAnswer => {
  const code = codeOf(error);
  if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'timed_out', code };
  const isUnsent =
    failedToConnect(error) || (code !== null && (neverSent.has(code) || /CERT|TLS|SSL|SIGNATURE/.test(code)));
  return { kind: isUnsent ? 'unreachable' : 'connection_lost', code };
};

const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** At each of several IPs, whatever each of them failed by: one that times out there was sent nothing. */
const failedToConnect = (error: unknown): boolean =>
  error instanceof AggregateError &&
  error.errors.every((one) => one instanceof Error && 'syscall' in one && one.syscall === 'connect');

/** An address with several IPs fails with the failures of all of them. */
const codeOf = (error: unknown): string | null => {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  return one instanceof Error && 'code' in one && typeof one.code === 'string' ? one.code : null;
};
