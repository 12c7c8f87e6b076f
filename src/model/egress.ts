/**
 * The way out: every call to an address that a customer or a product team gave goes through it. It calls public addresses over TLS, and of others only
 * what the deployment lists.
 */

export type Sent = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

export type Received = {
  readonly status: number;
  /** By lower-case name; of one that came several times, the first. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null when it was longer than it may be; then the rest was not read. */
  readonly text: string | null;
  readonly bytes: number;
};

export type OutletLimits = {
  /** How many connections may be open at once. */
  readonly connections: number;
  /** One deadline from the first byte out to the last byte in. */
  readonly timeoutMs: number;
  readonly mostBytes: number;
};

/** Connections to one origin, kept open between requests. No redirect is followed: it is an answer like any other. */
export type Outlet = {
  /**
   * Rejects when there is no whole answer: with the signal's reason, with a `TimeoutError`, with `EgressRefused`, or with what broke the connection.
   * `beforeWrite` is called in the same moment as the first byte goes to the connection, for the process may have been stopped since this was called;
   * what it throws is the rejection, and nothing was sent.
   */
  exchange(sent: Sent, signal: AbortSignal, beforeWrite?: () => void): Promise<Received>;
  close(): Promise<void>;
};

export type Egress = {
  /**
   * Why nothing is sent to this address, and what to do; null when the address itself is in order. What its name stands for is looked at when a
   * connection is opened, each time, and the address that was looked at is the one that is connected to.
   */
  refusalOf(url: URL): string | null;
  /** Opens nothing yet. */
  open(url: URL, limits: OutletLimits): Outlet;
};

/** Nothing was sent: the address may not be called. The message says what to do, and never which address a name stands for. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}
