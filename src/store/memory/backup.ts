/** What the stores in memory hold, taken at one moment and put back later: as a database is put back from a backup. */

/** A store names what it holds once, when it is made; it gets it back. */
export type Keep = <T extends object>(state: T) => T;

export const keptByNobody: Keep = (state) => state;

export const memoryBackups = (): { readonly keep: Keep; readonly take: () => () => void } => {
  const held: object[] = [];
  return {
    keep: (state) => {
      held.push(state);
      return state;
    },
    /** Answers what puts it all back, however often. */
    take: () => {
      const copies = held.map((state) => structuredClone(state));
      return () => {
        for (const [nth, state] of held.entries()) become(state, structuredClone(copies[nth] ?? state));
      };
    },
  };
};

/** Whoever holds the state goes on with the same object. */
const become = (state: object, copy: object): void => {
  if (state instanceof Map && copy instanceof Map) {
    state.clear();
    for (const [key, value] of copy) state.set(key, value);
  } else if (state instanceof Set && copy instanceof Set) {
    state.clear();
    for (const each of copy) state.add(each);
  } else Object.assign(state, copy);
};
