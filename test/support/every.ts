/** Everything that comes one by one. */
export const every = async <T>(each: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const one of each) found.push(one);
  return found;
};
