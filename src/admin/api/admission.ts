/**
 * Who may come in with a call, before anything of it is done. A route that no key was made for is closed to all: each names the scope it takes. Keys that
 * are limited to organizations come through only where a call names whose things it is about.
 */

import { mayDo, reaches } from '../../core/access.ts';
import type { ApiScope, Caller } from '../../model/api-key.ts';
import { type OrganizationId, organizationId } from '../../model/ids.ts';
import type { Commands } from '../commands.ts';
import type { Owned } from '../owners.ts';
import { found } from '../refused.ts';
import { DoorProblem } from './problem.ts';

/** `nobody`: what the route is about is kept nowhere and belongs to nobody, so that limited keys may call it, too. */
export type Admission = { readonly scope: ApiScope; readonly of?: 'nobody' };

export type Given = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

export const assertMayDo = (caller: Caller, scope: ApiScope): void => {
  if (mayDo(caller, scope)) return;
  throw new DoorProblem(
    'forbidden',
    `This takes the scope ${scope}; ${caller.name} has ${caller.scopes.join(', ') || 'none'}.`,
  );
};

export const assertFresh = ({ session }: Caller): void => {
  if (session === null || session.isFresh) return;
  throw new DoorProblem(
    'step_up_required',
    'This takes a sign-in of the last five minutes. Go to /auth/sign-in?fresh=1, and call again within that time.',
  );
};

export const assertUnlimited = ({ name, organizations }: Caller): void => {
  if (organizations === null) return;
  throw new DoorProblem(
    'forbidden',
    `The key ${name} is limited to ${organizations.join(', ')}. Name the organization, or something of it; what concerns all of them takes a key without limits.`,
  );
};

/** What belongs to somebody else is refused with the very words of what does not exist. */
export const assertReaches = async (
  commands: Pick<Commands, 'ownerOf'>,
  caller: Caller,
  { of }: Admission,
  given: Given,
): Promise<void> => {
  if (caller.organizations === null || of === 'nobody') return;
  const { things, organizations } = namedIn(given);
  const namesNothing = things.length + organizations.length === 0;
  if (namesNothing || !organizations.every((id) => reaches(caller, organizationId(id)))) assertUnlimited(caller);
  for (const { kind, id } of things) {
    const owner = await commands.ownerOf(kind, id);
    found(owner !== null && reaches(caller, owner) ? owner : null, kind);
  }
};

/** Whose things a call is about; null: everybody's, nobody's, or it is not known. */
export const organizationOf = async (
  commands: Pick<Commands, 'ownerOf'>,
  given: Given,
): Promise<OrganizationId | null> => {
  const { things, organizations } = namedIn(given);
  for (const { kind, id } of things) {
    const owner = await commands.ownerOf(kind, id);
    if (owner !== null) return owner;
  }
  const [named] = organizations;
  return named === undefined ? null : organizationId(named);
};

const namedIn = ({ params, query, body }: Given) => {
  const named = [params, query, body].flatMap((part) => Object.entries(Object(part)));
  const things = named.flatMap(([name, id]) => {
    const kind = kinds.get(name);
    return kind === undefined ? [] : [{ kind, id: String(id) }];
  });
  return { things, organizations: named.filter(([name]) => name === 'organization_id').map(([, id]) => String(id)) };
};

const kinds: ReadonlyMap<string, Owned> = new Map([
  ['connection_id', 'connection'],
  ['target_id', 'target'],
  ['run_id', 'run'],
  ['plan_id', 'plan'],
  ['caused_by', 'run'],
  ['webhook_id', 'webhook'],
]);
