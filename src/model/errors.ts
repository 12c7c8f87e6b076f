/** What can go wrong outside, by how we react to it (engine/reactions.ts). An error says what happened, to what, and what now. */

import type { ResolutionOwner } from './connection.ts';

type Options = { readonly cause?: unknown; readonly retryAfterMs?: number | undefined; readonly code?: string };

/** Who must act, and what they do; left out where the fault alone tells. */
export type Mend = { readonly owner: ResolutionOwner; readonly todo: string };

/**
 * throttled · unavailable: wait. unauthorized (credentials) · forbidden (a permission or consent is missing): quarantine, someone must act.
 * incomplete: the read broke off or contradicts itself, its result must not be used: try again from the last place.
 */
export type SourceFault = 'throttled' | 'unavailable' | 'unauthorized' | 'forbidden' | 'incomplete';

export type SourceErrorOptions = Options & { readonly mend?: Mend | undefined };

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly fault: SourceFault;
  readonly retryAfterMs: number | undefined;
  /** The upstream's own code, such as `AADSTS7000215` or `Authorization_RequestDenied`. */
  readonly code: string | undefined;
  readonly mend: Mend | undefined;
  constructor(fault: SourceFault, message: string, options: SourceErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
    this.code = options.code;
    this.mend = options.mend;
  }
}

/** The source no longer accepts the watermark: only a full sync helps (a synchronization reset). */
export class WatermarkExpired extends Error {
  override readonly name = 'WatermarkExpired';
}

/** The source no longer accepts the place inside a read: the read starts over. */
export class ResumeExpired extends Error {
  override readonly name = 'ResumeExpired';
}

/**
 * throttled · unavailable: wait. unauthorized: quarantine the target. conflict: it exists already, match again. gone: it is not there any more.
 * rejected: the target understood and refused, escrow the object. unknown: the answer leaves open whether it was applied, look before trying again.
 */
export type TargetFault = 'throttled' | 'unavailable' | 'unauthorized' | 'conflict' | 'gone' | 'rejected' | 'unknown';

export class TargetError extends Error {
  override readonly name = 'TargetError';
  readonly fault: TargetFault;
  readonly retryAfterMs: number | undefined;
  readonly code: string | undefined;
  constructor(fault: TargetFault, message: string, options: Options = {}) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
    this.code = options.code;
  }
}

/** Another worker holds a newer fence: whatever we still meant to write is void. */
export class StaleFence extends Error {
  override readonly name = 'StaleFence';
}

/** The plan is written down for people to look at: no operation of it comes or goes any more. */
export class PlanWritten extends Error {
  override readonly name = 'PlanWritten';
}

/** Somebody else edited the record since it was read. */
export class StaleRevision extends Error {
  override readonly name = 'StaleRevision';
}

/** A newer version of the product has taken the database over: this one takes no more turns. */
export class FormatTooNew extends Error {
  override readonly name = 'FormatTooNew';
}

/** A stored secret was sealed for another record or field, or was altered. Says which one, never what is in it. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

/**
 * The key that a stored secret is sealed with cannot be asked, or this process does not have it. Nobody's credentials are wrong: whatever needs them waits.
 * `key_unknown` also comes while a key is changed, of whoever does not have the new one yet.
 */
export type KeysFault = 'key_vault_unreachable' | 'key_vault_refused' | 'key_unknown';
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  readonly code: KeysFault;
  constructor(code: KeysFault, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
