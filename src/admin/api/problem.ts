/** Problem details for HTTP APIs (RFC 9457): the one shape of everything that goes wrong at this door. */

import { z } from 'zod';
import { KeysUnavailable, SecretUnreadable } from '../../model/errors.ts';
import { type RefusalCode, Refused } from '../refused.ts';

export const problemSchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; programs decide by it.'),
    detail: z.string(),
    trace_id: z.string().describe('Names this call in the log.'),
    errors: z
      .array(
        z.strictObject({
          in: z.enum(['body', 'query', 'path', 'header']),
          pointer: z.string().describe('JSON Pointer (RFC 6901) to the field or parameter.'),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
type FieldError = NonNullable<Problem['errors']>[number];

type DoorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'csrf_refused'
  | 'step_up_required'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'malformed_request'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'too_many_streams'
  | 'keys_unavailable'
  | 'secret_unreadable'
  | 'internal_error';
export type ProblemCode = RefusalCode | DoorCode;

export const problems: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  invalid_request: { status: 400, title: 'Some fields cannot be accepted' },
  ask_by_post: { status: 400, title: 'Whom this is about has no place in an address' },
  malformed_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'The API key is not good for this' },
  csrf_refused: { status: 403, title: 'The call may come from another site' },
  step_up_required: { status: 403, title: 'Sign in again first' },
  key_is_limited: { status: 403, title: 'This takes a key that is not limited to organizations' },
  not_found: { status: 404, title: 'There is no such thing' },
  route_not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  connection_not_active: { status: 409, title: 'The connection is not active' },
  connection_deleting: { status: 409, title: 'The connection is being removed' },
  credentials_missing: { status: 409, title: 'The connection has no credentials' },
  last_credential: { status: 409, title: 'The connection has no other credential' },
  public_url_missing: { status: 409, title: 'The server does not know its own address' },
  consent_not_configured: { status: 409, title: 'Tenants cannot be connected by admin consent' },
  has_credentials: { status: 409, title: 'The connection has credentials' },
  tenant_fixed: { status: 409, title: 'The tenant of a connection cannot be changed' },
  tenant_taken: { status: 409, title: 'The tenant is read for another organization' },
  target_fixed: { status: 409, title: 'The address of a target cannot be changed' },
  target_not_active: { status: 409, title: 'The target is not active' },
  target_deleting: { status: 409, title: 'The target is being removed' },
  run_ended: { status: 409, title: 'The run has ended' },
  not_a_provision_run: { status: 409, title: 'The run writes to no target' },
  not_a_reconcile_run: { status: 409, title: 'Only reconcile runs find discrepancies' },
  run_not_ended: { status: 409, title: 'The run has not ended yet' },
  run_without_result: { status: 409, title: 'The run came to no result' },
  nothing_to_repair: { status: 409, title: 'The run found nothing that a plan puts right' },
  nothing_to_undo: { status: 409, title: 'Nothing of the run is left to take back' },
  undo_too_late: { status: 409, title: 'The run is too long ago' },
  database_restored: { status: 409, title: 'The target has to be looked at first, after a restore' },
  target_unproved: { status: 409, title: 'The target may be another system' },
  plan_decided: { status: 409, title: 'Somebody has decided on the plan' },
  another_person_needed: { status: 409, title: 'Somebody else has to approve the plan' },
  plan_superseded: { status: 409, title: 'Another plan took its place' },
  plan_expired: { status: 409, title: 'The plan stood for too long' },
  plan_refused: { status: 409, title: 'The plan may not be carried out' },
  plan_moved: { status: 409, title: 'Something moved since the plan was made' },
  plan_is_dry_run: { status: 409, title: 'The plan of a dry run is applied, not approved' },
  plan_not_dry_run: { status: 409, title: 'This plan is approved or rejected, not applied' },
  plan_is_preview: { status: 409, title: 'A preview is only to look at' },
  shrink_not_held: { status: 409, title: 'The run was not held for what is missing' },
  shrink_changed: { status: 409, title: 'The tenant was read otherwise since' },
  notifications_not_configured: { status: 409, title: 'Microsoft Graph cannot reach this server' },
  too_many_connections: { status: 409, title: 'The organization has as many connections as it may' },
  too_many_targets: { status: 409, title: 'The connection has as many targets as it may' },
  too_many_webhooks: { status: 409, title: 'The organization has as many webhooks as it may' },
  too_many_api_keys: { status: 409, title: 'The organization has as many API keys as it may' },
  person_in_scope: { status: 409, title: 'The person is still in the scope' },
  not_erasable_yet: { status: 409, title: 'The person cannot be erased yet' },
  scope_unchanged: { status: 409, title: 'The scope is this one already' },
  idempotency_key_in_use: { status: 409, title: 'A call with this Idempotency-Key is under way' },
  answer_lost: { status: 409, title: 'The answer to the call is not known any more' },
  cursor_too_old: { status: 410, title: 'The cursor is older than what is kept' },
  stale_revision: { status: 412, title: 'It was edited meanwhile' },
  stale_hash: { status: 412, title: 'The plan is not the one that was looked at' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  mapping_refused: { status: 422, title: 'A rule of the mapping cannot be kept' },
  unknown_attribute: { status: 422, title: 'There is no such attribute' },
  attribute_not_read: { status: 422, title: 'The attribute is not read' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another call' },
  rate_limited: { status: 429, title: 'Too many calls' },
  too_many_streams: { status: 429, title: 'Too many streams are open' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  secret_unreadable: { status: 409, title: 'A stored secret cannot be opened' },
  keys_unavailable: { status: 503, title: 'The keys that secrets are sealed with cannot be asked' },
};

/** A problem found at the door itself, before any command. */
export class DoorProblem extends Error {
  override readonly name = 'DoorProblem';
  readonly code: DoorCode;
  constructor(code: DoorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is wrong with a request, over all its parts. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly errors: readonly FieldError[];
  readonly code: 'invalid_request' | 'ask_by_post';
  constructor(errors: readonly FieldError[], code: RequestRefused['code'] = 'invalid_request') {
    super(summed(errors.map(({ in: part, pointer, detail }) => `${part} ${pointer} ${detail}`)));
    this.errors = errors;
    this.code = code;
  }
}

/** The answer to an error. Whatever is not meant for the caller becomes `internal_error`, without a word of what it was. */
export const problemOf = (error: unknown, traceId: string): Problem => {
  if (error instanceof RequestRefused) return problem(error.code, error.message, traceId, error.errors);
  if (error instanceof Refused) {
    const errors = error.issues.map((issue) => ({ in: 'body' as const, ...issue }));
    const detail =
      error.code === 'invalid_request' && errors.length > 0
        ? summed(error.issues.map(({ pointer, detail }) => `body ${pointer} ${detail}`))
        : error.message;
    return problem(error.code, detail, traceId, errors);
  }
  if (error instanceof DoorProblem) return problem(error.code, error.message, traceId);
  if (error instanceof KeysUnavailable) return problem('keys_unavailable', error.message, traceId);
  if (error instanceof SecretUnreadable) return problem('secret_unreadable', error.message, traceId);
  const code = codeOfExpressError(error);
  return problem(code, detailOf(code, error), traceId);
};

/** For whoever shows `detail` alone: the first of what stands in `errors`. */
const summed = (faults: readonly string[]): string => {
  const more = faults.length - mostTold;
  return `${faults.slice(0, mostTold).join('; ').replace(/\.$/, '')}${more > 0 ? `; and ${more} more` : ''}.`;
};
const mostTold = 3;

/** How much it may be is another thing at another address; the parser says which. */
const tooLarge = (error: unknown): string => {
  const limit: unknown = error instanceof Error ? Reflect.get(error, 'limit') : undefined;
  return typeof limit === 'number' ? `A body may have at most ${limit / 1024} kB here.` : 'The body is too large.';
};

const problem = (code: ProblemCode, detail: string, traceId: string, errors: readonly FieldError[] = []): Problem => ({
  type: 'about:blank',
  title: problems[code].title,
  status: problems[code].status,
  code,
  detail,
  trace_id: traceId,
  ...(errors.length > 0 ? { errors: [...errors] } : {}),
});

const detailOf = (code: ReturnType<typeof codeOfExpressError>, error: unknown): string => {
  if (code === 'payload_too_large') return tooLarge(error);
  return code === 'malformed_request' ? malformed(error) : details[code];
};

/** The parser quotes the body, which may hold secrets; only its place is taken from what it says. */
const malformed = (error: unknown): string => {
  if (error instanceof URIError) return 'The address is malformed: a % in it begins no character of UTF-8.';
  if (!(error instanceof Error) || Reflect.get(error, 'type') !== 'entity.parse.failed')
    return 'The body could not be read as it was sent.';
  const [, at] = /at position (\d+)/.exec(error.message) ?? [];
  return at === undefined
    ? 'The body is malformed JSON: it ends too early, or is no object.'
    : `The body is malformed JSON, at its character ${Number(at) + 1}.`;
};

const details = {
  unsupported_media_type: 'Send application/json in UTF-8, not compressed.',
  internal_error: 'Try again. If it stays, tell us the trace_id.',
} as const;

/** Express and its body parser mark what the caller did wrong with a status below 500. */
const codeOfExpressError = (error: unknown): keyof typeof details | 'payload_too_large' | 'malformed_request' => {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  if (status === 413) return 'payload_too_large';
  if (status === 415) return 'unsupported_media_type';
  return typeof status === 'number' && status >= 400 && status < 500 ? 'malformed_request' : 'internal_error';
};
