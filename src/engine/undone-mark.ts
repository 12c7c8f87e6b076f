/** What stands at a target in place of the rules it may be written to by, once a run was taken back there. */

import { epochAtEnd } from '../core/accepted.ts';
import { type RunId, runId } from '../model/ids.ts';

/** In place of the rules somebody let the target be written to by: the next ordinary run is a plan to look at, or it would do all of it again. */
export const undoneMark = (run: RunId, rules: string): string => `${prefix}${run}${epochAtEnd(rules)}`;
export const isUndoneMark = (rules: string | null): boolean => undoneIn(rules) !== null;
/** The run that was taken back there; null: none was, or somebody has looked since. */
export const undoneIn = (rules: string | null): RunId | null => {
  const run = rules?.startsWith(prefix) === true ? rules.slice(prefix.length).split('|')[0] : undefined;
  return run === undefined ? null : runId(run);
};
const prefix = 'undone|';
