// Counts the calls that an API answered, from what it writes to its log: so they are counted by whoever was called, and not by whoever called.

import { z } from 'zod';

const answeredLine = z.object({
  event: z.literal('request.answered'),
  method: z.string(),
  /** Whoever is not let in is told before it is looked at where they wanted to go. */
  route: z.string().optional(),
  status: z.number(),
});
type Answered = z.output<typeof answeredLine>;

/** `path` as it stands in the OpenAPI document. */
export type Operation = { readonly id: string; readonly method: string; readonly path: string };
export type Counted = {
  readonly calls: number;
  /** Operations that some call was answered for with a 2xx, and those without one. */
  readonly reached: readonly string[];
  readonly unreached: readonly string[];
};

export type CallCounter = {
  /** What a process says, as it comes. */
  readonly hear: (text: string) => void;
  readonly forget: () => void;
  readonly count: (operations: readonly Operation[]) => Counted;
};

export const callCounter = (): CallCounter => {
  let begun = '';
  let heard: Answered[] = [];
  return {
    hear: (text) => {
      const lines = `${begun}${text}`.split('\n');
      begun = lines.pop() ?? '';
      heard.push(...lines.flatMap(answeredIn));
    },
    forget: () => {
      heard = [];
    },
    count: (operations) => {
      const good = new Set(
        heard.filter(({ status }) => status >= 200 && status < 300).map(({ method, route }) => `${method} ${route}`),
      );
      const isReached = ({ method, path }: Operation): boolean => good.has(`${method.toUpperCase()} ${path}`);
      return {
        calls: heard.length,
        reached: operations.filter(isReached).map(({ id }) => id),
        unreached: operations.filter((one) => !isReached(one)).map(({ id }) => id),
      };
    },
  };
};

/** Whatever else a process says is no line of the log. */
const answeredIn = (line: string): readonly Answered[] => {
  if (!line.includes('"request.answered"')) return [];
  try {
    const { success, data } = answeredLine.safeParse(JSON.parse(line));
    return success ? [data] : [];
  } catch {
    return [];
  }
};
