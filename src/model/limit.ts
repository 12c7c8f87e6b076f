/** How much may be taken away at once: the smaller of a count and a percentage of what is there, but never less than the floor. */
export type Limit = { readonly count: number; readonly percent: number; readonly floor: number };
