/** Which event a run that ended, or a committed change, is. Both are worked out from what stands in the store, whenever somebody is to be told. */

import type { RecordedChange } from '../model/change.ts';
import type { NewEvent, PersonEvent } from '../model/event.ts';
import type { ConnectionId, OrganizationId } from '../model/ids.ts';
import { isEnded, isOfTarget, type Run } from '../model/run.ts';
import type { SourceObject } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';

/** Null: it is not over. */
export const eventOfRun = (run: Run): NewEvent | null => {
  const { id, kind, state, problem, organization, connection, finishedAt } = run;
  if (!isEnded(state) || finishedAt === null) return null;
  return {
    key: `run|${id}`,
    organization,
    connection,
    at: finishedAt,
    about: {
      type: state === 'held' ? 'run.blocked' : 'run.completed',
      run: id,
      kind,
      state,
      target: isOfTarget(run) ? run.target : null,
      code: problem?.code ?? null,
    },
  };
};

type Of = { readonly organization: OrganizationId; readonly connection: ConnectionId };

/** Null: it is about no person, or about nothing that anybody is told of. */
export const eventOfChange = (of: Of, { version, sequence, at, change }: RecordedChange): NewEvent | null => {
  const about = aboutOf(change, version);
  return about === null ? null : { ...of, key: `change|${of.connection}|${version}|${sequence}`, at, about };
};

const aboutOf = (change: RecordedChange['change'], version: number): PersonEvent | null => {
  switch (change.kind) {
    case 'created':
      return isPerson(change.after) ? { type: 'person.created', person: change.after.ref.id, version } : null;
    case 'removed':
      return isPerson(change.before)
        ? { type: 'person.removed', person: change.before.ref.id, version, why: change.why }
        : null;
    case 'updated':
      return isPerson(change.after) ? aboutUpdate(change.before, change.after, version) : null;
    case 'members':
      return null;
  }
};

/** Who is switched off is told as that, whatever else changed with it. */
const aboutUpdate = (before: SourceObject, after: SourceObject, version: number): PersonEvent => {
  const person = after.ref.id;
  if (!isOff(before) && isOff(after)) return { type: 'person.disabled', person, version };
  const names = [...new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])];
  const attributes = names
    .filter((name) => !sameValue(own(before.attributes, name), own(after.attributes, name)))
    .toSorted();
  return { type: 'person.updated', person, version, attributes };
};

const isPerson = ({ ref }: SourceObject): boolean => ref.type === 'user';
const isOff = ({ attributes }: SourceObject): boolean => own(attributes, 'accountEnabled') === false;
