/** I6: what a read came to is not committed before it reached its end, and no head goes back to an older version. */

import { z } from 'zod';
import { type ConnectionId, connectionId } from '../../src/model/ids.ts';
import type { Process } from './process.ts';

type Reader = Pick<Process, 'name'>;

export type Commits = {
  /** A read of it reached its end. */
  readonly onReadWhole: (connection: ConnectionId, by: Reader) => void;
  /** Of what a commit was asked and answered: what is wrong with it. */
  readonly judge: (by: Reader, asked: unknown, answer: unknown) => readonly string[];
  /** The database shows another day. */
  readonly forget: () => void;
};

export const commitsSeen = (): Commits => {
  /** By who read, of which tenants a read reached its end, and is not committed yet: another one's may be committed meanwhile. */
  const readWhole = new Set<string>();
  /** The newest version that was committed. */
  const newest = new Map<ConnectionId, number>();
  return {
    onReadWhole: (connection, by) => void readWhole.add(`${by.name}|${connection}`),
    forget: () => newest.clear(),
    judge: (by, asked, answer) => {
      const { watermark, full } = Committed.parse(asked);
      const head = Head.parse(answer);
      const connection = connectionId(head.connection);
      const before = newest.get(connection) ?? 0;
      // Whoever slept past their lease, and commits what they had read before others read on.
      if (head.version < before)
        return [`the head of ${connection} went back from version ${before} to ${head.version}`];
      // Whoever stood still right after they had committed hears of it when others have committed since.
      if (head.version === before) return [];
      newest.set(connection, head.version);
      // To forget a watermark takes no read.
      if ((watermark === null && !full) || readWhole.delete(`${by.name}|${connection}`)) return [];
      return [`a read of ${connection} was committed that had not reached its end`];
    },
  };
};

const Committed = z.object({ watermark: z.string().nullable(), full: z.boolean() });
const Head = z.object({ connection: z.string(), version: z.number() });
