/** Faults as data: which requests they strike, and what happens to those. */

import { z } from 'zod';

const when = z.enum(['before', 'after']).default('before');
/** As a number, or as an HTTP date this many seconds from now. */
const retryAfter = z.union([z.strictObject({ seconds: z.int().min(0) }), z.strictObject({ date: z.int() })]);

const answer = z.discriminatedUnion('kind', [
  /** Answers this status before the request is looked at, or after it was committed. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    when,
    retryAfter: retryAfter.optional(),
    scimType: z.string().optional(),
    /** What it says of it. */
    detail: z.string().default('The simulated target was told to answer this.'),
    /** `gateway`: the JSON of one that knows no SCIM. */
    body: z.enum(['scim', 'html', 'none', 'gateway']).default('scim'),
  }),
  /** Resets the connection. */
  z.strictObject({ kind: z.literal('reset'), when }),
  /** Never answers; the client has to give up. */
  z.strictObject({ kind: z.literal('hang'), when }),
  /** Answers later than others. */
  z.strictObject({ kind: z.literal('slow'), latencyMs: z.number().min(0) }),
  /** The first half of the body: as if that were all, or with the connection cut where more was announced. */
  z.strictObject({ kind: z.literal('truncated'), framing: z.enum(['whole', 'cut']).default('whole') }),
  /** A web page with status 200, as from a proxy. */
  z.strictObject({ kind: z.literal('html'), when }),
  /** The resource without its id, and without Location. */
  z.strictObject({ kind: z.literal('no_id') }),
  /** Answers as if it had been done. */
  z.strictObject({ kind: z.literal('lost') }),
  /** Done, but the next readers do not see it yet. */
  z.strictObject({ kind: z.literal('stale'), reads: z.int().min(1).default(1) }),
]);

export const faultSchema = z.strictObject({
  method: z.string().optional(),
  /** A regular expression over the path below the base path. */
  path: z.string().optional(),
  /** The first request struck, among those that fit. */
  nth: z.int().min(1).default(1),
  /** How many of them, from then on. */
  times: z.union([z.int().min(1), z.literal('always')]).default(1),
  answer,
});

export type FaultAnswer = z.infer<typeof answer>;
/** As it is written down: what has a default may be left out. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.infer<typeof faultSchema> & { readonly id: number };

type Armed = { readonly fault: Fault; readonly path: RegExp | null; seen: number };

export class Faults {
  #armed: Armed[] = [];
  #issued = 0;

  add(input: FaultInput): number {
    const fault = { ...faultSchema.parse(input), id: ++this.#issued };
    this.#armed.push({ fault, path: fault.path === undefined ? null : new RegExp(fault.path), seen: 0 });
    return fault.id;
  }

  /** Every fault that fits counts the request; the first whose turn it is strikes. */
  take(method: string, path: string): FaultAnswer | null {
    let struck: FaultAnswer | null = null;
    for (const armed of this.#armed) {
      if (!fits(armed, method, path)) continue;
      armed.seen += 1;
      if (struck === null && isDue(armed)) struck = armed.fault.answer;
    }
    this.#armed = this.#armed.filter((armed) => !isSpent(armed));
    return struck;
  }

  /** Those that may still strike. */
  list(): readonly (Fault & { readonly seen: number })[] {
    return this.#armed.map(({ fault, seen }) => ({ ...fault, seen }));
  }

  clear(): void {
    this.#armed = [];
  }
}

const fits = ({ fault, path: pattern }: Armed, method: string, path: string): boolean =>
  (fault.method === undefined || fault.method.toUpperCase() === method) && (pattern === null || pattern.test(path));

const last = ({ nth, times }: Fault): number => (times === 'always' ? Number.POSITIVE_INFINITY : nth + times - 1);
const isDue = ({ fault, seen }: Armed): boolean => seen >= fault.nth && seen <= last(fault);
const isSpent = ({ fault, seen }: Armed): boolean => seen >= last(fault);
