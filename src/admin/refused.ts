/** Why a command was not carried out, in words for the person who gave it. Each door renders it its own way. */

/** One field that cannot be accepted: a JSON pointer into what was given, named as the doors spell it, and what to do about it. */
export type Issue = { readonly pointer: string; readonly detail: string };

export type RefusalCode =
  | 'not_found'
  | 'invalid_request'
  | 'ask_by_post'
  | 'unknown_attribute'
  | 'mapping_refused'
  | 'attribute_not_read'
  | 'stale_revision'
  | 'stale_hash'
  | 'connection_not_active'
  | 'connection_deleting'
  | 'credentials_missing'
  | 'last_credential'
  | 'public_url_missing'
  | 'consent_not_configured'
  | 'has_credentials'
  | 'tenant_fixed'
  | 'tenant_taken'
  | 'key_is_limited'
  | 'target_fixed'
  | 'target_not_active'
  | 'target_deleting'
  | 'run_ended'
  | 'not_a_provision_run'
  | 'not_a_reconcile_run'
  | 'run_not_ended'
  | 'run_without_result'
  | 'nothing_to_repair'
  | 'nothing_to_undo'
  | 'undo_too_late'
  | 'database_restored'
  | 'target_unproved'
  | 'plan_decided'
  | 'another_person_needed'
  | 'plan_superseded'
  | 'plan_refused'
  | 'plan_expired'
  | 'plan_moved'
  | 'plan_is_dry_run'
  | 'plan_not_dry_run'
  | 'plan_is_preview'
  | 'scope_unchanged'
  | 'shrink_not_held'
  | 'shrink_changed'
  | 'idempotency_key_in_use'
  | 'idempotency_key_reused'
  | 'answer_lost'
  | 'cursor_too_old'
  | 'notifications_not_configured'
  | 'too_many_connections'
  | 'too_many_targets'
  | 'too_many_webhooks'
  | 'too_many_api_keys'
  | 'person_in_scope'
  | 'not_erasable_yet';

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: RefusalCode;
  readonly issues: readonly Issue[];
  constructor(code: RefusalCode, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.code = code;
    this.issues = issues;
  }
}

export const invalid = (...issues: readonly Issue[]): Refused =>
  new Refused('invalid_request', 'Some fields cannot be accepted.', issues);

/** The thing, or the refusal that there is none. */
export const found = <T>(thing: T | null | undefined, what: string): T => {
  if (thing === null || thing === undefined) throw new Refused('not_found', `There is no such ${what}.`);
  return thing;
};
