/** The question that every helpdesk gets: why was somebody not synced? */

import { withoutOutsiders } from '../core/explain-live.ts';
import type { ReasonCounts, Wanted } from '../engine/count-reasons.ts';
import type { Answer } from '../engine/explain.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';

export type Question = {
  /** A user principal name, a mail, an employee id, an object id, or the id at a target. */
  readonly person: string;
  /** Null: all targets of the connection. */
  readonly target: TargetId | null;
  /** Whether source and target are asked again, now. */
  readonly live: boolean;
  /** Whether they may see who is in the tenant and outside the scope, whom nobody has let in. */
  readonly seesOutsiders: boolean;
};

export const explainQueries = (room: Room) => {
  const { connections, targets } = room.stores;
  return {
    async explain(id: ConnectionId, { person, target, live, seesOutsiders }: Question): Promise<Answer> {
      const connection = found(await connections.get(id), 'connection');
      const all = await targets.of(connection.id);
      const asked =
        target === null
          ? all
          : [
              found(
                all.find((one) => one.id === target),
                'target',
              ),
            ];
      const answer = await room.engine.explainPerson(connection, asked, person, live);
      if (seesOutsiders || answer.found !== 'nobody' || answer.live === null) return answer;
      return { ...answer, live: withoutOutsiders(answer.live) };
    },

    /** How many objects are at a target as wanted, and how many are not for each reason. */
    async countReasons(id: TargetId, wanted: Wanted): Promise<ReasonCounts> {
      const record = found(await targets.get(id), 'target');
      const connection = found(await connections.get(record.connection), 'connection');
      const counts = await room.engine.countReasons(connection, record, wanted);
      if (counts === null) throw new Refused('target_deleting', 'The target is being removed.');
      return counts;
    },
  };
};
