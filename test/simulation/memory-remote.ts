/** A target in memory whose requests may fail, be lost, or be done and not answered. */

import { TargetError } from '../../src/model/errors.ts';
import { type RemoteId, remoteId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import { type MemoryTargetState, memoryTarget, memoryTargetState } from '../../src/target/memory.ts';
import type { Target } from '../../src/target/target.ts';
import type { Fault, FaultKind } from './faults.ts';
import { departmentPath, managerPath } from './mapping.ts';
import type { Process, Stage } from './process.ts';
import type { EffectWitness, Remote, RemoteSystem } from './remote.ts';
import { networkMs, tempoOf } from './surroundings.ts';

export const memoryRemote = (stage: Stage, name: string, witness: EffectWitness): RemoteSystem => {
  const state = memoryTargetState();
  const tempo = tempoOf(stage, name);
  let added = 0;
  const put = (id: string, object: Omit<Parameters<MemoryTargetState['objects']['set']>[1], 'remoteId'>): string => {
    state.objects.set(remoteId(id), { ...object, remoteId: remoteId(id) });
    return id;
  };
  const find = (id: string): Remote | null => seen(state, remoteId(id));
  return {
    kind: 'memory',
    settings: { name },
    secrets: {},
    connect: (process) => overProcess(stage, process, state, witness, tempo.changeMs),
    objects: () => [...state.objects.keys()].map((id) => seen(state, id)).filter((remote) => remote !== null),
    find,
    addAccount: ({ userName, title }) => {
      added += 1;
      return put(`${name}-own-${added}`, { type: 'user', attributes: { userName, title, active: true } });
    },
    addGroup: (displayName, members) => {
      added += 1;
      const id = put(`${name}-own-${added}`, { type: 'group', attributes: { displayName } });
      state.members.set(remoteId(id), new Set(members.map(remoteId)));
      return id;
    },
    retitle: (id, title) => {
      const object = state.objects.get(remoteId(id));
      if (object !== undefined) put(id, { ...object, attributes: { ...object.attributes, title } });
    },
    remove: (id) => {
      state.objects.delete(remoteId(id));
      state.members.delete(remoteId(id));
      for (const members of state.members.values()) members.delete(remoteId(id));
    },
    calm: tempo.calm,
  };
};

const seen = (state: MemoryTargetState, id: RemoteId): Remote | null => {
  const object = state.objects.get(id);
  if (object === undefined) return null;
  const text = (path: string): string | null => {
    const value = object.attributes[path];
    return typeof value === 'string' ? value : null;
  };
  const members = new Set<string>(state.members.get(id) ?? []);
  return {
    id,
    type: object.type,
    externalId: text('externalId'),
    name: text(object.type === 'user' ? 'userName' : 'displayName') ?? '',
    displayName: text('displayName'),
    active: object.attributes['active'] !== false,
    title: text('title'),
    department: text(departmentPath),
    manager: text(managerPath),
    members,
    stamp: JSON.stringify([object.attributes, [...members].sort()]),
  };
};

const ofProcess: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause'];
const ofRead: readonly FaultKind[] = [...ofProcess, 'throttled', 'unavailable', 'timeout', 'unauthorized'];
const ofWrite: readonly FaultKind[] = [...ofRead, 'reset', 'fails_after', 'reset_after', 'timeout_after'];

const overProcess = (
  stage: Stage,
  process: Process,
  state: MemoryTargetState,
  witness: EffectWitness,
  changeMs: (site: string) => number,
): Target => {
  const target = memoryTarget(state);
  const ask = <T>(site: string, kinds: readonly FaultKind[], signal: AbortSignal, effect: () => Promise<T>) =>
    process.call({
      site,
      kinds,
      latencyMs: networkMs(stage, site) + (kinds === ofWrite && site !== 'target.create' ? changeMs(site) : 0),
      signal,
      effect: async (fault) => {
        if (fault !== null) refuseWith(fault, kinds === ofWrite);
        const answer = await effect();
        if (fault !== null && isAfter(fault))
          throw new TargetError('unknown', 'The target gave no answer to what it did.');
        return answer;
      },
    });
  const never = new AbortController().signal;
  const apply = async (operation: Operation) => {
    const before = operation.action === 'create' ? null : seen(state, operation.remoteId);
    const applied = await target.apply(operation, never);
    const after = seen(state, applied.remoteId);
    if (before?.stamp !== after?.stamp) witness({ before, after }, process);
    return applied;
  };
  const { inventory } = target;
  return {
    ...target,
    inventory: inventory && {
      list: (type, from, signal) => ask('target.list', ofRead, signal, () => inventory.list(type, from, never)),
      members: (group, signal) => ask('target.members', ofRead, signal, () => inventory.members(group, never)),
      showsMembers: (groups, signal) =>
        ask('target.members', ofRead, signal, () => inventory.showsMembers(groups, never)),
    },
    check: (signal) => ask('target.check', ofRead, signal, () => target.check(never)),
    find: (type, attribute, value, signal) =>
      ask('target.find', ofRead, signal, () => target.find(type, attribute, value, never)),
    get: (type, id, signal) => ask('target.get', ofRead, signal, () => target.get(type, id, never)),
    apply: async (operation, signal, beforeWrite) => {
      beforeWrite?.();
      return await ask(`target.${operation.action}`, ofWrite, signal, () => apply(operation));
    },
  };
};

const isAfter = ({ kind }: Fault): boolean =>
  kind === 'fails_after' || kind === 'reset_after' || kind === 'timeout_after';

const refuseWith = ({ kind, roll }: Fault, isWrite: boolean): void => {
  switch (kind) {
    case 'throttled':
      throw new TargetError('throttled', 'The target asks to wait.', { retryAfterMs: Math.ceil(roll * 60_000) });
    case 'unavailable':
      throw new TargetError('unavailable', 'The target cannot be reached.');
    case 'unauthorized':
      throw new TargetError('unauthorized', 'The target does not take the token.');
    case 'timeout':
    case 'reset':
      throw new TargetError(isWrite ? 'unknown' : 'unavailable', 'The target gave no answer.');
    default:
  }
};
