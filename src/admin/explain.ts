/** The question that every helpdesk gets: why was somebody not synced? */

import { type Answer, explainPerson } from '../engine/explain.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';
import { found } from './refused.ts';
import type { Room } from './room.ts';

export type Question = {
  /** A user principal name, a mail, an employee id, an object id, or the id at a target. */
  readonly person: string;
  /** Null: all targets of the connection. */
  readonly target: TargetId | null;
  /** Whether source and target are asked again, now. */
  readonly live: boolean;
};

export const explainQueries = (room: Room) => {
  const { connections, targets } = room.stores;
  return {
    async explain(id: ConnectionId, { person, target, live }: Question): Promise<Answer> {
      const connection = found(await connections.get(id), 'connection');
      const all = await targets.of(id);
      const asked =
        target === null
          ? all
          : [
              found(
                all.find((one) => one.id === target),
                'target',
              ),
            ];
      return explainPerson(room, connection, asked, person, live);
    },
  };
};
