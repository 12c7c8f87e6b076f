/** One route: what it takes, what it answers and what it does, in one place. Express and the OpenAPI document are both made from it. */

import type { z } from 'zod';
import type { RefusalCode } from '../refused.ts';
import type { Admission } from './admission.ts';
import type { Events } from './events.ts';
import { type Matched, parseCall, type RawCall } from './request.ts';

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body. */
  readonly events?: Events;
};

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
    /** Server-sent events, which have no schema. */
    readonly as?: 'events';
  };
  /** Other answers that are no refusals; they have no body. */
  readonly also?: readonly { readonly status: number; readonly description: string }[];
  /** What `If-Match` holds where it means something. */
  readonly ifMatch?: Matched;
  /** Refusals beside those that every route has. */
  readonly refusals: readonly RefusalCode[];
};
type Schemas<P, Q, B> = { readonly params: P; readonly query: Q; readonly body: B };

export type Route = Described &
  Schemas<z.ZodObject, z.ZodObject, z.ZodObject> & {
    /** Parses the call, and throws `RequestRefused` when it cannot be accepted; what is given back carries it out. */
    readonly accept: (raw: RawCall) => () => Promise<Answer>;
  };

/** `revision` or `hash` is that of the `If-Match` header. */
export type Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = ReturnType<typeof parseCall<P, Q, B>>;

export const defineRoute = <P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(
  route: Described & Schemas<P, Q, B> & { readonly handle: (call: Call<P, Q, B>) => Promise<Answer> },
): Route => {
  const { handle, ...described } = route;
  return {
    ...described,
    accept: (raw) => {
      const call = parseCall(route, raw);
      return () => handle(call);
    },
  };
};

/** A record that was edited has another ETag; `If-Match` takes it back. */
export const etagOf = ({ revision }: { readonly revision: number }): string => `"${revision}"`;
