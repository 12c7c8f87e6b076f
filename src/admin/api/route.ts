/** One route: what it takes, what it answers and what it does, in one place. Express and the OpenAPI document are both made from it. */

import type { z } from 'zod';
import type { CommandsWithin } from '../commands.ts';
import type { RefusalCode } from '../refused.ts';
import type { Admission } from './admission.ts';
import type { Answer } from './answer.ts';
import { type Matched, parseCall, type RawCall } from './request.ts';

type Method = 'get' | 'post' | 'patch' | 'delete';
type Described = Admission & {
  readonly method: Method;
  /** With parameters in braces, as OpenAPI writes them. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly answer: {
    readonly status: number;
    readonly description: string;
    readonly schema: z.ZodType | null;
    /** Server-sent events, which have no schema; or a file whose every line has it (NDJSON). */
    readonly as?: 'events' | 'lines';
  };
  /** Other answers that are no refusals; they have no body. */
  readonly also?: readonly { readonly status: number; readonly description: string }[];
  /** What the audit log calls it, where another operation is the same act. */
  readonly action?: string;
  /** A look that the audit log tells of all the same: of each, or of those whose answer has a note for it. */
  readonly isNoted?: true | 'where_answered';
  /** A `post` that changes nothing: it is answered anew each time, and no answer of it is kept. */
  readonly isQuestion?: true;
  /** Its answer names accounts of a person who is to be forgotten, and is kept for no repeated call. */
  readonly namesAccounts?: true;
  /** What `If-Match` holds; left out, it is refused. */
  readonly ifMatch?: Matched;
  /** Refusals beside those that every route has. */
  readonly refusals: readonly RefusalCode[];
};
type Schemas<P, Q, B> = { readonly params: P; readonly query: Q; readonly body: B };

/** `takesStepUp`: a person may have to have signed in just now for it. */
export type Route = Described &
  Schemas<z.ZodObject, z.ZodObject, z.ZodObject> & {
    readonly takesStepUp: boolean;
    /** Parses the call, and throws `RequestRefused` when it cannot be accepted; what is given back carries it out. */
    readonly accept: (raw: RawCall, commands: CommandsWithin) => Accepted;
  };

/** Whether it is carried out once, by the key of the caller. */
export const isCarriedOutOnce = ({ method, isQuestion }: Described): boolean =>
  method === 'post' && isQuestion !== true;

/** Whether the audit log tells of a look: of each, or of whoever was not let have it. */
export const isLookWrittenDown = ({ method, isNoted, scope }: Described): boolean =>
  method === 'get' && (isNoted !== undefined || scope === 'admin' || scope === 'audit');

export const actionOf = ({ id, action }: Pick<Described, 'id' | 'action'>): string => action ?? id;

/** `needsFresh`: only for a person who has signed in just now. */
export type Accepted = { readonly needsFresh: boolean; readonly carryOut: () => Promise<Answer> };

/** What a person has to have signed in for just now: what cannot be taken back, and what leads elsewhere. */
type StepUp<B extends z.ZodType> = { readonly stepUp?: (body: z.output<B>) => boolean };
export const always = (): boolean => true;

/** `revision` or `hash` is that of the `If-Match` header; `commands` go as far as the caller reaches. */
export type Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = ReturnType<
  typeof parseCall<P, Q, B>
> & { readonly commands: CommandsWithin };

export const defineRoute = <P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(
  route: Described & Schemas<P, Q, B> & StepUp<B> & { readonly handle: (call: Call<P, Q, B>) => Promise<Answer> },
): Route => {
  const { handle, stepUp, ...described } = route;
  return {
    ...described,
    takesStepUp: stepUp !== undefined,
    accept: (raw, commands) => {
      const call = { ...parseCall(route, raw), commands };
      return { needsFresh: stepUp?.(call.body) === true, carryOut: () => handle(call) };
    },
  };
};

/** A record that was edited has another ETag; `If-Match` takes it back. */
export const etagOf = ({ revision }: { readonly revision: number }): string => `"${revision}"`;
