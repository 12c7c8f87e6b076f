/** Which event a run that ended, or a committed change, is. Both are worked out from what stands in the store, whenever somebody is to be told. */

import { type RecordedChange, refOf } from '../model/change.ts';
import type { NewEvent, PersonEvent } from '../model/event.ts';
import type { ConnectionId, OrganizationId } from '../model/ids.ts';
import { isEnded, isOfTarget, type Run } from '../model/run.ts';
import { changedAttributes, changeKindOf } from './change-kind.ts';

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
  const type = changeKindOf(change);
  const person = refOf(change).id;
  // Why somebody left is said by that change alone.
  if (change.kind === 'removed') return type === 'person.removed' ? { type, person, version, why: change.why } : null;
  if (type === 'person.updated') return { type, person, version, attributes: changedAttributes(change) };
  return type === 'person.created' || type === 'person.disabled' ? { type, person, version } : null;
};
