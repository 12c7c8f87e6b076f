/** Things that hold from a time on, each until the next. */

/**
 * What is edited reaches a run before its next batch. A batch that takes something away rests on what the tenant said within the minute, and a request may
 * be on its way for as long as the target takes.
 */
export const longestTurnMs = 3 * 60_000;

/** The same for who is protected, which counts for every write. */
export const usualTurnMs = 3 * 60_000;

/** How long ago the tenant may have said what an effect relies on. */
export const askedWithinMs = 2 * 60_000;

/** What held at that time or began after it. */
export const since = <T extends { readonly at: number }>(list: readonly T[], at: number): readonly T[] => {
  const first = list.findLastIndex((each) => each.at <= at);
  return list.slice(Math.max(0, first));
};
