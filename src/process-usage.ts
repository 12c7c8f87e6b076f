/** What the processes of an installation say of themselves when they are asked by `--help`. */

import { type VariableName, variables } from './config-table.ts';

export type ProcessUsage = {
  readonly command: string;
  /** The same without npm. */
  readonly inImage: string;
  readonly what: string;
  /** What this process goes by that is asked for first, beside what is required. */
  readonly settings: readonly VariableName[];
};

export const processUsage = ({ command, inImage, what, settings }: ProcessUsage): string => {
  const required = variables.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return `Usage: ${command} (in the image: ${inImage})

${what}
It goes on until SIGTERM or Ctrl-C, and then ends at a safe place, within 25 seconds.

It takes no options. The environment configures it, or .env in the folder it is started in. Needed:

${linesOf(required)}

Of the others, these first:

${linesOf(settings)}

All of them, and what each may be: README.md, Configuration. To begin with: cp .env.example .env

Ends with
  0  it was told to stop, and did
  1  it could not start, or not go on; standard error says why
  2  it was asked for something that makes no sense`;
};

const linesOf = (names: readonly string[]): string => {
  const width = Math.max(...names.map((name) => name.length));
  return variables
    .filter(({ name }) => names.includes(name))
    .map(({ name, meaning }) => `  ${name.padEnd(width)}  ${meaning}`)
    .join('\n');
};
