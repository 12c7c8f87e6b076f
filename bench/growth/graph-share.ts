/** What runs take of Graph's limit for one app in one tenant ("Throttling limits", identity and access). */

export const unitsPerTenSeconds = (users: number): number => {
  if (users < 50) return 3_500;
  return users <= 500 ? 5_000 : 8_000;
};

/** Of the busiest ten seconds, if units are spread evenly over `seconds`. */
export const shareOf = (units: number, seconds: number, users: number): string =>
  `${((units / Math.max(1, seconds / 10) / unitsPerTenSeconds(users)) * 100).toFixed(1)} %`;
