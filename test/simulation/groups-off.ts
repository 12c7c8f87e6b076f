/** A target whose vendor switches groups off, and on again some minutes later. It says so, to whoever asks what it can do. */

import type { Chance } from './chance.ts';
import type { Stage } from './process.ts';
import type { RemoteSystem } from './remote.ts';

/** For so long, from so many ms after the beginning on; null: never. */
export type GroupsOff = { readonly fromMs: number; readonly forMs: number } | null;

export const drawGroupsOff = (chance: Chance): GroupsOff =>
  chance.happens(0.12, 'groups are switched off')
    ? {
        fromMs: chance.between(30_000, 360_000, 'when groups are switched off'),
        forMs: chance.between(30_000, 240_000, 'how long groups are off'),
      }
    : null;

export const withGroupsOff = (stage: Stage, name: string, remote: RemoteSystem, off: GroupsOff): RemoteSystem => {
  if (off === null || !stage.faults.allows(`groups off at ${name}#0`)) return remote;
  const { scheduler } = stage;
  let areOn = true;
  let isCalm = false;
  const from = scheduler.now() + off.fromMs;
  scheduler.at(from, () => {
    if (isCalm) return;
    areOn = false;
    stage.trace.count('target.took_no_groups');
  });
  scheduler.at(from + off.forMs, () => {
    areOn = true;
  });
  return {
    ...remote,
    connect: (...asked) => {
      const target = remote.connect(...asked);
      const { capabilities } = target;
      return {
        ...target,
        capabilities: {
          ...capabilities,
          // What the adapter has learned by now.
          get membersPerRequest() {
            return capabilities.membersPerRequest;
          },
          get groups() {
            return areOn && capabilities.groups;
          },
        },
      };
    },
    calm: () => {
      remote.calm();
      isCalm = true;
      areOn = true;
    },
  };
};
