/** I6: what a read came to is not committed before it reached its end, and no head goes back to an older version. */

import { z } from 'zod';
import { type ConnectionId, connectionId } from '../../src/model/ids.ts';
import type { Draft } from '../../src/store/snapshot-store.ts';
import type { Process } from './process.ts';
import { isDraft } from './stores.ts';

type Reader = Pick<Process, 'name'>;

export type Commits = {
  /** Somebody opens a draft, which they read into from then on. */
  readonly onBegin: (by: Reader, draft: unknown) => void;
  /** A read of it reached its end. */
  readonly onReadWhole: (connection: ConnectionId, by: Reader) => void;
  /** Of what a commit of a draft was asked and answered: what is wrong with it. */
  readonly judge: (asked: unknown, draft: unknown, answer: unknown) => readonly string[];
  /** The database shows another day. */
  readonly forget: () => void;
};

export const commitsSeen = (): Commits => {
  /** By who reads which tenant, what they read into. */
  const reading = new Map<string, Draft>();
  /** Into which a read reached its end. What another reached is no word for them. */
  const whole = new WeakSet<Draft>();
  /** The newest version that was committed, as far as anybody heard, and the one that whoever heard of it first had gone by. */
  const newest = new Map<ConnectionId, { readonly version: number; readonly base: number }>();

  const judgeVersion = (connection: ConnectionId, base: number, version: number): readonly string[] => {
    const before = newest.get(connection) ?? none;
    // Whoever slept past their lease, and commits what they had read before others read on.
    if (version < before.version)
      return [`the head of ${connection} went back from version ${before.version} to ${version}`];
    // Whoever stood still right after they had committed hears of it when others have committed since: these had gone by what was committed.
    if (version === before.version)
      return base === before.base ? [`version ${version} of ${connection} was committed twice`] : [];
    newest.set(connection, { version, base });
    return [];
  };
  return {
    onBegin: (by, draft) => {
      if (isDraft(draft)) reading.set(`${by.name}|${draft.base.connection}`, draft);
    },
    onReadWhole: (connection, by) => {
      const draft = reading.get(`${by.name}|${connection}`);
      if (draft !== undefined) whole.add(draft);
    },
    forget: () => newest.clear(),
    judge: (asked, draft, answer) => {
      if (!isDraft(draft)) throw new TypeError('Nothing but a draft is committed.');
      const { watermark, full } = Committed.parse(asked);
      const head = Answered.parse(answer);
      const connection = connectionId(head.connection);
      // To forget a watermark takes no read.
      const isWhole = whole.has(draft) || (watermark === null && !full);
      return [
        ...judgeVersion(connection, draft.base.version, head.version),
        ...(isWhole ? [] : [`a read of ${connection} was committed that had not reached its end`]),
      ];
    },
  };
};

const none = { version: 0, base: -1 };
const Committed = z.object({ watermark: z.string().nullable(), full: z.boolean() });
const Answered = z.object({ connection: z.string(), version: z.number() });
