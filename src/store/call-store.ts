/** The port of calls that came with an Idempotency-Key: what was asked under it, and what became of it. */

/** Kept by a digest of the key and of whose it is; the key itself is kept nowhere. */
export type KeptCall = {
  readonly digest: string;
  /** This attempt's alone, so that whoever comes late to its end ends no other. */
  readonly attempt: string;
  /** Proves what was asked; another call has another proof. */
  readonly proof: string;
  readonly begunAt: Date;
  /** Until then it is known. */
  readonly expiresAt: Date;
  readonly outcome: CallOutcome;
};

/**
 * `open`: under way, or whoever carried it out has died. `answered`: done, with its answer, which only the key opens. `unkept`: done, but the answer is
 * not kept: it was too large, or is about a person. `failed`: something went wrong on our side, and nobody can say how far it came.
 */
export type CallOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly sealed: string }
  | { readonly kind: 'unkept' }
  | { readonly kind: 'failed' };

export interface CallStore {
  /** Keeps it and answers null, unless one of this digest is known: then that one. Of many at once, one begins. */
  begin(call: KeptCall): Promise<KeptCall | null>;
  end(call: Pick<KeptCall, 'digest' | 'attempt'>, outcome: CallOutcome): Promise<void>;
  /** Nothing was done: the key is as good as new. */
  forget(call: Pick<KeptCall, 'digest' | 'attempt'>): Promise<void>;
  /** What proves each of those that are known at that time. */
  proofs(now: Date): AsyncIterable<string>;
  /** Removes what is over by then. */
  prune(now: Date): Promise<void>;
}
