/** Things that hold from a time on, each until the next. */

/** A turn goes by the settings it read when it began. */
export const longestTurnMs = 15 * 60_000;

/** Where nothing is as slow as it can be, a turn is over long before; who is protected counts from then on. */
export const usualTurnMs = 5 * 60_000;

/** What held at that time or began after it. */
export const since = <T extends { readonly at: number }>(list: readonly T[], at: number): readonly T[] => {
  const first = list.findLastIndex((each) => each.at <= at);
  return list.slice(Math.max(0, first));
};
