/**
 * A call that comes with an Idempotency-Key is carried out once, however often it comes and whichever process it comes to. Answers are kept so that only
 * whoever has the key can open them (docs/decisions/0029-answers-that-are-kept.md).
 */

import { createHash, hkdfSync } from 'node:crypto';
import { errorFacts } from '../logger.ts';
import type { Caller } from '../model/api-key.ts';
import { SecretUnreadable } from '../model/errors.ts';
import type { KeyProofs, Proved } from '../store/api-key-store.ts';
import type { CallOutcome, KeptCall } from '../store/call-store.ts';
import { newId } from '../store/ids.ts';
import { createSeal } from '../store/seal.ts';
import { Refused } from './refused.ts';
import type { Hall } from './room.ts';

/** `content`: all that makes it this call and no other. */
export type KeyedCall = {
  readonly caller: Pick<Caller, 'id'>;
  readonly route: string;
  readonly key: string;
  readonly content: string;
  /** Whether whoever repeats it is to have its answer. */
  readonly isAnswerKept: boolean;
};
/** `again`: the answer of before; nothing was done now. */
export type AnswerOnce = { readonly text: string; readonly again: boolean };

/** How long a call is known. */
const keptMs = 24 * 3_600_000;
/** Longer than any call takes: who has not ended by then is dead. */
const longestCallMs = 5 * 60_000;
const mostCharacters = 500_000;

export const onceCommands = ({ stores, keyProofs, world }: Hall) => {
  /** Whoever called gets the answer, or the error, all the same; whoever asks again is told that it is not known. */
  const note = async (write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      world.log.warn('answer.not_kept', errorFacts(error));
    }
  };

  return {
    /** `didNothing`: whether an error says that nothing was done, so that the same call may be made again. */
    async carryOutOnce(
      call: KeyedCall,
      carryOut: () => Promise<string>,
      didNothing: (error: unknown) => boolean,
    ): Promise<AnswerOnce> {
      const now = world.now();
      const kept: KeptCall = {
        digest: digestOf(call),
        attempt: newId('att'),
        proof: keyProofs.prove(askedIn(call)),
        begunAt: now,
        expiresAt: new Date(now.getTime() + keptMs),
        outcome: { kind: 'open' },
      };
      const known = await stores.calls.begin(kept);
      if (known !== null) {
        if (keyProofs.check(askedIn(call), known.proof) === 'wrong') throw reused();
        return { text: keptAnswer(known, call, keyProofs, now), again: true };
      }
      try {
        const text = await carryOut();
        await note(() => stores.calls.end(kept, outcomeOf(text, call, keyProofs)));
        return { text, again: false };
      } catch (error) {
        await note(() => (didNothing(error) ? stores.calls.forget(kept) : stores.calls.end(kept, { kind: 'failed' })));
        throw error;
      }
    },
  };
};

/** JSON keeps the parts apart. */
const digestOf = ({ caller, route, key }: KeyedCall): string =>
  createHash('sha256')
    .update(JSON.stringify([caller.id, route, key]))
    .digest('base64url');

const askedIn = ({ content }: KeyedCall): Proved => ['call', content];

const outcomeOf = (text: string, call: KeyedCall, keyProofs: KeyProofs): CallOutcome =>
  !call.isAnswerKept || text.length > mostCharacters
    ? { kind: 'unkept' }
    : { kind: 'answered', sealed: sealOf(call, keyProofs).seal(text, digestOf(call), 'answer') };

/** Throws `Refused` where there is none to give. */
const keptAnswer = ({ outcome, begunAt }: KeptCall, call: KeyedCall, keyProofs: KeyProofs, now: Date): string => {
  const at = begunAt.toISOString();
  switch (outcome.kind) {
    case 'open':
      if (now.getTime() - begunAt.getTime() < longestCallMs) throw inUse();
      throw lost(
        `It was begun ${at} and never ended: the process that carried it out was stopped. Look how far it came`,
      );
    case 'failed':
      throw lost(`It was begun ${at} and failed on our side. Look how far it came`);
    case 'unkept':
      throw lost(
        call.isAnswerKept
          ? `It was done ${at}, and the answer was too large to keep. Look at what it did`
          : `It was done ${at}, and its answer is not kept, because it names accounts of a person. Look at what it did`,
      );
    case 'answered':
      try {
        return sealOf(call, keyProofs).open(outcome.sealed, digestOf(call), 'answer');
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        throw lost(`It was done ${at}, and the encryption key was changed since. Look at what it did`);
      }
  }
};

/** Made from our key and from theirs: who reads the database, even with our key, lacks the other. */
const sealOf = (call: KeyedCall, keyProofs: KeyProofs) => {
  const proof = keyProofs.prove(['answer', call.caller.id, call.route, call.key]);
  return createSeal(new Uint8Array(hkdfSync('sha256', proof, '', 'entrain kept answers', 32)));
};

const reused = (): Refused =>
  new Refused(
    'idempotency_key_reused',
    'Another call came with this Idempotency-Key before. Take a new key for each call, and the same one only to repeat it.',
  );
const inUse = (): Refused =>
  new Refused(
    'idempotency_key_in_use',
    'A call with this Idempotency-Key is under way. Repeat it in some seconds for its answer.',
  );
const lost = (what: string): Refused => new Refused('answer_lost', `${what}, before you send it under another key.`);
