/** What a chaos run comes to. It is all right only if every promise was kept, and everything was tried that was announced. */

export type Verdict = {
  /** Effects at a target that nothing in its tenant gave a reason for. */
  readonly wrongWrites: readonly string[];
  /**
   * What was accepted and is not there, or came to no end: runs, approvals, operations of which it is not known what became of them, and changes that did
   * not arrive as such.
   */
  readonly lost: readonly string[];
  /** Where a target is not what its tenant is, when all is mended. */
  readonly apart: readonly string[];
  /** What was meant to be done, and was not: a run without it proves less than it says. */
  readonly untried: readonly string[];
  /** What was not done, and need not have been, for want of time; where there is time for everything it is not given. */
  readonly leftOut?: readonly string[];
};

export const isAllRight = (verdict: Verdict): boolean => promises.every(([of]) => verdict[of].length === 0);

/** In a short time not everything can be tried; what was not is still said. */
export const shortly = (verdict: Verdict): Verdict => ({ ...verdict, untried: [], leftOut: verdict.untried });

/** The last word on all trials together. */
export const lastWord = (verdicts: readonly Verdict[]): string => {
  if (!verdicts.every(isAllRight)) return 'Something is wrong.';
  const leftOut = verdicts.reduce((sum, one) => sum + (one.leftOut ?? []).length, 0);
  return leftOut === 0
    ? 'All is right.'
    : `Nothing is wrong, but ${leftOut} of what is announced was not tried, for want of time: this is no proof of it.`;
};

/** What a target is judged by before anything is read as a whole, and before anybody looks at everybody. */
export const judgedByDelta = 'target judged after delta runs alone';

/** Without these the limits, the approvals and the deletes of the careful customer were not met, or what changed need not have arrived as a change. */
export const missingIn = (seen: Readonly<Record<string, number>>): readonly string[] =>
  ['first plan applied', 'held plan applied', 'user deleted', 'value written', judgedByDelta].filter(
    (one) => (seen[one] ?? 0) === 0,
  );

/** A line for each promise, and under it what broke it. */
export const verdictInWords = (verdict: Verdict): readonly string[] =>
  promises.flatMap(([of, kept, broken]) => {
    const found = verdict[of];
    if (of === 'untried' && (verdict.leftOut ?? []).length > 0)
      return [
        `-     not tried in so little time: ${verdict.leftOut?.length}`,
        ...(verdict.leftOut ?? []).map(indented),
      ];
    return found.length === 0 ? [`ok    ${kept}`] : [`WRONG ${broken}: ${found.length}`, ...found.map(indented)];
  });

const promises = [
  ['wrongWrites', 'no wrong write at any target', 'wrong writes at a target'],
  [
    'lost',
    'nothing lost: what was accepted is there, every run ended, no operation is left open, and what changed arrived as a change',
    'lost',
  ],
  ['apart', 'converged: each target is what its tenant is', 'not converged'],
  ['untried', 'everything was tried that was announced', 'not tried'],
] as const satisfies readonly (readonly [Exclude<keyof Verdict, 'leftOut'>, string, string])[];

const indented = (line: string): string => `        ${line}`;
