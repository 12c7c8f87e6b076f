/** What every program of ours does with what it is asked: `--help` says how it is used, and what makes no sense is told in two lines and ends it with 2. */

import { parseArgs } from 'node:util';

/** The sentence names the option, what it takes, and what was given. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption';
}

export type Command<T> = {
  /** As `npm run` knows it. */
  readonly name: string;
  readonly usage: string;
  /** Throws `WrongOption`, or whatever `parseArgs` throws. */
  readonly read: (args: readonly string[]) => T;
};

export type Understood<T> =
  | { readonly kind: 'asked'; readonly asked: T }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly lines: readonly [string, string] };

const exitCodes = { help: 0, wrong: 2 } as const;

/** What this process is asked; ends it where that is to say how it is used, or makes no sense. */
export const askedBy = <T>(command: Command<T>): T => {
  const understood = understand(command, process.argv.slice(2));
  if (understood.kind === 'asked') return understood.asked;
  if (understood.kind === 'help') console.log(command.usage.trimEnd());
  else for (const line of understood.lines) console.error(line);
  process.exit(exitCodes[understood.kind]);
};

export const understand = <T>({ name, read }: Command<T>, args: readonly string[]): Understood<T> => {
  if (args.includes('--help')) return { kind: 'help' };
  try {
    return { kind: 'asked', asked: read(args) };
  } catch (error) {
    const why = wrongIn(error);
    if (why === null) throw error;
    return { kind: 'wrong', lines: [`${name}: ${why}`, `How it is used: npm run ${name} -- --help`] };
  }
};

/** For programs that take no options. */
export const nothing = (args: readonly string[]): void => {
  parseArgs({ args: [...args], options: {} });
};

export const wholeNumber = (option: string, text: string, least: number, most: number): number => {
  const number = Number(text);
  if (/^\d{1,16}$/.test(text) && number >= least && number <= most) return number;
  throw new WrongOption(`--${option} takes a whole number from ${least} to ${most}, not "${text}".`);
};

/** Names out of a list, comma separated. `listedBy`: what lists them, where they are too many for a sentence. */
export const someOf = <Name extends string>(
  option: string,
  text: string,
  known: readonly Name[],
  listedBy: string | null = null,
): readonly Name[] =>
  text.split(',').map((given) => {
    const found = known.find((name) => name === given);
    if (found !== undefined) return found;
    throw new WrongOption(
      listedBy === null
        ? `--${option} takes any of ${known.join(', ')}, not "${given}".`
        : `--${option} knows no "${given}"; ${listedBy} names what it does.`,
    );
  });

/** Null: it is no fault of whoever asked. Node goes on to say how to give an argument that begins with a dash. */
const wrongIn = (error: unknown): string | null => {
  if (error instanceof WrongOption) return error.message;
  const isOfParser = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return isOfParser ? `${error.message.split(/\.\s|\n/)[0]?.replace(/\.$/, '')}.` : null;
};
