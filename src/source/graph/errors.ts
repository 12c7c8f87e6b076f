/** What an answer that is not a success means, or the lack of one, in the words of `SourceError`. */

import { z } from 'zod';
import { type NoAnswer, noAnswerOf } from '../../core/no-answer.ts';
import { type Mend, SourceError, type SourceFault } from '../../model/errors.ts';

/** What a refusal is made from; a sub-answer of a `$batch` has the same parts. */
export type Refused = {
  readonly status: number;
  readonly body: unknown;
  readonly requestId: string | null;
  /** The path asked, with ids left out. */
  readonly template: string;
  readonly retryAfterMs?: number | undefined;
};

/** Graph answered, and the answer is no. Nobody needs to look at more than the fault, except who knows what an expired link looks like. */
export class GraphRefusal extends SourceError {
  readonly status: number;
  /** `error.code` and the codes of all inner errors, in lower case, outermost first. */
  readonly codes: readonly string[];
  constructor(refused: Refused) {
    const said = codesOf(refused.body);
    const codes = said.map((one) => one.toLowerCase());
    const code = said[0] ?? `HTTP ${refused.status}`;
    // A link that ran out is nobody's missing permission, wherever it was followed: the read is begun anew.
    const fault = expiryIn(refused.status, codes) === null ? faultOf(refused.status) : 'incomplete';
    // What was asked for is ours to choose; what may be read is the customer's to allow.
    const mend = fault === 'forbidden' && refused.status !== 403 ? askOtherwise : undefined;
    super(fault, sentenceOf(refused, code), { code, retryAfterMs: refused.retryAfterMs, mend });
    this.status = refused.status;
    this.codes = codes;
  }
}

export const askOtherwise: Mend = { owner: 'your_team', todo: 'Edit scope or attributes of the connection.' };

/**
 * Whether a link is no longer accepted. `reset`: the directory wants a full synchronization (any 410; documented codes, which also come as 400
 * or 404 and only in an inner error). `page`: only this listing has to start over.
 */
export const expiryOf = (error: unknown): Expiry | null =>
  error instanceof GraphRefusal ? expiryIn(error.status, error.codes) : null;

type Expiry = 'reset' | 'page';

const expiryIn = (status: number, codes: readonly string[]): Expiry | null => {
  if (status === 410) return 'reset';
  if (status !== 400 && status !== 404) return null;
  if (codes.some((code) => code === 'syncstatenotfound' || code === 'resyncrequired')) return 'reset';
  return codes.includes('directory_expiredpagetoken') ? 'page' : null;
};

/** Why there is no connection is found out on our side of it, whoever is to blame. */
export const noAnswer = (cause: unknown, template: string): SourceError => {
  const { kind, code } = noAnswerOf(cause);
  const { says, mend, ...ours } = noAnswers[kind];
  const named = code === null ? '' : ` (${code})`;
  return new SourceError('unavailable', `Graph ${says} at ${template}${named}.`, { cause, mend, ...ours });
};

type Unanswered = { readonly code: string; readonly says: string; readonly mend?: Mend };

const noAnswers: Readonly<Record<NoAnswer['kind'], Unanswered>> = {
  unreachable: {
    code: 'graph_unreachable',
    says: 'cannot be reached',
    mend: {
      owner: 'your_team',
      todo: 'See whether its address can be reached from the servers that run Entrain (name resolution, proxy, firewall). Runs try again by themselves.',
    },
  },
  timed_out: { code: 'graph_timed_out', says: 'gave no answer in time' },
  connection_lost: { code: 'graph_connection_lost', says: 'broke its answer off' },
};

/** A read that breaks off or contradicts itself. */
export const incomplete = (what: string, code: string, cause?: unknown): SourceError =>
  new SourceError('incomplete', what, { code, cause });

/** 400, 404 and 501 say that the question itself is wrong (an attribute or group that does not exist): asking again cannot help, a person can. */
const faultOf = (status: number): SourceFault => {
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'throttled';
  if (status === 400 || status === 403 || status === 404 || status === 405 || status === 501) return 'forbidden';
  return status === 408 || status >= 500 ? 'unavailable' : 'incomplete';
};

const sentenceOf = ({ status, requestId, template }: Refused, code: string): string => {
  const where = `${template} (${status} ${code}, request-id ${requestId ?? 'unknown'})`;
  if (status === 401) return `Graph did not accept the token at ${where}.`;
  if (status === 403) return `Graph denied ${where}: the application permission ${permissionFor(template)} is missing.`;
  if (status === 404) return `Graph does not know what was asked at ${where}.`;
  if (status === 429) return `Graph throttles this tenant at ${where}.`;
  if (status === 400 || status === 405 || status === 501) return `Graph refused the request ${where}.`;
  return `Graph failed at ${where}.`;
};

/** The least privilege that reads what is behind a path. */
export const permissionFor = (template: string): string => {
  if (template.includes('/organization')) return 'Organization.Read.All';
  return /\/groups|MemberGroups$/.test(template) ? 'GroupMember.Read.All' : 'User.Read.All';
};

const ErrorBody = z.object({ error: z.unknown() });
const Inner = z.looseObject({ code: z.string().optional() });
/** Both spellings are documented, and inner errors nest. */
const deepest = 6;

const codesOf = (body: unknown): readonly string[] => {
  const parsed = ErrorBody.safeParse(body);
  const codes: string[] = [];
  let inner: unknown = parsed.success ? parsed.data.error : undefined;
  for (let depth = 0; depth < deepest; depth += 1) {
    const level = Inner.safeParse(inner);
    if (!level.success) break;
    if (level.data.code !== undefined && level.data.code !== '') codes.push(level.data.code);
    inner = level.data['innerError'] ?? level.data['innererror'];
  }
  return codes;
};
