/** Which reads of a tenant were kept. What one told that was held, or that nobody came to commit, is known to nobody. */

import type { ConnectionId } from '../../src/model/ids.ts';
import type { Customer } from './customer.ts';
import type { Process } from './process.ts';
import { isDraft } from './stores.ts';

type Reader = Pick<Process, 'name'>;

export type KeptReads = {
  /** A read of it reached its end. */
  readonly onReadWhole: (connection: ConnectionId, by: Reader) => void;
  /** The draft that this one read into is committed, or is not to be. */
  readonly onDone: (site: string, draft: unknown, by: Reader) => void;
};

export const keepReads = (
  ofConnection: (connection: ConnectionId) => Pick<Customer, 'keptReads'> | undefined,
  now: () => number,
): KeptReads => {
  /** By who reads which tenant: when that reached its end. */
  const ends = new Map<string, number>();
  return {
    onReadWhole: (connection, by) => {
      ends.set(`${by.name}|${connection}`, now());
    },
    onDone: (site, draft, by) => {
      if ((site !== 'draft.commit' && site !== 'draft.discard') || !isDraft(draft)) return;
      const { connection } = draft.base;
      const end = ends.get(`${by.name}|${connection}`);
      ends.delete(`${by.name}|${connection}`);
      if (site === 'draft.commit' && end !== undefined) ofConnection(connection)?.keptReads.push(end);
    },
  };
};
