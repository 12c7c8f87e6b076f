/** Whether a seed that is open breaks what the page says that it breaks: one that breaks something else is another fault, of which nobody has been told. */

export type Told = {
  /** What the page says that it breaks. */
  readonly named: readonly string[];
  /** What it broke in the long run. */
  readonly once: readonly string[];
};

/** What is otherwise than told, of a seed that breaks these promises now. */
export const otherwiseThanTold = (broken: ReadonlySet<string>, { named, once }: Told): readonly string[] => [
  ...(named.some((promise) => broken.has(promise)) ? [] : [`it keeps ${named.join(', ')}`]),
  ...[...broken]
    .filter((promise) => !named.includes(promise) && !once.includes(promise))
    .map((promise) => `it breaks ${promise}`),
];
