/** The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): with it a call that may have been lost can be repeated. */

import { z } from 'zod';
import type { Caller } from '../../model/api-key.ts';
import { KeysUnavailable } from '../../model/errors.ts';
import type { Commands } from '../commands.ts';
import type { Answer } from './answer.ts';
import { problemOf, RequestRefused } from './problem.ts';

export type RepeatableCall = {
  readonly caller: Caller;
  /** Whose keys these are: the same key at another route is another key. */
  readonly route: string;
  readonly header: string | undefined;
  readonly isAnswerKept: boolean;
  readonly content: {
    readonly method: string;
    readonly address: string;
    readonly ifMatch: string | undefined;
    readonly body: unknown;
  };
};

/** Carries it out, or gives the answer that the first call of its key got. Without a key, it is simply carried out. */
export const answerOnce = async (
  commands: Pick<Commands, 'carryOutOnce'>,
  { caller, route, header, content, isAnswerKept }: RepeatableCall,
  carryOut: () => Promise<Answer>,
): Promise<Answer> => {
  if (header === undefined) return carryOut();
  const call = { caller, route, key: keyIn(header), content: inOneSpelling(content), isAnswerKept };
  const { text, again } = await commands.carryOutOnce(call, async () => JSON.stringify(await carryOut()), didNothing);
  const answer = Kept.parse(JSON.parse(text));
  return again ? { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': 'true' } } : answer;
};

const Kept = z.strictObject({
  status: z.int(),
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).default({}),
});

/**
 * A refusal is thrown before anything is done. So is that the keys of secrets cannot be asked: secrets are opened and sealed before anything is written or
 * sent. Whatever else is our own fault may have come any far.
 */
const didNothing = (error: unknown): boolean => error instanceof KeysUnavailable || problemOf(error, '').status < 500;

/** A string of structured fields (RFC 9651 §3.3.3) without escapes, or the same without its quotes, as most clients send it. */
export const keyForm = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;

const keyIn = (header: string): string => {
  const [, quoted, bare] = keyForm.exec(header) ?? [];
  const key = quoted ?? bare;
  if (key !== undefined) return key;
  throw new RequestRefused([
    { in: 'header', pointer: '/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters, such as a UUID' },
  ]);
};

/** The order of the fields of an object says nothing. What comes here was checked, and is not nested deeply. */
const inOneSpelling = (content: unknown): string =>
  JSON.stringify(content, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
