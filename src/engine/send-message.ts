/** One attempt to tell one address of something. It never throws for what the other side does: that is what an attempt is for. */

import { noAnswerOf, unreachedWords } from '../core/no-answer.ts';
import { type Egress, EgressRefused, type Outlet } from '../model/egress.ts';
import type { Secret } from '../model/secret.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { Attempt, Webhook } from '../model/webhook.ts';
import type { World } from '../model/world.ts';
import type { Secrets } from '../store/connection-store.ts';

/** The headers that show whom a message is from. */
export type SignMessage = (
  secrets: readonly Secret[],
  id: string,
  at: Date,
  body: string,
) => Readonly<Record<string, string>>;

export type Sending = {
  readonly egress: Pick<Egress, 'open'>;
  readonly sign: SignMessage;
  readonly world: Pick<World, 'now' | 'stopwatch'>;
};

export type Answered = { readonly attempt: Attempt; readonly retryAfterMs: number | null };

export const outletOf = ({ egress }: Pick<Sending, 'egress'>, { url }: Pick<Webhook, 'url'>): Outlet =>
  egress.open(new URL(url), { connections: 1, timeoutMs, mostBytes });

const timeoutMs = 15_000;
/** What is answered is not read, but for its status. */
const mostBytes = 64 * 1_024;

export const sendMessage = async (
  { sign, world }: Sending,
  outlet: Outlet,
  { webhook, secrets }: { readonly webhook: Webhook; readonly secrets: Secrets },
  message: { readonly id: string; readonly content: JsonObject },
  signal: AbortSignal,
): Promise<Answered> => {
  const at = world.now();
  const passed = world.stopwatch();
  const body = JSON.stringify(message.content);
  const { pathname, search } = new URL(webhook.url);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Entrain',
    ...sign(secretsInForce(webhook, secrets, at), message.id, at, body),
  };
  try {
    const sent = { method: 'POST', path: `${pathname}${search}`, headers, body } as const;
    const { status, headers: answered } = await outlet.exchange(sent, signal);
    const attempt = { at, ms: Math.round(passed()), status, detail: detailOf(status) };
    return { attempt, retryAfterMs: retryAfterOf(answered['retry-after'], world.now()) };
  } catch (error) {
    signal.throwIfAborted();
    return { attempt: { at, ms: Math.round(passed()), status: null, detail: failureOf(error) }, retryAfterMs: null };
  }
};

/** While a secret is exchanged both sign, so that the receiver may change over when it suits them. */
const secretsInForce = ({ oldSecretUntil }: Webhook, secrets: Secrets, now: Date): readonly Secret[] => {
  const { secret, oldSecret } = { secret: secrets['secret'], oldSecret: secrets['old_secret'] };
  const old = oldSecretUntil !== null && oldSecretUntil > now ? [oldSecret] : [];
  return [secret, ...old].filter((each) => each !== undefined);
};

const detailOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `It answered ${status}. Redirects are not followed: give the address that it leads to.`;
  return `It answered ${status}.`;
};

const failureOf = (error: unknown): string => {
  if (error instanceof EgressRefused) return error.message;
  const answer = noAnswerOf(error);
  const code = answer.code === null ? '' : ` (${answer.code})`;
  switch (answer.kind) {
    case 'timed_out':
      return `It gave no answer within ${timeoutMs / 1_000} s.`;
    case 'connection_lost':
      return `The connection failed${code}.`;
    case 'unreachable':
      return `It cannot be reached: ${unreachedWords[answer.by]}${code}.`;
  }
};

/** Seconds or an HTTP date (RFC 9110 §10.2.3). */
const retryAfterOf = (header: string | undefined, now: Date): number | null => {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
};
