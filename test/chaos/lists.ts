/** Lists of the API, whole. */

import { z } from 'zod';
import type { ApiClient } from '../../scripts/demo/client.ts';

export type Lists = { readonly stack: { readonly api: Pick<ApiClient, 'ask'> } };

/** All of a list, page by page. */
export const allOf = async <T extends z.ZodType>(
  { stack: { api } }: Lists,
  path: string,
  item: T,
): Promise<z.output<T>[]> => {
  const page = z.object({ data: z.array(item), next_cursor: z.string().nullable() });
  const all: z.output<T>[] = [];
  for (let from: string | null = ''; from !== null; ) {
    const shown: z.output<typeof page> = await api.ask('GET', `${path}${from}`, page);
    all.push(...shown.data);
    from = shown.next_cursor === null ? null : `&cursor=${encodeURIComponent(shown.next_cursor)}`;
  }
  return all;
};
